"""The SQLite store: every law of the contract, and what is true of a file that several processes share."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import anyio
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import Column, Engine, MetaData, String, Table, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from authcore.entities import ENTITIES, Account, Attempt, Grant, Identifier, Role, keys_of
from authcore.errors import ConfigurationError, StoreFault
from authcore.ports import by_id, by_owner
from authcore.testing import run_sync
from authcore.testing.store_contract import HousekeepingContract
from authcore.testing.store_contract.samples import (
    MOMENT,
    account,
    at,
    attempt,
    conflicts,
    event as trail_event,
    grant,
    identifier,
    put,
    role,
    same,
    session,
    tally,
)
from authcore_sqlalchemy import SqliteStore, Tables

SAMPLES = {type(each): each for each in (attempt("a"), tally("t", used=MOMENT), session(), trail_event("e"))}
SECRET = "s3cret'); DROP TABLE authcore_account; --"


@pytest.fixture
def path(tmp_path):
    """Where a database may be."""
    return tmp_path / "authcore.db"


@pytest.fixture
def store(path):
    """An open store in a file."""
    with closing(SqliteStore(path)) as store:
        yield store


class TestSqliteFile(HousekeepingContract):
    """A store in a file."""

    @pytest.fixture
    async def store(self, path):
        """An empty database."""
        with closing(SqliteStore(path)) as store:
            yield store


class TestSqliteMemory(HousekeepingContract):
    """A store in memory."""

    @pytest.fixture
    async def store(self):
        """An empty database."""
        with closing(SqliteStore(":memory:")) as store:
            yield store


# --- the file -------------------------------------------------------------------------------------------------------


async def test_entities_survive_reopening(path):
    """What was committed is there when the database is opened again."""
    with closing(SqliteStore(path)) as store:
        await put(store, account(), grant("a"))
    with closing(SqliteStore(str(path))) as store:
        assert await same(store, account()) == account(version=1)
        assert await conflicts(store, [account()])


async def test_memory_forgets():
    """A database in memory is gone when its store is closed, and is not shared."""
    with closing(SqliteStore(":memory:")) as store, closing(SqliteStore(":memory:")) as other:
        await put(store, account())
        assert await same(other, account()) is None


async def test_two_stores_share_a_file(path):
    """What one store commits is seen by the other at once, and guarded against it."""
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path)) as other:
        await put(one, account())
        assert await same(other, account()) == account(version=1)
        assert await conflicts(other, [account()])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such modes")
async def test_only_its_owner_reads_the_file(path, store):
    """The database, its log and its index are for their owner's eyes only."""
    await put(store, account())
    assert {item.name: stat.filemode(item.stat().st_mode) for item in path.parent.iterdir()} == {
        "authcore.db": "-rw-------",
        "authcore.db-shm": "-rw-------",
        "authcore.db-wal": "-rw-------",
    }


