"""Taking part in a transaction of the application's on PostgreSQL and MariaDB: one commit for both, and real races."""

from contextlib import suppress

import anyio
import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from authcore import SystemEntropy
from authcore.entities import Account, Identifier
from authcore.errors import ConfigurationError, Conflict, InvalidPassword, RaceLost
from authcore.ports import Store, by_id
from authcore.testing import build_auth
from authcore.testing.store_contract.callers import CallerLaws
from authcore.testing.store_contract.commits import CommitLaws
from authcore.testing.store_contract.guards import GuardLaws
from authcore.testing.store_contract.samples import account, at, put, same
from authcore_sqlalchemy import SqlStore, SqlTransaction
from tests.flows.people import ADA, BOB, PASSWORD, QuickHasher

LEVELS = pytest.mark.parametrize("level", [None, "REPEATABLE READ", "SERIALIZABLE"])


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request):
    """A database on each server, one after another."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def level():
    """The isolation of the application's transactions: what its engine does by itself."""
    return


@pytest.fixture
async def engine(database, level):
    """The application's own engine over an empty database."""
    await database.emptied()
    engine = database.engine(poolclass=None, isolation_level=level)
    yield engine
    await engine.dispose()


@pytest.fixture
async def store(engine, database):
    """The store for every other flow."""
    store = SqlStore(database.url)
    yield store
    await store.aclose()


@pytest.fixture
def auth(store):
    """An `Auth` with that store, whose ids never repeat."""
    return build_auth(store=store, hasher=QuickHasher(), entropy=SystemEntropy())


async def register(auth, connection, email=ADA, **names):
    """Register within the transaction that is open on a connection; returns the account's id."""
    challenge = await auth.register(email=email, password=PASSWORD, **names, within=SqlTransaction(connection))
    return challenge.session.account_id


class OneByOne(Store):
    """A store of which each call is a transaction of its own on an application's engine."""

    def __init__(self, engine):
        """Remember the engine."""
        self._engine = engine

    async def find(self, key, /):
        """Begin, find, commit."""
        async with self._engine.begin() as connection:
            return await SqlTransaction(connection).find(key)

    async def commit(self, writes, unchanged=()):
        """Begin, stage, commit."""
        async with self._engine.begin() as connection:
            await SqlTransaction(connection).stage(writes, unchanged)


class TestStaging(CommitLaws, GuardLaws, CallerLaws):
    """Reading and staging."""

    @pytest.fixture
    async def store(self, engine):
        """An empty database."""
        return OneByOne(engine)


@LEVELS
async def test_both_are_committed_together(engine, auth):
    """The account is there after the application's commit, and not before; nothing is if it fails."""
    with suppress(ZeroDivisionError):
        async with engine.begin() as connection:
            await register(auth, connection, BOB)
            raise ZeroDivisionError
    async with engine.begin() as connection:
        account_id = await register(auth, connection)
        assert await auth.store.page(Account, limit=9) == []
    (stored,) = await auth.store.page(Account, limit=9)
    assert (stored.id, stored.email) == (account_id, ADA)


async def test_refusal_leaves_the_transaction_usable(engine, auth):
    """After a refusal, or a conflict, the application may go on in its transaction, and register again."""
    await put(auth.store, account("eve"))
    async with engine.begin() as connection:
        await register(auth, connection, BOB)
        with pytest.raises(InvalidPassword):
            await auth.register(email=ADA, password="short", within=SqlTransaction(connection))
        for stale in (account("eve"), account("eve", version=9)):
            with pytest.raises(Conflict):
                await SqlTransaction(connection).stage([account("new"), stale])
        await register(auth, connection)
    assert await same(auth.store, account("new")) is None
    assert [claim.id for claim in await auth.store.page(Identifier, limit=9)] == [f"email:{ADA}", f"email:{BOB}"]


@LEVELS
async def test_outdated_transaction_loses(engine, auth):
    """A transaction that decided on what somebody else has changed since cannot commit, whatever its isolation."""
    await put(auth.store, account("eve"))
    with suppress(SQLAlchemyError):  # where it can go no further, it does not
        async with engine.begin() as connection:
            transaction = SqlTransaction(connection)
            read = await transaction.get(by_id(Account, "eve"))
            if engine.dialect.name == "mariadb" and await connection.get_isolation_level() == "SERIALIZABLE":
                return  # nobody can change it meanwhile
            await put(auth.store, account("eve", version=1, epoch=5))
            with pytest.raises(Conflict):
                await transaction.stage([account("bob")], [read])
            with pytest.raises(Conflict):
                await transaction.stage([at(read.version, account("eve", epoch=7))])
    assert await same(auth.store, account("bob")) is None
    assert (await same(auth.store, account("eve"))).epoch == 5


@LEVELS
async def test_of_racers_one_account_is_left(engine, auth):
    """Of registrations of one address at once, each wins or loses as a whole, and one account is left."""
    outcomes = []

    async def run():
        try:
            async with engine.begin() as connection:
                await connection.execute(text("SELECT 1 FROM authcore_account"))
                outcomes.append(await register(auth, connection))
        except (RaceLost, SQLAlchemyError) as lost:
            outcomes.append(lost)

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(run)
    assert len(outcomes) == 4
    (stored,) = await auth.store.page(Account, limit=9)
    assert {outcome for outcome in outcomes if isinstance(outcome, str)} == {stored.id}


async def test_deadlock_takes_all_or_leaves_all(engine, auth):
    """Of two transactions that wait for each other one loses; whoever could commit then has committed all of it."""
    await put(auth.store, account("a"), account("b"))
    lost, committed, ready = [], [], {"a": anyio.Event(), "b": anyio.Event()}

    async def run(name, other):
        with suppress(SQLAlchemyError):  # where the server has taken back all, nothing can be done, and no commit
            async with engine.begin() as connection:
                transaction = SqlTransaction(connection)
                await transaction.stage([account(f"before {name}"), account(name, version=1, epoch=7)])
                ready[name].set()
                await ready[other].wait()
                try:
                    await transaction.stage([account(other, version=1, epoch=8)])
                except Conflict:
                    lost.append(name)
                await connection.execute(text("SELECT 1"))
            committed.append(name)

    async with anyio.create_task_group() as group:
        group.start_soon(run, "a", "b")
        group.start_soon(run, "b", "a")
    assert lost
    for name in "ab":
        is_there = await same(auth.store, account(f"before {name}")) is not None
        assert is_there == (name in committed)
        assert (await same(auth.store, account(name))).epoch == (7 if is_there else 8)


async def test_transaction_must_be_open(engine, auth):
    """A connection on which no transaction was begun, or which commits by itself, is refused."""
    async with engine.connect() as connection:
        with pytest.raises(ConfigurationError, match="no transaction"):
            await register(auth, connection)
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with alone.begin() as connection:
        with pytest.raises(ConfigurationError, match="AUTOCOMMIT"):
            await register(auth, connection)
    assert await auth.store.page(Account, limit=9) == []
