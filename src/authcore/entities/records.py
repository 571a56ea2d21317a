"""How an entity becomes a flat record of text and integers, and comes back.  Stores keep records; nothing else does.

Times are integers (microseconds since 1970, UTC), truth values 0 and 1, tuples JSON arrays.  A store that keeps
text and 64-bit integers exactly keeps every entity exactly.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, TypeVar, Union, cast, get_args, get_origin

from authcore.entities.base import BEYOND_64_BITS, Entity, can_be_stored, field_types, max_length, texts_to_json

__all__ = [
    "Column",
    "ColumnType",
    "Record",
    "Scalar",
    "columns_of",
    "from_record",
    "from_row",
    "microseconds",
    "to_record",
]

Scalar: TypeAlias = str | int | None
Record: TypeAlias = dict[str, Scalar]

E = TypeVar("E", bound=Entity)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TEXTS_KEPT: Final = 512


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


_Keep: TypeAlias = Callable[[Any, object], None]
"""Sets one field of an entity that is being made."""


@dataclass(frozen=True, slots=True)
class _Codec:
    """How values of one type are stored; what fills a field with one is made for values of up to so many characters."""

    column: ColumnType
    encode: Callable[[object], Scalar]
    filler: Callable[[_Keep, int], _Keep]


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field of a kind is stored, read and filled."""

    name: str
    is_optional: bool
    encode: Callable[[object], Scalar]
    keep: _Keep
    fill: _Keep
    """Decodes a value, and keeps what came of it."""


def columns_of(kind: type[Entity]) -> tuple[Column, ...]:
    """Return the columns of a kind, in order of definition: what a store needs to make a table."""
    return tuple(
        Column(name, _codec(annotation).column, _optional(annotation), max_length(annotation))
        for name, annotation in field_types(kind).items()
    )


def to_record(entity: Entity) -> Record:
    """Return the record of an entity; `from_record` gives back an equal one."""
    record: Record = {}
    for field in _FIELDS.get(type(entity)) or _fields(type(entity)):
        value = getattr(entity, field.name)
        record[field.name] = None if value is None else field.encode(value)
    return record


def from_record(kind: type[E], record: Mapping[str, Scalar]) -> E:
    """Return the entity of a record that `to_record` made.

    Raises KeyError, OverflowError, TypeError or ValueError for any other.
    """
    return from_row(kind, [record[field.name] for field in _FIELDS.get(kind) or _fields(kind)])


def from_row(kind: type[E], row: Sequence[Scalar]) -> E:
    """Return the entity of a record whose values are given in the order of `columns_of`; raises what it does.

    Every request decodes several: the fields are filled one by one, each checked while it is decoded, and nothing is
    checked once more as it is where an entity is made.
    """
    entity = object.__new__(kind)
    for field, value in zip(_FIELDS.get(kind) or _fields(kind), row, strict=True):
        if value is not None:
            field.fill(entity, value)
        elif field.is_optional:
            field.keep(entity, None)
        else:
            raise ValueError(f"{kind.__name__}.{field.name} is missing")
    return entity


def microseconds(moment: datetime) -> int:
    """Return how a time is stored."""
    return (moment - _EPOCH) // _MICROSECOND


def _fields(kind: type[Entity]) -> tuple[_Field, ...]:
    _FIELDS[kind] = tuple(_field(kind, name, annotation) for name, annotation in field_types(kind).items())
    return _FIELDS[kind]


def _field(kind: type[Entity], name: str, annotation: object) -> _Field:
    codec, keep = _codec(annotation), getattr(kind, name).__set__
    return _Field(name, _optional(annotation), codec.encode, keep, codec.filler(keep, max_length(annotation)))


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
        return _Codec(
            ColumnType.TEXT, str, lambda keep, _: lambda entity, value: keep(entity, plain(cast("str", value)))
        )
    return _CODECS[plain]


def _text(keep: _Keep, longest: int) -> _Keep:
    def fill(entity: object, value: object) -> None:
        if type(value) is not str or len(value) > longest or not can_be_stored(value):
            raise ValueError("no text, or one that no entity holds")
        keep(entity, value)

    return fill


def _number(keep: _Keep, _: int) -> _Keep:
    def fill(entity: object, value: object) -> None:
        if type(value) is not int or not -BEYOND_64_BITS <= value < BEYOND_64_BITS:
            raise ValueError("no number, or one that no entity holds")
        keep(entity, value)

    return fill


def _truth(keep: _Keep, _: int) -> _Keep:
    def fill(entity: object, value: object) -> None:
        if value not in {0, 1}:
            raise ValueError("neither true nor false")
        keep(entity, value == 1)

    return fill


def _instant(keep: _Keep, _: int) -> _Keep:
    return lambda entity, value: keep(entity, _EPOCH + timedelta(0, 0, cast("int", value)))


def _texts(keep: _Keep, longest: int) -> _Keep:
    def fill(entity: object, value: object) -> None:
        if type(value) is not str or len(value) > longest:
            raise ValueError("no texts, or those that no entity holds")
        keep(entity, _read_texts(value))

    return fill


@lru_cache(maxsize=_TEXTS_KEPT)
def _read_texts(array: str) -> tuple[str, ...]:
    """Read a JSON array of texts; most of them are the factors of a session or the permissions of a role, again."""
    texts = json.loads(array)
    if type(texts) is not list or not all(map(_is_text, texts)):
        raise ValueError("no texts, or those that no entity holds")
    return tuple(texts)


def _is_text(value: object) -> bool:
    return type(value) is str and can_be_stored(value.replace("\0", ""))  # JSON has a way to write a zero


_CODECS: Final[Mapping[object, _Codec]] = {
    str: _Codec(ColumnType.TEXT, str, _text),
    int: _Codec(ColumnType.INTEGER, cast("Callable[[object], int]", int), _number),
    bool: _Codec(ColumnType.INTEGER, cast("Callable[[object], int]", int), _truth),
    datetime: _Codec(ColumnType.INTEGER, cast("Callable[[object], int]", microseconds), _instant),
    tuple[str, ...]: _Codec(ColumnType.TEXT, cast("Callable[[object], Scalar]", texts_to_json), _texts),
}

_FIELDS: Final[dict[type[Entity], tuple[_Field, ...]]] = {}
