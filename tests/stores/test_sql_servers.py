"""The store on PostgreSQL and on MariaDB: every law of the contract, and what is true of a server that many share."""

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import anyio
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import event, make_url

from authcore.entities import Account, Attempt, Grant
from authcore.errors import ConfigurationError, Conflict, StoreFault
from authcore.ports import by_owner
from authcore.testing import run_sync
from authcore.testing.store_contract import HousekeepingContract
from authcore.testing.store_contract.callers import CallerLaws
from authcore.testing.store_contract.commits import CommitLaws
from authcore.testing.store_contract.guards import GuardLaws
from authcore.testing.store_contract.removals import RemovalLaws
from authcore.testing.store_contract.samples import (
    MOMENT,
    account,
    at,
    attempt,
    conflicts,
    grant,
    put,
    role,
    same,
    session,
    together,
)
from authcore_sqlalchemy import SqlStore, Tables
from tests import services
from tests.adapters.waiting import until
from tests.stores.databases import Database
from tests.stores.proxy import wired

SERVERS = ("postgresql", "mariadb")
LATER = MOMENT + timedelta(days=1)
PATIENCE = 30.0  # where nothing is said of it, since a busy machine is no fault


@pytest.fixture(params=SERVERS)
def database(request):
    """A database on each server, one after another."""
    return request.getfixturevalue(request.param)


@asynccontextmanager
async def opened(database, *, url=None, **settings):
    """An empty store, closed in the end; its server may be reached by another way."""
    await database.emptied()
    store = SqlStore(url or database.url, **{"patience": timedelta(seconds=PATIENCE)} | settings)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
async def store(database):
    """An empty store."""
    async with opened(database) as store:
        yield store


class TestPostgresql(HousekeepingContract):
    """A store on PostgreSQL."""

    @pytest.fixture
    async def store(self, postgresql):
        """An empty database."""
        async with opened(postgresql) as store:
            yield store


class TestMariadb(HousekeepingContract):
    """A store on MariaDB."""

    @pytest.fixture
    async def store(self, mariadb):
        """An empty database."""
        async with opened(mariadb) as store:
            yield store


class TestApplicationsEngine(CommitLaws, GuardLaws, CallerLaws, RemovalLaws):
    """A store on an engine of the application's."""

    @pytest.fixture
    async def store(self, database):
        """An empty database, and an engine as SQLAlchemy makes it."""
        await database.emptied()
        engine = database.engine(poolclass=None)
        store = SqlStore(engine)
        yield store
        await store.aclose()
        await engine.dispose()


# --- round trips ----------------------------------------------------------------------------------------------------


async def test_caller_is_one_round_trip(database):
    """An authenticated request waits for the server once: nothing is asked or cleaned up around its one statement."""
    async with wired(database.url) as (wire, url), opened(database, url=url) as store:
        await put(store, session(), account(), role(), *(grant(f"{number}") for number in range(50)))
        await store.caller("session")
        turns = []
        for _ in range(5):
            before = wire.turns
            assert len((await store.caller("session")).roles) == 50
            turns.append(wire.turns - before)
    assert turns == [1] * 5


async def test_commit_is_its_statements_and_two(database):
    """A commit waits for the server once for each entity, for its beginning and for its end."""
    async with wired(database.url) as (wire, url), opened(database, url=url) as store:
        await put(store, grant("a"))
        before = wire.turns
        await put(store, grant("b"))
        assert wire.turns - before == 3


async def test_removal_is_few_statements(database):
    """A thousand entities are removed by a few statements, and none of them if one is not as it was read."""
    events = [grant(f"{number}") for number in range(1000)]
    patience = timedelta(seconds=20)
    async with wired(database.url) as (wire, url), opened(database, url=url, patience=patience) as store:
        await put(store, *events)
        before = wire.turns
        with pytest.raises(Conflict):
            await store.remove([at(1, entity) for entity in events[:-1]] + [at(2, events[-1])])
        await store.remove([at(1, entity) for entity in events])
        assert wire.turns - before < 30
        assert await store.find(by_owner(Grant, "ada")) == []


async def test_what_is_being_written_is_not_removed(database):
    """A removal waits for whoever is writing one of many, and is then a conflict that has removed none of them."""
    async with opened(database) as store:
        await put(store, *(grant(f"{number}") for number in range(9)))
        async with database.engine().begin() as other:
            await other.exec_driver_sql("UPDATE authcore_grant SET version = 2 WHERE id = '5'")
            removal = asyncio.create_task(store.remove([at(1, grant(f"{number}")) for number in range(9)]))
            await asyncio.sleep(0.1)
            assert not removal.done()
        with pytest.raises(Conflict):
            await removal
        assert len(await store.find(by_owner(Grant, "ada"))) == 9


