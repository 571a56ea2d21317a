"""Removing many entities at once, in the way that costs each engine least.  Whose transaction it is, is told elsewhere.

Either all of them go, at the version that each carries, or the transaction is to be rolled back.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from sqlalchemy import BigInteger, Connection, String, Table, and_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from authcore.entities import Entity

__all__ = ["Removal", "removal"]

Removal: TypeAlias = Callable[[Connection, Sequence[Entity]], bool]
"""Removes entities of one kind, in order of id, and tells whether each was stored at its version."""


def removal(table: Table, *, dialect: str) -> Removal:
    """Return what removes entities from a table."""
    return _REMOVALS.get(dialect, _holding)(table)


def _by_arrays(table: Table) -> Removal:
    """Remove by one statement whose text is the same however many go; nobody can change them between two."""
    ids, versions = bindparam("ids", type_=ARRAY(String())), bindparam("versions", type_=ARRAY(BigInteger()))
    meant = func.unnest(ids, versions).table_valued("id", "version").render_derived()
    statement = delete(table).where(table.c.id == meant.c.id, table.c.version == meant.c.version)

    def remove(connection: Connection, removed: Sequence[Entity]) -> bool:
        given = {"ids": [entity.id for entity in removed], "versions": [entity.version for entity in removed]}
        return connection.execute(statement, given).rowcount == len(removed)

    return remove


def _one_by_one(table: Table) -> Removal:
    """Remove by one statement for each: where no server is asked, no round trip is saved by another way."""
    known = and_(table.c.id == bindparam("stored_id"), table.c.version == bindparam("stored_version"))
    statement = delete(table).where(known)

    def remove(connection: Connection, removed: Sequence[Entity]) -> bool:
        given = [{"stored_id": entity.id, "stored_version": entity.version} for entity in removed]
        return connection.execute(statement, given).rowcount == len(removed)

    return remove


def _holding(table: Table) -> Removal:
    """Hold them first, and see that each is as it should be; then remove them."""
    meant = table.c.id.in_(bindparam("stored_ids", expanding=True))
    held = select(table.c.id, table.c.version).where(meant).order_by(table.c.id).with_for_update()
    statement = delete(table).where(meant)

    def remove(connection: Connection, removed: Sequence[Entity]) -> bool:
        given = {"stored_ids": [entity.id for entity in removed]}
        found = {row.id: row.version for row in connection.execute(held, given)}
        if found != {entity.id: entity.version for entity in removed}:
            return False
        connection.execute(statement, given)
        return True

    return remove


_REMOVALS: Final = {"postgresql": _by_arrays, "sqlite": _one_by_one}
