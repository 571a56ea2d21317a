"""Who is calling in the words of FastAPI, Litestar and Quart, and what each of them makes of exceptions by itself."""

import asyncio
from datetime import timedelta

import pytest
from litestar import Litestar, Request, Router, get
from litestar.middleware import DefineMiddleware
from quart import Blueprint, Quart, request

from authcore import Requirement
from authcore.errors import ConfigurationError, UsernameTaken
from authcore_asgi import AuthMiddleware, admit, principal_of, requires_authentication
from authcore_asgi.litestar import AuthPlugin, admits
from tests.adapters.hosts import lifespan
from tests.adapters.laws.asserting import is_problem
from tests.adapters.people import ADA, PASSWORD, cookie
from tests.adapters.waiting import until


@get("/me", guards=[admits()])
async def me(request: Request) -> dict[str, str]:
    """Tell a member's name."""
    return {"who": request.user.display_name, "kind": type(request.auth).__name__}


@get("/decorated", sync_to_thread=False)
@requires_authentication
def decorated(request: Request) -> str:
    """Tell a member's name, from a plain function behind our decorator."""
    return principal_of(request).display_name


@get("/readers")
async def readers() -> str:
    """Tell that one may read."""
    return "read"


@get("/sensitive", guards=[admits(within=timedelta(minutes=5))])
async def sensitive() -> str:
    """Tell that one has just logged in."""
    return "in"


BELOW = Router("/below", route_handlers=[readers], guards=[admits(Requirement(all_of="invoices:read"))])
HANDLERS = [me, decorated, sensitive, BELOW]


def outermost(auth):
    """Litestar within the middleware."""
    return AuthMiddleware(Litestar(HANDLERS), auth=auth)


def plugged(auth):
    """Litestar with the plugin."""
    return Litestar(HANDLERS, plugins=[AuthPlugin(auth)])


def listed(auth):
    """Litestar with the middleware in `middleware=`, by hand: it answers no endpoints there."""
    return Litestar(HANDLERS, middleware=[DefineMiddleware(AuthMiddleware, auth=auth)])


@pytest.mark.parametrize("place", [outermost, plugged, listed], ids=lambda place: place.__name__)
async def test_litestar_knows_its_user(auth, visit, place):
    """Litestar's handlers and guards, of one route or of many, know who is calling, wherever the middleware stands."""
    site = visit(place(auth))
    sent = cookie(session=await site.token())
    for path in ("/me", "/decorated", "/below/readers"):
        is_problem(await site.get(path), 401, "not_authenticated")
    is_problem(await site.get("/below/readers", sent), 403, "permission_denied")
    assert (await site.get("/me", sent)).json() == {"who": ADA, "kind": "Credentials"}
    assert (await site.get("/decorated", sent)).body == ADA.encode()
    account = await site.auth.find_account(ADA)
    await site.auth.assign_role(account_id=account.id, role="clerk", permissions=["invoices"])
    assert (await site.get("/below/readers", sent)).body == b"read"


@pytest.mark.parametrize("place", [outermost, plugged, listed], ids=lambda place: place.__name__)
async def test_litestar_asks_for_a_fresh_login(auth, visit, place):
    """A guard of Litestar's may ask how long ago its caller logged in; a time that lets in nobody is refused."""
    site = visit(place(auth))
    sent = cookie(session=await site.token())
    assert (await site.get("/sensitive", sent)).body == b"in"
    auth.clock.advance(timedelta(minutes=5))
    is_problem(await site.get("/sensitive", sent), 401, "reauthentication_required", max_age=300)
    with pytest.raises(ConfigurationError, match="within"):
        admits(within=timedelta(0))


async def test_endpoints_need_a_route_in_litestar(auth, visit):
    """Litestar's own list is asked after its router: our endpoints answer there only if the plugin makes routes."""
    login = {"identifier": ADA, "password": PASSWORD}
    assert (await visit(listed(auth)).post("/auth/login", login)).status == 404
    for place in (outermost, plugged):
        is_problem(await visit(place(auth)).post("/auth/login", login), 401, "invalid_credentials")


@pytest.mark.parametrize("path", ["/auth/login/", "//auth//login", "/auth/%6Cogin", "/auth/login%2F"])
async def test_endpoints_answer_whatever_the_router_takes_for_them(auth, visit, path):
    """Litestar tidies a path before the middleware sees it, so no spelling gets past it to the empty route behind."""
    login = {"identifier": ADA, "password": PASSWORD}
    is_problem(await visit(plugged(auth)).post(path, login), 401, "invalid_credentials")


async def test_one_outbox_for_all_routes(auth, visit, no_second_look):
    """With the plugin the routes share one middleware, which delivers from the start of the application to its end."""
    await auth.register(email=ADA, password=PASSWORD)
    app = plugged(auth)
    async with lifespan(app):
        await until(lambda: auth.courier.letters)
        for path in ("/me", "/decorated", "/below/readers", "/auth/session"):
            await visit(app).get(path)
        assert [task.get_name() for task in asyncio.all_tasks()].count("authcore outbox") == 1
    assert "authcore outbox" not in [task.get_name() for task in asyncio.all_tasks()]


async def test_quart_without_a_handler_of_errors(auth, visit):
    """Even where Quart answers an exception itself, in pieces, a refusal by `admit` is the problem document."""
    app = Quart("plain")
    inner = Blueprint("inner", "inner")

    @inner.before_request
    async def members_only():
        admit(request)

    @inner.get("/page")
    async def page():
        return "in"

    @app.get("/refuse")
    def refuse():
        raise UsernameTaken

    app.register_blueprint(inner)
    app.asgi_app = AuthMiddleware(app.asgi_app, auth=auth)
    site = visit(app)
    is_problem(await site.get("/page"), 401, "not_authenticated")
    assert (await site.get("/page", cookie(session=await site.token()))).body == b"in"
    assert (await site.get("/refuse")).status == 500