async def test_reading_is_one_round_trip(database):
    """Whatever is read, in whatever way, is one round trip."""
    async with wired(database.url) as (wire, url), opened(database, url=url) as store:
        await put(store, *(grant(f"{number}") for number in range(9)), *(attempt(f"{number}") for number in range(9)))
        (old,) = await store.aged(Attempt, before=LATER, limit=1)
        readings = (
            partial(store.find, by_owner(Grant, "ada")),
            partial(store.find, by_owner(Grant, "ada", limit=2)),
            partial(store.find, by_owner(Grant, "ada", skip=3)),
            partial(store.find, by_owner(Grant, "ada", limit=2, skip=3, after="1")),
            partial(store.page, Grant, limit=3),
            partial(store.page, Grant, beginning="1%s", after="0", limit=3),
            partial(store.aged, Attempt, before=LATER, limit=3),
            partial(store.aged, Attempt, before=LATER, after=old, limit=3),
        )
        found = [[each.id for each in await read()] for read in readings]
        before = wire.turns
        assert [[each.id for each in await read()] for read in readings] == found
        assert wire.turns - before == len(readings)
    assert [len(each) for each in found] == [9, 2, 6, 2, 3, 0, 3, 3]
    assert found[3] == ["5", "6"]


async def test_limit_may_be_any_number(database):
    """A limit beyond all that an engine can count is none, and as much is skipped as there can be."""
    async with opened(database) as store:
        await put(store, grant("a"), grant("b"))
        assert len(await store.find(by_owner(Grant, "ada", limit=2**70))) == 2
        assert await store.find(by_owner(Grant, "ada", skip=2**70)) == []
        assert await store.find(by_owner(Grant, "ada", limit=2**70, skip=2**70)) == []
        assert len(await store.page(Grant, limit=2**70)) == 2


# --- what errors mean -----------------------------------------------------------------------------------------------


@asynccontextmanager
async def raising(database, code, message="no"):
    """Have the server refuse every grant with a code, and a message that quotes its id."""
    if database.kind == "postgresql":
        body = f"BEGIN RAISE EXCEPTION '{message} %', NEW.id USING ERRCODE = '{code}'; END"
        await database.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $${body}$$",
            "CREATE TRIGGER refuse BEFORE INSERT ON authcore_grant FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
    else:
        signal = f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = told"
        body = f"BEGIN DECLARE told TEXT; SET told = NEW.id; {signal}; END"
        await database.execute(f"CREATE TRIGGER refuse BEFORE INSERT ON authcore_grant FOR EACH ROW {body}")
    try:
        yield
    finally:
        on_table = " ON authcore_grant" if database.kind == "postgresql" else ""
        await database.execute(f"DROP TRIGGER refuse{on_table}")
        if database.kind == "postgresql":
            await database.execute("DROP FUNCTION refuse()")


LOST = [
    *(("postgresql", code) for code in ("23505", "40001", "40P01", "55P03")),
    *(("mariadb", code) for code in (1020, 1062, 1205, 1213)),
]
BROKEN = [
    *(("postgresql", code) for code in ("57014", "25006", "53100", "23514", "XX000")),
    *(("mariadb", code) for code in (1969, 1290, 1021, 4025, 1644)),
]


@pytest.mark.parametrize(("database", "code"), LOST, indirect=["database"])
async def test_lost_race_is_a_conflict(database, code):
    """Deadlocks, serialisation failures, lock time-outs and taken keys are conflicts that leave no trace."""
    async with opened(database) as store, raising(database, code):
        assert await conflicts(store, [account(), grant("a")])
        assert await same(store, account()) is None


@pytest.mark.parametrize(("database", "code"), BROKEN, indirect=["database"])
async def test_anything_else_is_a_fault(database, code):
    """Time-outs of statements, servers that only read, full disks, and what nobody foresaw are traceless faults."""
    async with opened(database) as store:
        async with raising(database, code):
            with pytest.raises(StoreFault, match=str(code)):
                await put(store, account(), grant("a"))
            assert await same(store, account()) is None
        await put(store, account(), grant("a"))


@pytest.mark.parametrize(("database", "code"), [LOST[0], LOST[5], BROKEN[0], BROKEN[5]], indirect=["database"])
async def test_errors_tell_no_value(database, code):
    """What a server quotes of the values that it was given stands in no exception, and in none of its causes."""
    async with opened(database) as store, raising(database, code):
        with pytest.raises((StoreFault, Conflict)) as caught:
            await put(store, grant("s3cret"))
    told, error = "", caught.value
    while error is not None:
        told, error = f"{told}\n{error!r} {error}", error.__cause__ or error.__context__
    assert "s3cret" not in told


