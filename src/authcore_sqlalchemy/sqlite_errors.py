"""What SQLite's errors mean: a fault, or a conflict.  Nothing is read or written here."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from authcore.errors import Conflict, StoreFault

__all__ = ["conflicts", "faults"]

_PRIMARY_CODE: Final = 0xFF  # the rest of an extended result code tells the details


@contextmanager
def faults() -> Iterator[None]:
    """Let nobody see an exception of the driver's or of the file system's."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        if isinstance(error, StatementError):
            # What was to be written is personal; an engine of the application's would put it into the cause's text.
            error.hide_parameters = True
        name = getattr(getattr(error, "orig", None), "sqlite_errorname", type(error).__name__)
        raise StoreFault(f"SQLite: {name}") from error


@contextmanager
def conflicts() -> Iterator[None]:
    """Tell the faults after which surely nothing is stored, because somebody else was first."""
    try:
        yield
    except StoreFault as fault:
        if _is_conflict(fault.__cause__):
            raise Conflict from fault
        raise


def _is_conflict(cause: BaseException | None) -> bool:
    code = getattr(cause.orig, "sqlite_errorcode", 0) if isinstance(cause, DBAPIError) else 0
    return code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY or code & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
