"""The pages in Sanic, on its own server: one route, and authcore's setup beside it.  No page is known here."""

import asyncio
import signal
import socket
from contextlib import suppress
from typing import Any, TypeAlias

from sanic import HTTPResponse, Request, Sanic
from sanic.constants import HTTP_METHODS

from authcore import Anonymous
from authcore_sanic import setup
from authcore_sanic.messages import read_body, request_of, response_of
from examples.demo.application import PATIENCE, UNGUARDED, Demo
from examples.demo.site import Site

__all__ = ["build", "serve"]

App: TypeAlias = "Sanic[Any, Any]"


def serve(demo: Demo, listening: socket.socket) -> None:
    """Serve until Ctrl-C."""
    # Not `Sanic.run`: its server may miss a Ctrl-C that comes while it starts, and has workers in a way of its own.
    asyncio.run(_serve(build(demo), listening))


async def _serve(app: App, listening: socket.socket) -> None:
    ending = _ending()
    # Any: Sanic declares no types for what it returns here.
    server: Any = await app.create_server(
        sock=listening,
        access_log=False,
        return_asyncio_server=True,
        asyncio_server_kwargs={"start_serving": False},  # not before the application is ready
    )
    await server.startup()
    await server.before_start()
    try:
        await server.start_serving()
        await server.after_start()
        await ending.wait()
    finally:
        # Requests that have begun come to their end; nobody waits for browsers to hang up.
        await server.before_stop()
        closed = server.close()
        for connection in tuple(server.connections):
            connection.close_if_idle()
        await asyncio.wait([closed], timeout=PATIENCE)
        await server.after_stop()


def _ending() -> asyncio.Event:
    """Return what is set by Ctrl-C or SIGTERM; where a loop knows no signals, Ctrl-C breaks off the loop itself."""
    ending, loop = asyncio.Event(), asyncio.get_running_loop()
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ending.set)
    return ending


def build(demo: Demo) -> App:
    """Return the application; the JSON endpoints stand below /auth."""
    app: App = Sanic("authcore-demo", env_prefix=None, configure_logging=False)
    app.config.AUTO_EXTEND = False
    setup(app, demo.auth, exempt=UNGUARDED)
    site = Site(demo)

    async def respond(request: Request, path: str = "") -> HTTPResponse:
        del path  # the site finds the page itself
        # On an unguarded path the middleware tells nobody who is calling.
        caller = getattr(request.ctx, "principal", Anonymous())
        return response_of(await site.respond(request_of(request, await read_body(request)), caller))

    async def close(_: App) -> None:
        await demo.close()

    for path in ("/", "/<path:path>"):
        app.add_route(respond, path, methods=HTTP_METHODS, stream=True, name=f"page{len(path)}")
    app.register_listener(close, "after_server_stop")
    return app
