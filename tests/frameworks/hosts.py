"""Where the sample applications run: each within the middleware, in this process, without a socket."""

from contextlib import asynccontextmanager

import httpx2
from litestar import get
from litestar.exceptions import NotFoundException

from authcore_asgi import AuthMiddleware
from authcore_asgi.litestar import AuthPlugin
from authcore_asgi.quart import setup
from tests.adapters.apps import EXEMPT, RECALLED
from tests.adapters.hosts import IN_PROCESS, in_process
from tests.frameworks.apps import django_app, fastapi_app, litestar_app, quart_app


@asynccontextmanager
async def fastapi(auth, stage):
    """FastAPI within the middleware."""
    async with in_process(
        AuthMiddleware(fastapi_app(stage), auth=auth, exempt=EXEMPT, revocation_within=RECALLED)
    ) as host:
        yield host


@asynccontextmanager
async def litestar(auth, stage):
    """Litestar within the middleware."""
    async with in_process(
        AuthMiddleware(litestar_app(stage), auth=auth, exempt=EXEMPT, revocation_within=RECALLED)
    ) as host:
        yield host


@asynccontextmanager
async def litestar_inside(auth, stage):
    """Litestar, with the middleware in its own list, where the plugin puts it.

    Without a route nobody is asked, so there is one to a page that says itself that it does not exist.
    """

    @get("/no-such-page")
    async def missing() -> None:
        raise NotFoundException

    async with in_process(
        litestar_app(stage, missing, plugins=[AuthPlugin(auth, exempt=EXEMPT, revocation_within=RECALLED)])
    ) as host:
        yield host


@asynccontextmanager
async def quart(auth, stage):
    """Quart, set up."""
    app = quart_app(stage)
    setup(app, auth, exempt=EXEMPT, revocation_within=RECALLED)
    async with in_process(app) as host:
        yield host


@asynccontextmanager
async def django(auth, stage):
    """Django within the middleware; it knows no lifespan."""
    with django_app(stage) as inner:
        app = AuthMiddleware(inner, auth=auth, exempt=EXEMPT, revocation_within=RECALLED)
        async with httpx2.ASGITransport(app, raise_app_exceptions=False) as transport:
            yield transport, IN_PROCESS
        await app.background.close()