async def test_waiting_for_a_lock_ends_in_a_conflict(database):
    """A commit that somebody keeps waiting for too long stored nothing, and says so."""
    async with opened(database, patience=timedelta(seconds=1)) as store:
        await put(store, account())
        async with database.engine().begin() as other:
            await other.exec_driver_sql("UPDATE authcore_account SET epoch = 7")
            assert await conflicts(store, [account("bob"), account(version=1)])
        assert await same(store, account("bob")) is None


# --- connections ----------------------------------------------------------------------------------------------------

COMMIT = {"postgresql": (b"\0COMMIT\0", 2), "mariadb": (b"\x03COMMIT", 1)}
"""What a driver says to have a server commit for the first time, and how often it speaks for that."""


@pytest.mark.parametrize("is_stored", [False, True])
async def test_connection_lost_while_committing(database, is_stored):
    """A commit that was sent, and not answered, is a fault, be it stored or not; the store goes on by itself."""
    async with wired(database.url) as (wire, url), opened(database, url=url) as store:
        await same(store, account())
        wire.cut_at(*COMMIT[database.kind], forwards=is_stored)
        with pytest.raises(StoreFault):
            await put(store, account(), grant("a"))
        assert (await same(store, account()) is not None) == is_stored
        assert len(await store.find(by_owner(Grant, "ada"))) == int(is_stored)


async def test_connection_lost_before_the_commit(database):
    """A connection that breaks amid the writing is a fault, and nothing is stored; the store goes on by itself."""
    async with wired(database.url) as (wire, url), opened(database, url=url) as store:
        await same(store, account())
        wire.cut_at(b"authcore_grant", forwards=True)
        with pytest.raises(StoreFault):
            await put(store, account(), grant("a"))
        assert await same(store, account()) is None
        await put(store, account())


async def test_broken_connections_are_made_anew(database):
    """Of requests after the server was away, a few fail with a fault; then all goes on, without a restart."""
    async with wired(database.url) as (wire, url), opened(database, url=url) as store:
        await together(*[partial(same, store, account())] * 5)
        wire.cut()
        with pytest.raises(StoreFault):
            await same(store, account())
        await together(*[partial(put, store, account(f"{number}")) for number in range(5)])


async def test_nothing_waits_for_ever(database):
    """A server that has fallen silent is a fault after a while, and so is waiting for one that is waiting for it."""
    patience = timedelta(seconds=0.5)
    async with (
        wired(database.url) as (wire, url),
        opened(database, url=url, patience=patience, connections=1) as store,
    ):
        await same(store, account())
        wire.is_silent = True
        with anyio.fail_after(30):
            outcomes = await together(*[partial(outcome, partial(same, store, account()))] * 3)
        assert {type(outcome) for outcome in outcomes} == {StoreFault}
        wire.is_silent = False
        await put(store, account())


async def outcome(work):
    """What comes of something: its answer, or what it raised."""
    try:
        return await work()
    except Exception as error:  # noqa: BLE001  that is what is asked
        return error


async def test_unreachable_server_is_a_fault(database):
    """A server that is not there is a fault."""
    url = make_url(database.url).set(port=services.free_port()).render_as_string(hide_password=False)
    with pytest.raises(StoreFault):
        await same(SqlStore(url), account())


async def test_cancelled_commit_runs_to_its_end(database):
    """A commit that waits for a lock when its task is cancelled is stored once it can be; its connection comes back."""
    await database.emptied()
    engine = database.engine(poolclass=None, pool_size=1, max_overflow=0)
    store = SqlStore(engine)
    await put(store, account())
    async with database.engine().begin() as other:
        await other.exec_driver_sql("UPDATE authcore_account SET epoch = 7")
        async with anyio.create_task_group() as group:
            group.start_soon(put, store, account("bob"), account(version=1))
            while not engine.pool.checkedout():
                await checkpoint()
            group.cancel_scope.cancel()
        assert engine.pool.checkedout() == 1
    await store.aclose()
    assert engine.pool.checkedout() == 0
    assert await same(SqlStore(engine), account("bob")) == account("bob", version=1)
    await engine.dispose()


LOCK = {
    "postgresql": ("LOCK TABLE authcore_account", "ROLLBACK"),
    "mariadb": ("LOCK TABLES authcore_account WRITE", "UNLOCK TABLES"),
}


# --- what every request reads ---------------------------------------------------------------------------------------


