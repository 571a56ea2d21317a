"""Reading the Authorization header from raw octets.  Whether a credential is any good is decided elsewhere.

A scheme is compared as a whole and without regard to case; one header carries one credential.  Well-formed schemes that
are not ours are left alone, since another layer may use them: they authenticate nobody here.
"""

import base64
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from authcore.errors import MalformedRequest

__all__ = ["Basic", "Bearer", "parse_authorization"]

_MAX_OCTETS: Final = 8 * 1024
_SCHEME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # auth-scheme is a token, RFC 9110 11.1
_TOKEN: Final = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")  # b64token, RFC 6750 2.1
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")  # CTL, RFC 5234 B.1


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token presented as `Bearer`, well formed and otherwise unchecked."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Basic:
    """A user and a password presented as `Basic`, unchecked; either may be empty."""

    user: str = field(repr=False)
    password: str = field(repr=False)


def parse_authorization(headers: Sequence[tuple[bytes, bytes]]) -> Bearer | Basic | None:
    """Return the one credential of the Authorization header, or None if there is none of a scheme of ours.

    Raises MalformedRequest: "duplicate_authorization" for a second header, "authorization_too_large" above 8 KiB, and
    "malformed_authorization" for what is no scheme, no b64token (RFC 6750) or no user and password (RFC 7617).
    """
    found = [value for key, value in headers if key.lower() == b"authorization"]
    if len(found) > 1:
        raise MalformedRequest("duplicate_authorization")
    return _credential(found[0].strip(b" \t")) if found else None


def _credential(line: bytes) -> Bearer | Basic | None:
    scheme, _, rest = line.partition(b" ")
    if not _SCHEME.fullmatch(scheme):
        raise _malformed()
    read = _READERS.get(scheme.lower())
    if read is None:
        return None
    if len(line) > _MAX_OCTETS:
        raise MalformedRequest("authorization_too_large")
    return read(rest.lstrip(b" "))


def _bearer(rest: bytes) -> Bearer:
    if not _TOKEN.fullmatch(rest):
        raise _malformed()
    return Bearer(rest.decode("ascii"))


def _basic(rest: bytes) -> Basic:
    user, colon, password = _decoded(rest).partition(":")
    if not colon or _CONTROL.search(user + password):
        raise _malformed()
    return Basic(user, password)


_READERS: Final[dict[bytes, Callable[[bytes], Bearer | Basic]]] = {b"bearer": _bearer, b"basic": _basic}


def _decoded(rest: bytes) -> str:
    """Return the text, or nothing at all if it is not canonical base64 of UTF-8."""
    # Nothing is raised from inside `suppress`: a decoding error carries the password into the next one's context.
    with suppress(ValueError):
        octets = base64.b64decode(rest, validate=True)
        if base64.b64encode(octets) == rest:  # one spelling only: no stray padding, no ignored bits (RFC 4648 3.5)
            return octets.decode("utf-8")
    return ""


def _malformed() -> MalformedRequest:
    return MalformedRequest("malformed_authorization")
