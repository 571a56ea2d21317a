"""The Redis store: every law of the contract, and what is true of a server that many processes share."""

import asyncio
import sys
import textwrap
from datetime import timedelta
from hashlib import sha256

import anyio
import pytest
import trustme
from anyio.lowlevel import checkpoint
from redis import Redis as Blocking
from redis.asyncio import Redis, RedisCluster

from authcore.entities import ENTITIES, Account, AuditEvent, Grant, Identifier, Role, columns_of
from authcore.errors import ConfigurationError, StoreFault
from authcore.ports import by_field, by_id, by_owner
from authcore.testing import run_sync
from authcore.testing.store_contract import HousekeepingContract
from authcore.testing.store_contract.samples import (
    account,
    at,
    conflicts,
    event,
    grant,
    identifier,
    ids,
    put,
    role,
    same,
    session,
)
from authcore_redis import RedisStore
from authcore_redis.documents import FORMAT
from authcore_redis.keys import Realm, indexed
from tests import services
from tests.stores.redis_servers import Proxy, any_realm, opened, private_servers

SECRET = "s3cret' ]] return redis.call('FLUSHALL') --"
MANY = 2500


@pytest.fixture
async def store(redis_url):
    """A store with an empty realm."""
    async with opened(redis_url) as store:
        yield store


@pytest.fixture
async def client(redis_url):
    """Another way to the same server."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def start(tmp_path):
    """Start servers that a test may harm."""
    with private_servers(tmp_path) as start:
        yield start


class TestRedis(HousekeepingContract):
    """A realm of its own on a server that others use, too."""

    @pytest.fixture
    async def store(self, redis_url):
        """An empty realm."""
        async with opened(redis_url) as store:
            yield store


class TestValkey(HousekeepingContract):
    """The same on a Valkey."""

    @pytest.fixture
    async def store(self, valkey_url):
        """An empty realm."""
        async with opened(valkey_url) as store:
            await store.check()
            yield store


# --- keys -----------------------------------------------------------------------------------------------------------


def test_all_keys_have_one_slot():
    """Every key begins with the realm's name in braces, which alone decides where a Cluster keeps it."""
    keys = [*Realm("my-app").all()]
    assert {key[: len("{my-app}:")] for key in keys} == {"{my-app}:"}
    assert len(keys) == len({*keys}) == 1 + 4 * len(ENTITIES) + sum(len(indexed(kind)) for kind in ENTITIES)


@pytest.mark.parametrize("name", ["", "a b", "a{b}", "}", "{", "\u00e9", "a:b", "a\n", "x" * 65])
def test_realm_of_another_name_is_refused(name):
    """A realm's name holds nothing that ends the braces, or looks like another's."""
    with pytest.raises(ConfigurationError, match="realm"):
        RedisStore("redis://127.0.0.1", realm=name)


async def test_realms_are_apart(redis_url):
    """What one realm keeps is nowhere in another of the same server."""
    async with opened(redis_url) as one, opened(redis_url) as other:
        await put(one, account(), grant("a"))
        assert await same(other, account()) is None
        assert await other.page(Grant, limit=9) == []
        await put(other, account(epoch=9))
        assert await same(one, account()) == account(version=1)


async def test_nothing_but_known_keys_is_written(start):
    """No key is made but those that a realm is known to have; once all is removed, nothing of it is left."""
    server, kept = start(), [account(), role(), session(), event("e"), identifier(), grant("a")]
    async with opened(server.url, realm="r") as store:
        await put(store, *kept)
        await put(store, at(1, identifier(owner="bob")), at(1, grant("a", "bob")))
        assert {*server.say("keys", "*").split()} < {*Realm("r").all()}
        await store.remove([at(version, entity) for version, entity in zip([1, 1, 1, 1, 2, 2], kept, strict=True)])
        assert server.say("keys", "*") == Realm("r").format


async def test_another_format_is_refused(redis_url, client):
    """A realm that another version of authcore keeps in another format is neither read nor written."""
    realm = any_realm()
    async with opened(redis_url, realm=realm) as store:
        await put(store, account())
        assert await client.get(Realm(realm).format) == str(FORMAT).encode()
        await client.set(Realm(realm).format, "0")
        for work in (put(store, account("bob")), same(store, account()), store.caller("x"), store.page(Role, limit=1)):
            with pytest.raises(StoreFault, match="AUTHCOREFORMAT"):
                await work
        with pytest.raises(ConfigurationError, match=f"format 0, and this authcore needs {FORMAT}"):
            await store.check()
        await client.set(Realm(realm).format, FORMAT)
        assert await same(store, account("bob")) is None


