"""Opening the store that a URL names; `authcore.opening` asks for it.  What a store does is told by the store."""

from collections.abc import Sequence
from contextlib import closing
from typing import Final

from authcore.errors import ConfigurationError
from authcore_sqlalchemy.sqlite import SqliteStore

__all__ = ["migrate_sqlite", "open_sqlite"]

_SQLITE: Final = "sqlite:///"


def open_sqlite(url: str, /) -> SqliteStore:
    """Return the store of a file: `sqlite:///accounts.db` is here, and `sqlite:////srv/accounts.db` is elsewhere."""
    path = url.removeprefix(_SQLITE)
    if not url.startswith(_SQLITE) or not path or "?" in path:
        raise ConfigurationError("The URL of an SQLite file is sqlite:/// and its path, with nothing after it.")
    return SqliteStore(path)


def migrate_sqlite(url: str, /) -> Sequence[str]:
    """Create the tables in a file that has none."""
    with closing(open_sqlite(url)):
        return ()
