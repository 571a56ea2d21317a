"""How an entity becomes a flat record of text and integers, and comes back.  Stores keep records; nothing else does.

Times are integers (microseconds since 1970, UTC), truth values 0 and 1, tuples JSON arrays.  A store that keeps
text and 64-bit integers exactly keeps every entity exactly.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, TypeVar, Union, cast, get_args, get_origin

from authcore.entities.base import Entity, field_types, max_length, texts_to_json

__all__ = ["Column", "ColumnType", "Record", "Scalar", "columns_of", "from_record", "microseconds", "to_record"]

Scalar: TypeAlias = str | int | None
Record: TypeAlias = dict[str, Scalar]

E = TypeVar("E", bound=Entity)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class ColumnType(Enum):
    """The two types that a store needs."""

    TEXT = "text"
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a record; `max_length` counts the characters of a text."""

    name: str
    type: ColumnType
    nullable: bool
    max_length: int


@dataclass(frozen=True, slots=True)
class _Codec:
    column: ColumnType
    encode: Callable[[object], Scalar]
    decode: Callable[[Any], object]


def columns_of(kind: type[Entity]) -> tuple[Column, ...]:
    """Return the columns of a kind, in order of definition: what a store needs to make a table."""
    return tuple(
        Column(name, _codec(annotation).column, _optional(annotation), max_length(annotation))
        for name, annotation in field_types(kind).items()
    )


def to_record(entity: Entity) -> Record:
    """Return the record of an entity; `from_record` gives back an equal one."""
    record: Record = {}
    for name, codec in _OF_KIND.get(type(entity)) or _codecs(type(entity)):
        value = getattr(entity, name)
        record[name] = None if value is None else codec.encode(value)
    return record


def from_record(kind: type[E], record: Mapping[str, Scalar]) -> E:
    """Return the entity of a record that `to_record` made."""
    values: dict[str, object] = {}
    for name, codec in _OF_KIND.get(kind) or _codecs(kind):
        value = record[name]
        values[name] = None if value is None else codec.decode(value)
    return kind(**values)  # type: ignore[arg-type]


def microseconds(moment: datetime) -> int:
    """Return how a time is stored."""
    return (moment - _EPOCH) // _MICROSECOND


def _codecs(kind: type[Entity]) -> tuple[tuple[str, _Codec], ...]:
    _OF_KIND[kind] = tuple((name, _codec(annotation)) for name, annotation in field_types(kind).items())
    return _OF_KIND[kind]


def _optional(annotation: object) -> bool:
    return NoneType in get_args(annotation)


def _plain(annotation: object) -> object:
    """Return the bare type of an annotation: without `| None`, without its length."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (part for part in get_args(annotation) if part is not NoneType)
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _codec(annotation: object) -> _Codec:
    plain = _plain(annotation)
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return _Codec(ColumnType.TEXT, str, plain)
    return _CODECS[plain]


def _instant(value: int) -> datetime:
    return _EPOCH + timedelta(0, 0, value)


def _texts(value: str) -> tuple[str, ...]:
    return tuple(json.loads(value))


_CODECS: Final[Mapping[object, _Codec]] = {
    str: _Codec(ColumnType.TEXT, str, str),
    int: _Codec(ColumnType.INTEGER, cast("Callable[[object], int]", int), lambda value: value),
    bool: _Codec(ColumnType.INTEGER, cast("Callable[[object], int]", int), bool),
    datetime: _Codec(ColumnType.INTEGER, cast("Callable[[object], int]", microseconds), _instant),
    tuple[str, ...]: _Codec(ColumnType.TEXT, cast("Callable[[object], Scalar]", texts_to_json), _texts),
}

_OF_KIND: Final[dict[type[Entity], tuple[tuple[str, _Codec], ...]]] = {}
