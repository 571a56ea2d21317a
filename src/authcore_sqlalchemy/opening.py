"""Opening the stores that URLs name, and migrating them; `authcore.opening` asks for it.

What a store does is told by the store.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from authcore.errors import ConfigurationError
from authcore_sqlalchemy import sqlite_opening
from authcore_sqlalchemy.server import SqlStore
from authcore_sqlalchemy.sqlite import SqliteStore
from authcore_sqlalchemy.tables import Tables

__all__ = ["migrate_server", "migrate_sqlite", "open_server", "open_sqlite"]

_SQLITE: Final = "sqlite:///"
_MIGRATION: Final = timedelta(minutes=10)


def open_sqlite(url: str, /) -> SqliteStore:
    """Return the store of a file: `sqlite:///accounts.db` is here, and `sqlite:////srv/accounts.db` is elsewhere."""
    return SqliteStore(_path(url))


def migrate_sqlite(url: str, /) -> Sequence[str]:
    """Migrate the tables in a file, which is created if it does not exist."""
    return sqlite_opening.migrate(_path(url), Tables())


def open_server(url: str, /) -> SqlStore:
    """Return the store of a database on a server."""
    return SqlStore(url)


def migrate_server(url: str, /) -> Sequence[str]:
    """Migrate the tables in a database, which must exist."""

    async def migrate() -> Sequence[str]:
        store = SqlStore(url, patience=_MIGRATION)
        try:
            return await store.migrate()
        finally:
            await store.aclose()

    return asyncio.run(migrate())


def _path(url: str) -> str:
    path = url.removeprefix(_SQLITE)
    if not url.startswith(_SQLITE) or not path or "?" in path:
        raise ConfigurationError("The URL of an SQLite file is sqlite:/// and its path, with nothing after it.")
    return path
