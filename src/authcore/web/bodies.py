"""Reading a JSON body and its text fields, strictly.  What the fields mean belongs to the endpoints that declare them.

Two parsers that read one body differently are an attack waiting to happen, so whatever RFC 8259 leaves to the parser
(duplicate names, other encodings, numbers without bound) is refused.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn

from authcore.errors import InvalidInput, MalformedRequest, RequestTooLarge, UnsupportedMediaType

__all__ = ["Field", "fields", "read_json"]

_MAX_DEPTH: Final = 16
_MAX_DIGITS: Final = 18  # fits into 64 bits
_MAX_NAME: Final = 64
_UNQUOTABLE: Final = "(unprintable)"

_MEDIA_TYPE: Final = re.compile(rb'application/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?', re.IGNORECASE)
# A string that never ends is matched to the end of the text, so that no quote is scanned from twice.
_NESTING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]')
_STEPS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


@dataclass(frozen=True, slots=True)
class Field:
    """One text field that an endpoint reads."""

    name: str
    """Its name in the JSON object."""

    max_length: int
    """The most Unicode code points it may have, as `maxLength` of JSON Schema counts them."""

    required: bool = True
    """Whether its absence is refused; an optional field is left out, never null."""


def read_json(body: bytes, headers: Sequence[tuple[bytes, bytes]], *, limit: int = 16 * 1024) -> dict[str, object]:
    """Return the JSON object of a request's body.

    Raises RequestTooLarge above `limit` octets; UnsupportedMediaType unless one Content-Type says application/json and
    no coding is applied; MalformedRequest("not_utf8", "not_json", "too_deep", "duplicate_key", "number_out_of_range",
    "lone_surrogate" or "not_an_object") otherwise.
    """
    if len(body) > limit:
        raise RequestTooLarge
    _check_media_type(headers)
    text = _text(body)
    if _depth(text) > _MAX_DEPTH:
        raise MalformedRequest("too_deep")
    parsed = _parsed(text)
    if not isinstance(parsed, dict):
        raise MalformedRequest("not_an_object")
    if not _is_unicode(parsed):
        raise MalformedRequest("lone_surrogate")
    return parsed


def fields(payload: Mapping[str, object], declared: Sequence[Field]) -> dict[str, str]:
    """Return the text of every declared field that is present.

    Raises InvalidInput(field, reason) for the first field at fault: "unknown", "missing", "not_text" or "too_long".
    """
    names = {one.name for one in declared}
    for name in payload:
        if name not in names:
            raise InvalidInput(_quotable(name), "unknown")
    return {one.name: _text_of(payload, one) for one in declared if one.required or one.name in payload}


def _text_of(payload: Mapping[str, object], field: Field) -> str:
    if field.name not in payload:
        raise InvalidInput(field.name, "missing")
    value = payload[field.name]
    if not isinstance(value, str):
        raise InvalidInput(field.name, "not_text")
    if len(value) > field.max_length:
        raise InvalidInput(field.name, "too_long")
    return value


def _quotable(name: str) -> str:
    """Return a stranger's field name if it is short and printable ASCII, else a fixed word."""
    short = 0 < len(name) <= _MAX_NAME
    return name if short and name.isascii() and name.isprintable() else _UNQUOTABLE


def _check_media_type(headers: Sequence[tuple[bytes, bytes]]) -> None:
    types = [value.strip(b" \t") for key, value in headers if key.lower() == b"content-type"]
    codings = [value.strip(b" \t").lower() for key, value in headers if key.lower() == b"content-encoding"]
    if len(types) != 1 or not _MEDIA_TYPE.fullmatch(types[0]):
        raise UnsupportedMediaType
    if any(coding != b"identity" for coding in codings):
        raise UnsupportedMediaType


def _text(body: bytes) -> str:
    # Raised outside `suppress`, as below: a decoding error carries the body, and so a password, into logs.
    with suppress(UnicodeDecodeError):
        return body.decode("utf-8")
    raise MalformedRequest("not_utf8")


def _depth(text: str) -> int:
    """Return how deep arrays and objects nest, counted before parsing: the parser recurses on the caller's stack."""
    depth = deepest = 0
    for match in _NESTING.finditer(text):
        depth += _STEPS.get(match[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _parsed(text: str) -> object:
    with suppress(json.JSONDecodeError):
        parsed: object = json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_out_of_range
        )
        return parsed
    raise MalformedRequest("not_json")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedRequest("duplicate_key")
    return found


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _MAX_DIGITS:
        _out_of_range(text)
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # 1e999 is valid JSON and infinite in Python
        _out_of_range(text)
    return number


def _out_of_range(_: str) -> NoReturn:
    raise MalformedRequest("number_out_of_range")


def _is_unicode(parsed: object) -> bool:
    """Return whether every string can be written as UTF-8, which half of a surrogate pair cannot."""
    with suppress(UnicodeEncodeError):
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
        return True
    return False
