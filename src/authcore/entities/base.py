"""What every entity has, and which values an entity may hold at all.  No entity of the domain is defined here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, get_args, get_origin, get_type_hints

from authcore.errors import InvalidInput

__all__ = [
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
_BEYOND_64_BITS: Final = 2**63


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
        for name, longest in _longest(type(self)).items():
            _check(name, getattr(self, name), longest)


def keys_of(kind: type[Entity]) -> tuple[str, ...]:
    """Return the fields, besides the id, by which entities of `kind` are found."""
    return kind.ALSO_BY if kind.OWNER is None else (kind.OWNER, *kind.ALSO_BY)


def field_types(kind: type[Entity]) -> Mapping[str, object]:
    """Return the type of each field of `kind`, in order of definition."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def _longest(kind: type[Entity]) -> Mapping[str, int]:
    if kind not in _LONGEST:
        _LONGEST[kind] = {name: max_length(annotation) for name, annotation in field_types(kind).items()}
    return _LONGEST[kind]


def max_length(annotation: object) -> int:
    """Return how many characters a text of this type may have."""
    if get_origin(annotation) is Annotated:
        return int(get_args(annotation)[1])
    return max((max_length(part) for part in get_args(annotation) if get_origin(part) is Annotated), default=_SHORT)


_LONGEST: Final[dict[type[Entity], Mapping[str, int]]] = {}


def texts_to_json(texts: tuple[str, ...]) -> str:
    """Return how a tuple of texts is stored."""
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def _check(name: str, value: object, longest: int) -> None:
    if isinstance(value, str):
        _check_text(name, value, longest)
    elif isinstance(value, datetime):
        if value.utcoffset() != timedelta(0):
            raise InvalidInput(name, "not_utc")
    elif isinstance(value, int):
        if not -_BEYOND_64_BITS <= value < _BEYOND_64_BITS:
            raise InvalidInput(name, "too_large")
    elif isinstance(value, tuple):
        _check_text(name, texts_to_json(value), longest)


def _check_text(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise InvalidInput(name, "too_long")
    if not can_be_stored(text):
        raise InvalidInput(name, "forbidden_character")


def can_be_stored(text: str) -> bool:
    """Tell whether an entity may hold a text: drivers and engines fail in many ways over a zero or half a surrogate."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
