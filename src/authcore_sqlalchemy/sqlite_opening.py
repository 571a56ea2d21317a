"""Opening an SQLite database: file, settings, schema, transactions.  No entity is read or written here."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import OperationalError

from authcore.errors import ConfigurationError
from authcore_sqlalchemy.dialects import SQLITE
from authcore_sqlalchemy.engine_errors import faults
from authcore_sqlalchemy.schema import create
from authcore_sqlalchemy.tables import Tables

__all__ = ["MEMORY", "make_engine", "migrate", "prepare", "set_for_reading", "set_for_writing", "transaction"]

MEMORY: Final = ":memory:"
"""Instead of a path: a database that its store forgets when it is closed."""

_ATTEMPTS: Final = 10
_LONGEST_WAIT: Final = timedelta(minutes=1)


def make_engine(path: str, *, patience: timedelta) -> Engine:
    """Return an engine whose connections begin no transaction by themselves and wait so long for a lock.

    A file that does not exist is created, for its owner's eyes only.
    """
    if path != MEMORY:
        _create(path)
    return create_engine(
        URL.create("sqlite+pysqlite", database=path),
        connect_args={"timeout": patience.total_seconds(), "check_same_thread": False},
        isolation_level="AUTOCOMMIT",
        # What was written is personal; it must not get into a log by way of an exception's text.
        hide_parameters=True,
        poolclass=NullPool,
    )


def set_for_writing(connection: Connection) -> None:
    """Make a connection one for commits: what it has committed survives a crash of the machine."""
    if _write_ahead(connection) not in {"wal", "memory"}:
        raise ConfigurationError("SQLite cannot use WAL on this file system: keep the database on a local disk")
    connection.exec_driver_sql("PRAGMA synchronous = FULL")
    connection.exec_driver_sql("PRAGMA secure_delete = ON")  # or what was erased could be read in the file's gaps
    connection.exec_driver_sql("PRAGMA fullfsync = ON")  # macOS alone: without it the disk may keep data in its cache


def set_for_reading(connection: Connection) -> None:
    """Make a connection one that sees what was last committed, waits for no writer, and cannot write."""
    connection.exec_driver_sql("PRAGMA query_only = ON")


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Commit what is done inside; after any exception nothing of it is stored."""
    # IMMEDIATE: take the one write lock now, before anything is read that a decision depends on.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        # After some faults SQLite has rolled back already.
        if getattr(connection.connection.dbapi_connection, "in_transaction", False):
            connection.exec_driver_sql("ROLLBACK")
        raise


def prepare(connection: Connection, tables: Tables) -> None:
    """Create the tables in a new database; ConfigurationError if one of another schema version is there."""
    with transaction(connection):
        create(connection, tables)


def migrate(path: str, tables: Tables) -> Sequence[str]:
    """Bring the tables in a file to today's version, from none or any older one, and return a line about each step."""
    from authcore_sqlalchemy.migrating import upgrade  # noqa: PLC0415  it needs Alembic, which a store does not

    with faults(SQLITE), make_engine(path, patience=_LONGEST_WAIT).connect() as connection:
        set_for_writing(connection)
        with transaction(connection):
            return upgrade(connection, tables)


def _create(path: str) -> None:
    # Never open and close a file that may be a database in use: that would drop the locks of this process on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _write_ahead(connection: Connection) -> str:
    """Switch to WAL.  Where several do so at once, SQLite refuses some of them; their turn comes after the others'."""
    for _ in range(_ATTEMPTS):
        with suppress(OperationalError):
            return str(connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar())
        with transaction(connection):
            pass  # unlike the switch, this waits
    return str(connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar())
