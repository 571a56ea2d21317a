"""What is told to a person who asks what is stored about them: a value, and how entities become part of it.

Nothing here performs I/O, reads a clock or draws randomness.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias

from authcore.audit import session_digest
from authcore.entities import Entity, Message
from authcore.personal_fields import TREATMENTS

__all__ = ["FORMAT", "AccountExport", "Plain", "Row", "is_told", "rows_of"]

Plain: TypeAlias = str | int | bool | list[str] | None
"""What JSON can say as it is."""

Row: TypeAlias = Mapping[str, Plain]

FORMAT: Final = 1
"""The version of the format: raised when something is told in another way; what is added later does not raise it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """All that is stored about a person, without what is secret: rows of plain values, by section.

    Times are ISO 8601 texts in UTC.  Sessions and challenges are named by digests, as in the trail.
    """

    format: int = FORMAT
    account_id: str
    exported_at: datetime
    sections: Mapping[str, Sequence[Row]]

    def to_json(self) -> dict[str, object]:
        """Return the same as values that `json.dumps` takes."""
        return {
            "format": self.format,
            "account_id": self.account_id,
            "exported_at": self.exported_at.isoformat(),
            **{section: [dict(row) for row in rows] for section, rows in self.sections.items()},
        }


def is_told(entity: Entity) -> bool:
    """Tell whether an export has a row of an entity: of codes the challenges tell.

    A message would tell whether its code really went out, and by that whose an address is that somebody has asked for.
    """
    return not isinstance(entity, Message) or entity.session_id is None


def rows_of(entities: Iterable[Entity]) -> tuple[Row, ...]:
    """Return what an export tells of entities."""
    return tuple(map(_row, entities))


def _row(entity: Entity) -> Row:
    treatment = TREATMENTS[type(entity)]
    shown = {name: _plain(getattr(entity, name)) for name in treatment.shown}
    digested = {name: _digest(getattr(entity, name)) for name in treatment.digested}
    return digested | shown


def _digest(text: str | None) -> str | None:
    return None if text is None else session_digest(text)


def _plain(value: object) -> Plain:
    match value:
        case datetime():
            return value.isoformat()
        case Enum():
            return str(value.value)
        case tuple():
            return [str(each) for each in value]
        case str() | int() | None:
            return value
        case _:
            raise TypeError(f"{type(value).__name__} is no plain value")
