"""Which version of the tables a database has, and creating them in a new one.  No entity is read or written here."""

from sqlalchemy import Connection, delete, insert, inspect, select

from authcore.errors import ConfigurationError
from authcore_sqlalchemy.tables import SCHEMA_VERSION, Tables

__all__ = ["create", "refuse_another", "refuse_newer", "stamp", "version_of"]

_TOO_OLD = "bring it there by `authcore migrate`"
_TOO_NEW = "install the authcore that it was made by, or a newer one"
_ABSENT = "the database has no tables of authcore's: create them once, by `authcore migrate`"


def version_of(connection: Connection, tables: Tables) -> int | None:
    """Return the version of the tables that a database has, or None if it has none."""
    if not inspect(connection).has_table(tables.version.name, schema=tables.version.schema):
        return None
    return _recorded(connection, tables)


def refuse_newer(found: int | None) -> None:
    """Raise ConfigurationError, which says what to do, for tables of a later version than this authcore knows."""
    if found is not None and found > SCHEMA_VERSION:
        refuse_another(found)


def refuse_another(found: int | None) -> None:
    """Raise ConfigurationError, which says what to do, for any version but the one that this authcore writes."""
    if found is None:
        raise ConfigurationError(_ABSENT)
    if found != SCHEMA_VERSION:
        versions = f"the database has authcore's schema version {found}, and this authcore needs {SCHEMA_VERSION}"
        raise ConfigurationError(f"{versions}: {_TOO_OLD if found < SCHEMA_VERSION else _TOO_NEW}")


def create(connection: Connection, tables: Tables) -> None:
    """Create what is missing of the tables where none of a version are; ConfigurationError for another version."""
    tables.version.create(connection, checkfirst=True)
    found = _recorded(connection, tables)
    if found is None:
        tables.metadata.create_all(connection, [tables.version, *tables.of.values()])
        # Last, since not every engine can take back the creation of a table.
        stamp(connection, tables)
    else:
        refuse_another(found)


def stamp(connection: Connection, tables: Tables) -> None:
    """Write that the tables of a database are those of today: for whoever migrates them with tables of his own."""
    connection.execute(delete(tables.version))
    connection.execute(insert(tables.version), {"version_num": str(SCHEMA_VERSION)})


def _recorded(connection: Connection, tables: Tables) -> int | None:
    # Alembic writes and reads it there, too.
    found = connection.execute(select(tables.version.c.version_num)).scalar()
    return None if found is None else int(found)
