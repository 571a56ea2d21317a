"""The canonical form of telephone numbers, after E.164.  Which numbers a country has given out is not known here."""

import re
from typing import Final

from authcore.errors import InvalidIdentifier
from authcore.identifiers.form import CanonicalIdentifier, IdentifierKind, read

__all__ = ["canonical_phone", "without_separators"]

_LONGEST_TYPED: Final = 32
_SEPARATORS: Final = str.maketrans("", "", " -./()")

_REFUSALS: Final = (
    ("not_international", re.compile(r"[^+]")),
    ("ambiguous_zero", re.compile(r".*\([ ./-]*0[ ./-]*\)")),
    ("forbidden_character", re.compile(r".+[^0-9 ./()-]")),
)
"""What may not be found in a number as typed: `(0)` is dialled at home only, and some dial it from abroad as well."""

_DIGITS: Final = (
    ("bad_start", re.compile(r"\+0")),
    ("too_short", re.compile(r"\+[0-9]{0,7}\Z")),
    ("too_long", re.compile(r"\+[0-9]{16}")),
)
"""What may not be found in a number without separators: E.164 gives a number at most 15 digits."""


def canonical_phone(text: str) -> CanonicalIdentifier:
    """Return the canonical form of a telephone number: a plus, and 8 to 15 digits.

    The plus is asked for, since what a number without it means depends on where one stands.  It is displayed
    without the separators that were typed, in the one way that every gateway dials.
    """
    typed = read(IdentifierKind.PHONE, text, longest=_LONGEST_TYPED)
    value = without_separators(typed)
    for refusals, written in ((_REFUSALS, typed), (_DIGITS, value)):
        for reason, pattern in refusals:
            if pattern.match(written):
                raise InvalidIdentifier(IdentifierKind.PHONE, reason)
    return CanonicalIdentifier(IdentifierKind.PHONE, value, display=value)


def without_separators(text: str) -> str:
    """Return `text` without what people write between digits."""
    return text.translate(_SEPARATORS)
