"""The keys of a realm.  There are few, and they are known before anything is said: a script is told all that it uses.

Every kind has a hash of documents, one of versions, one of what its entities are found by, and sorted sets whose
members stand in order of their octets, which in UTF-8 is the order of code points.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from authcore.entities import ENTITIES, Entity, keys_of
from authcore.errors import ConfigurationError

__all__ = ["KeysOfKind", "Realm", "indexed"]

_REALM: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)


def indexed(kind: type[Entity]) -> tuple[str, ...]:
    """Return the fields of a kind that have an index each: those that it is found by, and then its date."""
    return keys_of(kind) if kind.DATED is None else (*keys_of(kind), kind.DATED)


@dataclass(frozen=True, slots=True)
class KeysOfKind:
    """The keys of one kind; `indexes` has one for each field that its entities are found by, or listed by."""

    documents: str
    versions: str
    values: str
    ids: str
    indexes: Mapping[str, str]

    def all(self) -> tuple[str, ...]:
        """Return all of them, in the order in which a script is told."""
        return (self.documents, self.versions, self.values, self.ids, *self.indexes.values())


class Realm:
    """One application's part of a server.

    Its name stands in braces at the beginning of each key, so that a Cluster keeps all of them on one node.
    Raises ConfigurationError for a name that is not of letters, digits, dots, hyphens and underscores.
    """

    def __init__(self, name: str) -> None:
        """Name every key."""
        if not _REALM.fullmatch(name):
            raise ConfigurationError(
                f"a realm is named by letters, digits, dots, hyphens and underscores, not {name!r}"
            )
        self.prefix: Final = f"{{{name}}}:"
        self.format: Final = f"{self.prefix}format"
        self._of = {kind: self._kind(kind) for kind in ENTITIES}

    def __getitem__(self, kind: type[Entity]) -> KeysOfKind:
        """Return the keys of a kind."""
        return self._of[kind]

    def all(self) -> Iterator[str]:
        """Every key that a realm may have."""
        yield self.format
        for keys in self._of.values():
            yield from keys.all()

    def _kind(self, kind: type[Entity]) -> KeysOfKind:
        name = f"{self.prefix}{kind.__name__}"
        by = {field: f"{name}:by:{field}" for field in ("id", *indexed(kind))}
        return KeysOfKind(name, f"{name}:version", f"{name}:values", by.pop("id"), by)
