"""What names an account, in one canonical form each.  Whether a name is taken, or proven, is decided elsewhere.

Everything here is a pure function of its text: no answer depends on Python's Unicode version, on an installed extra,
on a clock or on chance, so that equality of stored values *is* identity.  Every refusal is an InvalidIdentifier.
"""

from collections.abc import Callable, Mapping
from typing import Final
from unicodedata import normalize

from authcore.errors import InvalidIdentifier
from authcore.identifiers.email import canonical_email
from authcore.identifiers.external import canonical_external
from authcore.identifiers.form import CANONICAL_FORM, CanonicalIdentifier, IdentifierKind, fold
from authcore.identifiers.phone import canonical_phone, without_separators
from authcore.identifiers.username import canonical_username, fold_username

__all__ = [
    "ADDRESSES",
    "CANONICAL_FORM",
    "TYPED",
    "CanonicalIdentifier",
    "IdentifierKind",
    "beginnings",
    "canonical_email",
    "canonical_external",
    "canonical_phone",
    "canonical_username",
    "canonicalise",
    "recognise",
]

_RULES: Final[Mapping[IdentifierKind, Callable[[str], CanonicalIdentifier]]] = {
    IdentifierKind.EMAIL: canonical_email,
    IdentifierKind.USERNAME: canonical_username,
    IdentifierKind.PHONE: canonical_phone,
}

TYPED: Final = frozenset(_RULES)
"""The kinds that a person can type; the others are made by `canonical_external` alone."""


ADDRESSES: Final = frozenset({IdentifierKind.EMAIL, IdentifierKind.PHONE})
"""The kinds that a message can be sent to."""


def canonicalise(kind: IdentifierKind, text: str) -> CanonicalIdentifier:
    """Return the canonical form of `text` as an identifier of a kind that a person can type."""
    return _RULES[kind](text)


def recognise(text: str) -> CanonicalIdentifier:
    """Return the canonical form of what was typed into a login form, whichever kind it is.

    The kinds cannot be confused: only an address holds an at sign, and only a number begins with a plus.
    """
    if not isinstance(text, str):
        raise InvalidIdentifier("identifier", "not_text")
    return canonicalise(_kind_of(text), text)


def beginnings(text: str) -> tuple[str, ...]:
    """Return how the ids of names begin that somebody has typed the beginning of, in order.

    It refuses nothing: with what could be no name, none begins.  Of an international domain its A-labels count.
    """
    typed = text.strip(" ")
    if _kind_of(typed) is IdentifierKind.PHONE:
        return (f"{IdentifierKind.PHONE}:{without_separators(typed)}",)
    typed = normalize("NFC", typed)
    return (f"{IdentifierKind.EMAIL}:{fold(typed)}", f"{IdentifierKind.USERNAME}:{fold_username(typed)}")


def _kind_of(text: str) -> IdentifierKind:
    if "@" in text:
        return IdentifierKind.EMAIL
    return IdentifierKind.PHONE if text.lstrip(" ").startswith("+") else IdentifierKind.USERNAME
