"""The words that steps are written in.  They stay as they are: a step of long ago must do what it did then."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

__all__ = ["Column", "Names", "create_table", "long_text", "number", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How the tables of an application are called, and where they are."""

    prefix: str
    schema: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; the one that is called `id` is its key."""

    name: str
    type: TypeEngine[Any]
    nullable: bool = False


def number() -> sa.BigInteger:
    """A number of 64 bits; times are microseconds."""
    return sa.BigInteger()


def text(longest: int) -> sa.String:
    """A text of so many characters, compared exactly."""
    exact = sa.String(longest, "BINARY").with_variant(sa.String(longest, "C"), "postgresql")
    return exact.with_variant(
        mysql.VARCHAR(longest, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mysql", "mariadb"
    )


def long_text() -> sa.Text:
    """A text of thousands of characters, compared exactly."""
    exact = sa.Text(collation="BINARY").with_variant(sa.Text(collation="C"), "postgresql")
    return exact.with_variant(mysql.TEXT(charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mysql", "mariadb")


def create_table(names: Names, name: str, columns: Iterable[Column], keys: Iterable[str]) -> None:
    """Create a table with an index for each key, unless it is there: not every engine takes back half a step."""
    table = names.prefix + name
    op.create_table(
        table,
        *(sa.Column(each.name, each.type, primary_key=each.name == "id", nullable=each.nullable) for each in columns),
        schema=names.schema,
        if_not_exists=True,
        sqlite_with_rowid=False,
        mysql_engine="InnoDB",
        mariadb_engine="InnoDB",
    )
    for key in keys:
        op.create_index(f"ix_{table}_{key}", table, [key, "id"], schema=names.schema, if_not_exists=True)
