"""What the errors of engines mean: a fault, or a conflict.  Nothing is read or written here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy.exc import DBAPIError, StatementError

from authcore.errors import AuthcoreError, Conflict, StoreFault
from authcore_sqlalchemy.dialects import Dialect

__all__ = ["conflicts", "fail", "faults", "was_lost"]


@contextmanager
def faults(dialect: Dialect) -> Iterator[None]:
    """Let nobody see an exception of the driver's, of the network's or of the file system's."""
    try:
        yield
    except AuthcoreError:
        raise
    except Exception as error:  # noqa: BLE001  drivers let many kinds through, and each means that the store failed
        fail(dialect, error)


def fail(dialect: Dialect, error: Exception) -> NoReturn:
    """Raise StoreFault in place of an exception, for what is asked so often that a context would cost too much."""
    _raise(StoreFault(f"{dialect.title}: {_told(dialect, error)}"), _harmless(dialect, error))


@contextmanager
def conflicts(dialect: Dialect) -> Iterator[None]:
    """Tell the errors after which surely nothing is stored, because somebody else was first.

    It is for what happens before a commit is sent: what a commit itself is answered may mean anything.
    """
    try:
        yield
    except DBAPIError as error:
        if not was_lost(dialect, error):
            raise
        _raise(Conflict(), _harmless(dialect, error))


def was_lost(dialect: Dialect, error: DBAPIError) -> bool:
    """Whether an error says that somebody else was first."""
    return error.orig is not None and dialect.code(error.orig) in dialect.lost


def _told(dialect: Dialect, error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = dialect.code(cause)
    return dialect.name(cause) if code in {None, 0} or not dialect.tells_values else f"{code} {dialect.name(cause)}"


def _harmless(dialect: Dialect, error: Exception) -> Exception | None:
    """Return what may be told of an error besides: what was to be written is personal, and servers quote it."""
    if not isinstance(error, StatementError):
        said = dialect.tells_values and not isinstance(error, OSError) and dialect.code(error) is not None
        return None if said else error
    # An engine of the application's would put the values into the cause's text.
    error.hide_parameters = True
    return error if error.statement is None or not dialect.tells_values else None


def _raise(error: AuthcoreError, cause: Exception | None) -> NoReturn:
    try:
        raise error from cause
    finally:
        error.__context__ = cause  # what is left out of one is not to be found in the other
