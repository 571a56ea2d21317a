"""Reading the Cookie header and building Set-Cookie, from and to raw octets.  What a value means belongs elsewhere.

Frameworks disagree about quotes, duplicates, prefixes and white space; whoever can plant a cookie from a sibling domain
lives on that.  Here a pair ends at every semicolon, a name matches octet by octet, and nothing is unquoted or decoded.
"""

import re
from collections.abc import Sequence
from typing import Final

from authcore.cookie_settings import CookieSettings
from authcore.errors import MalformedRequest

__all__ = ["clear_cookie", "find_cookie", "set_cookie"]

_MAX_OCTETS: Final = 16 * 1024
_MAX_PAIRS: Final = 256  # browsers keep at most 150 to 180 cookies for a site
_MAX_PAIR: Final = 4096  # name and value together; browsers ignore more (RFC 6265bis 5.5)
_MAX_AGE: Final = 2**31 - 1

_VALUE: Final = re.compile(r"[!#-+\--:<-\[\]-~]*")  # *cookie-octet, RFC 6265 4.1.1


def find_cookie(headers: Sequence[tuple[bytes, bytes]], name: str) -> str | None:
    """Return the value of the one cookie called `name`, or None if there is none.

    Several Cookie headers are read as one (RFC 9113 8.2.3).  Other cookies may be garbage; ours may not: twice the same
    name raises MalformedRequest("duplicate_cookie") and impossible octets raise MalformedRequest("malformed_cookie").
    """
    found = [value for key, equals, value in _pairs(headers) if key == name and equals]
    if len(found) > 1:
        # A planted twin: neither the first nor the last can be trusted to be ours (RFC 6265bis 8.6).
        raise MalformedRequest("duplicate_cookie")
    if found and not _VALUE.fullmatch(found[0]):
        raise MalformedRequest("malformed_cookie")
    return found[0] if found else None


def set_cookie(settings: CookieSettings, value: str, *, max_age: int | None) -> tuple[bytes, bytes]:
    """Build the Set-Cookie header that stores `value` for `max_age` seconds, or until the browser closes if None.

    Raises ValueError if `value` is not made of cookie-octets (RFC 6265 4.1.1), if name and value are longer than 4096
    octets together, or if `max_age` is negative or above 31 bits.  `Expires` is never sent: `Max-Age` overrules it.
    """
    if not _VALUE.fullmatch(value):
        raise ValueError("a cookie value is made of cookie-octets only")
    if len(settings.name) + len(value) > _MAX_PAIR:
        raise ValueError(f"a cookie has at most {_MAX_PAIR} octets")
    if max_age is not None and not 0 <= max_age <= _MAX_AGE:
        raise ValueError("max_age is a number of seconds from 0 to 2147483647")
    return b"set-cookie", "; ".join([f"{settings.name}={value}", *_attributes(settings, max_age)]).encode("ascii")


def clear_cookie(settings: CookieSettings) -> tuple[bytes, bytes]:
    """Build the Set-Cookie header that removes the cookie: the attributes it was set with, no value, `Max-Age=0`."""
    return set_cookie(settings, "", max_age=0)


def _pairs(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str, str]]:
    """Return the name of each cookie, an equals sign and the value.

    Without the sign it is a nameless cookie whose value looks like a name (RFC 6265bis 5.8.3), hence never ours.
    """
    line = b"; ".join([value for key, value in headers if key.lower() == b"cookie"])
    if len(line) > _MAX_OCTETS:
        raise MalformedRequest("cookies_too_large")
    if line.count(b";") >= _MAX_PAIRS:
        raise MalformedRequest("too_many_cookies")
    # Latin-1 keeps every octet apart.  Only space and tab are trimmed: a name behind U+2000 or U+0085 is another name.
    return [pair.strip(" \t").partition("=") for pair in line.decode("latin-1").split(";")]


def _attributes(settings: CookieSettings, max_age: int | None) -> list[str]:
    attributes = {
        f"Max-Age={max_age}": max_age is not None,
        f"Domain={settings.domain}": settings.domain is not None,
        f"Path={settings.path}": True,
        "Secure": settings.secure,
        "HttpOnly": settings.http_only,
        f"SameSite={settings.same_site}": True,
    }
    return [text for text, wanted in attributes.items() if wanted]
