"""The Redis store where something goes wrong: it faults, leaves nothing half-done, and goes on once all is well."""

from contextlib import suppress
from datetime import timedelta
from itertools import count

import anyio
import anyio.lowlevel
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from authcore.entities import Grant, Identifier
from authcore.errors import ConfigurationError, StoreFault
from authcore.ports import by_owner
from authcore.testing.store_contract.samples import (
    account,
    at,
    conflicts,
    grant,
    identifier,
    ids,
    put,
    same,
    session,
)
from authcore_redis import RedisStore
from authcore_redis.keys import Realm
from tests.stores.redis_servers import Proxy, answering, any_realm, opened, private_servers, until

SECRET = "s3cret@example.org"
SHORT = timedelta(milliseconds=300)
UNHURRIED = timedelta(seconds=3)


@pytest.fixture
def start(tmp_path):
    """Start servers that a test may harm."""
    with private_servers(tmp_path) as start:
        yield start


# --- connections that break -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", ["", "?retry_on_timeout=true&health_check_interval=1"])
async def test_commit_is_never_sent_twice(redis_url, options):
    """A commit whose connection breaks after it was sent is a fault, and was applied once."""
    proxy = Proxy(redis_url)
    async with proxy.open() as url, opened(url + options) as store:
        await put(store, account())
        proxy.cut = "answer"
        with pytest.raises(StoreFault):
            await put(store, account(version=1, epoch=2), grant("a"))
        assert proxy.cuts == 1
        proxy.cut = None
        assert await same(store, account()) == account(version=2, epoch=2)
        assert await ids(store, by_owner(Grant, "ada")) == ["a"]


async def test_commit_through_a_client_that_retries_is_sent_once(redis_url):
    """However often the application's client would try again, a commit is sent once: a second one would conflict."""
    proxy, realm, eager = Proxy(redis_url), any_realm(), Retry(NoBackoff(), 5)
    async with proxy.open() as url, opened(redis_url, realm=realm), Redis.from_url(url, retry=eager) as client:
        store = RedisStore(client, realm=realm)
        await put(store, account())
        proxy.cut = "answer"
        with pytest.raises(StoreFault):
            await put(store, account(version=1, epoch=2))
        assert proxy.cuts == 1
        proxy.cut = None
        assert await same(store, account()) == account(version=2, epoch=2)


async def test_commit_that_was_not_sent_is_a_fault(redis_url):
    """A commit whose connection breaks before the server has it is a fault as well, and nothing is stored."""
    proxy = Proxy(redis_url)
    async with proxy.open() as url, opened(url) as store:
        await put(store, account())
        proxy.cut = "request"
        with pytest.raises(StoreFault):
            await put(store, account(version=1, epoch=2))
        assert proxy.cuts == 1
        proxy.cut = None
        assert await same(store, account()) == account(version=1)


@pytest.mark.parametrize("cut", ["request", "answer"])
async def test_read_whose_connection_breaks_is_a_fault(redis_url, cut):
    """A read is not tried again by the store either."""
    proxy = Proxy(redis_url)
    async with proxy.open() as url, opened(url) as store:
        await put(store, account(), session())
        for read in (lambda: same(store, account()), lambda: store.caller("session"), store.check):
            proxy.cut, proxy.cuts = cut, 0
            with pytest.raises(StoreFault):
                await read()
            assert proxy.cuts == 1
            proxy.cut = None
            await read()


async def test_server_may_be_killed_and_come_back(start):
    """While a server is away every call faults; once it is there again the same store works, with what was kept."""
    server = start("--appendonly", "yes", "--appendfsync", "always")
    async with opened(server.url) as store:
        await put(store, account(), grant("a"))
        await anyio.lowlevel.checkpoint()
        server.kill()
        for work in (put(store, account(version=1)), same(store, account()), store.caller("x"), store.check()):
            with pytest.raises(StoreFault):
                await work
        server.start()
        assert await same(store, account()) == account(version=1)
        await put(store, account(version=1))
        assert await ids(store, by_owner(Grant, "ada")) == ["a"]


