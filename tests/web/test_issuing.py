"""Handing out tokens in cookies: how long one is kept, and which headers an answer has that brings a renewed one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.auth import Issued
from authcore.cookie_settings import CookieSettings
from authcore.web import renewing, token_cookie
from tests.core.test_rotation import SESSION
from tests.core.test_validation import CHALLENGE

COOKIE = (b"set-cookie", b"__Host-authcore=new; Path=/")
NO_STORE = (b"cache-control", b"no-store")


@pytest.mark.parametrize(
    "own",
    [
        [],
        [(b"content-type", b"text/plain")],
        [(b"set-cookie", b"theme=dark"), (b"set-cookie", b"__Host-authcore-two-step=x; Path=/")],
        [(b"x-note", b"__Host-authcore=old"), (b"x-expires", b"soon"), (b"etag", b'"1"')],
    ],
)
def test_a_renewed_token_is_added(own):
    """An answer that leaves the cookie alone is given it, and no cache may keep the answer."""
    assert renewing(own, [COOKIE]) == [*own, NO_STORE, COOKIE]


@pytest.mark.parametrize(
    "name",
    [b"cache-control", b"Cache-Control", b"expires", b"Pragma", b"surrogate-control", b"CDN-Cache-Control"],
)
def test_no_cache_is_told_otherwise(name):
    """Whatever the handler has told caches is left out of an answer that brings a token."""
    assert renewing([(name, b"public, max-age=600")], [COOKIE]) == [NO_STORE, COOKIE]


@pytest.mark.parametrize("name", [b"set-cookie", b"Set-Cookie", b"SET-COOKIE"])
@pytest.mark.parametrize("value", [b"__Host-authcore=other", b"__Host-authcore=; Max-Age=0", b" __Host-authcore =x"])
def test_the_handlers_own_word_counts(name, value):
    """An answer that sets or clears the cookie itself, by logging in or out, is left as it is."""
    own = [(name, value), (b"cache-control", b"private")]
    assert renewing(own, [COOKIE]) == own


def test_nothing_renewed_changes_nothing():
    """Without a renewed token an answer is left as it is."""
    own = [(b"set-cookie", b"a=b"), (b"cache-control", b"public")]
    assert renewing(own, []) == own


@pytest.mark.parametrize(
    ("left", "max_age"),
    [(timedelta(days=30), 2592000), (timedelta(seconds=1), 1), (timedelta(microseconds=1), 1)],
)
def test_a_token_clears_no_cookie(left, max_age):
    """A cookie is kept as long as its session can last, and never for no time at all, which would clear it."""
    session = replace(SESSION, expires_at=SESSION.rotated_at + left)
    _, value = token_cookie(CookieSettings(name="__Host-authcore"), Issued(session, "token"))
    assert f"; Max-Age={max_age};".encode() in value


def test_a_token_is_kept_from_when_it_was_made():
    """A renewed token is kept for what is left of its session, and a challenge's as long as the challenge holds."""
    renewed = replace(SESSION, rotated_at=SESSION.created_at + timedelta(days=1))
    for session, lifetime in (
        (renewed, renewed.expires_at - renewed.rotated_at),
        (CHALLENGE, CHALLENGE.expires_at - CHALLENGE.created_at),
    ):
        _, value = token_cookie(CookieSettings(name="__Host-authcore"), Issued(session, "token"))
        assert f"; Max-Age={lifetime // timedelta(seconds=1)};".encode() in value
