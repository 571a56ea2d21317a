"""A Sanic application with a handler of every kind, for the tests of its adapter."""

from contextlib import asynccontextmanager
from datetime import timedelta

from sanic import Blueprint, HTTPResponse, Sanic
from sanic.views import HTTPMethodView

from authcore.memory import MemoryStore
from authcore.testing import build_auth
from authcore_sanic import (
    principal_of,
    requires_authentication,
    requires_fresh,
    requires_permission,
    requires_role,
    setup,
)
from tests.adapters.sites import POLICY, Site, Stage
from tests.adapters.stores import WatchedStore


class Page(HTTPMethodView):
    """A handler that is a class."""

    @requires_authentication
    async def get(self, request):
        """Tell a member's name."""
        return HTTPResponse(principal_of(request).account.email)

    @requires_permission(any_of=["invoices:read"])
    def post(self, request, number=0):
        """Tell that one may read."""
        return HTTPResponse("read")

    @requires_role(all_of=["editor"])
    async def put(self, request):
        """Tell that one has edited."""
        return HTTPResponse("edited")


class WholePage(HTTPMethodView):
    """A class whose every method is guarded."""

    decorators = [requires_authentication]  # noqa: RUF012  Sanic's own way

    async def get(self, request):
        """Tell a member's name."""
        return HTTPResponse(principal_of(request).account.email)


@requires_authentication
async def members(request):
    """Tell a member's name."""
    return HTTPResponse(principal_of(request).account.email)


@requires_authentication
def plain(request):
    """Tell a member's name, from a plain function."""
    return HTTPResponse(request.ctx.principal.account.email)


@requires_authentication
async def upload(request):
    """Count what is sent, as it comes."""
    read = 0
    async for chunk in request.stream:
        read += len(chunk)
    return HTTPResponse(str(read))


@requires_authentication
async def stream(request):
    """Tell a member's name, piece by piece."""
    response = await request.respond(content_type="text/plain")
    await response.send(principal_of(request).account.email)
    await response.send("!")
    await response.eof()


async def greet(request, websocket):
    """Tell over a websocket who is there, and note that it was done."""
    name = request.ctx.principal.display_name
    request.app.ctx.ran.append(name)
    await websocket.send(name)


async def note(request, response):
    """Add to every response."""
    response.headers["x-seen"] = "yes"


def make_app(auth):
    """Return the application."""
    Sanic.test_mode = True
    app = Sanic("kinds", configure_logging=False)
    app.config.AUTO_EXTEND = app.config.MOTD = app.config.ACCESS_LOG = app.config.TOUCHUP = False
    app.ctx.ran = []
    setup(app, auth, exempt=["/health"])
    blueprint = Blueprint("inner", url_prefix="/inner")
    blueprint.add_route(members, "/members")
    app.blueprint(blueprint)
    app.add_route(plain, "/plain")
    app.add_route(members, "/strict", strict_slashes=True, name="strict")
    app.add_route(members, "/health/guarded", name="mistaken")
    app.add_route(upload, "/upload", methods=["POST"], stream=True)
    app.add_route(stream, "/stream")
    app.add_route(Page.as_view(), "/page")
    app.add_route(WholePage.as_view(), "/whole-page")
    app.add_websocket_route(greet, "/greet")
    app.add_websocket_route(requires_authentication(greet), "/guarded", name="guarded")
    app.add_websocket_route(requires_fresh(within=timedelta(minutes=5))(greet), "/sensitive", name="sensitive")
    app.register_middleware(note, "response")
    return app


@asynccontextmanager
async def opened(host):
    """Run the application on a host."""
    auth = build_auth(store=WatchedStore(MemoryStore()), policy=POLICY)
    app = make_app(auth)
    try:
        async with host(app) as (transport, base):
            site = Site(auth, Stage(), transport, base)
            site.app = app
            yield site
    finally:
        Sanic.unregister_app(app)
