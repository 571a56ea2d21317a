"""Where the sample application runs: in this process without a socket, or behind a real server on one."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager, contextmanager

import httpx2
import uvicorn
from sanic import Sanic

from authcore_asgi import AuthMiddleware
from tests.adapters.apps import EXEMPT, RECALLED, sanic_app, starlette_app
from tests.adapters.waiting import until

IN_PROCESS = "https://app.example.org"

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without it, every client would read the system's certificates


@asynccontextmanager
async def lifespan(app):
    """Send an application its lifespan's events, as a server would."""
    events, answers = asyncio.Queue(), asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}

    async def tell(event):
        events.put_nowait({"type": f"lifespan.{event}"})
        answer = await answers.get()
        assert answer["type"] == f"lifespan.{event}.complete", answer

    task = asyncio.create_task(app(scope, events.get, answers.put))
    await tell("startup")
    try:
        yield
    finally:
        await tell("shutdown")
        await task


@asynccontextmanager
async def in_process(app):
    """Run an ASGI application without a server."""
    async with lifespan(app), httpx2.ASGITransport(app, raise_app_exceptions=False) as transport:
        yield transport, IN_PROCESS


@contextmanager
def _listening():
    # Said to be TCP, so that asyncio sends at once what is to be sent, instead of waiting for more.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        yield listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def behind_uvicorn(app):
    """Run an ASGI application behind uvicorn."""
    config = uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False, lifespan="on", ws="none")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with _listening() as (listening, base):
        await server.startup([listening])
        try:
            async with httpx2.AsyncHTTPTransport(verify=_NO_TLS) as transport:
                yield transport, base
        finally:
            # What `server.shutdown` does, without its pauses.
            for listener in server.servers:
                listener.close()
            await until(lambda: not server.server_state.connections)
            await server.lifespan.shutdown()


@asynccontextmanager
async def starlette(auth, stage):
    """Starlette within the middleware, without a server."""
    async with in_process(
        AuthMiddleware(starlette_app(stage), auth=auth, exempt=EXEMPT, revocation_within=RECALLED)
    ) as host:
        yield host


@asynccontextmanager
async def starlette_behind_uvicorn(auth, stage):
    """The same behind a real server."""
    async with behind_uvicorn(
        AuthMiddleware(starlette_app(stage), auth=auth, exempt=EXEMPT, revocation_within=RECALLED)
    ) as host:
        yield host


@asynccontextmanager
async def sanic_as_asgi(auth, stage):
    """Sanic's ASGI mode, without a server."""
    app = sanic_app(auth, stage)
    try:
        async with in_process(app) as host:
            yield host
    finally:
        Sanic.unregister_app(app)


@asynccontextmanager
async def sanic_behind_uvicorn(auth, stage):
    """Sanic's ASGI mode behind a real server."""
    app = sanic_app(auth, stage)
    try:
        async with behind_uvicorn(app) as host:
            yield host
    finally:
        Sanic.unregister_app(app)


@asynccontextmanager
async def on_own_server(app):
    """Run a Sanic application on Sanic's own server."""
    with _listening() as (listening, base):
        server = await app.create_server(sock=listening, return_asyncio_server=True)
        await server.startup()
        await server.before_start()
        await server.after_start()
        await server.start_serving()
        try:
            async with httpx2.AsyncHTTPTransport(verify=_NO_TLS) as transport:
                yield transport, base
        finally:
            await server.before_stop()
            await server.close()
            for connection in server.connections:
                connection.close()
            await server.after_stop()


@asynccontextmanager
async def sanic(auth, stage):
    """Sanic's own server."""
    app = sanic_app(auth, stage)
    try:
        async with on_own_server(app) as host:
            yield host
    finally:
        Sanic.unregister_app(app)