async def test_server_may_be_killed_amid_a_load(start):
    """Of many commits at once, while the server is killed and comes back, each is whole or absent, as it was told."""
    server, told = start("--appendonly", "yes", "--appendfsync", "always"), {}

    async def write(number):
        try:
            await put(store, *(grant(f"{number} {name}", f"{number}") for name in "abc"))
        except StoreFault:
            told[number] = {0, 3}
        else:
            told[number] = {3}

    async with opened(server.url, connections=10) as store:
        async with anyio.create_task_group() as group:
            for number in range(300):
                group.start_soon(write, number)
            while len(told) < 50:
                await anyio.lowlevel.checkpoint()
            server.kill()
        server.start()
        assert {3} in told.values()
        assert {0, 3} in told.values()
        for number, counts in told.items():
            assert len(await ids(store, by_owner(Grant, f"{number}"))) in counts


async def test_server_that_hangs_is_a_fault(start):
    """A server that does not answer is waited for as long as the patience lasts; once it goes on, so does the store."""
    server = start()
    async with opened(server.url, patience=SHORT) as store:
        await put(store, account())
        server.pause()
        with anyio.fail_after(10):
            for work in (same(store, account()), put(store, account(version=1, epoch=2))):
                with pytest.raises(StoreFault):
                    await work
        server.resume()
        # What was sent before it hung may still be done, whole.
        assert await same(store, account()) in {account(version=1), account(version=2, epoch=2)}


async def test_exhausted_pool_is_a_fault(start):
    """Who waits too long for a connection that others hold gets a fault, and a connection later."""
    server = start()
    async with opened(server.url, connections=1, patience=timedelta(seconds=2)) as store:
        await put(store, account())
        server.pause()
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(_is_fault, same(store, account()))
        server.resume()
        assert await same(store, account()) == account(version=1)


async def _fill(store, stored):
    for number in count():
        crowd = [identifier(f"{number:05} {name}" + "x" * 200, f"{number}") for name in "abcdefgh"]
        await put(store, *crowd)
        stored += [at(1, entity) for entity in crowd]


async def _is_fault(work):
    with pytest.raises(StoreFault):
        await work


# --- servers that refuse --------------------------------------------------------------------------------------------


