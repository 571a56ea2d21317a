"""The stores that are measured, each opened where it has its place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from authcore.memory import MemoryStore
from authcore.ports import ClosableStore, Store
from authcore_redis import RedisStore
from authcore_sqlalchemy import SqliteStore, SqlStore, Tables

__all__ = ["closable", "opened", "path_of", "realm_of"]


@asynccontextmanager
async def opened(name: str, place: str, *, connections: int, schema: str | None = None) -> AsyncIterator[Store]:
    """Open a store, which has as many connections as there are requests in flight, as its floor has.

    In a server's database it may have a `schema` of its own, which is created.
    """
    if name == "memory":
        yield MemoryStore()
        return
    store = closable(name, place, connections, schema)
    try:
        if schema is not None and isinstance(store, SqlStore):
            await store.create_schema()
        yield store
    finally:
        await store.aclose()


def path_of(place: str) -> str:
    """The file of an SQLite database."""
    return place.removeprefix("sqlite:///")


def realm_of(place: str) -> tuple[str, str]:
    """The server of a realm, and its name."""
    parts = urlsplit(place)
    return parts._replace(query="").geturl(), parse_qs(parts.query)["realm"][0]


def closable(name: str, place: str, connections: int, schema: str | None = None) -> ClosableStore:
    """Return a store that is not in memory, for a process that lets go of it by ending."""
    if name == "sqlite":
        return SqliteStore(path_of(place))
    if name == "redis":
        server, realm = realm_of(place)
        return RedisStore(server, realm=realm, connections=connections)
    return SqlStore(place, connections=connections, tables=Tables(schema=schema))
