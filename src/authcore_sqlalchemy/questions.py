"""What is asked of the tables, and what the answers mean.  Nothing is asked here, and nothing is written.

Each statement is built once for all who ask, and may be said by SQLAlchemy, or as a text by the driver's own call.
"""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Table, and_, bindparam, or_, select

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
    microseconds,
    to_record,
)
from authcore.errors import StoreFault
from authcore.ports import Caller, Key
from authcore_sqlalchemy.tables import Tables

if TYPE_CHECKING:
    from sqlalchemy import Dialect as SQLAlchemyDialect

__all__ = ["Question", "Questions", "Row", "Texts"]

E = TypeVar("E", bound=Entity)
T_co = TypeVar("T_co", covariant=True)

Row: TypeAlias = Sequence[Scalar]

_Statement: TypeAlias = Select[*tuple[Scalar, ...]]
_Names: TypeAlias = Collection[str]
_Build: TypeAlias = Callable[[Table, str, _Names], _Statement]

_CALLER: Final = (AuthenticationSession, Account, Grant, Role)
_WIDTHS: Final = [len(columns_of(kind)) for kind in _CALLER]
_PLACES: Final[Mapping[type[Entity], tuple[int, int]]] = {
    kind: (end - width, end) for kind, width, end in zip(_CALLER, _WIDTHS, accumulate(_WIDTHS), strict=True)
}
"""Where the columns of each table begin and end in the rows of `caller`; the id is the first of them."""

_MOST: Final = 2**63 - 1  # no table has more rows, and no engine knows a greater number
_SURROGATES: Final = 0xD800
_BEHIND_SURROGATES: Final = 0xE000


@dataclass(frozen=True, slots=True)
class Question(Generic[T_co]):
    """A statement with its values by name, and what the rows mean that answer it; None asks for what cannot be."""

    statement: _Statement | None
    values: Mapping[str, Scalar]
    answer: Callable[[Sequence[Row]], T_co]

    def asked_over(self, connection: Connection) -> T_co:
        """Ask by SQLAlchemy, and return the answer."""
        return self.answer(() if self.statement is None else connection.execute(self.statement, self.values).all())


class Texts:
    """The statements as a driver takes them, each compiled when it is first asked."""

    def __init__(self, dialect: "SQLAlchemyDialect") -> None:
        """Remember the dialect, which says how values are marked."""
        self._dialect = dialect
        self._of: dict[_Statement, tuple[str, Sequence[str], Mapping[str, Scalar]]] = {}

    def of(self, statement: _Statement, values: Mapping[str, Scalar]) -> tuple[str, Row]:
        """Return the text of a statement, and its values in the order in which it takes them."""
        text, names, constants = self._of.get(statement) or self._compiled(statement)
        known = {**constants, **values} if constants else values
        return text, [known[name] for name in names]

    def _compiled(self, statement: _Statement) -> tuple[str, Sequence[str], Mapping[str, Scalar]]:
        compiled = statement.compile(dialect=self._dialect)
        # Some dialects add values of their own, such as what an absent limit is.
        names = tuple(compiled.positiontup or ())
        given = compiled.construct_params(_check=False)
        self._of[statement] = str(compiled), names, {name: value for name, value in given.items() if value is not None}
        return self._of[statement]


class Questions:
    """All that a store asks of its engine.

    A statement is told from others by what it is built of: those are never more than there are fields and ways to ask.
    """

    def __init__(self, tables: Tables) -> None:
        """Remember the tables; a statement is built when it is first wanted."""
        self._tables = tables.of
        self._built: dict[tuple[_Build, type[Entity], str, tuple[str, ...]], _Statement] = {}
        self._caller = _caller(*(tables.of[kind] for kind in _CALLER))

    def find(self, key: Key[E]) -> Question[Sequence[E]]:
        """Ask for what `key` names, in order of id."""
        values: dict[str, Scalar] = {"sought": key.value}
        if key.after is not None:
            values["after"] = key.after
        if key.limit is not None:
            values["limit"] = min(key.limit, _MOST)
        if key.skip:
            values["skip"] = min(key.skip, _MOST)
        return self._about(_finding, key.kind, key.field, values, possible=can_be_stored(key.value))

    def page(self, kind: type[E], *, beginning: str, after: str | None, limit: int) -> Question[Sequence[E]]:
        """Ask for the next entities of a kind, in order of id."""
        possible = can_be_stored(beginning)
        sought = {"after": after, "first": beginning or None, "beyond": _beyond(beginning) if possible else None}
        values: dict[str, Scalar] = {name: value for name, value in sought.items() if value is not None}
        values["limit"] = min(limit, _MOST)
        return self._about(_listing, kind, "id", values, possible=possible)

    def aged(self, kind: type[E], *, before: datetime, after: E | None, limit: int) -> Question[Sequence[E]]:
        """Ask for the next entities of a kind that are old enough, oldest first."""
        dated = str(kind.DATED)
        values: dict[str, Scalar] = {"before": microseconds(before), "limit": min(limit, _MOST)}
        if after is not None:
            values |= {"reached": to_record(after)[dated], "sought": after.id}
        return self._about(_aged, kind, dated, values)

    def caller(self, session_id: str) -> Question[Caller]:
        """Ask for what an authenticated request needs, by one statement and so in one snapshot."""
        return Question(self._caller if can_be_stored(session_id) else None, {"sought": session_id}, _caller_of)

    def _about(
        self, build: _Build, kind: type[E], field: str, values: Mapping[str, Scalar], *, possible: bool = True
    ) -> Question[Sequence[E]]:
        if not possible:
            return Question(None, {}, partial(_entities, kind))
        built_of = build, kind, field, tuple(values)
        statement = self._built.get(built_of)
        if statement is None:
            statement = self._built[built_of] = build(self._tables[kind], field, values.keys())
        return Question(statement, values, partial(_entities, kind))


