"""Taking part in a transaction that the application has open on its own engine.  None begins or ends here."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import Connection, Delete, RootTransaction, delete, false

from authcore.entities import Entity
from authcore.errors import ConfigurationError
from authcore.ports import Key, Transaction
from authcore_sqlalchemy.dialects import SQLITE
from authcore_sqlalchemy.engine_errors import conflicts, faults
from authcore_sqlalchemy.statements import Statements
from authcore_sqlalchemy.tables import Tables

if TYPE_CHECKING:  # it needs greenlet, which is there where there is such a connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["SqlTransaction"]

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

_DATABASES: Final = 8


class SqlTransaction(Transaction):
    """The transaction that the application has open on a connection of its own, for `within` of `Auth.register`.

    The database is the SQLite file of the application's store, and `tables` are the store's.  From its first reading on
    the transaction holds that file's one write lock.  A Connection waits for the lock where it is used, so that an
    event loop wants an AsyncConnection.

    Raises ConfigurationError for other databases, and where no transaction is open that would wait for a commit.
    """

    def __init__(self, connection: "Connection | AsyncConnection", *, tables: Tables | None = None) -> None:
        """Remember the connection; nothing is said to it yet."""
        if connection.dialect.name != "sqlite":
            raise ConfigurationError(f"a transaction of {connection.dialect.name} cannot be joined, only SQLite's")
        self._connection = connection
        self._statements, self._nothing = _prepared(tables)
        self._locked: RootTransaction | None = None

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return what `key` names, in order of id."""
        return await self._do(lambda connection: self._statements.find(connection, key))

    async def stage(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Write all in one savepoint."""

        def write(connection: Connection) -> None:
            with connection.begin_nested():
                self._statements.write(connection, writes, unchanged)

        await self._do(write)

    async def _do(self, work: Callable[[Connection], T]) -> T:
        def do(connection: Connection) -> T:
            self._lock(connection)
            return work(connection)

        with faults(SQLITE), conflicts(SQLITE):
            if isinstance(self._connection, Connection):
                return do(self._connection)
            return await _to_its_end(self._connection.run_sync(do))

    def _lock(self, connection: Connection) -> None:
        """Take the write lock now, before anything is read that a decision depends on."""
        transaction = connection.get_transaction()
        if transaction is None:
            raise ConfigurationError("no transaction is open: begin one, as in `with engine.begin() as connection`")
        if transaction is not self._locked:
            # The driver begins before the first write, and not sooner: a savepoint would be the whole transaction, and
            # its end a commit.
            connection.execute(self._nothing)
        if not getattr(connection.connection.driver_connection, "in_transaction", False):
            raise ConfigurationError("this connection commits by itself: take one without AUTOCOMMIT")
        self._locked = transaction


@lru_cache(maxsize=_DATABASES)
def _prepared(tables: Tables | None) -> tuple[Statements, Delete]:
    """Return what is said about some tables, and a write of nothing; once for all requests."""
    tables = tables or Tables()
    return Statements(tables), delete(tables.version).where(false())


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
