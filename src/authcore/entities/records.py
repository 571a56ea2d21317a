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
from typing import Annotated, Any, Final, NoReturn, TypeAlias, TypeVar, Union, cast, get_args, get_origin

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
_TIMES_KEPT: Final = 16_384


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
    """How values of one type are stored; `decode` is the line of a decoder that makes one of `{v}`, or refuses it."""

    column: ColumnType
    encode: Callable[[object], Scalar]
    decode: str


_Encoder: TypeAlias = tuple[str, Callable[[object], Scalar]]
_Decoder: TypeAlias = Callable[[Sequence[Scalar]], Any]


def columns_of(kind: type[Entity]) -> tuple[Column, ...]:
    """Return the columns of a kind, in order of definition: what a store needs to make a table."""
    return tuple(
        Column(name, _codec(annotation).column, _optional(annotation), max_length(annotation))
        for name, annotation in field_types(kind).items()
    )


def to_record(entity: Entity) -> Record:
    """Return the record of an entity; `from_record` gives back an equal one."""
    record: Record = {}
    for name, encode in _encoders(type(entity)):
        value = getattr(entity, name)
        record[name] = None if value is None else encode(value)
    return record


def from_record(kind: type[E], record: Mapping[str, Scalar]) -> E:
    """Return the entity of a record that `to_record` made.

    Raises KeyError, OverflowError, TypeError or ValueError for any other.
    """
    return from_row(kind, [record[name] for name, _ in _encoders(kind)])


def from_row(kind: type[E], row: Sequence[Scalar]) -> E:
    """Return the entity of a record whose values are given in the order of `columns_of`; raises what it does.

    Each value is checked while it is decoded, and not once more as it is where an entity is made.
    """
    return cast("E", (_DECODERS.get(kind) or _decoder(kind))(row))


def microseconds(moment: datetime) -> int:
    """Return how a time is stored."""
    return (moment - _EPOCH) // _MICROSECOND


def _encoders(kind: type[Entity]) -> tuple[_Encoder, ...]:
    if kind not in _ENCODERS:
        _ENCODERS[kind] = tuple((name, _codec(annotation).encode) for name, annotation in field_types(kind).items())
    return _ENCODERS[kind]


def _decoder(kind: type[Entity]) -> _Decoder:
    """Write the function that decodes a kind, some lines for each field, as dataclasses does for what makes one.

    Every request decodes several: going from field to field would take longer than decoding them.  Nothing but our own
    definitions is in what is written.
    """
    known = dict(_KNOWN, kind=kind)
    fields = {f"v{number}": each for number, each in enumerate(field_types(kind).items())}
    lines = ["def decode(row):", f"{', '.join(fields)}, = row", "entity = new(kind)"]
    for v, (name, annotation) in fields.items():
        known |= {f"keep_{v}": getattr(kind, name).__set__, f"type_{v}": _plain(annotation)}
        lines += [f"if {v} is not None:", " " + _codec(annotation).decode.format(v=v, longest=max_length(annotation))]
        lines += [] if _optional(annotation) else ["else:", " refuse()"]
        lines += [f"keep_{v}(entity, {v})"]
    source = "\n ".join([*lines, "return entity"])
    exec(compile(source, f"<decoder of {kind.__name__}>", "exec"), known)  # noqa: S102  see above
    _DECODERS[kind] = known["decode"]
    return _DECODERS[kind]


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
        return _Codec(ColumnType.TEXT, str, "{v} = type_{v}({v})")
    return _CODECS[plain]


def _refuse() -> NoReturn:
    raise ValueError("what no entity holds")


@lru_cache(maxsize=_TIMES_KEPT)
def _instant(stored: int) -> datetime:
    """Return a time; whoever is here for a while has the same ones in each request."""
    return _EPOCH + timedelta(0, 0, stored)


@lru_cache(maxsize=_TEXTS_KEPT)
def _read_texts(array: str) -> tuple[str, ...]:
    """Read a JSON array of texts; most of them are the factors of a session or the permissions of a role, again."""
    texts = json.loads(array)
    if type(texts) is not list or not all(map(_is_text, texts)):
        _refuse()
    return tuple(texts)


def _is_text(value: object) -> bool:
    return type(value) is str and can_be_stored(value.replace("\0", ""))  # JSON has a way to write a zero


_CODECS: Final[Mapping[object, _Codec]] = {
    str: _Codec(
        ColumnType.TEXT,
        str,
        "if type({v}) is not str or len({v}) > {longest} or not can_be_stored({v}): refuse()",
    ),
    int: _Codec(
        ColumnType.INTEGER,
        cast("Callable[[object], int]", int),
        "if type({v}) is not int or not -BEYOND_64_BITS <= {v} < BEYOND_64_BITS: refuse()",
    ),
    bool: _Codec(
        ColumnType.INTEGER,
        cast("Callable[[object], int]", int),
        "{v} = {v} == 1 if {v} in (0, 1) else refuse()",
    ),
    datetime: _Codec(
        ColumnType.INTEGER,
        cast("Callable[[object], int]", microseconds),
        "{v} = instant({v})",
    ),
    tuple[str, ...]: _Codec(
        ColumnType.TEXT,
        cast("Callable[[object], Scalar]", texts_to_json),
        "{v} = read_texts({v}) if type({v}) is str and len({v}) <= {longest} else refuse()",
    ),
}

_KNOWN: Final[Mapping[str, Any]] = {
    "BEYOND_64_BITS": BEYOND_64_BITS,
    "can_be_stored": can_be_stored,
    "instant": _instant,
    "new": object.__new__,
    "read_texts": _read_texts,
    "refuse": _refuse,
}
"""What a decoder uses, besides what its own kind needs."""

_ENCODERS: Final[dict[type[Entity], tuple[_Encoder, ...]]] = {}
_DECODERS: Final[dict[type[Entity], _Decoder]] = {}
