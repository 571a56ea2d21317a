"""What every entity has, and which values an entity may hold at all.  No entity of the domain is defined here."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, TypeAlias, get_args, get_origin, get_type_hints

from authcore.errors import InvalidInput

__all__ = [
    "BEYOND_64_BITS",
    "Entity",
    "Id",
    "Name",
    "Note",
    "Texts",
    "can_be_stored",
    "field_types",
    "keys_of",
    "max_length",
    "texts_to_json",
]

Id = Annotated[str, 300]
"""An id: random text, or a canonical value such as `email:ada@example.org`."""

Name = Annotated[str, 64]
"""A short word: a role, a purpose, a reason code."""

Note = Annotated[str, 255]
"""A line of text: an address, a user agent, a description."""

Texts = Annotated[tuple[str, ...], 16_000]
"""Several texts, as many as their JSON array has room for."""

_SHORT: Final = 64
BEYOND_64_BITS: Final = 2**63
_NO_OFFSET: Final = timedelta(0)
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_Check: TypeAlias = Callable[[str, Any, int], None]
"""Refuses a value: it is given the field's name, the value, and how long that may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A value with an identity and a version.

    `version` 0 means "never stored"; a store keeps what is written at the version it carries plus one.  Times are
    aware and in UTC.  A deleted entity is kept, and hidden by the flows.
    Raises InvalidInput if a value could not be stored and read back exactly by every store.
    """

    OWNER: ClassVar[str | None] = None
    """The field, besides the id, by which entities of this kind are found."""

    ALSO_BY: ClassVar[tuple[str, ...]] = ()
    """More fields by which they are found."""

    DATED: ClassVar[str | None] = None
    """The field that tells how old they are; without one they are never removed for their age."""

    id: Id
    version: int = 0
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what some store would truncate, round or reject."""
        # Every entity that is read or decided passes here, field by field.
        for name, longest in _LONGEST.get(type(self)) or _longest(type(self)):
            value = getattr(self, name)
            (_CHECKS.get(type(value)) or _check_of(type(value)))(name, value, longest)


def keys_of(kind: type[Entity]) -> tuple[str, ...]:
    """Return the fields, besides the id, by which entities of `kind` are found."""
    return kind.ALSO_BY if kind.OWNER is None else (kind.OWNER, *kind.ALSO_BY)


def field_types(kind: type[Entity]) -> Mapping[str, object]:
    """Return the type of each field of `kind`, in order of definition."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def _longest(kind: type[Entity]) -> tuple[tuple[str, int], ...]:
    _LONGEST[kind] = tuple((name, max_length(annotation)) for name, annotation in field_types(kind).items())
    return _LONGEST[kind]


def max_length(annotation: object) -> int:
    """Return how many characters a text of this type may have."""
    if get_origin(annotation) is Annotated:
        return int(get_args(annotation)[1])
    return max((max_length(part) for part in get_args(annotation) if get_origin(part) is Annotated), default=_SHORT)


_LONGEST: Final[dict[type[Entity], tuple[tuple[str, int], ...]]] = {}


def texts_to_json(texts: tuple[str, ...]) -> str:
    """Return how a tuple of texts is stored."""
    return _JSON.encode(texts)


def _check_of(kind: type[object]) -> _Check:
    """Return how values of a type are checked: looked up once for each, since every entity asks for every value."""
    _CHECKS[kind] = next((check for known, check in _CHECKED.items() if issubclass(kind, known)), _check_nothing)
    return _CHECKS[kind]


def _check_nothing(name: str, value: object, longest: int) -> None:
    """Take it as it is."""


def _check_text(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise InvalidInput(name, "too_long")
    if not can_be_stored(text):
        raise InvalidInput(name, "forbidden_character")


def _check_time(name: str, moment: datetime, longest: int) -> None:  # noqa: ARG001  as its neighbours
    if moment.tzinfo is not UTC and moment.utcoffset() != _NO_OFFSET:
        raise InvalidInput(name, "not_utc")


def _check_number(name: str, number: int, longest: int) -> None:  # noqa: ARG001  as its neighbours
    if not -BEYOND_64_BITS <= number < BEYOND_64_BITS:
        raise InvalidInput(name, "too_large")


def _check_texts(name: str, texts: tuple[str, ...], longest: int) -> None:
    _check_text(name, texts_to_json(texts), longest)


_CHECKED: Final[Mapping[type[object], _Check]] = {
    str: _check_text,
    datetime: _check_time,
    int: _check_number,
    tuple: _check_texts,
}

_CHECKS: Final[dict[type[object], _Check]] = {}


def can_be_stored(text: str) -> bool:
    """Tell whether an entity may hold a text: drivers and engines fail in many ways over a zero or half a surrogate."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
