"""Opening a database by its URL.  No table is known here.

No error tells the URL, since it holds a password, nor what a driver has to say of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from authcore.errors import ConfigurationError, StoreFault

__all__ = ["connection_to", "open_engine"]

_WRITE: Final = (
    "write sqlite:////path/to/file, postgresql+psycopg://user:password@host/name"
    " or mysql+pymysql://user:password@host/name"
)


def open_engine(url: str) -> Engine:
    """Return an engine for reading, once the database has answered.

    Raises ConfigurationError, which says what to do, if the URL, the driver or the database cannot be used.
    """
    parsed = _parsed(url)
    _check_file(parsed)
    engine = _engine(parsed)
    if engine.dialect.is_async:
        raise ConfigurationError(f"this driver needs an event loop, and rows are read without one: {_WRITE}")
    try:
        engine.connect().close()
    except (SQLAlchemyError, OSError) as error:
        name = _name(error)
        raise ConfigurationError(
            f"the database cannot be opened ({name}): check its host and name, the user and the password"
        ) from None
    return engine


@contextmanager
def connection_to(engine: Engine) -> Iterator[Connection]:
    """Open a connection for reading; a driver's exceptions become StoreFault."""
    try:
        with engine.connect() as connection:
            yield connection
    except (SQLAlchemyError, OSError) as error:
        raise StoreFault(f"the database that is imported from: {_name(error)}") from None


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(f"this is no URL of a database: {_WRITE}") from None


def _check_file(url: URL) -> None:
    # SQLite would make one, and what is not there would look like a database without accounts.
    name = url.database or ""
    if url.drivername.startswith("sqlite") and not (url.host or name.startswith("file:") or Path(name).is_file()):
        raise ConfigurationError("there is no SQLite file of this name: write sqlite:////path/to/file")


def _engine(url: URL) -> Engine:
    try:
        # What is read is personal; it must not get into a log by way of an exception's text.
        return create_engine(url, poolclass=NullPool, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"the driver {error.name} is not installed: pip install {error.name}") from None
    except (ArgumentError, NoSuchModuleError, TypeError, ValueError):
        raise ConfigurationError(f"this URL is of no database that can be read: {_WRITE}") from None


def _name(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__
