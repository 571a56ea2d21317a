"""Databases that sanic-security can be let loose on: one file, and one on each server that this machine has."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where a server is, unless a variable of the environment names another place, and how it is spoken to."""

    variable: str
    place: str
    ours: str
    theirs: str
    maintenance: str

    @property
    def address(self):
        """User, host and port."""
        return os.environ.get(self.variable, self.place)


SERVERS = {
    "postgresql": Server(
        variable="AUTHCORE_POSTGRESQL",
        place="postgres@127.0.0.1:5432",
        ours="postgresql+psycopg",
        theirs="psycopg",
        maintenance="postgres",
    ),
    "mariadb": Server(
        variable="AUTHCORE_MARIADB",
        place="root@127.0.0.1:3306",
        ours="mysql+pymysql",
        theirs="mysql",
        maintenance="",
    ),
}
KINDS = ("sqlite", *SERVERS)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """An empty database: its URL as we write it, and as sanic-security does."""
    if kind == "sqlite":
        path = folder / "old.sqlite3"
        yield f"sqlite:///{path}", f"sqlite://{path}"
        return
    server, name = SERVERS[kind], f"authcore_{secrets.token_hex(6)}"
    engine = create_engine(f"{server.ours}://{server.address}/{server.maintenance}", isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        pytest.skip(f"{kind}: none that answers at {server.address}")
    try:
        yield tuple(f"{scheme}://{server.address}/{name}" for scheme in (server.ours, server.theirs))
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))
        engine.dispose()