def test_format_is_that_of_today():
    """Whoever changes what is stored of an entity raises FORMAT, so that no realm is read by what does not know it."""
    stored = [(kind.__name__, indexed(kind), columns_of(kind)) for kind in ENTITIES]
    digest = sha256(repr(stored).encode()).hexdigest()
    assert (FORMAT, digest[:16]) == (1, "5c6576f154e3893d"), "raise FORMAT, and put the new digest here"


# --- values ---------------------------------------------------------------------------------------------------------


async def test_metacharacters_are_only_text(store):
    """What looks like Lua, or like a command, is stored, found and compared like any other text."""
    await put(store, account(SECRET), grant(SECRET, SECRET, role=SECRET), role(SECRET), session(SECRET, SECRET))
    caller = await store.caller(SECRET)
    assert (caller.account, caller.roles) == (account(SECRET, version=1), [at(1, role(SECRET))])
    assert await ids(store, by_owner(Grant, f"{SECRET}\r\n")) == []
    assert await ids(store, by_owner(Grant, SECRET)) == [SECRET]


async def test_owners_that_begin_alike_are_apart(store):
    """An owner finds nothing of one whose name goes on where its own ends."""
    names = ["", "a", "aa", "a\x01", "a\x7f", "a\U0001d11e", "a="]
    await put(store, *(grant(f"of {name}", name) for name in names))
    for name in names:
        assert await ids(store, by_owner(Grant, name)) == [f"of {name}"]
        assert await ids(store, by_owner(Grant, name, skip=1)) == []


async def test_thousands_are_found_and_written(store):
    """There may be more entities in a commit, and more of one owner, than Lua has room for on its stack."""
    crowd = [grant(f"{number:05}") for number in range(MANY * 4)]
    await store.commit(crowd)
    assert await ids(store, by_owner(Grant, "ada")) == [entity.id for entity in crowd]
    assert await ids(store, by_owner(Grant, "ada", skip=MANY, limit=MANY)) == [f"{MANY + n:05}" for n in range(MANY)]
    assert len((await store.caller("nobody")).grants) == 0
    await put(store, session(), account(), role())
    assert len((await store.caller("session")).roles) == MANY * 4
    await store.remove([at(1, entity) for entity in crowd])
    assert await store.page(Grant, limit=1) == []


async def test_changed_values_leave_no_trace(store):
    """What was found by several fields is found by none of its former values, however they change together."""
    await put(store, event("e"))
    await put(store, at(1, event("e", None, batch="1")))
    await put(store, at(2, event("e", "bob", batch="1")))
    await put(store, at(3, event("e", "bob", batch="2")))
    found = [await ids(store, by_field(AuditEvent, "batch", batch)) for batch in ("unsealed", "1", "2")]
    found += [await ids(store, by_owner(AuditEvent, owner)) for owner in ("ada", "bob")]
    assert found == [[], [], ["e"], [], ["e"]]


async def test_document_that_vanished_is_not_found(redis_url, client):
    """An index that still names what somebody has deleted by hand breaks no read."""
    realm = any_realm()
    async with opened(redis_url, realm=realm) as store:
        await put(store, grant("a"), grant("b"), session(), account(), role())
        await client.hdel(Realm(realm)[Grant].documents, "a")
        assert await ids(store, by_owner(Grant, "ada")) == ["b"]
        assert [entity.id for entity in await store.page(Grant, limit=9)] == ["b"]
        assert (await store.caller("session")).grants == [at(1, grant("b"))]


@pytest.mark.parametrize("damage", ["", "[", "{}", "null", '{"id": "\ud800"}', "[1]"])
async def test_unreadable_document_is_a_fault(redis_url, client, damage):
    """A document that no entity can be made of makes a read fault, and does not say what it holds."""
    realm = any_realm()
    async with opened(redis_url, realm=realm) as store:
        await put(store, account(SECRET))
        await client.hset(Realm(realm)[Account].documents, SECRET, f"{damage}".encode(errors="surrogatepass"))
        with pytest.raises(StoreFault, match="Account") as caught:
            await same(store, account(SECRET))
        assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("damage", ["", "[", "{}", "null", "0", '{"id": "\ud800"}', "[1]"])