# --- what is asked --------------------------------------------------------------------------------------------------


def _finding(table: Table, field: str, given: _Names) -> _Statement:
    found = table.c[field] == bindparam("sought")
    if "after" in given:
        found = and_(found, table.c.id > bindparam("after"))
    if "skip" not in given:
        return _limited(select(table).where(found).order_by(table.c.id), given)
    # What is skipped is passed over in the index, and never read.
    ids = _limited(select(table.c.id).where(found).order_by(table.c.id), given).offset(_number("skip")).subquery()
    return select(table).join(ids, table.c.id == ids.c.id).order_by(table.c.id)


def _listing(table: Table, _: str, given: _Names) -> _Statement:
    conditions: Mapping[str, ColumnElement[bool]] = {
        "after": table.c.id > bindparam("after"),
        "first": table.c.id >= bindparam("first"),
        "beyond": table.c.id < bindparam("beyond"),
    }
    meant = [condition for name, condition in conditions.items() if name in given]
    return _limited(select(table).where(*meant).order_by(table.c.id), given)


def _aged(table: Table, field: str, given: _Names) -> _Statement:
    dated = table.c[field]
    meant = [dated < bindparam("before")]
    if "reached" in given:
        # The first of these alone lets an engine begin in the index at the right place.
        meant += [dated >= bindparam("reached"), or_(dated > bindparam("reached"), table.c.id > bindparam("sought"))]
    return _limited(select(table).where(*meant).order_by(dated, table.c.id), given)


def _limited(statement: Select[*tuple[Scalar, ...]], given: _Names) -> _Statement:
    return statement.limit(_number("limit")) if "limit" in given else statement


def _number(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=BigInteger())


def _beyond(beginning: str) -> str | None:
    """Return the first text that comes after all that begin so, or None where there is none."""
    rest = beginning.rstrip(chr(sys.maxunicode))
    if not rest:
        return None
    follower = ord(rest[-1]) + 1
    return rest[:-1] + chr(_BEHIND_SURROGATES if follower == _SURROGATES else follower)


def _caller(session: Table, account: Table, grant: Table, role: Table) -> _Statement:
    granted = and_(grant.c.account_id == session.c.account_id, grant.c.deleted_at.is_(None))
    joined = (
        session.outerjoin(account, account.c.id == session.c.account_id)
        .outerjoin(grant, granted)
        .outerjoin(role, role.c.id == grant.c.role)
    )
    wanted = select(session, account, grant, role).select_from(joined)
    # Without an order: for PostgreSQL a sort costs half as much as all the rest, be it of a single row.
    return wanted.where(session.c.id == bindparam("sought"))


# --- what the answers mean ------------------------------------------------------------------------------------------


def _entities(kind: type[E], rows: Sequence[Row]) -> Sequence[E]:
    return [_entity(kind, row) for row in rows]


def _caller_of(rows: Sequence[Row]) -> Caller:
    """Return what is said by rows of which there is one for each grant, or one where there is none.

    The session and its account are the same in each of them.
    """
    if not rows:
        return Caller()
    rows = sorted(rows, key=itemgetter(_PLACES[Grant][0])) if len(rows) > 1 else rows
    return Caller(
        session=_part(AuthenticationSession, rows[0]),
        account=_part(Account, rows[0]),
        grants=[grant for row in rows if (grant := _part(Grant, row)) is not None],
        roles=[role for row in rows if (role := _part(Role, row)) is not None],
    )


def _part(kind: type[E], row: Row) -> E | None:
    """Return what a row of several tables says of one; an outer join fills what is absent with nulls, the id too."""
    start, end = _PLACES[kind]
    return None if row[start] is None else _entity(kind, row[start:end])


def _entity(kind: type[E], row: Row) -> E:
    try:
        return from_row(kind, row)
    except (OverflowError, TypeError, ValueError):
        # Without the cause, whose text may hold what was stored.
        message = f"a row of {kind.__name__} holds what no {kind.__name__} can hold"
        raise StoreFault(message) from None
