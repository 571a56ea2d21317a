"""Reading and writing entities over a connection: what all SQL stores do alike.

Who opens the connection, where a transaction begins and ends, and what an engine's errors mean, is each store's own.
"""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Delete,
    Insert,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from authcore.entities import (
    Account,
    AuthenticationSession,
    Entity,
    Grant,
    Role,
    Scalar,
    can_be_stored,
    columns_of,
    from_row,
    keys_of,
    microseconds,
    to_record,
)
from authcore.errors import Conflict, StoreFault
from authcore.ports import Caller, Key
from authcore_sqlalchemy.tables import Tables

if TYPE_CHECKING:
    from sqlalchemy import Dialect as SQLAlchemyDialect

__all__ = ["Statements", "caller_of"]

E = TypeVar("E", bound=Entity)

_CALLER: Final = (AuthenticationSession, Account, Grant, Role)
_BATCH: Final = 500
_SURROGATES: Final = 0xD800
_BEHIND_SURROGATES: Final = 0xE000
_WIDTHS: Final = [len(columns_of(kind)) for kind in _CALLER]
_PLACES: Final = {
    kind: (end - width, end) for kind, width, end in zip(_CALLER, _WIDTHS, accumulate(_WIDTHS), strict=True)
}
"""Where the columns of each table begin and end in the rows of `caller`; the id is the first of them."""


@dataclass(frozen=True, slots=True)
class _OfKind:
    """The statements of one kind, built once: SQLAlchemy keeps what it compiled by the statement."""

    insert: Insert
    update: Update
    held: Select[str, int]
    delete: Delete
    version: Select[int]
    find: Mapping[str, Select[*tuple[Scalar, ...]]]
    listed: Select[*tuple[Scalar, ...]]
    is_after: ColumnElement[bool]
    is_first: ColumnElement[bool]
    is_before: ColumnElement[bool]


class Statements:
    """What a store says to its engine; each method is synchronous and runs on the connection that it is given."""

    def __init__(self, tables: Tables) -> None:
        """Build every statement."""
        self._tables = tables.of
        self._of = {kind: _of_kind(kind, table) for kind, table in tables.of.items()}
        self._aged = {kind: _aged(kind, table) for kind, table in tables.of.items() if kind.DATED is not None}
        self._aged_after = {kind: aged.where(_is_later(kind, tables.of[kind])) for kind, aged in self._aged.items()}
        self._caller = _caller(*(tables.of[kind] for kind in _CALLER))

    def find(self, connection: Connection, key: Key[E]) -> Sequence[E]:
        """Return what `key` names, in order of id."""
        if not can_be_stored(key.value):
            return []
        statement, sought = self._of[key.kind].find[key.field], {"sought": key.value}
        if key.after is not None:
            statement, sought = statement.where(self._of[key.kind].is_after), sought | {"after": key.after}
        if key.skip:
            statement = _after_skipping(self._tables[key.kind], statement, key)
        elif key.limit is not None:
            statement = statement.limit(key.limit)
        return [_entity(key.kind, tuple(row)) for row in connection.execute(statement, sought).all()]

    def page(
        self, connection: Connection, kind: type[E], *, beginning: str, after: str | None, limit: int
    ) -> Sequence[E]:
        """Return the next entities of a kind, in order of id."""
        if not can_be_stored(beginning):
            return []
        of_kind, sought = self._of[kind], {"after": after, "first": beginning or None, "beyond": _beyond(beginning)}
        conditions = {"after": of_kind.is_after, "first": of_kind.is_first, "beyond": of_kind.is_before}
        given = {name: value for name, value in sought.items() if value is not None}
        listed = of_kind.listed.where(*(conditions[name] for name in given))
        return [_entity(kind, tuple(row)) for row in connection.execute(listed.limit(limit), given).all()]

    def aged(
        self, connection: Connection, kind: type[E], *, before: datetime, after: E | None, limit: int
    ) -> Sequence[E]:
        """Return the next entities of a kind that are old enough, oldest first."""
        sought: dict[str, Scalar] = {"before": microseconds(before)}
        statement = self._aged[kind] if after is None else self._aged_after[kind]
        if after is not None:
            sought |= {"reached": to_record(after)[str(kind.DATED)], "sought": after.id}
        rows = connection.execute(statement.limit(limit), sought).all()
        return [_entity(kind, tuple(row)) for row in rows]

    def caller(self, connection: Connection, session_id: str) -> Caller:
        """Return what an authenticated request needs, by one statement and so in one snapshot."""
        if not can_be_stored(session_id):
            return Caller()
        return caller_of(connection.execute(self._caller, {"sought": session_id}).all())

    def text_of_caller(self, dialect: "SQLAlchemyDialect") -> str:
        """Return that statement as a driver takes it, which is given the id of the session and nothing else."""
        return str(self._caller.compile(dialect=dialect))

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
        """Remove entities of a kind: hold them first, and see that each is as it should be."""
        statements, ids = self._of[kind], {"stored_ids": [entity.id for entity in removed]}
        held = {row.id: row.version for row in connection.execute(statements.held, ids)}
        if held != {entity.id: entity.version for entity in removed}:
            return False
        connection.execute(statements.delete, ids)
        return True

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


