"""Websockets under the ASGI middleware: who may open one, and what becomes of a refusal."""

from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from authcore.errors import StoreFault
from authcore_asgi import AuthMiddleware, principal_of, requires_authentication, requires_fresh
from tests.adapters.people import ADA, BOB, FOREIGN_ORIGIN, ORIGIN, cookie
from tests.adapters.sites import Site, Stage
from tests.adapters.websockets import Handshake, from_here

DENIAL = "websocket.http.response"
REFUSED_ORIGINS = {
    "none": [],
    "foreign": [("origin", FOREIGN_ORIGIN)],
    "null": [("origin", "null")],
    "same-site": [("sec-fetch-site", "same-site")],
}


async def greet(websocket: WebSocket):
    """Tell who is there, and leave."""
    await websocket.accept()
    await websocket.send_text(websocket.user.display_name)
    await websocket.close()


@requires_authentication
async def guarded(websocket: WebSocket):
    """Greet members only."""
    await greet(websocket)


@requires_fresh(within=timedelta(minutes=5))
async def sensitive(websocket: WebSocket):
    """Greet those who have just logged in."""
    await greet(websocket)


@requires("authenticated")
async def guarded_by_starlette(websocket: WebSocket):
    """Greet members only, in Starlette's words."""
    await greet(websocket)


async def late(websocket: WebSocket):
    """Accept first, and ask who it is afterwards."""
    await websocket.accept()
    await websocket.send_text(principal_of(websocket).account.email)


@pytest.fixture
async def token(auth):
    """Somebody's token."""
    return await Site(auth, Stage(), None, "").token(ADA)


@pytest.fixture
def app(auth):
    """An application with websockets, open and guarded."""
    handlers = {
        "/greet": greet,
        "/guarded": guarded,
        "/theirs": guarded_by_starlette,
        "/late": late,
        "/sensitive": sensitive,
    }
    routes = [WebSocketRoute(path, handler) for path, handler in handlers.items()]
    return AuthMiddleware(Starlette(routes=routes), auth=auth, exempt=["/exempt"])


async def test_member_is_greeted(app, token):
    """With the cookie, from a page of the site, a websocket opens for its owner."""
    for path in ("/greet", "/guarded", "/theirs", "/late"):
        handshake = Handshake(app, path, *from_here(cookie(session=token)))
        assert (await handshake.run())[0] == "websocket.accept"
        assert handshake.texts == [ADA]


@pytest.mark.parametrize("headers", REFUSED_ORIGINS.values(), ids=REFUSED_ORIGINS)
async def test_websocket_from_elsewhere_is_refused(app, token, headers):
    """With the cookie and from a page of another site, or from nowhere, no websocket opens, not even an open one."""
    for path in ("/greet", "/guarded"):
        handshake = Handshake(app, path, cookie(session=token), *headers)
        assert await handshake.run() == ["websocket.close"]
        assert handshake.sent[0]["code"] == 1008


@pytest.mark.parametrize("headers", list(REFUSED_ORIGINS.values())[1:], ids=list(REFUSED_ORIGINS)[1:])
async def test_websocket_from_elsewhere_is_refused_to_nobody_too(app, headers):
    """A page of another site opens no websocket without a cookie either."""
    assert await Handshake(app, "/greet", *headers).run() == ["websocket.close"]


async def test_program_without_cookies(app):
    """A program that is no browser opens a websocket as nobody."""
    handshake = Handshake(app, "/greet")
    assert (await handshake.run())[0] == "websocket.accept"
    assert handshake.texts == [""]


async def test_nobody_is_refused_by_a_guard(app, token):
    """A guard closes the handshake of whoever is not logged in, before it is accepted."""
    for sent in ([], [cookie(session="garbage")], [cookie(session=token[:-1])]):
        handshake = Handshake(app, "/guarded", *from_here(*sent))
        assert (await handshake.run(), handshake.sent[0]["code"]) == (["websocket.close"], 1008)
        assert await Handshake(app, "/theirs", *from_here(*sent)).run() == ["websocket.close"]


async def test_refusal_is_told_where_the_server_can(app):
    """Where the server can answer a handshake with a response, the refusal is the problem document."""
    handshake = Handshake(app, "/guarded", *from_here(), extensions=[DENIAL])
    assert await handshake.run() == [f"{DENIAL}.start", f"{DENIAL}.body"]
    start, body = handshake.sent
    assert start["status"] == 401
    assert (b"content-type", b"application/problem+json") in start["headers"]
    assert b'"code":"not_authenticated"' in body["body"]


async def test_old_login_opens_no_sensitive_websocket(app, auth, token):
    """A guard that asks for a fresh login closes the handshake of whoever has logged in too long ago."""
    sent = from_here(cookie(session=token))
    assert (await Handshake(app, "/sensitive", *sent).run())[0] == "websocket.accept"
    auth.clock.advance(timedelta(minutes=5))
    assert await Handshake(app, "/sensitive", *sent).run() == ["websocket.close"]
    handshake = Handshake(app, "/sensitive", *sent, extensions=[DENIAL])
    await handshake.run()
    assert b'"code":"reauthentication_required"' in handshake.sent[1]["body"]


async def test_store_that_fails_opens_nothing(app, auth, token):
    """While the store fails no websocket opens for somebody."""
    auth.store.fault = StoreFault("down")
    assert await Handshake(app, "/greet", *from_here(cookie(session=token))).run() == ["websocket.close"]


async def test_twice_the_cookie_opens_nothing(app, token):
    """Two cookies of the session's name open no websocket."""
    sent = from_here(cookie(session=token), cookie(session=token))
    assert await Handshake(app, "/greet", *sent).run() == ["websocket.close"]


async def test_refusal_after_the_handshake_ends_the_handler(app):
    """Once a websocket is open, a refusal cannot be told: the handler ends there, and the server closes it."""
    handshake = Handshake(app, "/late", ("origin", ORIGIN))
    with pytest.raises(Exception, match="Log in first"):
        await handshake.run()
    assert [event["type"] for event in handshake.sent] == ["websocket.accept"]


async def test_open_costs_one_read(app, auth, token):
    """A handshake costs one round trip with a credential, and none without."""
    await Site(auth, Stage(), None, "").enrol(BOB)
    auth.store.calls.clear()
    await Handshake(app, "/greet", *from_here()).run()
    assert auth.store.calls == []
    await Handshake(app, "/guarded", *from_here(cookie(session=token))).run()
    assert auth.store.calls == ["caller"]


async def test_exempt_websocket_is_not_looked_at(auth):
    """On an exempt path nobody looks at a handshake: the application gets the very scope."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    await Handshake(AuthMiddleware(app, auth=auth, exempt=["/greet"]), "/greet", ("origin", FOREIGN_ORIGIN)).run()
    assert "user" not in seen[0]
