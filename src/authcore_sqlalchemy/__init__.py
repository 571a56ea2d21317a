"""Stores for SQL databases, on SQLAlchemy Core.  They keep what flows commit, and decide nothing."""

from authcore_sqlalchemy.sqlite import SqliteStore
from authcore_sqlalchemy.tables import Tables

__all__ = ["SqliteStore", "Tables"]
