"""Handing out a token in its cookie.  How a cookie is written is told in `cookies`, and what is in it by `Auth`."""

from authcore.auth import Issued
from authcore.cookie_settings import CookieSettings
from authcore.entities import AuthenticationSession, TwoStepSession
from authcore.web.cookies import set_cookie

__all__ = ["token_cookie"]


def token_cookie(
    settings: CookieSettings, issued: Issued[AuthenticationSession] | Issued[TwoStepSession]
) -> tuple[bytes, bytes]:
    """Return the Set-Cookie header that carries an issued token for as long as its session can last."""
    lifetime = issued.session.expires_at - issued.session.created_at
    return set_cookie(settings, issued.token, max_age=int(lifetime.total_seconds()))