async def test_nobody_is_given_the_answer_of_another(database):
    """A request that stops waiting takes its connection along: what comes over it late is nobody's."""
    async with wired(database.url) as (wire, url), opened(database, url=url, connections=1) as store:
        await put(store, session(), account(), role(), grant("a"), session("other", None))
        assert (await store.caller("session")).session == replace(session(), version=1)
        wire.is_silent = True
        async with anyio.create_task_group() as group:
            before = len(wire.said)
            group.start_soon(store.caller, "session")
            await until(lambda: len(wire.said) > before)
            group.cancel_scope.cancel()
        wire.is_silent = False
        assert (await store.caller("other")).session == replace(session("other", None), version=1)


@pytest.mark.parametrize("fresh", [60, 0])
async def test_requests_and_commits_wait_for_one_another(database, monkeypatch, fresh):
    """A connection that a request has used serves whoever waits for one next, a request or a commit."""
    monkeypatch.setattr("authcore_sqlalchemy.direct._FRESH", fresh)
    async with opened(database, connections=1, patience=timedelta(seconds=5)) as store:
        await put(store, session(), account())
        read, write = partial(store.caller, "session"), [partial(put, store, account(f"{n}")) for n in range(9)]
        await read()
        found = await together(*write, *[read] * 9, partial(put, store, account("last")), read)
        assert found[-1] == await read()
        await put(store, account("alone"))
        assert await same(store, account("last")) == account("last", version=1)


async def test_lost_connections_are_few_refused_requests(database):
    """Once one request has met the end of its connection, no other one meets that of its own."""
    async with wired(database.url) as (wire, url), opened(database, url=url) as store:
        await put(store, session(), account())
        await together(*[partial(store.caller, "session")] * 5)
        wire.cut()
        with pytest.raises(StoreFault):
            await store.caller("session")
        callers = await together(*[partial(store.caller, "session")] * 5)
        assert [caller.account for caller in callers] == [account(version=1)] * 5


async def test_request_is_finished_before_the_store_is_closed(database):
    """Closing a store waits for whoever is being read."""
    async with wired(database.url) as (wire, url), opened(database, url=url) as store:
        await put(store, session(), account())
        await store.caller("session")
        lock, unlock = LOCK[database.kind]
        async with database.engine().connect() as other:
            await other.exec_driver_sql(lock)
            before, read = len(wire.said), asyncio.create_task(store.caller("session"))
            await until(lambda: len(wire.said) > before)
            closing = asyncio.create_task(store.aclose())
            await checkpoint()
            assert not closing.done()
            await other.exec_driver_sql(unlock)
        assert (await read).account == account(version=1)
        await closing


async def test_fault_of_a_reading_tells_nothing_of_it(database):
    """What a server says about a question that it cannot answer stays out of the fault, but for the code."""
    async with opened(database) as store:
        await put(store, session(), account())
        await store.caller("session")
        await database.execute("ALTER TABLE authcore_role RENAME TO authcore_hidden")
        try:
            for reading in (store.caller("session"), same(store, role())):
                with pytest.raises(StoreFault) as raised:
                    await reading
                assert re.fullmatch(r"(PostgreSQL: 42P01|MariaDB: 1146) \w+", str(raised.value))
                assert raised.value.__cause__ is None
                assert raised.value.__context__ is None
        finally:
            await database.execute("ALTER TABLE authcore_hidden RENAME TO authcore_role")


async def test_hooks_of_an_application_see_what_is_read(database):
    """What an application has its engine do for each statement, it does for what a store reads by, too."""
    await database.emptied()
    engine = database.engine(poolclass=None)
    store, seen = SqlStore(engine), []
    await put(store, session(), account())
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *said: seen.append(said[2]))
    assert (await store.caller("session")).account == account(version=1)
    assert await same(store, account()) == account(version=1)
    assert len(await store.page(Account, limit=9)) == 1
    assert await store.aged(Attempt, before=LATER, limit=9) == []
    assert len(seen) == 4
    await engine.dispose()


# --- an application's engine ----------------------------------------------------------------------------------------

SETTINGS = {
    "postgresql": "SELECT current_setting('transaction_isolation'), current_setting('lock_timeout')",
    "mariadb": "SELECT @@tx_isolation, @@autocommit, @@sql_mode",
}


