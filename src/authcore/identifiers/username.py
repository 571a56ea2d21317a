"""The canonical form of usernames, after RFC 8265's UsernameCaseMapped.  Taken and reserved names are unknown here."""

from collections.abc import Callable, Sequence
from typing import Final
from unicodedata import decomposition, is_normalized, name

from authcore.errors import InvalidIdentifier
from authcore.identifiers.characters import MARKS, WORD, breaks_bidi_rule, classify, digit_systems, spelled_with
from authcore.identifiers.form import CanonicalIdentifier, IdentifierKind, fold, read

__all__ = ["canonical_username", "fold_username"]

_LONGEST: Final = 32
_SYMBOLS: Final = "._-"

_COMMON: Final = frozenset({"COMBINING", "DIGIT", "FULL", "HYPHEN-MINUS", "LOW"})
"""First words of the names of what goes with any script: accents, ASCII digits, and the three symbols."""

_TOGETHER: Final = (
    frozenset({"CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HENTAIGANA"}),
    frozenset({"CJK", "IDEOGRAPHIC", "BOPOMOFO"}),
    frozenset({"CJK", "HANGUL"}),
    frozenset({"ARABIC", "ARABIC-INDIC", "EXTENDED"}),
)
"""Scripts that one language writes together; in Arabic, the letters and either system of digits."""


def canonical_username(text: str) -> CanonicalIdentifier:
    """Return the canonical form of a username.

    Full-width and half-width forms become ordinary ones, capitals small, accents composed (RFC 8265 section 3.3); what
    then remains is letters, marks and digits of one script, and `.`, `_`, `-`.  Lengths are measured in NFC.
    """
    display = read(IdentifierKind.USERNAME, text, longest=_LONGEST)
    value = fold_username(display)
    for reason, breaks in _REFUSALS:
        if breaks(value):
            raise InvalidIdentifier(IdentifierKind.USERNAME, reason)
    return CanonicalIdentifier(IdentifierKind.USERNAME, value, display)


def fold_username(text: str) -> str:
    """Return `text` as `fold` does, full-width and half-width forms made ordinary ones."""
    return fold("".join(map(_ordinary_width, text)))


def _ordinary_width(character: str) -> str:
    form, _, code = decomposition(character).partition(" ")
    return chr(int(code, 16)) if form in {"<wide>", "<narrow>"} else character


def _is_too_long(value: str) -> bool:
    return len(value) > _LONGEST


def _holds_forbidden(value: str) -> bool:
    # RFC 8264 section 9.17: a character that is another one in disguise names nobody.
    return not (spelled_with(value, WORD, _SYMBOLS) and is_normalized("NFKC", value))


def _starts_badly(value: str) -> bool:
    return value[0] in _SYMBOLS or classify(value[0]) in MARKS


def _mixes_digits(value: str) -> bool:
    return len(digit_systems(value)) > 1


def _mixes_scripts(value: str) -> bool:
    # A Cyrillic letter among Latin ones makes a second "admin" that no reader tells from the first.
    scripts = {_script(character) for character in value} - _COMMON
    return len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER)


def _script(character: str) -> str:
    # Of all letters, only Tangut ideographs have no name in Python.
    return name(character, "TANGUT IDEOGRAPH").partition(" ")[0]


_REFUSALS: Final[Sequence[tuple[str, Callable[[str], bool]]]] = (
    ("too_long", _is_too_long),
    ("forbidden_character", _holds_forbidden),
    ("bad_start", _starts_badly),
    ("mixed_digits", _mixes_digits),
    ("mixed_scripts", _mixes_scripts),
    ("mixed_directions", breaks_bidi_rule),
)
