"""Databases of the tests' own on the servers that there are: made, filled, emptied and dropped."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import NullPool, delete, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from authcore_sqlalchemy import SqlStore, Tables

__all__ = ["DRIVERS", "Database", "made"]

DRIVERS = {"postgresql": "postgresql+asyncpg", "mariadb": "mariadb+asyncmy"}
_FIRST = {"postgresql": "postgres", "mariadb": ""}  # the database that is there before any other
_CREATE = {
    "postgresql": "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'",
    "mariadb": "CREATE DATABASE {} CHARACTER SET latin1",  # the tables themselves say how they keep texts
}
_DROP = {"postgresql": "DROP DATABASE {} WITH (FORCE)", "mariadb": "DROP DATABASE {}"}


@dataclass(frozen=True)
class Database:
    """A database, by the URL that a store is given."""

    url: str

    @property
    def kind(self) -> str:
        """The engine's name."""
        return make_url(self.url).drivername

    def engine(self, **settings: Any) -> AsyncEngine:
        """An engine as an application may make it; for one use each unless it is told otherwise."""
        settings.setdefault("poolclass", NullPool)
        settings = {name: value for name, value in settings.items() if value is not None}
        return create_async_engine(make_url(self.url).set(drivername=DRIVERS[self.kind]), **settings)

    async def execute(self, *statements: str) -> Sequence[Any]:
        """Execute statements by another way than the store's; returns the rows of the last."""
        engine = self.engine(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            for statement in statements:
                result = await connection.exec_driver_sql(statement)
            return result.all() if result.returns_rows else []

    async def emptied(self) -> None:
        """Remove every row."""
        async with self.engine().begin() as connection:
            for table in Tables().of.values():
                await connection.execute(delete(table))


@contextmanager
def made(server: str, *, with_tables: bool = True) -> Iterator[Database]:
    """Create a database on a server, and drop it in the end."""
    url = make_url(server)
    kind, name = url.drivername, f"authcore_{uuid4().hex[:16]}"
    first = Database(url.set(database=_FIRST[kind]).render_as_string(hide_password=False))
    database = Database(url.set(database=name).render_as_string(hide_password=False))
    asyncio.run(first.execute(_CREATE[kind].format(name)))
    try:
        if with_tables:
            asyncio.run(_create_tables(database))
        yield database
    finally:
        asyncio.run(first.execute(_DROP[kind].format(name)))


async def _create_tables(database: Database) -> None:
    store = SqlStore(database.url)
    await store.create_schema()
    await store.aclose()
