"""The text of a permission: reading, refusing and writing it.  What a permission implies is not said here.

`domain:action:instance`, or any other number of parts.  A part is a comma list of sub-parts, or `*` for every value.
Text is compared code point by code point: neither case folding nor Unicode normalisation makes two texts equal.
"""

import re
from functools import lru_cache
from typing import Final, TypeAlias

from authcore.errors import InvalidPermission

__all__ = ["ANY", "Part", "Parts", "parse", "plain", "render"]

Part: TypeAlias = frozenset[str]
Parts: TypeAlias = tuple[Part, ...]

ANY: Final[Part] = frozenset("*")

_LONGEST: Final = 255
_MOST_PARTS: Final = 16
_PARTS_KEPT: Final = 4096

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.@:-]+")

# Controls and line breaks forge lines of a log, marks of direction show a permission as another one, and a lone
# surrogate cannot be stored.
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def parse(text: object) -> Parts:
    """Return the parts of a permission in canonical form, or refuse it with the reason."""
    if not isinstance(text, str):
        raise InvalidPermission("not_text")
    if not text:
        raise InvalidPermission("empty")
    if len(text) > _LONGEST:
        raise InvalidPermission("too_long")
    texts = text.split(":")
    if len(texts) > _MOST_PARTS:
        raise InvalidPermission("too_many_parts")
    return _without_trailing_wildcards(tuple(map(_part, texts)))


def plain(text: object) -> list[str] | None:
    """Return the parts of a permission without lists and wildcards, or nothing: the short way for most of them."""
    parts = text.split(":") if isinstance(text, str) and len(text) <= _LONGEST and _PLAIN.fullmatch(text) else [""]
    return None if "" in parts or len(parts) > _MOST_PARTS else parts


def render(parts: Parts) -> str:
    """Return the canonical text of parts: sub-parts in order of their code points."""
    return ":".join(",".join(sorted(part)) for part in parts)


@lru_cache(maxsize=_PARTS_KEPT)  # very many permissions are made up of few words
def _part(text: str) -> Part:
    if not text:
        raise InvalidPermission("empty_part")
    subparts = text.split(",")
    for subpart in subparts:
        if reason := _fault(subpart):
            raise InvalidPermission(reason)
    return ANY if "*" in subparts else frozenset(subparts)


def _fault(subpart: str) -> str | None:
    """Return why a sub-part is refused."""
    if not subpart:
        return "empty_subpart"
    if _UNSAFE.search(subpart):
        return "control_character"
    if subpart[0].isspace() or subpart[-1].isspace():
        return "edge_space"
    # `report*` looks like a pattern; taken literally, it would silently grant nothing.
    return "partial_wildcard" if "*" in subpart and subpart != "*" else None


def _without_trailing_wildcards(parts: Parts) -> Parts:
    """Return equal parts for permissions that mean the same: what is not said is allowed anyway."""
    while len(parts) > 1 and parts[-1] == ANY:
        parts = parts[:-1]
    return parts