async def test_full_memory_is_a_fault(start):
    """A server without memory left refuses a commit whole; it is still read, and what is removed makes room again."""
    server = start("--maxmemory", "6mb", "--maxmemory-policy", "noeviction")
    async with opened(server.url) as store:
        stored = []
        with pytest.raises(StoreFault, match="OutOfMemoryError"):
            await _fill(store, stored)
        kept = await store.page(Identifier, limit=100_000)
        assert kept == stored
        assert await ids(store, by_owner(Identifier, f"{len(stored) // 8}")) == []
        with pytest.raises(StoreFault):
            await put(store, at(1, kept[0]))
        assert await conflicts(store, [at(7, kept[0])])
        await store.remove(kept[: len(kept) // 2])
        await put(store, kept[-1])


@pytest.mark.parametrize(
    ("policy", "is_refused"),
    [("noeviction", False), ("volatile-lru", False), ("allkeys-lru", True), ("allkeys-random", True)],
)
async def test_server_that_forgets_is_refused(start, policy, is_refused):
    """A server that throws away what it likes is refused at the start; one that throws away what may expire is not."""
    server = start("--maxmemory", "100mb", "--maxmemory-policy", policy)
    async with opened(server.url) as store:
        if is_refused:
            with pytest.raises(ConfigurationError, match="noeviction"):
                await store.check()
        else:
            await store.check()


async def test_replica_cannot_be_written(start):
    """A replica can be read; a commit there is a fault, and stored nowhere."""
    primary = start()
    replica = start("--replicaof", "127.0.0.1", str(primary.port))
    async with opened(primary.url, realm="r") as store:
        await put(store, account())
        replica.follows(primary)
        reader = RedisStore(replica.url, realm="r")
        assert await same(reader, account()) == account(version=1)
        with pytest.raises(StoreFault, match="ReadOnlyError"):
            await put(reader, account(version=1), grant("a"))
        with pytest.raises(StoreFault, match="ReadOnlyError"):
            await reader.remove([account(version=1)])
        assert await same(store, account()) == account(version=1)
        await reader.aclose()


async def test_demoted_server_is_left(start):
    """A server that became a replica and kept its connections is left at the first refusal, by all of them."""
    former, newer = start(), start()
    proxy = Proxy(former.url)
    async with proxy.open() as url, opened(url, realm="r") as store:
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(put, store, account(f"{number}"))
        newer.say("replicaof", "127.0.0.1", former.port)
        newer.follows(former)
        newer.say("replicaof", "no", "one")
        former.say("replicaof", "127.0.0.1", newer.port)
        proxy.lead_to(newer.url)
        with pytest.raises(StoreFault, match="ReadOnlyError"):
            await put(store, account())
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(put, store, account(f"{number}", version=1))


async def test_missing_replicas_are_a_fault(start):
    """A server that is told to write only with replicas refuses a commit without them, and stores nothing."""
    server = start("--min-replicas-to-write", "1")
    async with opened(server.url) as store:
        with pytest.raises(StoreFault, match="NOREPLICAS"):
            await put(store, account())
        server.say("config", "set", "min-replicas-to-write", "0")
        await put(store, account())


async def test_failing_disk_is_a_fault(start):
    """A server that cannot save what it was told, and is to stop then, refuses a commit, and stores nothing."""
    server = start("--enable-protected-configs", "yes")
    async with opened(server.url) as store:
        await put(store, account())
        server.say("config", "set", "dbfilename", "x" * 300)  # a name that no file can have
        server.say("config", "set", "save", "1 1")
        server.say("bgsave")
        until(lambda: "rdb_last_bgsave_status:err" in server.say("info", "persistence"))
        with pytest.raises(StoreFault, match="MISCONF"):
            await put(store, account(version=1))
        assert await same(store, account()) == account(version=1)
        server.say("config", "set", "save", "")
        await put(store, account(version=1))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"-LOADING {SECRET}", "BusyLoading"),
        (f"-BUSY {SECRET}", "BUSY"),
        (f"-MASTERDOWN {SECRET}", "MasterDown"),
        (f"-CLUSTERDOWN {SECRET}", "ClusterDown"),
        (f"-TRYAGAIN {SECRET}", "TryAgain"),
        ("-MOVED 1 127.0.0.1:1", "Moved"),
        ("-ASK 1 127.0.0.1:1", "Ask"),
        (f"-NOPERM {SECRET}", "NoPermission"),
        (f"-NOAUTH {SECRET}", "Authentication"),
        (f"-ERR unknown command, with args beginning with: {SECRET}", "ResponseError"),
        (f"-{SECRET}", "ResponseError"),
        ("$-1", None),
        ("+OK", None),
        ("nonsense", None),
    ],
)
async def test_whatever_is_answered_is_a_fault(line, told):
    """Any error of a server's, and what is no answer to a script, is a fault that says which, and repeats nothing."""
    async with answering(line) as url:
        store = RedisStore(url)
        calls = [lambda: same(store, account()), lambda: store.caller("x"), lambda: put(store, account(SECRET))]
        for call in calls:
            with pytest.raises(StoreFault, match=told) as caught:
                await call()
            text, cause = "", caught.value
            while cause is not None:
                text, cause = f"{text} {cause!r} {cause}", cause.__cause__ or cause.__context__
            assert SECRET not in text
        await store.aclose()


async def test_server_that_is_too_old_is_refused():
    """A Redis of before 7.0 is refused at the start; a Valkey, which tells of a 7.2, is not."""
    async with answering("-ERR", info="# Server\r\nredis_version:6.2.14\r\n") as url:
        with pytest.raises(ConfigurationError, match="too old"):
            await _checked(url)
    async with answering("-ERR", info="# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\n") as url:
        await _checked(url)


async def _checked(url):
    store = RedisStore(url)
    try:
        await store.check()
    finally:
        await store.aclose()


