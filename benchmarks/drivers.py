"""What is said to a database of a SQL store by its driver alone: to fill it, and for floors of more than one statement.

Each has one connection of its own, statements that are prepared, and the same settings of durability as the store.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from itertools import islice
from typing import Final, Protocol, TypeAlias

import asyncpg  # type: ignore[import-untyped]  # it has no types
from asyncpg.prepared_stmt import PreparedStatement  # type: ignore[import-untyped]  # as above

from authcore.entities import Scalar
from benchmarks.stores import path_of

__all__ = ["Driver", "Row", "driver"]

Row: TypeAlias = Sequence[Scalar]

_ROW: Final = "SELECT account_id, expires_at FROM authcore_authentication_session WHERE id = {}"
_LIST: Final = """
SELECT id, created_at, auth_time, amr, requires_second_factor, tag, network, user_agent, presented_at, rotates_at,
    inactive_at, expires_at
FROM authcore_authentication_session
WHERE account_id = (SELECT account_id FROM authcore_authentication_session WHERE id = {}) ORDER BY id
"""
_OLD: Final = """
SELECT id FROM authcore_authentication_session WHERE expires_at < {} ORDER BY expires_at, id LIMIT {}
"""
_REMOVE: Final = "DELETE FROM authcore_authentication_session WHERE id {}"
_INSERT: Final = "INSERT INTO {} ({}) VALUES ({})"
_BATCH: Final = 50_000


class Driver(Protocol):
    """A database, by its driver."""

    async def fill(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Add rows to a table, as fast as can be."""
        ...

    async def analyse(self) -> None:
        """Have the database see what it holds, as a server does by itself after a while."""
        ...

    async def session(self, session_id: str) -> object:
        """Read two columns of a session by its id."""
        ...

    async def list_sessions(self, session_id: str) -> Sequence[Row]:
        """Read what is shown of each session of the account that this one belongs to."""
        ...

    async def purge(self, before: int, limit: int) -> int:
        """Find sessions that are over, remove them by their ids in one transaction, and return how many they were."""
        ...


@asynccontextmanager
async def driver(name: str, place: str, *, schema: str | None = None) -> AsyncIterator[Driver]:
    """Connect to the database of a store on SQLite, or to one on PostgreSQL in which the store has a schema."""
    async with AsyncExitStack() as stack:
        if name == "sqlite":
            yield _Sqlite(stack.enter_context(closing(sqlite3.connect(path_of(place), isolation_level=None))))
        else:
            connection = await asyncpg.connect(place, server_settings={"search_path": schema or "public"})
            stack.push_async_callback(connection.close)
            yield await _Postgresql.on(connection)


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for setting in ("synchronous = FULL", "secure_delete = ON", "cache_size = -500000"):
            connection.execute(f"PRAGMA {setting}")

    async def fill(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        marks = ", ".join("?" * len(columns))
        self._connection.execute("PRAGMA synchronous = OFF")
        left = iter(rows)
        while some := list(islice(left, _BATCH)):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT.format(table, ", ".join(columns), marks), some)
            self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA synchronous = FULL")

    async def analyse(self) -> None:
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # no store analyses an SQLite file

    async def session(self, session_id: str) -> object:
        return self._connection.execute(_ROW.format("?"), (session_id,)).fetchone()

    async def list_sessions(self, session_id: str) -> Sequence[Row]:
        return self._connection.execute(_LIST.format("?"), (session_id,)).fetchall()

    async def purge(self, before: int, limit: int) -> int:
        self._connection.execute("BEGIN IMMEDIATE")
        ids = [each for (each,) in self._connection.execute(_OLD.format("?", "?"), (before, limit))]
        marks = ", ".join("?" * len(ids))
        removed = self._connection.execute(_REMOVE.format(f"IN ({marks})"), ids).rowcount
        self._connection.execute("COMMIT")
        return removed


class _Postgresql:
    def __init__(self, connection: asyncpg.Connection, prepared: Sequence[PreparedStatement]) -> None:
        self._connection = connection
        self._session, self._list, self._old, self._remove = prepared

    @classmethod
    async def on(cls, connection: asyncpg.Connection) -> "_Postgresql":
        said = (_ROW.format("$1"), _LIST.format("$1"), _OLD.format("$1", "$2"), _REMOVE.format("= ANY($1)"))
        return cls(connection, [await connection.prepare(each) for each in said])

    async def fill(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        await self._connection.copy_records_to_table(table, columns=columns, records=rows)

    async def analyse(self) -> None:
        await self._connection.execute("VACUUM ANALYZE")

    async def session(self, session_id: str) -> object:
        return await self._session.fetch(session_id)

    async def list_sessions(self, session_id: str) -> Sequence[Row]:
        return [tuple(row) for row in await self._list.fetch(session_id)]

    async def purge(self, before: int, limit: int) -> int:
        async with self._connection.transaction():
            ids = [row[0] for row in await self._old.fetch(before, limit)]
            await self._remove.fetch(ids)
        return len(ids)
