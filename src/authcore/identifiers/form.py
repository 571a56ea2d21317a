"""What every kind of identifier shares: a result, and how typed text is read.  No rule of one kind belongs here."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from unicodedata import normalize

from authcore.errors import InvalidIdentifier
from authcore.identifiers.characters import FORBIDDEN, UNASSIGNED, classify

__all__ = ["CANONICAL_FORM", "CanonicalIdentifier", "IdentifierKind", "check_characters", "fold", "read"]

CANONICAL_FORM: Final = 1
"""The version of these rules: a change of any answer makes it 2."""

_LONGEST_RAW: Final = 1024
"""An email address of 255 characters, each decomposed into four."""


class IdentifierKind(StrEnum):
    """What an identifier is, and so which rules hold for it."""

    EMAIL = "email"
    USERNAME = "username"
    PHONE = "phone"
    EXTERNAL = "external"
    """What an identity provider calls somebody; no person ever types it."""


@dataclass(frozen=True, slots=True)
class CanonicalIdentifier:
    """An identifier in canonical form.

    `value` is for comparing, and equal for all spellings of one name; `display` is what was typed, without surrounding
    spaces and in NFC: what to show, and where to send.  Send to the display that the account keeps, never to one typed
    later: that may be a stranger's mailbox which shares the value.
    """

    kind: IdentifierKind
    value: str
    display: str

    @property
    def id(self) -> str:
        """The identity of this name among all kinds, such as `email:ada@example.org`."""
        return f"{self.kind}:{self.value}"


def read(kind: IdentifierKind, text: object, *, longest: int) -> str:
    """Return what was typed, without surrounding spaces and in NFC; at most `longest` characters."""
    if not isinstance(text, str):
        raise InvalidIdentifier(kind, "not_text")
    # First of all, lest megabytes be classified and normalised for a stranger.
    if len(text) > _LONGEST_RAW:
        raise InvalidIdentifier(kind, "too_long")
    stripped = text.strip(" ")
    check_characters(kind, stripped)
    return _within(kind, normalize("NFC", stripped), longest)


def check_characters(kind: IdentifierKind, text: str) -> None:
    """Refuse controls, surrogates, and what a later Unicode might normalise in another way."""
    classes = classify(text)
    if UNASSIGNED in classes:
        raise InvalidIdentifier(kind, "unassigned")
    if FORBIDDEN in classes:
        raise InvalidIdentifier(kind, "forbidden_character")


def fold(text: str) -> str:
    """Return `text` in lower case and NFC, both Greek sigmas made one.

    Which sigma `str.lower` writes depends on the neighbours and on the Unicode version; to a reader they are the same.
    """
    return normalize("NFC", text.lower().replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}"))


def _within(kind: IdentifierKind, text: str, longest: int) -> str:
    if not text:
        raise InvalidIdentifier(kind, "empty")
    if len(text) > longest:
        raise InvalidIdentifier(kind, "too_long")
    return text
