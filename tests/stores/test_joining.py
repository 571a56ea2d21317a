"""Taking part in a transaction of the application's, over a file: one commit for both, its refusals, and real races."""

import asyncio
import inspect
import sqlite3
import threading
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from itertools import count
from types import SimpleNamespace

import anyio
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects import oracle
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from authcore import SystemEntropy
from authcore.entities import Account, AuditEvent, Credential, Identifier, Message, TwoStepSession
from authcore.errors import ConfigurationError, Conflict, InvalidPassword, RaceLost, StoreFault, UsernameTaken
from authcore.offload import Background
from authcore.ports import Store, by_id
from authcore.testing import build_auth, run_sync
from authcore.testing.store_contract import StoreContract
from authcore.testing.store_contract.samples import account, at, conflicts, put, same
from authcore_sqlalchemy import SqliteStore, SqlTransaction, Tables
from tests.flows.people import ADA, BOB, EVE, OTHER_PASSWORD, PASSWORD, QuickHasher

METADATA = MetaData()
TABLES = Tables(METADATA)
PROFILES = Table(
    "profiles",
    METADATA,
    Column("account_id", ForeignKey(TABLES.of[Account].c.id), primary_key=True),
    Column("name", String),
)
REGISTERED = (Account, AuditEvent, Credential, Identifier, Message, TwoStepSession)
"""The kinds that a registration without a username writes one of each."""

BOTH = pytest.mark.parametrize("kind", ["Connection", "AsyncConnection"])
ASYNC = pytest.mark.parametrize("kind", ["AsyncConnection"])


# --- an application -------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    """A database in which the store has its tables, and the application its own."""
    path = tmp_path / "application.db"
    SqliteStore(path, tables=TABLES).close()
    engine = create_engine(f"sqlite:///{path}")
    METADATA.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def kind():
    """What the application's engine gives."""
    return "Connection"


@pytest.fixture
async def engine(path, kind):
    """The application's own engine, as SQLAlchemy makes it."""
    async with open_engine(path, kind) as engine:
        yield engine


@pytest.fixture
def store(path):
    """The store over the same file, for every other flow."""
    with closing(SqliteStore(path, tables=TABLES)) as store:
        yield store


@pytest.fixture
def auth(store):
    """An `Auth` with that store, whose ids never repeat."""
    return build_auth(store=store, hasher=QuickHasher(), entropy=SystemEntropy())