def test_mode_of_an_existing_file_is_left(path):
    """A file that is there already keeps the mode that somebody gave it."""
    path.touch(mode=0o640)
    path.chmod(0o640)
    SqliteStore(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_commits_are_durable(path):
    """The log is flushed to the disk by every commit, and the engine never loses one."""
    statements = []
    with _listening(statements.append):
        SqliteStore(path).close()
    assert "PRAGMA journal_mode = WAL" in statements
    assert "PRAGMA synchronous = FULL" in statements
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_opening_waits_for_others_that_open(path):
    """A database that somebody else is about to set up can be opened: SQLite itself would refuse, and not wait."""
    path.touch()
    other = sqlite3.connect(path, isolation_level=None)
    answers = {
        "PRAGMA journal_mode = WAL": [lambda: other.execute("BEGIN IMMEDIATE")],
        "BEGIN IMMEDIATE": [other.close],
    }
    with _listening(lambda statement: answers.get(statement) and answers[statement].pop()()):
        SqliteStore(path).close()
    assert answers == {"PRAGMA journal_mode = WAL": [], "BEGIN IMMEDIATE": []}


def test_reads_cannot_write(path):
    """The connection for reads refuses to write, whatever is asked of it; in memory there is but one connection."""
    statements = []
    with _listening(statements.append):
        SqliteStore(path).close()
        SqliteStore(":memory:").close()
    assert statements.count("PRAGMA query_only = ON") == 1


# --- the schema -----------------------------------------------------------------------------------------------------


def test_other_schema_version_is_refused(path):
    """A database of another schema version is refused, and told which versions there are."""
    SqliteStore(path).close()
    _execute(path, "UPDATE authcore_schema SET version_num = '99'")
    with pytest.raises(ConfigurationError, match=r"version 99.*needs 5"):
        SqliteStore(path)
    assert _execute(path, "SELECT version_num FROM authcore_schema") == [("99",)]


async def test_application_may_keep_its_tables_beside(path):
    """Tables of the application's own live in the same file, untouched."""
    _execute(path, "CREATE TABLE orders (account_id TEXT)", "INSERT INTO orders VALUES ('ada')")
    with closing(SqliteStore(path)) as store:
        await put(store, account())
    assert _execute(path, "SELECT * FROM orders JOIN authcore_account ON id = account_id")[0][:2] == ("ada", "ada")


def test_application_may_mount_the_tables(path):
    """The tables join the application's metadata, under a prefix of its choice, and only they are created."""
    metadata = MetaData()
    Table("orders", metadata, Column("account_id", String))
    tables = Tables(metadata, prefix="auth_")
    assert {table.name for table in tables.of.values()} < set(metadata.tables)
    SqliteStore(path, tables=tables).close()
    names = {name for (name,) in _execute(path, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"auth_schema", *(table.name for table in tables.of.values())}


def test_tables_are_readable():
    """A table has a column for each field, keys of bounded length, and compares bytes."""
    ddl = " ".join(str(CreateTable(Tables().of[Identifier]).compile(dialect=sqlite.dialect())).split())
    assert ddl.startswith(
        'CREATE TABLE authcore_identifier ( id VARCHAR(300) COLLATE "BINARY" NOT NULL, version BIGINT'
    )
    assert 'former_id VARCHAR(300) COLLATE "BINARY", proven_at BIGINT' in ddl


def test_owners_are_indexed(path, store):
    """Neither an id nor an owner is ever sought by reading a whole table, nor sorted afterwards."""
    for kind, table in Tables().of.items():
        for field in ("id", *keys_of(kind)):
            query = f"EXPLAIN QUERY PLAN SELECT * FROM {table.name} WHERE {field} = 'x' ORDER BY id"  # noqa: S608
            plan = " ".join(step[3] for step in _execute(path, query))
            assert "SEARCH" in plan
            assert "SCAN" not in plan
            assert "TEMP B-TREE" not in plan


def test_ages_are_indexed(path, store):
    """What is old is found in an index, in order, also where a page goes on; no table is read for it."""
    for kind, table in Tables().of.items():
        if kind.DATED is None:
            continue
        said = []
        with _tracing(store, said.append):
            run_sync(store.aged(kind, before=MOMENT, limit=9))
            if kind in SAMPLES:
                run_sync(store.aged(kind, before=MOMENT, after=SAMPLES[kind], limit=9))
        assert len(said) == 1 + (kind in SAMPLES)
        with closing(sqlite3.connect(path)) as connection:
            for statement in said:
                plan = " ".join(step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
                assert f"SEARCH {table.name} USING INDEX ix_{table.name}_{kind.DATED}" in plan
                assert "TEMP B-TREE" not in plan


def test_what_is_skipped_is_not_read(path, store):
    """Entities that a key skips are passed over in the index: a count among ten thousand costs one row."""
    said = []
    with _tracing(store, said.append):
        run_sync(store.find(by_owner(Attempt, "everybody", skip=9_999, limit=1)))
    (statement,) = said
    with closing(sqlite3.connect(path)) as connection:
        plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    table = Tables().of[Attempt].name
    assert f"SEARCH {table} USING COVERING INDEX ix_{table}_subject (subject=?)" in plan


def test_limit_may_be_any_number(store):
    """A limit beyond all that an engine can count is none, and as much is skipped as there can be."""
    run_sync(put(store, grant("a"), grant("b")))
    assert len(run_sync(store.find(by_owner(Grant, "ada", limit=2**70)))) == 2
    assert run_sync(store.find(by_owner(Grant, "ada", skip=2**70))) == []
    assert len(run_sync(store.page(Grant, limit=2**70))) == 2
    assert run_sync(store.aged(Attempt, before=MOMENT, limit=2**70)) == []


def test_statements_are_as_many_as_ways_to_ask(store):
    """Whatever is sought, and however much of it, no statement is kept for it but that of its kind."""
    asked = []
    for number in range(1, 50):
        run_sync(store.find(by_owner(Grant, f"{number}", limit=number)))
        run_sync(store.page(Grant, after=f"{number}", beginning=f"{number}", limit=number))
        run_sync(store.aged(Attempt, before=MOMENT + timedelta(number), limit=number))
        run_sync(store.caller(f"{number}"))
        asked.append((len(store._questions._built), len(store._texts._of)))  # noqa: SLF001  what is kept
    assert set(asked) == {(3, 4)}


# --- threads and loops ----------------------------------------------------------------------------------------------


async def test_commits_run_off_the_loop_and_reads_on_it(store):
    """The loop never waits for the disk, and a read never waits for a thread."""
    seen = {}

    def hear(statement):
        seen.setdefault(statement.split()[0], threading.get_ident())

    with _listening(hear), _tracing(store, hear):
        await put(store, account())
        await put(store, account(version=1))
        await same(store, account())
        await store.caller("session")
    loop = threading.get_ident()
    assert seen.pop("SELECT") == loop
    assert {*seen} == {"BEGIN", "INSERT", "UPDATE", "COMMIT"}
    assert loop not in seen.values()


async def test_loop_turns_while_a_commit_waits(path, store):
    """Other tasks go on while a commit waits for another process's lock."""
    with _locked(path) as unlock:
        async with anyio.create_task_group() as group:
            group.start_soon(put, store, account())
            for _ in range(100):
                await checkpoint()
                assert await same(store, account()) is None
            unlock()
    assert await same(store, account()) == account(version=1)


def test_flow_runs_without_a_loop(store):
    """Where no event loop runs, a commit runs where it is called."""
    threads = set()

    def hear(_):
        threads.add(threading.get_ident())

    with _listening(hear), _tracing(store, hear):
        run_sync(put(store, account()))
        assert run_sync(same(store, account())) == account(version=1)
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("place", ["file", ":memory:"])
def test_store_outlives_loops(path, place):
    """One store works in several event loops and threads, one after another and at once."""
    with closing(SqliteStore(path if place == "file" else place)) as store:
        asyncio.run(put(store, account()))
        users = [threading.Thread(target=run, args=[_raise(store, 20)]) for run in (asyncio.run, run_sync) * 2]
        for thread in users:
            thread.start()
        for thread in users:
            thread.join()
        assert run_sync(same(store, account())) == account(version=81, epoch=81)


async def test_cancelled_commit_runs_to_its_end(path, store):
    """A commit that has begun when its task is cancelled is stored, and neither lock nor transaction is left behind."""
    begun = threading.Event()
    with _locked(path) as unlock, _listening(lambda _: begun.set()):
        async with anyio.create_task_group() as group:
            group.start_soon(put, store, grant("a"), grant("b"))
            while not begun.is_set():
                await checkpoint()
            group.cancel_scope.cancel()
        unlock()
        await put(store, grant("c"))
    assert len(await store.find(by_owner(Grant, "ada"))) == 3


async def test_commit_takes_its_collections_at_once(path, store):
    """What the caller does to its collections while a commit waits changes nothing."""
    writes = [account()]
    with _locked(path) as unlock:
        async with anyio.create_task_group() as group:
            group.start_soon(store.commit, writes)
            await checkpoint()
            writes.append(account("bob"))
            unlock()
    assert await same(store, account("bob")) is None


async def test_crowd_of_commits_fills_no_pool(path, store):
    """However many commits wait, the loop's own threads stay free for others."""
    with _locked(path) as unlock:
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(put, store, account(f"{number}"))
            await checkpoint()
            with anyio.fail_after(10):
                assert await asyncio.get_running_loop().run_in_executor(None, lambda: "free") == "free"
            unlock()
    assert await same(store, account("99")) == account("99", version=1)


async def test_closing_finishes_what_was_asked_for(path, store):
    """Commits that wait when the store is closed are stored before."""
    with _locked(path) as unlock:
        async with anyio.create_task_group() as group:
            for name in "abcde":
                group.start_soon(put, store, grant(name))
            await checkpoint()
            group.start_soon(anyio.to_thread.run_sync, store.close)
            await checkpoint()
            unlock()
    with closing(SqliteStore(path)) as reopened:
        assert len(await reopened.find(by_owner(Grant, "ada"))) == 5


# --- one round trip -------------------------------------------------------------------------------------------------


async def test_caller_is_one_statement(store):
    """An authenticated request reads session, account, grants and roles by one statement, and so in one snapshot."""
    statements = []
    await put(store, session(), account(), role(), *(grant(f"{number}") for number in range(50)))
    with _tracing(store, statements.append):
        caller = await store.caller("session")
    assert len(statements) == 1
    assert len(caller.roles) == 50


# --- faults ---------------------------------------------------------------------------------------------------------


async def test_locked_database_is_a_conflict(path):
    """A commit that another process kept out stored nothing, and says so by Conflict; reads do not wait."""
    with closing(SqliteStore(path, patience=timedelta(milliseconds=10))) as store:
        await put(store, account())
        with _locked(path):
            assert await conflicts(store, [account(version=1)])
            assert await same(store, account()) == account(version=1)
        await put(store, account(version=1))


async def test_other_constraint_is_a_fault(path, store):
    """Only the primary key makes a Conflict: any other constraint is a fault, which no flow tries again."""
    trigger = "CREATE TRIGGER no BEFORE INSERT ON authcore_grant BEGIN SELECT RAISE(ABORT, 'no'); END"
    _execute(path, trigger)
    with pytest.raises(StoreFault):
        await put(store, account(), grant("a"))
    assert await same(store, account()) is None


async def test_missing_table_is_a_fault(path, store):
    """A database that somebody damaged makes reads and commits fault, and not crash."""
    _execute(path, "DROP TABLE authcore_account", "DROP TABLE authcore_grant")
    with pytest.raises(StoreFault):
        await same(store, account())
    with pytest.raises(StoreFault):
        await store.caller("session")
    with pytest.raises(StoreFault):
        await put(store, role(), account())
    assert await same(store, role()) is None


async def test_unreadable_row_is_a_fault(path, store):
    """A row that no entity can be made of makes a read fault, and not refuse the caller's input."""
    await put(store, identifier(), role("a"), account("a"))
    for damage in ("identifier SET kind = 'x'", "role SET permissions = '['", "account SET created_at = 'x'"):
        _execute(path, f"UPDATE authcore_{damage}")
    for kind, name in ((Identifier, identifier().id), (Role, "a"), (Account, "a")):
        with pytest.raises(StoreFault, match=kind.__name__):
            await store.get(by_id(kind, name))


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + bytes(range(256)) * 16])
def test_file_that_is_no_database_is_a_fault(path, content):
    """A file that holds something else cannot be opened, and stays as it is."""
    path.write_bytes(content)
    with pytest.raises(StoreFault):
        SqliteStore(path)
    assert path.read_bytes() == content


def test_missing_folder_is_a_fault(tmp_path):
    """A database in a folder that does not exist cannot be opened."""
    with pytest.raises(StoreFault):
        SqliteStore(tmp_path / "missing" / "authcore.db")
    with pytest.raises(StoreFault):
        SqliteStore(tmp_path)


async def test_fault_tells_no_value(path, store):
    """No exception holds what was to be stored or sought, nor do its causes."""
    _execute(path, "DROP TABLE authcore_account")
    for work in (put(store, account(SECRET)), same(store, account(SECRET))):
        with pytest.raises(StoreFault) as caught:
            await work
        told, cause = "", caught.value
        while cause is not None:
            told, cause = f"{told}\n{cause!r} {cause}", cause.__cause__ or cause.__context__
        assert "no such table" in told
        assert SECRET not in told


async def test_closed_store_faults(path):
    """A closed store can neither read nor write, and may be closed twice."""
    store = SqliteStore(path)
    store.close()
    store.close()
    with pytest.raises(StoreFault, match="closed"):
        await same(store, account())
    with pytest.raises(StoreFault, match="closed"):
        await put(store, account())
    assert not path.with_name("authcore.db-wal").exists()


async def test_metacharacters_are_only_text(path, store):
    """What looks like SQL is stored, found and compared like any other text."""
    await put(store, account(SECRET), grant(SECRET, SECRET, role=SECRET), role(SECRET), session(SECRET, SECRET))
    caller = await store.caller(SECRET)
    assert (caller.account, caller.roles) == (account(SECRET, version=1), [at(1, role(SECRET))])
    assert await store.find(by_owner(Grant, "' OR '1'='1")) == []
    assert len(_execute(path, "SELECT name FROM sqlite_master WHERE type = 'table'")) == 1 + len(ENTITIES)


# --- processes ------------------------------------------------------------------------------------------------------


PRELUDE = """
    import os, sys
    from dataclasses import replace
    from datetime import UTC, datetime
    from authcore.entities import Account, Grant
    from authcore.errors import Conflict, StoreFault
    from authcore.ports import by_id
    from authcore_sqlalchemy import SqliteStore

    NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

    def run(flow):  # as `run_sync` does, without all that comes with it
        try:
            flow.send(None)
        except StopIteration as finished:
            return finished.value

    def account(name, **fields):
        return Account(id=name, created_at=NOW, updated_at=NOW, **fields)

    def grant(name, owner="ada"):
        return Grant(id=name, created_at=NOW, updated_at=NOW, account_id=owner, role="reader")

    store = SqliteStore(sys.argv[1])
"""


def test_processes_open_a_new_file_together(path):
    """Several processes may create one database at once: one creates it, and all can use it."""
    script = """
        run(store.commit([account(sys.argv[2])]))
    """
    for process in [_start(script, path, number) for number in range(4)]:
        assert process.wait() == 0
    with closing(SqliteStore(path)) as store:
        assert all(run_sync(same(store, account(f"{number}"))) for number in range(4))


def test_no_update_is_lost_between_processes(path):
    """Four processes that each raise a number twenty-five times raise it by a hundred."""
    with closing(SqliteStore(path)) as store:
        run_sync(put(store, account(epoch=0)))
        script = """
            done = 0
            while done < 25:
                read = run(store.get(by_id(Account, "ada")))
                try:
                    run(store.commit([replace(read, epoch=read.epoch + 1)]))
                except Conflict:
                    continue
                done += 1
        """
        for process in [_start(script, path) for _ in range(4)]:
            assert process.wait() == 0
        assert run_sync(same(store, account())) == account(version=101, epoch=100)


def test_killed_process_leaves_all_or_nothing(path):
    """A process that is killed amid its commits leaves every commit that it was told of, and no half of one."""
    script = """
        for number in range(100_000):
            run(store.commit([grant(f"{number} {name}", str(number)) for name in "abcdefgh"]))
            print(number, flush=True)
    """
    process = _start(script, path, stdout=subprocess.PIPE)
    for _ in range(50):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    *_, last = process.stdout.read().split() or ["49"]
    process.wait()
    process.stdout.close()
    with closing(SqliteStore(path)) as store:
        kept = [len(run_sync(store.find(by_owner(Grant, f"{number}")))) for number in range(int(last) + 3)]
    assert kept[: int(last) + 1] == [8] * (int(last) + 1)
    assert kept[int(last) + 1] in {0, 8}
    assert kept[int(last) + 2] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_full_disk_is_a_fault(path):
    """A commit that finds no room is a fault and leaves no trace; what was stored stays readable."""
    script = """
        import resource
        run(store.commit([account("ada")]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        crowd = [grant(str(number) * 20) for number in range(5000)]
        try:
            run(store.commit([account("bob"), *crowd]))
        except StoreFault:
            assert run(store.get(by_id(Account, "ada"))) == account("ada", version=1)
            assert run(store.get(by_id(Account, "bob"))) is None
            run(store.commit([account("ada", version=1)]))
            print("fault", flush=True)
    """
    assert _start(script, path, stdout=subprocess.PIPE).communicate()[0] == b"fault\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_store_refuses_to_be_forked(path):
    """A store that was opened before a fork faults in the child, where SQLite would damage the file."""
    script = """
        run(store.commit([account("ada")]))
        if os.fork() == 0:
            for work in (store.commit([account("bob")]), store.get(by_id(Account, "ada"))):
                try:
                    run(work)
                except StoreFault as fault:
                    print(fault, flush=True)
            store.close()
            os._exit(0)
        os.wait()
        run(store.commit([account("eve")]))
    """
    out, _ = _start(script, path, stdout=subprocess.PIPE).communicate()
    assert out.decode().count("before a fork") == 2
    with closing(SqliteStore(path)) as store:
        assert run_sync(same(store, account("eve"))) == account("eve", version=1)


def _start(script, *arguments, stdout=None):
    source = textwrap.dedent(PRELUDE) + textwrap.dedent(script)
    return subprocess.Popen([sys.executable, "-c", source, *map(str, arguments)], stdout=stdout)


def _execute(path, *statements):
    """Say something to a database by another way, and return the last answer."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


@contextmanager
def _listening(hear):
    """Hear every statement that any store says by SQLAlchemy, in the thread that says it: all but its reads."""

    def listen(_connection, _cursor, statement, *_):
        hear(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", listen)


@contextmanager
def _tracing(store, hear):
    """Hear every statement that a store reads by, with its values in it."""
    store._driver.set_trace_callback(hear)  # noqa: SLF001  nobody else is told of them
    yield
    store._driver.set_trace_callback(None)  # noqa: SLF001  as above


@contextmanager
def _locked(path):
    """Hold the write lock, as another process may, until `unlock` is called."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection.rollback


async def _raise(store, times):
    while times:
        read = await same(store, account())
        times -= not await conflicts(store, [replace(read, epoch=read.epoch + 1)])
