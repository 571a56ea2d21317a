"""Websockets under Sanic, in its ASGI mode and on its own server: who may open one, and what a guard does."""

from datetime import timedelta

import pytest
from websockets import ConnectionClosed, InvalidStatus, connect

from tests.adapters.hosts import in_process, on_own_server
from tests.adapters.people import ADA, FOREIGN_ORIGIN, ORIGIN, cookie
from tests.adapters.sanic_pages import opened
from tests.adapters.websockets import Handshake, from_here


async def test_websocket_under_an_asgi_server():
    """A websocket opens for its owner from a page of the site; over HTTP/2 too, where no header announces it."""
    async with opened(in_process) as site:
        sent = cookie(session=await site.token())
        for path in ("/greet", "/guarded"):
            handshake = Handshake(site.app, path, *from_here(sent))
            assert (await handshake.run())[0] == "websocket.accept"
            assert handshake.texts == [ADA]


@pytest.mark.parametrize(
    "headers", [[], [("origin", FOREIGN_ORIGIN)], [("origin", "null")]], ids=["no-origin", "foreign", "null"]
)
async def test_websocket_from_elsewhere_is_refused(headers):
    """A page of another site opens no websocket with the cookie, and no handler runs."""
    async with opened(in_process) as site:
        handshake = Handshake(site.app, "/greet", cookie(session=await site.token()), *headers)
        assert "websocket.accept" not in await handshake.run()
        assert site.app.ctx.ran == []


async def test_guarded_websocket_says_nothing_to_nobody():
    """Behind a guard a websocket's handler does not run for nobody."""
    async with opened(in_process) as site:
        handshake = Handshake(site.app, "/guarded", *from_here())
        await handshake.run()
        assert (handshake.texts, site.app.ctx.ran) == ([], [])


async def test_old_login_opens_no_sensitive_websocket():
    """Behind a guard that asks for a fresh login a websocket's handler does not run for an old one."""
    async with opened(in_process) as site:
        sent = from_here(cookie(session=await site.token()))
        fresh = Handshake(site.app, "/sensitive", *sent)
        await fresh.run()
        site.clock.advance(timedelta(minutes=5))
        old = Handshake(site.app, "/sensitive", *sent)
        await old.run()
        assert (fresh.texts, old.texts, site.app.ctx.ran) == ([ADA], [], [ADA])


async def test_websocket_on_the_own_server():
    """On Sanic's own server a websocket opens for its owner; from elsewhere it is answered with the refusal."""
    async with opened(on_own_server) as site:
        sent = dict([cookie(session=await site.token())])
        for path in ("/greet", "/guarded"):
            url = f"{site.base.replace('http', 'ws')}{path}"
            async with connect(url, origin=ORIGIN, additional_headers=sent) as websocket:
                assert await websocket.recv() == ADA
            for origin in (FOREIGN_ORIGIN, "null", None):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(url, origin=origin, additional_headers=sent)
                assert refused.value.response.status_code == 403
                assert b'"code":"cross_site_request"' in refused.value.response.body
        assert site.app.ctx.ran == [ADA, ADA]


async def test_guarded_websocket_on_the_own_server():
    """On Sanic's own server a guarded websocket closes on nobody without a word."""
    async with opened(on_own_server) as site:
        url = f"{site.base.replace('http', 'ws')}/guarded"
        async with connect(url, origin=ORIGIN) as websocket:
            with pytest.raises(ConnectionClosed):
                await websocket.recv()
        assert site.app.ctx.ran == []
