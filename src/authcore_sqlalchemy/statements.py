"""Writing entities over a connection: what all SQL stores do alike.

Who opens the connection, where a transaction begins and ends, and what an engine's errors mean, is each store's own.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final

from sqlalchemy import (
    BindParameter,
    Connection,
    Insert,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    insert,
    select,
    update,
)

from authcore.entities import Entity, Scalar, to_record
from authcore.errors import Conflict
from authcore_sqlalchemy.removing import Removal, removal
from authcore_sqlalchemy.tables import Tables

__all__ = ["Statements"]

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class _OfKind:
    """The statements of one kind, built once: SQLAlchemy keeps what it compiled by the statement."""

    insert: Insert
    update: Update
    version: Select[int]


class Statements:
    """What a store has its engine write; each method is synchronous and runs on the connection that it is given."""

    def __init__(self, tables: Tables) -> None:
        """Build every statement."""
        self._tables = tables.of
        self._removals: dict[tuple[str, type[Entity]], Removal] = {}
        self._of = {kind: _of_kind(table) for kind, table in tables.of.items()}

    def write(
        self,
        connection: Connection,
        writes: Collection[Entity],
        unchanged: Collection[Entity],
        removed: Collection[Entity] = (),
    ) -> None:
        """Write, check and remove in the transaction that is open, or raise Conflict; it must then be rolled back.

        An INSERT of what is stored already is left to fail by the primary key.
        """
        tasks = [
            *((type(entity), entity.id, partial(self._write, connection, entity)) for entity in writes),
            *((type(entity), entity.id, partial(self._check, connection, entity)) for entity in unchanged),
            *((kind, some[0].id, partial(self._remove, connection, kind, some)) for kind, some in _in_batches(removed)),
        ]
        # Everybody locks in the same order, so that an engine that locks rows meets fewer deadlocks.
        for _, _, task in sorted(tasks, key=lambda task: (task[0].__name__, task[1])):
            if not task():
                raise Conflict

    def _write(self, connection: Connection, entity: Entity) -> bool:
        statements, record = self._of[type(entity)], to_record(entity)
        record["version"] = entity.version + 1
        if entity.version == 0:
            connection.execute(statements.insert, record)
            return True
        record.pop("id")
        return connection.execute(statements.update, record | _known(entity)).rowcount == 1

    def _remove(self, connection: Connection, kind: type[Entity], removed: Sequence[Entity]) -> bool:
        known = connection.dialect.name, kind
        if known not in self._removals:
            self._removals[known] = removal(self._tables[kind], dialect=connection.dialect.name)
        return self._removals[known](connection, removed)

    def _check(self, connection: Connection, entity: Entity) -> bool:
        stored = connection.execute(self._of[type(entity)].version, {"sought": entity.id}).scalar()
        return (stored or 0) == entity.version


def _in_batches(entities: Iterable[Entity]) -> Iterator[tuple[type[Entity], Sequence[Entity]]]:
    """Sort entities by kind and id, and take some of a kind at a time: a statement has room for so many values."""
    sorted_ones = sorted(entities, key=lambda entity: (type(entity).__name__, entity.id))
    for kind, some in groupby(sorted_ones, key=type):
        of_kind = list(some)
        for start in range(0, len(of_kind), _BATCH):
            yield kind, of_kind[start : start + _BATCH]


def _known(entity: Entity) -> dict[str, Scalar]:
    """Say which row is meant, at which version."""
    return {"stored_id": entity.id, "stored_version": entity.version}


def _of_kind(table: Table) -> _OfKind:
    known = and_(table.c.id == bindparam("stored_id"), table.c.version == bindparam("stored_version"))
    changes: dict[str, BindParameter[Scalar]] = {
        column.name: bindparam(column.name) for column in table.c if column is not table.c.id
    }
    return _OfKind(
        insert=insert(table),
        update=update(table).where(known).values(changes),
        # Where an engine locks rows, nobody may change this one before the commit; SQLite locks all.
        version=select(table.c.version).where(table.c.id == bindparam("sought")).with_for_update(read=True),
    )