@pytest.mark.parametrize("entity", [session(), account(), grant("a"), role()], ids=lambda entity: type(entity).__name__)
async def test_unreadable_document_of_a_caller_is_a_fault(redis_url, client, entity, damage):
    """Whatever stands in place of a document that a request needs is a fault, and passes for no absent one."""
    realm = any_realm()
    async with opened(redis_url, realm=realm) as store:
        await put(store, session(), account(), grant("a"), role())
        documents = Realm(realm)[type(entity)].documents
        await client.hset(documents, entity.id, damage.encode(errors="surrogatepass"))
        with pytest.raises(StoreFault, match="holds what no") as caught:
            await store.caller("session")
        assert caught.value.__cause__ is caught.value.__context__ is None


# --- one round trip -------------------------------------------------------------------------------------------------


async def test_each_call_is_one_round_trip(redis_url):
    """An authenticated request asks the server once for all that it needs; so does every other call."""
    proxy = Proxy(redis_url)
    async with proxy.open() as url, opened(url, connections=1) as store:
        known = [session(), account(), role(), *(grant(f"{number}") for number in range(50))]
        calls = {
            "commit": lambda: store.commit([account("bob")], [at(1, entity) for entity in known]),
            "remove": lambda: store.remove([account("bob", version=1)]),
            "caller": lambda: store.caller("session"),
            "by id": lambda: store.find(by_id(Account, "ada")),
            "by owner": lambda: store.find(by_owner(Grant, "ada", skip=1, limit=40)),
            "page": lambda: store.page(Grant, limit=40),
        }
        await put(store, *known)
        for again in range(2):  # the server has to learn the scripts first
            turns = {}
            for name, call in calls.items():
                before = proxy.turns
                answer = await call()
                turns[name] = proxy.turns - before
                if name == "caller":
                    assert len(answer.roles) == 50
            if again:
                assert turns == dict.fromkeys(calls, 1)


async def test_unknown_script_is_told(redis_url, client):
    """A server that has forgotten the scripts is told them again, and what was asked is done once."""
    proxy = Proxy(redis_url)
    async with proxy.open() as url, opened(url, connections=1) as store:
        await put(store, account())
        await client.script_flush()
        before = proxy.turns
        await put(store, account(version=1))
        assert proxy.turns - before == 2
        await client.script_flush()
        assert await same(store, account()) == account(version=2)


# --- clients, loops, processes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"decode_responses": True}, {"encoding": "utf-16"}, {"protocol": 3}])
async def test_client_of_the_application_will_do(redis_url, settings):
    """A store works through the application's client, however that decodes, and leaves it open."""
    realm = any_realm()
    async with opened(redis_url, realm=realm), Redis.from_url(redis_url, **settings) as client:
        store = RedisStore(client, realm=realm)
        await put(store, identifier("\u00e9\U0001d11e", "\u00e9"), session(), account(), grant("a"), role())
        assert await ids(store, by_owner(Identifier, "\u00e9")) == ["\u00e9\U0001d11e"]
        assert (await store.caller("session")).roles == [at(1, role())]
        assert await conflicts(store, [account()])
        await store.check()
        await store.aclose()
        assert await client.ping()


@pytest.mark.parametrize(
    "at",
    [
        "127.0.0.1:6379",
        "http://:s3cret@127.0.0.1",
        "redis://:s3cret@127.0.0.1:port",
        "redis+cluster://:s3cret@127.0.0.1:port",
        "redis+cluster://127.0.0.1:7000?socket_timeout=s3cret",
        Blocking(),
        RedisCluster(host="127.0.0.1"),
    ],
)
def test_unknown_way_is_refused(at):
    """What is neither a URL of Redis nor a client of its asyncio is refused, and no password is told."""
    with pytest.raises(ConfigurationError) as caught:
        RedisStore(at)
    assert "s3cret" not in f"{caught.value}{caught.value.__cause__}{caught.value.__context__}"


async def test_unix_socket_will_do(start, tmp_path):
    """A server may be reached by a socket in the file system."""
    start("--unixsocket", str(tmp_path / "socket"))
    store = RedisStore(f"unix://{tmp_path / 'socket'}")
    await put(store, account())
    assert await same(store, account()) == account(version=1)
    await store.aclose()


