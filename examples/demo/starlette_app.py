"""The pages in Starlette, on uvicorn: one route, and authcore's middleware around it.  No page is known here."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from authcore import Anonymous
from authcore_asgi import AuthMiddleware
from authcore_asgi.messages import read_body, request_of, send_response
from examples.demo.application import PATIENCE, UNGUARDED, Demo
from examples.demo.site import Site

__all__ = ["build", "serve"]


def serve(demo: Demo, listening: socket.socket) -> None:
    """Serve until Ctrl-C."""
    config = uvicorn.Config(
        build(demo),
        log_level="warning",
        access_log=False,
        server_header=False,
        # uvicorn believes X-Forwarded-For from this machine unless told otherwise; there is no proxy here.
        proxy_headers=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    uvicorn.Server(config).run(sockets=[listening])


def build(demo: Demo) -> Starlette:
    """Return the application; the JSON endpoints stand below /auth."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await demo.close()

    return Starlette(
        routes=[Route("/{path:path}", _Pages(Site(demo)))],
        middleware=[Middleware(AuthMiddleware, auth=demo.auth, exempt=UNGUARDED)],
        lifespan=lifespan,
    )


class _Pages:
    """An ASGI endpoint that answers with the site's pages."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await read_body(request_of(scope), receive)
        # On an unguarded path the middleware tells nobody who is calling.
        caller = scope.get("user", Anonymous())
        await send_response(await self._site.respond(request, caller), send)
