"""The tables: one for each kind of entity, made from its columns.  No statement and no connection is here.

The schema is authcore's own.  An application hangs its own tables on `account_id`, and adds no column to these.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, MetaData, PrimaryKeyConstraint, String, Table, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from authcore.entities import ENTITIES, Column as Field, ColumnType, Entity, columns_of, keys_of

__all__ = ["SCHEMA_VERSION", "Tables"]

SCHEMA_VERSION: Final = 5
"""Raised whenever a table changes; a store refuses a database of any other version."""

_LONGEST_VARCHAR: Final = 1000
# No engine may take `Ada` for `ada`, or `ada` with a space for `ada`; and in each of these the order is by code point.
_EXACT: Final = "BINARY"
_EXACT_IN_POSTGRESQL: Final = "C"
_EXACT_IN_MARIADB: Final = "utf8mb4_nopad_bin"


class Tables:
    """The tables of authcore, in a MetaData of their own or in the application's.

    `prefix` begins the name of each table, and `schema` is the namespace that they live in, where an engine has such.
    """

    def __init__(
        self, metadata: MetaData | None = None, *, prefix: str = "authcore_", schema: str | None = None
    ) -> None:
        """Describe the tables; nothing is created in a database."""
        self.metadata = metadata if metadata is not None else MetaData()
        self._prefix, self._schema = prefix, schema
        # As Alembic would make it.
        key = PrimaryKeyConstraint("version_num", name=f"{prefix}schema_pkc")
        self.version = self._table("schema", [Column("version_num", String(32)), key])
        self._of = MappingProxyType({kind: self._entities(kind) for kind in ENTITIES})

    @property
    def prefix(self) -> str:
        """What the name of each table begins with."""
        return self._prefix

    @property
    def schema(self) -> str | None:
        """The namespace that they live in, if it is not the database's own."""
        return self._schema

    @property
    def of(self) -> Mapping[type[Entity], Table]:
        """The table of each kind of entity."""
        return self._of

    def _entities(self, kind: type[Entity]) -> Table:
        columns = [_column(field.name, _type(field), nullable=field.nullable) for field in columns_of(kind)]
        table = self._table(_words(kind.__name__), columns)
        for name in keys_of(kind):
            # With the id, so that the entities of an owner come out in order.
            Index(f"ix_{table.name}_{name}", table.c[name], table.c.id)
        if kind.DATED is not None:
            Index(f"ix_{table.name}_{kind.DATED}", table.c[kind.DATED], table.c.id)
        return table

    def _table(self, name: str, columns: Sequence[SchemaItem]) -> Table:
        # Without a rowid SQLite keeps the rows by their id, and finds one in a single search.
        return Table(
            self._prefix + name,
            self.metadata,
            *columns,
            schema=self._schema,
            sqlite_with_rowid=False,
            mysql_engine="InnoDB",
            mariadb_engine="InnoDB",
        )


def _column(name: str, of_type: TypeEngine[Any], *, nullable: bool = False) -> Column[Any]:
    return Column(name, of_type, primary_key=name == "id", nullable=nullable)


def _type(field: Field) -> TypeEngine[Any]:
    if field.type is ColumnType.INTEGER:
        return BigInteger()
    # Some engines count every VARCHAR of a row together, and allow little in all.
    if field.max_length > _LONGEST_VARCHAR:
        text = Text(collation=_EXACT).with_variant(Text(collation=_EXACT_IN_POSTGRESQL), "postgresql")
        return text.with_variant(mysql.TEXT(charset="utf8mb4", collation=_EXACT_IN_MARIADB), "mysql", "mariadb")
    return _string(field.max_length)


def _string(longest: int) -> TypeEngine[Any]:
    string = String(longest, _EXACT).with_variant(String(longest, _EXACT_IN_POSTGRESQL), "postgresql")
    in_mariadb = mysql.VARCHAR(longest, charset="utf8mb4", collation=_EXACT_IN_MARIADB)
    return string.with_variant(in_mariadb, "mysql", "mariadb")


def _words(name: str) -> str:
    """The words of a class's name: `TwoStepSession` becomes `two_step_session`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
