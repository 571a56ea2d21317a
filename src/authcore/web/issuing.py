"""Handing out a token in its cookie.  How a cookie is written is told in `cookies`, and what is in it by `Auth`."""

import math
from typing import Final, TypeVar

from authcore.auth import Issued
from authcore.cookie_settings import CookieSettings
from authcore.entities import AuthenticationSession, Session
from authcore.web.cookies import set_cookie
from authcore.web.messages import Headers

__all__ = ["renewing", "token_cookie"]

S = TypeVar("S", bound=Session)

_FOR_CACHES: Final = frozenset({b"cache-control", b"expires", b"pragma", b"surrogate-control"})
_FOR_SOME_CACHES: Final = b"-cache-control"  # RFC 9213: `CDN-Cache-Control`, and so on


def token_cookie(settings: CookieSettings, issued: Issued[S]) -> tuple[bytes, bytes]:
    """Return the Set-Cookie header that carries an issued token for as long as its session can last.

    Rounded up: `Max-Age=0` would clear the cookie.
    """
    session = issued.session
    issued_at = session.rotated_at if isinstance(session, AuthenticationSession) else session.created_at
    lifetime = session.expires_at - issued_at
    return set_cookie(settings, issued.token, max_age=math.ceil(lifetime.total_seconds()))


def renewing(own: Headers, renewal: Headers) -> list[tuple[bytes, bytes]]:
    """Return the headers of a response, those of a renewed token among them.

    Whatever the response has told caches is left out: one that kept it would hand the token to the next visitor.  A
    response that sets or clears the cookie itself (it has logged somebody in, or out) is left as it is.
    """
    written = {_cookie_name(value) for name, value in own if name.lower() == b"set-cookie"}
    added = [(name, value) for name, value in renewal if _cookie_name(value) not in written]
    if not added:
        return list(own)
    return [*(header for header in own if not _is_for_caches(header[0])), (b"cache-control", b"no-store"), *added]


def _is_for_caches(name: bytes) -> bool:
    """Tell whether a header tells caches what to keep."""
    return name.lower() in _FOR_CACHES or name.lower().endswith(_FOR_SOME_CACHES)


def _cookie_name(value: bytes) -> bytes:
    return value.partition(b"=")[0].strip()