async def test_applications_engine_stays_as_it_is(database):
    """A connection that the store has used is to the application what it was, and its engine stays open."""
    engine = database.engine(poolclass=None, pool_size=1, max_overflow=0)
    async with engine.connect() as connection:
        before = (await connection.exec_driver_sql(SETTINGS[database.kind])).all()
    store = SqlStore(engine)
    await database.emptied()
    await put(store, account())
    assert await conflicts(store, [account()])
    await store.aclose()
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql(SETTINGS[database.kind])).all() == before
        await connection.rollback()
        await connection.exec_driver_sql("UPDATE authcore_account SET epoch = 7")
        await connection.rollback()
        assert (await connection.exec_driver_sql("SELECT epoch FROM authcore_account")).scalar() == 1
    await engine.dispose()


async def test_applications_engine_costs_no_transaction(postgresql):
    """Reading on an application's engine is one round trip, too, where a driver lets it be: no transaction begins."""
    await postgresql.emptied()
    async with wired(postgresql.url) as (wire, url):
        engine = Database(url).engine(poolclass=None, isolation_level="SERIALIZABLE")
        store = SqlStore(engine)
        await same(store, account())
        before = wire.turns
        await same(store, account())
        assert wire.turns - before == 1
        await engine.dispose()


async def test_exhausted_pool_is_a_fault(database):
    """Where the application uses up its own connections, the store says that it cannot answer."""
    engine = database.engine(poolclass=None, pool_size=1, max_overflow=0, pool_timeout=0.1)
    store = SqlStore(engine)
    await same(store, account())
    async with engine.connect():
        with pytest.raises(StoreFault, match="TimeoutError"):
            await same(store, account())
    await same(store, account())
    await engine.dispose()


# --- opening --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def at_version(database, version):
    """Have the database say that its tables are of another version."""
    ((found,),) = await database.execute("SELECT version_num FROM authcore_schema")
    await database.execute(f"UPDATE authcore_schema SET version_num = '{version}'")  # noqa: S608  the tests' own words
    try:
        yield found
    finally:
        await database.execute(f"UPDATE authcore_schema SET version_num = '{found}'")  # noqa: S608  likewise


@pytest.mark.parametrize(("version", "advice"), [(1, "migrate"), (99, "install")])
async def test_other_schema_version_is_refused(database, version, advice):
    """Tables that are too old or too new are refused by whatever comes first, with what to do; then all goes on."""
    store = SqlStore(database.url)
    async with at_version(database, version):
        for first in (store.open(), same(store, account()), put(store, account("new")), store.create_schema()):
            with pytest.raises(ConfigurationError, match=f"version {version}.*{advice}"):
                await first
    assert await same(store, account("new")) is None
    await store.aclose()


TABLES = {"postgresql": Tables(schema="auth"), "mariadb": Tables(prefix="auth_")}


async def test_several_may_create_the_tables(database):
    """Where there are no tables it is said how to create them; several do so at once, under another name than usual."""
    tables = TABLES[database.kind]
    stores = [SqlStore(database.url, tables=tables) for _ in range(3)]
    with pytest.raises(ConfigurationError, match="authcore migrate"):
        await stores[0].open()
    await together(*(store.create_schema for store in stores))
    await put(stores[0], account())
    assert await conflicts(stores[1], [account()])
    assert await same(stores[2], account()) == account(version=1)
    for store in stores:
        await store.aclose()
    async with database.engine().begin() as connection:
        await connection.run_sync(tables.metadata.drop_all)


@pytest.mark.parametrize(
    "url", ["oracle://scott:tiger@localhost/orcl", "postgresql+psycopg://ada:tiger@localhost/x", "tiger"]
)
def test_other_urls_are_refused(url):
    """A URL of another kind of database is refused, one that names a driver too, and no password is told."""
    with pytest.raises(ConfigurationError) as caught:
        SqlStore(url)
    assert "tiger" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_closed_store_is_a_fault(database):
    """A store that was closed answers no more."""
    store = SqlStore(database.url)
    await same(store, account())
    await store.aclose()
    with pytest.raises(StoreFault, match="closed"):
        await same(store, account())


def test_store_belongs_to_one_loop(database):
    """In another event loop a store says so, instead of failing in odd ways."""
    store = SqlStore(database.url)
    asyncio.run(_ask_and_let_go(store))
    with pytest.raises(StoreFault, match="event loop"):
        asyncio.run(_ask_and_let_go(store))


def test_store_needs_a_loop():
    """Where no event loop runs, which the drivers need, a store says so."""
    with pytest.raises(StoreFault, match="event loop"):
        run_sync(same(SqlStore("postgresql://localhost/x"), account()))


async def _ask_and_let_go(store):
    await same(store, account())
    await store._direct.finish()  # noqa: SLF001  or its connections would outlive their loop
    await store._engine.dispose()  # noqa: SLF001  likewise
