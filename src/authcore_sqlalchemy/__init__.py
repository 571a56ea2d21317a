"""Stores for SQL databases, on SQLAlchemy Core.  They keep what flows commit, and decide nothing."""

from importlib.util import find_spec

if find_spec("sqlalchemy") is None:
    raise ModuleNotFoundError('authcore_sqlalchemy needs SQLAlchemy: pip install "authcore[sqlite]"', name="sqlalchemy")

from authcore_sqlalchemy.joining import SqlTransaction
from authcore_sqlalchemy.schema import stamp
from authcore_sqlalchemy.server import SqlStore
from authcore_sqlalchemy.sqlite import SqliteStore
from authcore_sqlalchemy.tables import Tables

__all__ = ["SqlStore", "SqlTransaction", "SqliteStore", "Tables", "stamp"]
