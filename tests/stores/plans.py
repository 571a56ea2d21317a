"""What an engine means to do for each statement that a store says to it, over tables with many rows in them."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, get_args, get_origin

from sqlalchemy import Connection, event

from authcore.entities import ENTITIES, Entity, columns_of, keys_of, to_record
from authcore.entities.base import field_types
from authcore.ports import by_field, by_id
from authcore_sqlalchemy import Tables
from authcore_sqlalchemy.questions import Questions
from authcore_sqlalchemy.statements import Statements

__all__ = ["ROWS", "Said", "asked", "filled", "listed", "scanned", "written"]

ROWS = 30_000  # some engines read a table at once that is much smaller, and rightly
_OWNERS = ROWS // 10
_REMOVED = 100

_NUMBERS = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n) AS n",
    "postgresql": "generate_series(1, {}) AS n(i)",
    "mariadb": "(SELECT seq AS i FROM seq_1_to_{}) AS n",
}
_FILL = "INSERT INTO {} ({}) SELECT {} FROM {}"
_NAMED = {"sqlite": "'e' || {}"}
_OWNER = {"sqlite": f"(1 + i % {_OWNERS})"}
_ANALYSE = {"postgresql": "ANALYZE {}", "mariadb": "ANALYZE TABLE {}"}


@dataclass(frozen=True)
class Said:
    """A statement with its parameters, as a driver was given them."""

    statement: str
    parameters: Any


# --- the tables -----------------------------------------------------------------------------------------------------


def filled(connection: Connection) -> None:
    """Fill every table: ten entities for each owner, each a second older than the next; nothing else tells them apart.

    SQLite is told nothing about its tables, as no store tells it anything.
    """
    engine = connection.dialect.name
    for kind, table in Tables().of.items():
        names = ", ".join(column.name for column in columns_of(kind))
        values = ", ".join(_columns(kind, engine))
        connection.exec_driver_sql(_FILL.format(table.name, names, values, _NUMBERS[engine].format(ROWS)))
        if engine in _ANALYSE:
            connection.exec_driver_sql(_ANALYSE[engine].format(table.name))


def _columns(kind: type[Entity], engine: str) -> Iterator[str]:
    named, owner = _NAMED.get(engine, "CONCAT('e', {})"), _OWNER.get(engine, f"1 + MOD(i, {_OWNERS})")
    for name, value in to_record(_made(kind, "e1", version=1)).items():
        if name == "id":
            yield named.format("i")
        elif name in keys_of(kind) or (kind.__name__, name) == ("Grant", "role"):
            yield named.format(owner)
        elif name == kind.DATED:
            yield "i * CAST(1000000 AS DECIMAL)"
        elif value is None:
            yield "NULL"
        else:
            yield str(value) if isinstance(value, int) else f"'{value}'"


def _made(kind: type[Entity], name: str, *, version: int) -> Entity:
    values = {field: _value(annotation) for field, annotation in field_types(kind).items()}
    return kind(**values | {"id": name, "version": version})


def _value(annotation: Any) -> Any:
    if type(None) in get_args(annotation):
        return None
    if get_origin(annotation) is Annotated:
        return _value(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        return ()
    if issubclass(annotation, Enum):
        return next(iter(annotation))
    return {str: "some", int: 1, bool: False, datetime: datetime(1970, 1, 1, tzinfo=UTC)}[annotation]


# --- what is said ---------------------------------------------------------------------------------------------------


def asked(connection: Connection) -> Sequence[Said]:
    """Say all that finds something: by every key of every kind, in each way that there is; and what a request asks."""
    questions = Questions(Tables())
    with _listening(connection) as heard:
        for kind in ENTITIES:
            questions.find(by_id(kind, "e7")).asked_over(connection)
            for field in keys_of(kind):
                for more in ({}, {"limit": 2}, {"limit": 2, "skip": 3}, {"limit": 2, "after": "e1"}):
                    questions.find(by_field(kind, field, "e7", **more)).asked_over(connection)
            questions.page(kind, beginning="e1", after=None, limit=10).asked_over(connection)
            questions.page(kind, beginning="", after="e1", limit=10).asked_over(connection)
            if kind.DATED is not None:
                before = datetime.fromtimestamp(ROWS, UTC)
                some = questions.aged(kind, before=before, after=None, limit=100).asked_over(connection)
                questions.aged(kind, before=before, after=some[-1], limit=100).asked_over(connection)
        assert questions.caller("e7").asked_over(connection).roles
    return heard


def listed(connection: Connection) -> Sequence[Said]:
    """Say what begins to list everything of a kind: a page, of which there are as many as it takes."""
    questions = Questions(Tables())
    with _listening(connection) as heard:
        for kind in ENTITIES:
            assert len(questions.page(kind, beginning="", after=None, limit=10).asked_over(connection)) == 10
    return heard


def written(connection: Connection) -> Sequence[Said]:
    """Say all that a commit has to say about every kind, but for what adds something, which looks for nothing."""
    statements = Statements(Tables())
    with _listening(connection) as heard:
        for kind in ENTITIES:
            removed = [_made(kind, f"e{number}", version=1) for number in range(10, 10 + _REMOVED)]
            changed, unchanged = (_made(kind, name, version=1) for name in ("e1", "e2"))
            statements.write(connection, [changed], [unchanged], removed)
    return heard


@contextmanager
def _listening(connection: Connection) -> Iterator[list[Said]]:
    """Yield a list of all that is said on a connection meanwhile."""
    heard: list[Said] = []

    def hear(_: object, __: object, statement: str, parameters: Any, ___: object, of_many: bool) -> None:  # noqa: FBT001  SQLAlchemy's
        heard.append(Said(statement, parameters[0] if of_many else parameters))

    event.listen(connection, "before_cursor_execute", hear)
    yield heard
    event.remove(connection, "before_cursor_execute", hear)


# --- what is meant to be done ---------------------------------------------------------------------------------------


def scanned(connection: Connection, said: Said, *, ordered: bool = False) -> Sequence[str]:
    """Return what an engine says of each table that it means to read from one end to the other for a statement.

    Where a few are asked for in the `ordered` way in which they are kept, it may begin at one end: it stops soon.
    """
    return _SCANNED[connection.dialect.name](connection, said, ordered=ordered)


def _sqlite(connection: Connection, said: Said, *, ordered: bool) -> Sequence[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said.statement}", said.parameters).all()
    told = [str(row[-1]) for row in rows]
    if ordered and not any("TEMP B-TREE" in each for each in told):
        return []
    return [each for each in told if each.startswith("SCAN authcore_")]


def _postgresql(connection: Connection, said: Said, *, ordered: bool) -> Sequence[str]:
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {said.statement}", said.parameters).scalar_one()
    plans = json.loads(found) if isinstance(found, str) else found
    nodes = list(_nodes(plans[0]["Plan"]))
    scans = [node for node in nodes if "Relation Name" in node or "Index Name" in node]
    if ordered and not any(node["Node Type"] == "Sort" for node in nodes):
        scans = [node for node in scans if node["Node Type"] == "Seq Scan"]
    return [
        f"{node['Node Type']} {node.get('Relation Name')}"
        for node in scans
        if node["Node Type"] not in {"Bitmap Heap Scan", "ModifyTable"} and "Index Cond" not in node
    ]


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _mariadb(connection: Connection, said: Said, *, ordered: bool) -> Sequence[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN {said.statement}", said.parameters).mappings().all()
    whole: Collection[str] = {"ALL"} if ordered else {"ALL", "index"}
    # A name in angle brackets is no table, but what another part of the plan has found.
    return [str(dict(row)) for row in rows if row["type"] in whole and not str(row["table"]).startswith("<")]


_SCANNED = {"sqlite": _sqlite, "postgresql": _postgresql, "mariadb": _mariadb}