def _of_kind(kind: type[Entity], table: Table) -> _OfKind:
    named = select(table).order_by(table.c.id)
    known = and_(table.c.id == bindparam("stored_id"), table.c.version == bindparam("stored_version"))
    meant = table.c.id.in_(bindparam("stored_ids", expanding=True))
    changes: dict[str, BindParameter[Scalar]] = {
        column.name: bindparam(column.name) for column in table.c if column is not table.c.id
    }
    return _OfKind(
        insert=insert(table),
        update=update(table).where(known).values(changes),
        held=select(table.c.id, table.c.version).where(meant).order_by(table.c.id).with_for_update(),
        delete=delete(table).where(meant),
        # Where an engine locks rows, nobody may change this one before the commit; SQLite locks all.
        version=select(table.c.version).where(table.c.id == bindparam("sought")).with_for_update(read=True),
        find={name: named.where(table.c[name] == bindparam("sought")) for name in ("id", *keys_of(kind))},
        listed=named,
        is_after=table.c.id > bindparam("after"),
        is_first=table.c.id >= bindparam("first"),
        is_before=table.c.id < bindparam("beyond"),
    )


def _aged(kind: type[Entity], table: Table) -> Select[*tuple[Scalar, ...]]:
    dated = table.c[str(kind.DATED)]
    return select(table).where(dated < bindparam("before")).order_by(dated, table.c.id)


def _is_later(kind: type[Entity], table: Table) -> ColumnElement[bool]:
    dated = table.c[str(kind.DATED)]
    # The first half alone lets an engine begin in the index at the right place.
    return and_(dated >= bindparam("reached"), or_(dated > bindparam("reached"), table.c.id > bindparam("sought")))


def _beyond(beginning: str) -> str | None:
    """Return the first text that comes after all that begin so, or None where there is none."""
    rest = beginning.rstrip(chr(sys.maxunicode))
    if not rest:
        return None
    follower = ord(rest[-1]) + 1
    return rest[:-1] + chr(_BEHIND_SURROGATES if follower == _SURROGATES else follower)


def _after_skipping(table: Table, statement: Select[*tuple[Scalar, ...]], key: Key[E]) -> Select[*tuple[Scalar, ...]]:
    """Return what finds the entities of a key that skips some: those are passed over in the index, and never read."""
    page = statement.with_only_columns(table.c.id).limit(key.limit).offset(key.skip).subquery()
    return select(table).join(page, table.c.id == page.c.id).order_by(table.c.id)


def _caller(session: Table, account: Table, grant: Table, role: Table) -> Select[*tuple[Scalar, ...]]:
    granted = and_(grant.c.account_id == session.c.account_id, grant.c.deleted_at.is_(None))
    joined = (
        session.outerjoin(account, account.c.id == session.c.account_id)
        .outerjoin(grant, granted)
        .outerjoin(role, role.c.id == grant.c.role)
    )
    wanted = select(session, account, grant, role).select_from(joined)
    return wanted.where(session.c.id == bindparam("sought")).order_by(grant.c.id)


def caller_of(rows: Sequence[Sequence[Scalar]]) -> Caller:
    """Return what the rows say that answer the statement of `caller`: one for each grant, or one where there is none.

    The session and its account are the same in each of them.
    """
    if not rows:
        return Caller()
    return Caller(
        session=_part(AuthenticationSession, rows[0]),
        account=_part(Account, rows[0]),
        grants=[grant for row in rows if (grant := _part(Grant, row)) is not None],
        roles=[role for row in rows if (role := _part(Role, row)) is not None],
    )


def _part(kind: type[E], row: Sequence[Scalar]) -> E | None:
    """Return what a row of several tables says of one; an outer join fills what is absent with nulls, the id too."""
    start, end = _PLACES[kind]
    return None if row[start] is None else _entity(kind, row[start:end])


def _entity(kind: type[E], row: Sequence[Scalar]) -> E:
    try:
        return from_row(kind, row)
    except (OverflowError, TypeError, ValueError):
        # Without the cause, whose text may hold what was stored.
        message = f"a row of {kind.__name__} holds what no {kind.__name__} can hold"
        raise StoreFault(message) from None
