"""Hypothesis strategies for entities of every kind, made from the types of their fields.

They need the extra `testing`.
"""

from datetime import UTC, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Final, TypeVar, Union, get_args, get_origin

from hypothesis import strategies as st

from authcore.entities import ENTITIES, Entity
from authcore.entities.base import field_types, max_length

__all__ = ["LOOKALIKES", "entities", "entities_of", "texts"]

E = TypeVar("E", bound=Entity)

LOOKALIKES: Final = (
    *("ada", "Ada", "ADA", "ada ", " ada", "ada  ", "ada\t", "ada\n", "ada\r\n"),
    *("a\u200bda", "\ufeffada", "\uff41\uff44\uff41", "ad\u00e1", "ada\u0301"),
    *("e", "\u00e9", "e\u0301", "\u00c5", "A\u030a", "\u212b", "stra\u00dfe", "strasse", "STRASSE", "\u017f", "s"),
    *("i", "I", "\u0131", "\u0130", "i\u0307", "\ufb01", "fi", "\u03a9", "\u2126", "\u03c3", "\u03c2"),
    *("3", "\u0663", "03", "3.0", "3e0", "+3", "0x3"),
    *("%", "_", "a%", "a_a", "\\", "\\\\", "\\%", "\\n", "*", "?", "[a-z]", "{a}", "a:b", "a/b", "a.b", "a|b"),
    *("'", "''", '"', "`", "'; DROP TABLE authcore_account; --", "' OR '1'='1", "$1", ":sought", "?1", "%s", "{0}"),
    *("null", "NULL", "None", "nil", "true", "[]", "{}", '""', "-", "--", "/*", "#", "\x01", "\x1b", "\x7f", "\x85"),
    *("\U0001f600", "\U0001f601", "\U0001f469", "\U0001f469\u200d\U0001f467", "\U0001d11e", "\U0010ffff"),
    *("\u2028", "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff"),
)
"""Texts that some store takes for another one, or for something other than text; no two of them are equal."""

_CHARACTERS: Final = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
_BEYOND_64_BITS: Final = 2**63


def texts(longest: int) -> st.SearchStrategy[str]:
    """Draw texts of at most `longest` characters: any that an entity may hold, and awkward ones often."""
    awkward = [text for text in LOOKALIKES if len(text) <= longest]
    return st.one_of(st.sampled_from(["", *awkward]), st.text(_CHARACTERS, max_size=longest))


def entities(kind: type[E], /, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[E]:
    """Draw entities of one kind that were never stored; `fields` replaces the strategies of some fields."""
    drawn = {name: _values(annotation) for name, annotation in field_types(kind).items()}
    return st.builds(kind, **(drawn | {"version": st.just(0)} | fields))


def entities_of(*kinds: type[Entity]) -> st.SearchStrategy[Entity]:
    """Draw entities of any of these kinds, or of any kind at all, that were never stored."""
    return st.one_of([entities(kind) for kind in kinds or ENTITIES])


def _values(annotation: object) -> st.SearchStrategy[object]:
    if get_origin(annotation) in {Union, UnionType}:
        return st.one_of([_values(part) for part in get_args(annotation)])
    if get_origin(annotation) is Annotated:
        plain, longest = get_args(annotation)
        return texts(longest) if plain is str else _tuples(longest)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    return _PLAIN[annotation]


def _tuples(longest: int) -> st.SearchStrategy[tuple[str, ...]]:
    # JSON writes some characters in six, and a tuple is as long as its JSON.
    return st.lists(texts(longest // 100), max_size=10).map(tuple)


_PLAIN: Final[dict[object, st.SearchStrategy[object]]] = {
    NoneType: st.none(),
    str: texts(max_length(str)),
    int: st.integers(-_BEYOND_64_BITS, _BEYOND_64_BITS - 1),
    bool: st.booleans(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}
