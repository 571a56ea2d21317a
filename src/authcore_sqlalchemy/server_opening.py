"""Engines of servers: made from a URL or the application's own, their transactions, and what is asked of a database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import CreateSchema

from authcore.errors import ConfigurationError, StoreFault
from authcore_sqlalchemy import schema
from authcore_sqlalchemy.dialects import SERVERS, Server
from authcore_sqlalchemy.engine_errors import conflicts, faults
from authcore_sqlalchemy.tables import Tables

if TYPE_CHECKING:  # it needs greenlet, which is there where there is such an engine
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["check", "create", "make_engine", "migrate", "server_of", "transaction", "without_transactions"]

_RECYCLED_AFTER: Final = 1800  # seconds; servers and firewalls drop what has been silent for some hours


def server_of(name: str) -> Server:
    """Return what is known of a dialect's server; ConfigurationError for any other dialect."""
    if name not in SERVERS:
        raise ConfigurationError(f"{name} is no server that this store knows: give it postgresql:// or mariadb://")
    return SERVERS[name]


def make_engine(url: str, *, patience: timedelta, connections: int) -> "tuple[AsyncEngine, Server]":
    """Return an engine for a URL that names no driver, and its server; nothing is connected yet.

    Reading costs one round trip: no transaction is begun, nothing is asked before, and nothing rolled back after.
    """
    try:
        given = make_url(url)
    except ArgumentError:
        raise ConfigurationError("this is no URL of a database") from None  # it may hold a password
    server = server_of(given.drivername)
    if find_spec("greenlet") is None or find_spec(server.library) is None:
        raise ConfigurationError(f'{server.title} needs its driver: pip install "authcore[{given.drivername}]"')
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415  it needs greenlet, which SQLite does not

    engine = create_async_engine(
        given.set(drivername=server.driver),
        connect_args=dict(server.settings(patience)),
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=patience.total_seconds(),
        pool_recycle=_RECYCLED_AFTER,
        pool_use_lifo=True,
    )
    # Each connection has been told already what an application's may not have been.
    return engine, replace(server, begin=server.begin[-1:])


def without_transactions(engine: "AsyncEngine") -> "AsyncEngine":
    """Return an application's engine as a store uses it; for the application it stays as it is."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def transaction(connection: Connection, server: Server) -> Iterator[None]:
    """Commit what is done inside; after any exception before the commit nothing of it is stored.

    Raises Conflict for what was lost before the commit was sent.  A commit that fails is a StoreFault.
    """
    with faults(server):
        try:
            with conflicts(server):
                for statement in server.begin:
                    connection.exec_driver_sql(statement)
                yield
        except BaseException:
            _roll_back(connection)
            raise
        try:
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            _drop(connection)
            raise


def check(connection: Connection, server: Server, tables: Tables) -> None:
    """Raise ConfigurationError if the database cannot keep entities exactly, or has other tables than these."""
    with faults(server):
        _check_fitness(connection, server)
        schema.refuse_another(schema.version_of(connection, tables))


def create(connection: Connection, server: Server, tables: Tables) -> None:
    """Create the tables, and the schema that they are to live in, where they are not there yet."""
    with _changing(connection, server, tables):
        schema.create(connection, tables)


def migrate(connection: Connection, server: Server, tables: Tables) -> Sequence[str]:
    """Bring the tables to today's version, from whatever they are, and return a line about each step."""
    from authcore_sqlalchemy.migrating import upgrade  # noqa: PLC0415  it needs Alembic, which a store does not

    with _changing(connection, server, tables):
        return upgrade(connection, tables)


@contextmanager
def _changing(connection: Connection, server: Server, tables: Tables) -> Iterator[None]:
    """Change tables inside, while nobody else does."""
    with faults(server):
        _check_fitness(connection, server)
        hold, let_go = server.hold
        if connection.exec_driver_sql(hold).scalar() == 0:
            raise StoreFault(f"{server.title}: somebody else has been creating tables for too long")
        try:
            if tables.version.schema is not None:
                connection.execute(CreateSchema(tables.version.schema, if_not_exists=True))
            with transaction(connection, server):
                yield
        finally:
            if not connection.invalidated:
                connection.exec_driver_sql(let_go)


def _check_fitness(connection: Connection, server: Server) -> None:
    question, will_do, complaint = server.fit
    if not will_do(*connection.exec_driver_sql(question).one()):
        raise ConfigurationError(f"{server.title}: {complaint}")


def _roll_back(connection: Connection) -> None:
    """End a transaction, or else the connection, which nobody else must find within one."""
    if not connection.invalidated:
        try:
            connection.exec_driver_sql("ROLLBACK")
        except Exception:  # noqa: BLE001  the server rolls back what has lost its connection
            _drop(connection)


def _drop(connection: Connection) -> None:
    if not connection.invalidated:
        connection.invalidate()