@asynccontextmanager
async def open_engine(path, kind, *, patience=5.0, begins=False):
    """Open an engine; with `begins`, as SQLAlchemy's page on SQLite has it, so that BEGIN comes before any reading."""
    make, driver = (create_engine, "pysqlite") if kind == "Connection" else (create_async_engine, "aiosqlite")
    engine = make(f"sqlite+{driver}:///{path}", connect_args={"timeout": patience})
    beneath = getattr(engine, "sync_engine", engine)
    event.listen(beneath, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    if begins:
        event.listen(beneath, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(beneath, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    try:
        yield engine
    finally:
        await answer_of(engine.dispose())


@asynccontextmanager
async def begin(engine):
    """Begin a transaction, and commit it unless something is raised."""
    if isinstance(engine, Engine):
        with engine.begin() as connection:
            yield connection
    else:
        async with engine.begin() as connection:
            yield connection


async def answer_of(answer):
    """The answer of an engine of either kind."""
    return await answer if inspect.isawaitable(answer) else answer


async def register(auth, connection, email=ADA, password=PASSWORD, **names):
    """Register within the transaction that is open on a connection; returns the account's id."""
    transaction = SqlTransaction(connection, tables=TABLES)
    challenge = await auth.register(email=email, password=password, **names, within=transaction)
    return challenge.session.account_id


async def sign_up(auth, connection, email=ADA, name="Ada", **given):
    """Register, and write a profile in place of what an earlier registration left; returns the account's id."""
    account_id = await register(auth, connection, email, **given)
    await answer_of(connection.execute(delete(PROFILES).where(PROFILES.c.account_id == account_id)))
    await answer_of(connection.execute(insert(PROFILES).values(account_id=account_id, name=name)))
    return account_id


def rows(path, table, columns="*"):
    """All rows of a table, by another way."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608  the tests' own words


def counts(path):
    """How many there are of each kind that a registration writes one of, and of profiles."""
    return [len(rows(path, TABLES.of[kind].name)) for kind in REGISTERED], len(rows(path, "profiles"))


@contextmanager
def locked(path):
    """Hold the write lock, as another process may."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


NOTHING, ONE = ([0] * len(REGISTERED), 0), ([1] * len(REGISTERED), 1)


class OneByOne(Store):
    """A store of which each call is a transaction of its own on an application's engine."""

    def __init__(self, engine):
        """Remember the engine."""
        self._engine = engine

    async def find(self, key, /):
        """Begin, find, commit."""
        async with begin(self._engine) as connection:
            return await SqlTransaction(connection, tables=TABLES).find(key)

    async def commit(self, writes, unchanged=()):
        """Begin, stage, commit."""
        async with begin(self._engine) as connection:
            await SqlTransaction(connection, tables=TABLES).stage(writes, unchanged)


class TestStagingOneByOne(StoreContract):
    """Reading and staging, over SQLAlchemy's Connection."""

    @pytest.fixture
    async def store(self, path):
        """An empty database."""
        async with open_engine(path, "Connection") as engine:
            yield OneByOne(engine)


class TestStagingOnALoop(StoreContract):
    """Reading and staging, over SQLAlchemy's AsyncConnection."""

    @pytest.fixture
    async def store(self, path):
        """An empty database."""
        async with open_engine(path, "AsyncConnection") as engine:
            yield OneByOne(engine)


# --- one commit for both --------------------------------------------------------------------------------------------


@BOTH
async def test_both_are_committed_together(path, engine, auth):
    """The account and the application's row are there after the application's commit, and neither before."""
    async with begin(engine) as connection:
        account_id = await sign_up(auth, connection)
        assert counts(path) == NOTHING
    assert counts(path) == ONE
    assert rows(path, "profiles") == [(account_id, "Ada")]
    assert (await auth.store.get(by_id(Account, account_id))).email == ADA


@BOTH
@pytest.mark.parametrize("begins", [False, True])
async def test_both_are_rolled_back_together(path, kind, auth, begins):
    """Where the application fails after the registration nothing of either is left, however its engine begins."""
    async with open_engine(path, kind, begins=begins) as engine:
        with suppress(ZeroDivisionError):
            async with begin(engine) as connection:
                await sign_up(auth, connection)
                raise ZeroDivisionError
    assert counts(path) == NOTHING


@BOTH
async def test_account_goes_on_as_any_other(engine, auth):
    """Whoever was registered within a transaction is sent a code, proves the address, and logs in."""
    async with begin(engine) as connection:
        challenge = await auth.register(email=ADA, password=PASSWORD, within=SqlTransaction(connection, tables=TABLES))
    assert await auth.deliver_due() == 1
    verified = await auth.verify_account(challenge=challenge.token, code=auth.courier.last_code())
    session = await auth.log_in(identifier=ADA, password=PASSWORD)
    assert (await auth.authenticate(session.token)).account.id == verified.id


async def test_nothing_is_sent_before_the_commit(engine, auth):
    """Whoever delivers while the application has not committed finds no message."""
    async with begin(engine) as connection:
        await register(auth, connection)
        assert await auth.deliver_due() == 0
    assert await auth.deliver_due() == 1


async def test_row_must_point_at_an_account(engine):
    """The application's foreign key holds: a row of nobody is refused by the database."""
    with pytest.raises(IntegrityError):
        async with begin(engine) as connection:
            connection.execute(insert(PROFILES).values(account_id="nobody", name="Nobody"))


async def test_two_accounts_in_one_transaction(path, engine, auth):
    """Several registrations may take part in one transaction, one after another; the later see the earlier."""
    async with begin(engine) as connection:
        first = await sign_up(auth, connection, ADA)
        assert await sign_up(auth, connection, BOB, "Bob") != first
        assert await sign_up(auth, connection, ADA, "Ada again") == first
    assert {name for _, name in rows(path, "profiles")} == {"Bob", "Ada again"}


def test_session_of_the_orm_has_a_connection(path, auth):
    """The connection beneath an ORM session is one like any other."""
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine) as session, suppress(ZeroDivisionError), session.begin():
        run_sync(sign_up(auth, session.connection()))
        raise ZeroDivisionError
    assert counts(path) == NOTHING
    with Session(engine) as session, session.begin():
        run_sync(sign_up(auth, session.connection()))
    assert counts(path) == ONE
    engine.dispose()


@pytest.mark.parametrize("ours_first", [False, True])
async def test_tables_are_created_in_either_order(tmp_path, ours_first):
    """Whoever comes first, the store or the application's `create_all`, in the end all tables are there."""
    path = tmp_path / "new.db"
    async with open_engine(path, "Connection") as engine:
        steps = [lambda: METADATA.create_all(engine), lambda: SqliteStore(path, tables=TABLES).close()]
        for step in reversed(steps) if ours_first else steps:
            step()
        with closing(SqliteStore(path, tables=TABLES)) as store, engine.begin() as connection:
            await sign_up(build_auth(store=store, hasher=QuickHasher()), connection)
    assert counts(path) == ONE


# --- strangers ------------------------------------------------------------------------------------------------------


async def join(auth, engine, email=ADA, name="Ada", **names):
    """Sign up and prove the address; returns the account's id."""
    async with begin(engine) as connection:
        transaction = SqlTransaction(connection, tables=TABLES)
        challenge = await auth.register(email=email, password=PASSWORD, **names, within=transaction)
        account_id = challenge.session.account_id
        await answer_of(connection.execute(insert(PROFILES).values(account_id=account_id, name=name)))
    await auth.deliver_due()
    return (await auth.verify_account(challenge=challenge.token, code=auth.courier.last_code(email))).id


async def test_row_of_a_decoy_harms_nobody(path, engine, auth):
    """Over a taken address a row is written that points at a decoy, each time; the owner's own row is left alone."""
    owner = await join(auth, engine)
    for name in ("Eve", "Eve again"):
        async with begin(engine) as connection:
            decoy = await sign_up(auth, connection, ADA, name, password=OTHER_PASSWORD)
    assert dict(rows(path, "profiles")) == {owner: "Ada", decoy: "Eve again"}
    assert await auth.find_account(account_id=decoy) is None
    assert (await auth.store.get(by_id(Account, decoy))).verified_at is None


async def test_owner_gets_no_row_of_a_stranger(path, engine, auth):
    """Whoever registers an address that a stranger registered before has the same account, and a row of his own."""
    async with begin(engine) as connection:
        strangers = await sign_up(auth, connection, ADA, "Eve", password=OTHER_PASSWORD)
    async with begin(engine) as connection:
        assert await sign_up(auth, connection, ADA, "Ada") == strangers
    assert rows(path, "profiles") == [(strangers, "Ada")]


# --- refusals and faults --------------------------------------------------------------------------------------------


@BOTH
async def test_refusal_leaves_the_transaction_usable(path, engine, auth):
    """After a refusal the application may go on in its transaction, and register again."""
    await join(auth, engine, EVE, "Eve", username="eve")
    async with begin(engine) as connection:
        with pytest.raises(UsernameTaken):
            await register(auth, connection, username="eve")
        with pytest.raises(InvalidPassword):
            await register(auth, connection, password="short")
        await sign_up(auth, connection, username="ada")
    assert {name for _, name in rows(path, "profiles")} == {"Eve", "Ada"}


@BOTH
async def test_conflict_leaves_the_transaction_as_it_was(path, engine, store):
    """A conflict takes away what was staged with it, and nothing else; the transaction goes on."""
    await put(store, account("eve"))
    async with begin(engine) as connection:
        transaction = SqlTransaction(connection, tables=TABLES)
        await transaction.stage([account("bob")])
        await answer_of(connection.execute(insert(PROFILES).values(account_id="bob", name="before")))
        for stale in (account("eve"), account("eve", version=9), account("nobody", version=1)):
            with pytest.raises(Conflict):
                await transaction.stage([account("ada"), stale])
        with pytest.raises(Conflict):
            await transaction.stage([account("ada")], [account("eve", version=2)])
        await answer_of(connection.execute(insert(PROFILES).values(account_id="eve", name="after")))
    assert rows(path, "profiles") == [("bob", "before"), ("eve", "after")]
    assert await same(store, account("ada")) is None


@BOTH
async def test_lost_race_leaves_the_transaction_usable(path, kind, auth):
    """A registration that another process kept out is a lost race; then the transaction goes on with nothing of it."""
    async with open_engine(path, kind, patience=0.01) as engine, begin(engine) as connection:
        with locked(path), pytest.raises(RaceLost):
            await register(auth, connection)
        account_id = await sign_up(auth, connection, BOB, "Bob")
    assert rows(path, "profiles") == [(account_id, "Bob")]
    assert counts(path) == ONE


@BOTH
async def test_outdated_transaction_loses(path, kind, auth):
    """A transaction that has read before somebody else commits cannot register; begun again, it can."""
    async with open_engine(path, kind, begins=True) as engine:
        async with begin(engine) as connection:
            await answer_of(connection.execute(select(PROFILES)))
            await auth.register(email=BOB, password=PASSWORD)
            with pytest.raises(RaceLost):
                await register(auth, connection)
            assert (await answer_of(connection.execute(select(func.count()).select_from(PROFILES)))).scalar() == 0
        async with begin(engine) as connection:
            await sign_up(auth, connection)
    assert len(rows(path, "profiles")) == 1


@BOTH
async def test_fault_tells_no_value(path, engine, auth):
    """No exception of a registration holds what was to be stored, nor do its causes, whatever the engine would say."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"DROP TABLE {TABLES.of[Credential].name}")
    with pytest.raises(StoreFault) as caught:
        async with begin(engine) as connection:
            await register(auth, connection)
    told, cause = "", caught.value
    while cause is not None:
        told, cause = f"{told}\n{cause!r} {cause}", cause.__cause__ or cause.__context__
    assert "no such table" in told
    assert ADA not in told
    assert "quick$" not in told


@BOTH
async def test_transaction_must_be_open(path, kind, auth):
    """A connection on which no transaction was begun, or has ended, is refused: what would commit it?"""
    async with open_engine(path, kind) as engine:
        connection = await answer_of(engine.connect())
        with pytest.raises(ConfigurationError, match="no transaction"):
            await register(auth, connection)
        await answer_of(connection.begin())
        transaction = SqlTransaction(connection, tables=TABLES)
        await transaction.stage([account()])
        await answer_of(connection.commit())
        with pytest.raises(ConfigurationError, match="no transaction"):
            await transaction.stage([account("eve")])
        await answer_of(connection.close())
    assert rows(path, TABLES.of[Account].name, "id") == [("ada",)]


@BOTH
async def test_autocommit_is_refused(path, engine, auth):
    """A connection that commits each statement by itself is refused before anything is written."""
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    with pytest.raises(ConfigurationError, match="AUTOCOMMIT"):
        async with begin(autocommit) as connection:
            await register(auth, connection)
    assert counts(path) == NOTHING


async def test_one_transaction_after_another(path, engine, auth):
    """What is known of a transaction is not believed of the next one on the same connection."""
    connection = engine.connect()
    transaction = SqlTransaction(connection, tables=TABLES)
    for name in ("ada", "eve"):
        connection.begin()
        await transaction.stage([account(name)])
        connection.rollback()
    connection.close()
    assert counts(path) == NOTHING


def test_other_databases_are_refused():
    """A connection to an engine whose errors nobody here can read is refused at once."""
    with pytest.raises(ConfigurationError, match="oracle"):
        SqlTransaction(SimpleNamespace(dialect=oracle.dialect()))


# --- loops and threads ----------------------------------------------------------------------------------------------


class _Hasher(QuickHasher):
    """Writes down where it hashes, and whether somebody else may write meanwhile."""

    def __init__(self, path):
        """Begin with nothing seen."""
        super().__init__()
        self.path = path
        self.threads = []

    def hash(self, password, salt, /):
        """Look around, and hash."""
        self.threads.append(threading.get_ident())
        with locked(self.path):
            return super().hash(password, salt)


@ASYNC
async def test_hash_holds_up_nobody(path, engine, store):
    """While a registration hashes, the loop turns, and the database is locked for nobody."""
    hasher = _Hasher(path)
    background = Background(build_auth(store=store, hasher=hasher))
    async with begin(engine) as connection:
        await sign_up(background.auth, connection)
    await background.close()
    assert counts(path) == ONE
    assert len(hasher.threads) == 1
    assert threading.get_ident() not in hasher.threads


@ASYNC
async def test_cancelled_registration_is_whole_or_absent(path, engine, auth):
    """Wherever a registration is cut off, the application that goes on and commits commits all of it or nothing."""
    seen = []
    for number in count(1):
        async with begin(engine) as connection:
            was_cut = await cut_off(engine, number, register(auth, connection, f"{number}@example.org"))
            await connection.execute(text("SELECT 1"))
        seen.append(len(rows(path, TABLES.of[Account].name)))
        assert counts(path) == ([seen[-1]] * len(REGISTERED), 0)
        if not was_cut:
            break
    assert seen.count(0) > 1
    assert seen[-1] > len(REGISTERED)


async def cut_off(engine, number, flow):
    """Cancel a flow while its statement of this number is under way, and go on; whether it came so far."""
    statements = count(1)

    def listen(*_):
        if next(statements) == number:
            scope.cancel()

    with anyio.CancelScope() as scope:
        event.listen(engine.sync_engine, "before_cursor_execute", listen)
        try:
            await flow
        finally:
            event.remove(engine.sync_engine, "before_cursor_execute", listen)
    return scope.cancel_called


# --- races ----------------------------------------------------------------------------------------------------------


def race(path, auth, racers, *, begins):
    """Have threads sign up for one address at once, each having read before; returns what came of each."""
    ready, outcomes = threading.Barrier(racers), []

    async def run(number):
        async with open_engine(path, "Connection", begins=begins) as engine:
            try:
                with engine.begin() as connection:
                    connection.execute(select(PROFILES)).all()
                    ready.wait()
                    outcomes.append(await sign_up(auth, connection, ADA, f"Ada {number}"))
            except RaceLost as lost:
                outcomes.append(lost)

    threads = [threading.Thread(target=asyncio.run, args=[run(number)]) for number in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_outdated_racers_one_wins(path, auth):
    """Of registrations of one address at once, in transactions that have read before, one wins and the others lose."""
    outcomes = race(path, auth, 4, begins=True)
    assert sorted(isinstance(outcome, RaceLost) for outcome in outcomes) == [False, True, True, True]
    assert counts(path) == ONE


def test_racers_that_have_not_begun_wait(path, auth):
    """Where the registration comes first in its transaction nobody loses: they come one after another."""
    outcomes = race(path, auth, 4, begins=False)
    (account_id,) = set(outcomes)
    assert len(outcomes) == 4
    ((kept, name),) = rows(path, "profiles")
    assert kept == account_id
    assert name.startswith("Ada ")
    assert len(rows(path, TABLES.of[Account].name)) == 1


@ASYNC
async def test_tasks_race_as_threads_do(path, engine, auth):
    """Of registrations of one address in tasks at once, those that are not stored one after another have lost."""
    outcomes = []

    async def run(number):
        try:
            async with begin(engine) as connection:
                outcomes.append(await sign_up(auth, connection, ADA, f"Ada {number}"))
        except RaceLost as lost:
            outcomes.append(lost)

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(run, number)
    stored = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert len(outcomes) == 4
    assert len(set(stored)) == 1
    assert len(rows(path, TABLES.of[Message].name)) == len(stored)
    assert len(rows(path, "profiles")) == len(rows(path, TABLES.of[Account].name)) == 1


@ASYNC
async def test_other_flows_wait_for_the_application(path, engine, auth):
    """A flow over the store that meets an open transaction comes after it, and sees what it has committed."""
    async with begin(engine) as connection:
        await sign_up(auth, connection)
        async with anyio.create_task_group() as group:
            group.start_soon(conflicts, auth.store, [at(0, account("bob"))])
            await checkpoint()
            await connection.commit()
    assert {row[0] for row in rows(path, TABLES.of[Account].name, "email")} == {None, ADA}
