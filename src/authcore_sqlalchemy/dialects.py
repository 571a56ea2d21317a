"""What differs between the engines, as one table.  Nothing here talks to one of them."""

import math
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, TypeAlias

__all__ = ["SERVERS", "SQLITE", "Code", "Dialect", "Server", "dialect_of"]

Code: TypeAlias = str | int | None
"""How an engine numbers its errors: an SQLSTATE, or a number of its own.  The text of a message is never looked at."""

_PRIMARY_CODE: Final = 0xFF  # the rest of an extended result code of SQLite's tells the details
_ONCE_MORE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How an engine tells what went wrong."""

    title: str

    code: Callable[[BaseException], Code]
    """What the exception of a driver says, of this engine."""

    lost: frozenset[Code]
    """The codes that say: somebody else was first, and nothing of this transaction is stored unless it goes on."""

    name: Callable[[BaseException], str] = lambda error: type(error).__name__
    """What to tell of an exception."""

    tells_values: bool = True
    """Whether the text of an error may hold what was to be stored, which is personal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Dialect):
    """How to open an engine that is a server, and what to say to it where each says it in its own words."""

    driver: str
    """The driver, as SQLAlchemy names it."""

    library: str
    """What to import for it; the extra is named as the engine is."""

    fetch: Callable[[Any, str, Sequence[Any]], Awaitable[Sequence[Any]]]
    """Executes a statement on a connection of the driver's, with values by position, and returns all rows."""

    settings: Callable[[timedelta], Mapping[str, Any]]
    """What a new connection is told, so that nothing waits for ever: for a lock no longer than this."""

    begin: tuple[str, ...]
    """Begins a transaction in which each statement sees what was last committed; the last is the beginning itself."""

    fit: tuple[str, Callable[..., bool], str]
    """A question, whether its answer will do, and what to say if not: whether texts are kept exactly."""

    hold: tuple[str, str]
    """Has others wait who do the same, and lets them go on: only one at a time creates tables."""


def dialect_of(name: str) -> Dialect | None:
    """Return what is known of a dialect of SQLAlchemy's, or None."""
    return SQLITE if name == "sqlite" else SERVERS.get(name)


def _number(error: BaseException) -> Code:
    return error.args[0] if error.args and isinstance(error.args[0], int) else None


def _state(error: BaseException) -> Code:
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None


def _sqlite_code(error: BaseException) -> Code:
    code = int(getattr(error, "sqlite_errorcode", 0))
    return code if code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY else code & _PRIMARY_CODE


def _postgresql_settings(patience: timedelta) -> Mapping[str, Any]:
    milliseconds = max(1, round(patience.total_seconds() * 1000))
    timeouts = {
        "lock_timeout": str(milliseconds),
        "statement_timeout": str(_ONCE_MORE * milliseconds),
        "idle_in_transaction_session_timeout": str(_ONCE_MORE * milliseconds),
    }
    return {"timeout": patience.total_seconds(), "server_settings": timeouts}


async def _asyncpg_fetch(connection: Any, text: str, values: Sequence[Any]) -> Sequence[Any]:  # noqa: ANN401
    return [tuple(row) for row in await connection.fetch(text, *values)]


async def _asyncmy_fetch(connection: Any, text: str, values: Sequence[Any]) -> Sequence[Any]:  # noqa: ANN401
    async with connection.cursor() as cursor:
        await cursor.execute(text, values)
        return list(await cursor.fetchall())


def _mariadb_settings(patience: timedelta) -> Mapping[str, Any]:
    seconds = max(1, math.ceil(patience.total_seconds()))
    settings = {
        "tx_isolation": "'READ-COMMITTED'",
        # In any other mode the server might cut a text, or read a backslash in another way.
        "sql_mode": "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
        "innodb_lock_wait_timeout": f"{seconds}",
        "lock_wait_timeout": f"{seconds}",
        "max_statement_time": f"{_ONCE_MORE * seconds}",
        "idle_transaction_timeout": f"{_ONCE_MORE * seconds}",
    }
    told = ", ".join(f"SESSION {name} = {value}" for name, value in settings.items())
    return {"connect_timeout": seconds, "charset": "utf8mb4", "init_command": f"SET {told}"}


SQLITE: Final = Dialect(
    title="SQLite",
    code=_sqlite_code,
    lost=frozenset({sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_BUSY}),
    name=lambda error: str(getattr(error, "sqlite_errorname", type(error).__name__)),
    tells_values=False,
)

_POSTGRESQL: Final = Server(
    title="PostgreSQL",
    code=_state,
    lost=frozenset(
        {
            "23505",  # unique_violation
            "40001",  # serialization_failure
            "40P01",  # deadlock_detected
            "55P03",  # lock_not_available: it waited as long as it may
        }
    ),
    driver="postgresql+asyncpg",
    library="asyncpg",
    fetch=_asyncpg_fetch,
    settings=_postgresql_settings,
    begin=("BEGIN ISOLATION LEVEL READ COMMITTED",),
    fit=(
        "SELECT current_setting('server_encoding')",
        lambda encoding: encoding == "UTF8",
        "the database cannot hold every text: create it with ENCODING 'UTF8'",
    ),
    hold=("SELECT pg_advisory_lock(7021976)", "SELECT pg_advisory_unlock(7021976)"),
)

_MARIADB: Final = Server(
    title="MariaDB",
    code=_number,
    lost=frozenset(
        {
            1020,  # ER_CHECKREAD: a row has changed since the snapshot was taken
            1062,  # ER_DUP_ENTRY
            1205,  # ER_LOCK_WAIT_TIMEOUT
            1213,  # ER_LOCK_DEADLOCK
        }
    ),
    driver="mariadb+asyncmy",
    library="asyncmy",
    fetch=_asyncmy_fetch,
    settings=_mariadb_settings,
    begin=("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION"),
    fit=(
        "SELECT @@character_set_client, @@sql_mode, VERSION()",
        lambda charset, mode, version: charset == "utf8mb4" and "STRICT_" in mode and "MariaDB" in version,
        "the server must be MariaDB, the connection's charset utf8mb4, and its sql_mode strict",
    ),
    hold=("SELECT GET_LOCK('authcore', 60)", "SELECT RELEASE_LOCK('authcore')"),
)

SERVERS: Final[Mapping[str, Server]] = MappingProxyType(
    # An engine of the application's may call MariaDB by the name of what it came from.
    {"postgresql": _POSTGRESQL, "mariadb": _MARIADB, "mysql": _MARIADB}
)
