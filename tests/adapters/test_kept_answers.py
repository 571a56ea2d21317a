"""Answers that bring a renewed token, and are kept or sent in pieces: what caches and handlers make of them."""

from contextlib import asynccontextmanager

import pytest
from sanic import HTTPResponse, Sanic
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

import authcore_sanic
from authcore_asgi import AuthMiddleware
from tests.adapters.hosts import behind_uvicorn, in_process, on_own_server
from tests.adapters.laws.asserting import token_of
from tests.adapters.people import SESSION, cookie
from tests.adapters.sites import POLICY, Site, Stage

FOR_CACHES = {
    "cache-control": "public, max-age=600",
    "cdn-cache-control": "max-age=600",
    "expires": "Tue, 01 Jan 2030 00:10:00 GMT",
}


def starlette_app(auth):
    """A page that is made once, and that any cache may keep."""
    page = PlainTextResponse("hello", headers=FOR_CACHES)

    async def send(_):
        return page

    async def stream(_):
        return StreamingResponse(iter(["hel", "lo"]), media_type="text/plain")

    return AuthMiddleware(Starlette(routes=[Route("/page", send), Route("/stream", stream)]), auth=auth)


def sanic_app(auth):
    """The same with Sanic, among other middleware."""
    Sanic.test_mode = True
    app = Sanic("kept", configure_logging=False)
    app.config.AUTO_EXTEND = app.config.MOTD = app.config.ACCESS_LOG = app.config.TOUCHUP = False
    page = HTTPResponse("hello", headers=FOR_CACHES)

    async def send(_):
        return page

    async def stream(request):
        response = await request.respond(content_type="text/plain")
        await response.send("hel")
        await response.send("lo")

    async def note(_, response):
        response.headers["x-seen"] = "yes"

    app.register_middleware(note, "response")
    authcore_sanic.setup(app, auth)
    app.add_route(send, "/page")
    app.add_route(stream, "/stream")
    return app


@asynccontextmanager
async def sanic_on(host, auth):
    """Sanic on a host."""
    app = sanic_app(auth)
    try:
        async with host(app) as place:
            yield place
    finally:
        Sanic.unregister_app(app)


PLACES = {
    "starlette": lambda auth: in_process(starlette_app(auth)),
    "sanic": lambda auth: sanic_on(on_own_server, auth),
    "sanic as ASGI": lambda auth: sanic_on(in_process, auth),
    "sanic behind uvicorn": lambda auth: sanic_on(behind_uvicorn, auth),
}


@pytest.fixture(params=PLACES.values(), ids=PLACES.keys())
async def site(request, auth):
    """The page in each place."""
    async with request.param(auth) as (transport, base):
        yield Site(auth, Stage(), transport, base)


async def renewed(site, path="/page"):
    """Ask for a page with a token that is due."""
    token = await site.token()
    site.clock.advance(POLICY.rotation)
    return await site.get(path, cookie(session=token))


def for_caches(reply):
    """What an answer tells caches."""
    return {name: value for name, value in reply.headers if name in FOR_CACHES}


async def test_no_cache_keeps_a_renewed_token(site):
    """An answer that renews a token forbids every cache to keep it, whatever its handler has said."""
    reply = await renewed(site)
    assert (reply.status, reply.body, bool(token_of(reply, SESSION))) == (200, b"hello", True)
    assert for_caches(reply) == {"cache-control": "no-store"}
    assert reply.all("cache-control") == ["no-store"]


async def test_no_handler_hands_out_what_was_renewed_for_somebody_else(site):
    """An answer that its handler keeps, and sends to the next visitor, holds nobody's token."""
    await renewed(site)
    for headers in ([], [cookie(session=await site.token("bob@example.org"))]):
        reply = await site.get("/page", *headers)
        assert (reply.status, reply.body, reply.all("set-cookie")) == (200, b"hello", [])
        assert for_caches(reply) == FOR_CACHES


async def test_answer_in_pieces_brings_it(site):
    """An answer that is sent piece by piece brings a renewed token as well."""
    reply = await renewed(site, "/stream")
    assert (reply.status, reply.body, bool(token_of(reply, SESSION))) == (200, b"hello", True)
    assert reply.all("cache-control") == ["no-store"]


async def test_other_middleware_has_its_say(site):
    """An answer that renews a token is otherwise what it would have been."""
    without = {name for name, _ in (await site.get("/page")).headers}
    assert {name for name, _ in (await renewed(site)).headers} | set(FOR_CACHES) == without | {"set-cookie"}
