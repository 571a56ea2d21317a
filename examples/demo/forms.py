"""Reading what a browser's form sent.  What the fields mean, and what is wrong with them, is not known here."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qsl

from authcore.errors import MalformedRequest, RequestTooLarge, UnsupportedMediaType
from authcore.web import BODY_LIMIT, Request

__all__ = ["read_form"]

_MEDIA_TYPE: Final = re.compile(rb"application/x-www-form-urlencoded(?:[ \t]*;.*)?", re.IGNORECASE)
_MOST_FIELDS: Final = 16


def read_form(request: Request, fields: Sequence[str]) -> Mapping[str, str]:
    """Return the text of each field, empty if it was left out.

    Raises RequestTooLarge, UnsupportedMediaType, and MalformedRequest for text that is not UTF-8, for a field that was
    not asked for, and for one that comes twice.
    """
    if len(request.body) > BODY_LIMIT:
        raise RequestTooLarge
    types = [value for name, value in request.headers if name.lower() == b"content-type"]
    if len(types) != 1 or not _MEDIA_TYPE.fullmatch(types[0]):
        raise UnsupportedMediaType
    pairs = _pairs(request.body)
    found = dict(pairs)
    if len(found) < len(pairs) or not found.keys() <= set(fields):
        raise MalformedRequest("unexpected_field")
    return {name: found.get(name, "") for name in fields}


def _pairs(body: bytes) -> list[tuple[str, str]]:
    # Raised outside `suppress`: a decoding error carries the body, and so a password, into logs.
    with suppress(ValueError):
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    raise MalformedRequest("not_a_form")
