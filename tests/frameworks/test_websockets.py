"""Websockets in every framework that has them; Sanic's are tested beside its adapter."""

import pytest

from tests.adapters.people import ADA, FOREIGN_ORIGIN, cookie
from tests.adapters.sites import Site, Stage
from tests.adapters.websockets import Handshake, from_here
from tests.frameworks.websocket_apps import APPS

DENIAL = "websocket.http.response"


@pytest.fixture(params=APPS, ids=lambda build: build.__name__)
def app(request, auth):
    """An application with websockets, open and guarded."""
    return request.param(auth)


@pytest.fixture
async def token(auth):
    """Somebody's token."""
    return await Site(auth, Stage(), None, "").token(ADA)


async def test_member_is_greeted(app, token):
    """With the cookie, from a page of the site, a websocket opens for its owner, before a guard and behind it."""
    for path in ("/greet", "/guarded"):
        handshake = Handshake(app, path, *from_here(cookie(session=token)))
        assert (await handshake.run())[0] == "websocket.accept"
        assert handshake.texts == [ADA]


async def test_websocket_from_elsewhere_is_refused(app, token):
    """A page of another site, or none, opens no websocket with the cookie, not even an open one."""
    for origin in ([("origin", FOREIGN_ORIGIN)], []):
        handshake = Handshake(app, "/greet", cookie(session=token), *origin)
        assert await handshake.run() == ["websocket.close"]


async def test_nobody_is_refused_by_a_guard(app):
    """A guard closes the handshake of whoever is not logged in, before it is accepted, with one code everywhere."""
    handshake = Handshake(app, "/guarded", *from_here())
    assert (await handshake.run(), handshake.sent[0]["code"]) == (["websocket.close"], 1008)


@pytest.mark.parametrize(
    ("path", "status", "code"), [("/guarded", 401, b'"not_authenticated"'), ("/refuse", 409, b'"username_taken"')]
)
async def test_refusal_is_told_where_the_server_can(app, path, status, code):
    """Where the server can answer a handshake with a response, a refusal of whatever origin is the problem document."""
    handshake = Handshake(app, path, *from_here(), extensions=[DENIAL])
    await handshake.run()
    assert {event["type"] for event in handshake.sent} == {f"{DENIAL}.start", f"{DENIAL}.body"}
    assert handshake.sent[0]["status"] == status
    assert code in b"".join(event.get("body", b"") for event in handshake.sent)


async def test_twice_the_cookie_opens_nothing(app, token):
    """Two cookies of the session's name open no websocket."""
    twice = from_here(cookie(session=token), cookie(session=token))
    assert await Handshake(app, "/greet", *twice).run() == ["websocket.close"]
