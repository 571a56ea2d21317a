"""Taking part in a transaction that the application has open on its own engine.  None begins or ends here."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar, cast

from sqlalchemy import Connection, Delete, RootTransaction, delete, false
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from authcore.entities import Entity
from authcore.errors import ConfigurationError
from authcore.ports import Key, Transaction
from authcore_sqlalchemy.dialects import SQLITE, dialect_of
from authcore_sqlalchemy.engine_errors import conflicts, faults, was_lost
from authcore_sqlalchemy.questions import Questions
from authcore_sqlalchemy.statements import Statements
from authcore_sqlalchemy.tables import Tables

if TYPE_CHECKING:  # it needs greenlet, which is there where there is such a connection
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["SqlTransaction"]

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

_DATABASES: Final = 8


class SqlTransaction(Transaction):
    """The transaction that the application has open on a connection of its own, for `within` of `Auth.register`.

    The database is that of the application's store, and `tables` are the store's.  A Connection waits where it is used,
    so that an event loop wants an AsyncConnection.

    On SQLite the transaction holds the file's one write lock from its first reading on.  On PostgreSQL and MariaDB it
    locks what it has staged, and what that depends on, until its end; a connection whose transaction the server has
    given up is closed, so that nothing of it can be committed by mistake.

    Raises ConfigurationError for other databases, and where no transaction is open that would wait for a commit.
    """

    def __init__(self, connection: "Connection | AsyncConnection", *, tables: Tables | None = None) -> None:
        """Remember the connection; nothing is said to it yet."""
        name = connection.dialect.name
        dialect = dialect_of(name)
        if dialect is None:
            raise ConfigurationError(f"a transaction of {name} cannot be joined")
        self._dialect = dialect
        self._connection = connection
        self._questions, self._statements, self._nothing = _prepared(tables)
        self._locked: RootTransaction | None = None

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return what `key` names, in order of id."""

        def read(connection: Connection) -> Sequence[E]:
            try:
                return self._questions.find(key).asked_over(connection)
            except DBAPIError as error:
                if self._dialect is not SQLITE and was_lost(self._dialect, error):
                    connection.invalidate()  # the server has given up the transaction, and some would begin another
                raise

        return await self._do(read)

    async def stage(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Write all in one savepoint."""

        def write(connection: Connection) -> None:
            with _savepoint(connection):
                self._statements.write(connection, writes, unchanged)

        await self._do(write)

    async def _do(self, work: Callable[[Connection], T]) -> T:
        def do(connection: Connection) -> T:
            self._lock(connection)
            return work(connection)

        with faults(self._dialect), conflicts(self._dialect):
            if isinstance(self._connection, Connection):
                return do(self._connection)
            return await _to_its_end(self._connection.run_sync(do))

    def _lock(self, connection: Connection) -> None:
        """See that a transaction is open; on SQLite take the write lock, before anything is read that is decided on."""
        transaction = connection.get_transaction()
        if transaction is None:
            raise ConfigurationError("no transaction is open: begin one, as in `with engine.begin() as connection`")
        if transaction is not self._locked and self._dialect is SQLITE:
            # The driver begins before the first write, and not sooner: a savepoint would be the whole transaction, and
            # its end a commit.
            connection.execute(self._nothing)
        if self._commits_by_itself(connection):
            raise ConfigurationError("this connection commits by itself: take one without AUTOCOMMIT")
        self._locked = transaction

    def _commits_by_itself(self, connection: Connection) -> bool:
        driver = connection.connection
        if self._dialect is SQLITE:
            return not getattr(driver.driver_connection, "in_transaction", False)
        return connection.dialect.detect_autocommit_setting(cast("DBAPIConnection", driver.dbapi_connection))


@contextmanager
def _savepoint(connection: Connection) -> Iterator[None]:
    """Leave all of what is done inside in the transaction, or nothing; where neither can be, end it for good."""
    savepoint = connection.begin_nested()
    try:
        yield
        savepoint.commit()
    except BaseException:
        try:
            savepoint.rollback()
        except SQLAlchemyError:
            # To resolve a deadlock, some servers take back all: what comes after must not be committed alone.
            connection.invalidate()
        raise


@lru_cache(maxsize=_DATABASES)
def _prepared(tables: Tables | None) -> tuple[Questions, Statements, Delete]:
    """Return what is said about some tables, and a write of nothing; once for all requests."""
    tables = tables or Tables()
    return Questions(tables), Statements(tables), delete(tables.version).where(false())


async def _to_its_end(work: Awaitable[T]) -> T:
    """Wait for work even while being cancelled: what it leaves half-done the application might go on to commit."""
    task, cancelled = asyncio.ensure_future(work), None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # or it would be reported as never seen
        raise cancelled
    return task.result()
