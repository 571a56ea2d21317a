"""The cookies of the pages: what a browser presents, and what is handed to it.  What they open, `Auth` decides."""

from typing import Final

from authcore import AuthenticationSession, CaptchaSession, CookieSettings, Issued, TwoStepSession
from authcore.errors import NotAuthenticated
from authcore.web import clear_cookie, find_cookie, set_cookie, token_cookie
from examples.demo.application import Demo
from examples.demo.pages.page import Visit

__all__ = [
    "NOTICE_COOKIE",
    "captcha_cookie",
    "captcha_token",
    "challenge_cookie",
    "challenge_token",
    "no_challenge",
    "no_session",
    "notice",
    "session_cookie",
    "session_token",
]

NOTICE_COOKIE: Final = CookieSettings(name="__Host-demo-notice")
"""Carries the name of a notice to the next page, and nothing personal."""

_NOTICE_LIFETIME: Final = 60


def session_token(demo: Demo, visit: Visit) -> str:
    """Return the token of the session that this browser presents; raises NotAuthenticated if there is none."""
    token = demo.access.session_token(visit.request)
    if token is None:
        raise NotAuthenticated
    return token


def challenge_token(demo: Demo, visit: Visit) -> str | None:
    """Return the token of the challenge that this browser is about to answer, if any; it is not checked yet."""
    return find_cookie(visit.request.headers, demo.auth.policy.challenge_cookie.name)


def captcha_token(demo: Demo, visit: Visit) -> str | None:
    """Return the token of the captcha that this browser was shown, if any; it is not checked yet."""
    return find_cookie(visit.request.headers, demo.auth.policy.captcha_cookie.name)


def captcha_cookie(demo: Demo, issued: Issued[CaptchaSession]) -> tuple[bytes, bytes]:
    """Return the header that hands out a captcha."""
    return token_cookie(demo.auth.policy.captcha_cookie, issued)


def session_cookie(demo: Demo, issued: Issued[AuthenticationSession]) -> tuple[bytes, bytes]:
    """Return the header that hands out a session."""
    return token_cookie(demo.auth.policy.session_cookie, issued)


def challenge_cookie(demo: Demo, issued: Issued[TwoStepSession]) -> tuple[bytes, bytes]:
    """Return the header that hands out a challenge."""
    return token_cookie(demo.auth.policy.challenge_cookie, issued)


def no_session(demo: Demo) -> tuple[bytes, bytes]:
    """Return the header that has the browser forget its session."""
    return clear_cookie(demo.auth.policy.session_cookie)


def no_challenge(demo: Demo) -> tuple[bytes, bytes]:
    """Return the header that has the browser forget its challenge."""
    return clear_cookie(demo.auth.policy.challenge_cookie)


def notice(name: str) -> tuple[bytes, bytes]:
    """Return the header that has the next page say something, once."""
    return set_cookie(NOTICE_COOKIE, name, max_age=_NOTICE_LIFETIME)