async def test_tls_will_do(start, tmp_path):
    """A server may be reached by TLS, and its certificate is checked."""
    authority, port = trustme.CA(), services.free_port()
    certificate = authority.issue_cert("127.0.0.1")
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    certificate.cert_chain_pems[0].write_to_path(files["cert"])
    certificate.private_key_pem.write_to_path(files["key"])
    told = [f"--tls-{name}-file={files[name]}" for name in ("cert", "key")]
    start("--tls-port", f"{port}", *(part for one in told for part in one.split("=")), "--tls-auth-clients", "no")
    for options, is_trusted in ((f"?ssl_ca_certs={files['ca']}", True), ("", False)):
        store = RedisStore(f"rediss://127.0.0.1:{port}{options}", realm="r")
        if is_trusted:
            await put(store, account())
            assert await same(store, account()) == account(version=1)
        else:
            with pytest.raises(StoreFault):
                await same(store, account())
        await store.aclose()


async def test_nothing_is_said_before_it_is_asked():
    """A store can be made where no server is, and no event loop: it connects when it is asked."""
    store = await anyio.to_thread.run_sync(lambda: RedisStore("redis://127.0.0.1:1"))
    with pytest.raises(StoreFault):
        await same(store, account())
    await store.aclose()


async def test_empty_commit_says_nothing():
    """A commit of nothing needs no server."""
    await RedisStore("redis://127.0.0.1:1").commit([])


async def test_closed_store_faults(redis_url):
    """A closed store can neither read nor write, and may be closed twice."""
    async with opened(redis_url) as store:
        await put(store, account())
        await store.aclose()
        for work in (same(store, account()), put(store, account("bob")), store.check()):
            with pytest.raises(StoreFault, match="closed"):
                await work


def test_another_loop_is_refused(redis_url):
    """A store faults where no event loop runs, and in another one than it was first used in."""
    store = RedisStore(redis_url, realm=any_realm())
    with pytest.raises(StoreFault, match="event loop"):
        run_sync(same(store, account()))

    async def ask():
        with pytest.raises(StoreFault, match="event loop"):
            await same(store, account())

    async def use():
        assert await same(store, account()) is None
        await asyncio.to_thread(asyncio.run, ask())
        assert await same(store, account()) is None
        await store.aclose()

    asyncio.run(use())


async def test_cancelled_calls_free_their_connections(redis_url):
    """However often a call is cancelled, and wherever, its connection is there for the next one."""
    async with opened(redis_url, connections=1, patience=timedelta(seconds=5)) as store:
        for steps in range(30):
            async with anyio.create_task_group() as group:
                group.start_soon(put, store, account(f"{steps}"))
                group.start_soon(same, store, account(f"{steps}"))
                for _ in range(steps):
                    await checkpoint()
                group.cancel_scope.cancel()
        assert await same(store, account("nobody")) is None


async def test_nobody_is_given_the_answer_of_another(redis_url):
    """Wherever a request is cancelled, the next one over the same connection is given its own answer."""
    async with opened(redis_url, connections=1, patience=timedelta(seconds=5)) as store:
        await put(store, session(), account(), session("other", None))
        for steps in range(30):
            async with anyio.create_task_group() as group:
                group.start_soon(store.caller, "session")
                for _ in range(steps):
                    await checkpoint()
                group.cancel_scope.cancel()
            assert (await store.caller("other")).session == at(1, session("other", None))


async def test_calls_wait_for_a_connection(redis_url):
    """More calls at once than there are connections wait for one another."""
    async with opened(redis_url, connections=2, patience=timedelta(seconds=20)) as store:
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(put, store, account(f"{number}"))
        assert len(await store.page(Account, limit=1000)) == 100


PROCESS = """
    import asyncio, sys
    from dataclasses import replace
    from authcore.entities import Account
    from authcore.errors import Conflict
    from authcore.ports import by_id
    from authcore_redis import RedisStore

    async def insist(store):
        while True:
            read = await store.get(by_id(Account, "ada"))
            try:
                return await store.commit([replace(read, epoch=read.epoch + 1)])
            except Conflict:
                pass

    async def main():
        store = RedisStore(sys.argv[1], realm=sys.argv[2])
        await asyncio.gather(*(insist(store) for _ in range(25)))
        await store.aclose()

    asyncio.run(main())
"""


async def test_no_update_is_lost_between_processes(redis_url):
    """Four processes of twenty-five tasks that each raise a number by one raise it by a hundred."""
    realm = any_realm()
    async with opened(redis_url, realm=realm) as store:
        await put(store, account(epoch=0))
        command = [sys.executable, "-c", textwrap.dedent(PROCESS), redis_url, realm]
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(anyio.run_process, command)
        assert await same(store, account()) == account(version=101, epoch=100)