async def test_client_of_sentinel_finds_the_primary(start, tmp_path):
    """A store goes through the application's client to the server that Sentinel says is the primary."""
    primary = start()
    file = tmp_path / "sentinel.conf"
    file.write_text(f"sentinel monitor mine 127.0.0.1 {primary.port} 1\n", "utf-8")
    watching = Sentinel([("127.0.0.1", start("--sentinel", config=file).port)])
    client = watching.master_for("mine")
    store = RedisStore(client, realm="r")
    await put(store, account())
    assert await same(store, account()) == account(version=1)
    assert primary.say("exists", Realm("r").format) == "1"
    await store.aclose()
    for each in (client, *watching.sentinels):
        await each.aclose()


async def test_broken_key_is_a_fault(redis_url):
    """A key that somebody else has put something into makes a commit fault before anything is written."""
    realm = any_realm()
    async with Redis.from_url(redis_url) as client, opened(redis_url, realm=realm) as store:
        await put(store, account())
        for key in Realm(realm)[Grant].all():
            await client.set(key, "mine")
            with pytest.raises(StoreFault, match="WRONGTYPE"):
                await put(store, account(version=1), grant("a"))
            assert await same(store, account()) == account(version=1)
            await client.unlink(key)
        assert await store.page(Grant, limit=9) == []


# --- replicas -------------------------------------------------------------------------------------------------------


async def test_replicas_are_waited_for(start):
    """A commit returns once enough replicas have it; is a fault if they have not; and a conflict is one regardless."""
    primary = start()
    replica = start("--replicaof", "127.0.0.1", str(primary.port))
    async with opened(primary.url, realm="r", replicas=1, replicas_within=UNHURRIED) as store:
        replica.follows(primary)
        await put(store, account())
        reader = RedisStore(replica.url, realm="r")
        assert await same(reader, account()) == account(version=1)
        await reader.aclose()
        replica.pause()
        with pytest.raises(StoreFault, match="fewer than 1 replicas"):
            await put(store, account(version=1, epoch=2))
        assert await same(store, account()) == account(version=2, epoch=2)
        assert await conflicts(store, [account(version=1)])
        replica.resume()


async def test_impossible_waiting_is_refused():
    """A time for replicas that is none, or longer than any answer is waited for, is refused."""
    for within in (timedelta(0), timedelta(seconds=-1), timedelta(seconds=2), timedelta(seconds=3)):
        with pytest.raises(ConfigurationError, match="replicas_within"):
            RedisStore("redis://127.0.0.1", replicas=1, replicas_within=within)


async def test_failover_may_lose_the_last_commits(start):
    """A primary that was replaced and goes on for a moment takes commits that are lost with it.

    A session that was revoked in that moment is there again; what was decided by what is lost conflicts.
    """
    primary = start()
    replica = start("--replicaof", "127.0.0.1", str(primary.port))
    proxy = Proxy(primary.url)
    async with proxy.open() as url, opened(url, realm="r") as store:
        await put(store, session(), account(epoch=1))
        replica.follows(primary)
        replica.say("replicaof", "no", "one")
        revoked = account(version=1, epoch=2)
        await put(store, revoked)
        primary.kill()
        proxy.lead_to(replica.url)
        with suppress(StoreFault):  # the connection that broke may show by a fault
            await same(store, account())
        caller = await store.caller("session")
        assert (caller.session, caller.account) == (at(1, session()), account(version=1, epoch=1))
        assert await conflicts(store, [account(version=2, epoch=3)])


async def test_waiting_for_replicas_tells_of_what_a_failover_would_lose(start):
    """With replicas, the commit that such a failover loses was a fault before."""
    primary = start()
    replica = start("--replicaof", "127.0.0.1", str(primary.port))
    async with opened(primary.url, realm="r", replicas=1, replicas_within=UNHURRIED) as store:
        replica.follows(primary)
        await put(store, account())
        replica.say("replicaof", "no", "one")
        with pytest.raises(StoreFault, match="fewer than 1 replicas"):
            await put(store, account(version=1, epoch=2))
