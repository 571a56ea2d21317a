"""What a password may be, and the one form in which it is hashed.  Nothing here hashes, stores or draws anything.

The rules are those of NIST SP 800-63B-4, 3.1.1.2, and of OWASP ASVS 5.0, 6.2: length counts code points, there is no
rule of composition, nothing is ever cut off, and the *whole* password is compared with what attackers try first:

- common: a word of the shipped list; a string of runs (`abcdef`, `qwerty`, `2222`); a unit repeated, if the unit is
  short or itself common; any of these with digits and punctuation around it that are few, a run or repeated.
- own words: nothing but the account's own words, forwards or backwards, and digits and punctuation.
"""

import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from string import digits, punctuation
from typing import Final
from unicodedata import normalize

from authcore.errors import InvalidPassword

__all__ = ["accept_new", "normalise"]

_SHORT_UNIT: Final = 8  # No policy allows a shorter password, and typing it twice makes it no better.
_SHORT_WORD: Final = 4  # Shorter own words stand in too many good passwords by chance.
_RUN: Final = 3  # Fewer characters in a row are neighbours by chance.
_NOT_LETTERS: Final = digits + punctuation + " "

# Neighbours in an alphabet or on a keyboard: US, German, French and Russian, and the columns of digits and letters.
_ROWS: Final = """
    abcdefghijklmnopqrstuvwxyzab абвгдеёжзийклмнопрстуфхцчшщъыьэюя 01234567890123 !@#$%^&*()_+ 1234567890-=
    qwertyuiop[] asdfghjkl;' zxcvbnm,./ qwertzuiopü asdfghjklöä yxcvbnm,.- azertyuiop qsdfghjklm wxcvbn,;:!
    йцукенгшщзхъ фывапролджэ ячсмитьбю. 1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm 8ik, 9ol. 0p;/
""".split()  # noqa: SIM905 - it reads as a table


def _triples() -> Iterator[str]:
    """Three neighbours in a row, in either direction."""
    for row in _ROWS:
        for start in range(len(row) - _RUN + 1):
            yield row[start : start + _RUN]
            yield row[start : start + _RUN][::-1]


_TRIPLES: Final = frozenset(_triples())


def normalise(password: str, *, max_length: int = 256, field: str = "password") -> str:
    """Return the form of a password that is hashed and verified: NFKC, so that every keyboard types the same one.

    It is for old and new passwords alike; an empty one comes back empty.  A character that Python's tables do not know
    passes as it is.  Raises `InvalidPassword`, which names `field`: not_text, too_long or malformed.
    """
    if not isinstance(password, str):
        raise InvalidPassword("not_text", field=field)
    # Before anything else looks at it: a megabyte must cost its sender more than us.
    if len(password) > max_length:
        raise InvalidPassword("too_long", field=field)
    # Lone surrogates are legal in JSON and have no bytes.  Asking the codec would keep the password in its exception.
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise InvalidPassword("malformed", field=field)
    text = normalize("NFKC", password)
    # NFKC makes up to eighteen characters of one.
    if len(text) > max_length:
        raise InvalidPassword("too_long", field=field)
    return text


def accept_new(
    password: str, *, min_length: int, max_length: int, own_words: Iterable[str], field: str = "password"
) -> str:
    """Return a new password's normal form, or raise `InvalidPassword` with the reason.

    `own_words` are what a stranger knows of the account: username, addresses, the name of the site; addresses are taken
    apart here.  Reasons, in order of judging: not_text, too_long, malformed, too_short (of the normal form), common,
    own_words.
    """
    text = normalise(password, max_length=max_length, field=field)
    if len(text) < min_length:
        raise InvalidPassword("too_short", field=field)
    folded = _fold(text)
    if _is_common(folded):
        raise InvalidPassword("common", field=field)
    if _is_own(folded, own_words):
        raise InvalidPassword("own_words", field=field)
    return text


def _fold(text: str) -> str:
    """The form in which passwords and words are compared; never the one that is hashed."""
    return normalize("NFKC", text.casefold())


@cache
def _common_words() -> frozenset[str]:
    """The shipped list, read when first needed (some milliseconds)."""
    packed = (files("authcore") / "data" / "common_passwords.bin").read_bytes()
    return frozenset(zlib.decompress(packed).decode().split("\n"))


def _is_common(text: str) -> bool:
    """Whether attackers try it first: a word, a run, a repetition, or one of these decorated."""
    return text in _common_words() or _is_predictable(text) or _is_decorated(text)


def _is_decorated(text: str) -> bool:
    """Whether it is something common between predictable digits and punctuation, as in `password1234567`."""
    core = text.strip(_NOT_LETTERS)
    decoration = text.replace(core, "", 1).strip(" -_.")
    return core != text and (len(decoration) < _RUN or _is_predictable(decoration)) and _is_common(core)


def _is_predictable(text: str) -> bool:
    return _is_of_runs(text) or _is_repetition(text)


def _is_of_runs(text: str) -> bool:
    """Whether every character stands among three equal or neighbouring ones, as in `abc123xyz` or `qwertyuiopasdf`."""
    in_run: set[int] = set()
    for start in range(len(text) - _RUN + 1):
        three = text[start : start + _RUN]
        if three in _TRIPLES or three == three[0] * _RUN:
            in_run.update(range(start, start + _RUN))
    return len(in_run) == len(text)


def _is_repetition(text: str) -> bool:
    """Whether it is a short or common unit, said again to its end or cut off, as in `password password`."""
    for period in range(1, (len(text) + 1) // 2 + 1):
        if text.startswith(text[period:]):
            unit = text[:period]
            return len(unit) < _SHORT_UNIT or _is_common(unit)
    return False


def _is_own(text: str, own_words: Iterable[str]) -> bool:
    """Whether own words are all there is: once those of four characters or more are taken out, no letter is left.

    Separators do not count, so `ada_lovelace-1815` is `adalovelace1815`.  A shorter word is only refused as the whole
    password, repeated or not.
    """
    words = _own_forms(own_words)
    squeezed = rest = "".join(_parts(text))
    for word in sorted(words, key=len, reverse=True):
        if not text.replace(word, ""):
            return True
        if len(word) >= _SHORT_WORD:
            rest = rest.replace(word, " ")
    return rest != squeezed and not any(character.isalpha() for character in rest)


def _own_forms(own_words: Iterable[str]) -> set[str]:
    """Each word whole, each side of its @ and each of its parts, without separators, forwards and backwards."""
    forms: set[str] = set()
    for word in own_words:
        for side in (word, *word.split("@")):
            parts = _parts(_fold(side))
            forms.update(parts, ["".join(parts)])
    return forms | {form[::-1] for form in forms}


def _parts(text: str) -> list[str]:
    """Its stretches of letters and digits."""
    return "".join(character if character.isalnum() else " " for character in text).split()
