"""What characters are, by Unicode 14.0 on every Python.  What a kind of identifier makes of them does not belong here.

Only lower-casing, normalisation, decompositions, decimal values and names are asked of the running Python: for assigned
characters Unicode has promised never to change them, while it does change categories and directions.
"""

import re
from bisect import bisect_right
from functools import cache
from itertools import accumulate
from typing import Final
from unicodedata import decimal

from authcore.identifiers.unicode14 import RUNS

__all__ = [
    "DIGITS",
    "FORBIDDEN",
    "MARKS",
    "NUMBERS",
    "UNASSIGNED",
    "WORD",
    "breaks_bidi_rule",
    "classify",
    "digit_systems",
    "spelled_with",
]

LETTERS: Final = frozenset("LRAN")
MARKS: Final = frozenset("ms")
DIGITS: Final = frozenset("dear")
NUMBERS: Final = frozenset("n")
WORD: Final = LETTERS | MARKS | DIGITS
FORBIDDEN: Final = "!"
UNASSIGNED: Final = "?"

_RIGHT_TO_LEFT: Final = frozenset("RAra")

_BIDI_RULE: Final = re.compile(
    r"(?!.*e.*a|.*a.*e)"  # 4: European and Arabic digits are not mixed
    r"[RAr]"  # 1: it begins with a right-to-left letter
    r"(?:[RAraeNm-]*"  # 2: it holds nothing left-to-right
    r"[RArae])?m*"  # 3: it ends with a letter or digit, and its marks
)
"""RFC 5893 section 2, over classes; rules 5 and 6 are about text without any right-to-left character."""


def classify(text: str) -> str:
    """Return the class of each character, one letter each; see `unicode14` for what they mean."""
    if text.isascii():
        return text.translate(_ASCII)
    starts, classes = _table()
    return "".join(classes[bisect_right(starts, ord(character)) - 1] for character in text)


def spelled_with(text: str, classes: frozenset[str], symbols: str) -> bool:
    """Tell whether each character is of one of `classes` or among `symbols`."""
    return all(kind in classes or character in symbols for character, kind in zip(text, classify(text), strict=True))


def breaks_bidi_rule(text: str) -> bool:
    """Tell whether `text` holds right-to-left characters and may be displayed in an order that deceives."""
    classes = classify(text)
    return not _RIGHT_TO_LEFT.isdisjoint(classes) and not _BIDI_RULE.fullmatch(classes)


def digit_systems(text: str) -> set[int]:
    """Return the zero of each system of decimal digits in `text`."""
    digits = (character for character, kind in zip(text, classify(text), strict=True) if kind in DIGITS)
    return {ord(digit) - decimal(digit) for digit in digits}


@cache
def _table() -> tuple[list[int], str]:
    """Return where each run starts, and the class of each run."""
    runs = re.findall(r"(\d+)(\D)", RUNS.replace("\n", ""))
    return list(accumulate((int(length) for length, _ in runs), initial=0)), "".join(kind for _, kind in runs)


def _ascii_class(character: str) -> str:
    if not character.isprintable():
        return FORBIDDEN
    return "L" if character.isalpha() else "e" if character.isdigit() else "-"


_ASCII: Final = {code: _ascii_class(chr(code)) for code in range(128)}
