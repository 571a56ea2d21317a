"""The ASGI middleware at each place where it may stand, and what stands between it and the handlers."""

import asyncio
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request as FastAPIRequest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import Mount, Route

from authcore_asgi import AuthMiddleware, principal_of
from tests.adapters.asgi_pages import ROUTES, SECRET, members, starlette
from tests.adapters.hosts import lifespan
from tests.adapters.laws.asserting import is_problem
from tests.adapters.people import ADA, FROM_HERE, PASSWORD, cookie
from tests.adapters.sites import Site, Stage
from tests.adapters.waiting import until


def outermost(auth):
    """Wrap Starlette from outside, so that Starlette's own error pages come first."""
    return AuthMiddleware(starlette(), auth=auth)


def among_others(auth):
    """Stand in Starlette's own list."""
    return starlette(middleware=[Middleware(AuthMiddleware, auth=auth)])


def added_to_fastapi(auth):
    """Stand in FastAPI's list."""
    app = FastAPI(routes=ROUTES)
    app.add_middleware(AuthMiddleware, auth=auth)
    return app


def around_fastapi(auth):
    """Wrap FastAPI from outside."""
    return AuthMiddleware(FastAPI(routes=ROUTES), auth=auth)


def beside_others(auth):
    """Stand outside of a middleware that runs the application in a task of its own."""

    async def pass_on(request, call_next):
        return await call_next(request)

    return AuthMiddleware(starlette(middleware=[Middleware(BaseHTTPMiddleware, dispatch=pass_on)]), auth=auth)


PLACES = [outermost, among_others, added_to_fastapi, around_fastapi, beside_others]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
class TestPlaces:
    """Laws that hold wherever the middleware stands."""

    async def test_endpoints_are_there(self, auth, visit, place):
        """The endpoints answer, with the cookie and all."""
        site = visit(place(auth))
        await site.enrol()
        reply = await site.post("/auth/login", {"identifier": ADA, "password": PASSWORD})
        assert (reply.status, len(reply.all("set-cookie"))) == (200, 1)

    async def test_caller_is_known(self, auth, visit, place):
        """The handler finds its user in Starlette's terms."""
        site = visit(place(auth))
        sent = cookie(session=await site.token(username="ada"))
        account = await auth.find_account(ADA)
        assert (await site.get("/show")).json() == ["", False, ""]
        assert (await site.get("/show", sent)).json() == ["ada", True, account.id]

    @pytest.mark.parametrize("path", ["/members", "/thread", "/page"])
    async def test_guard_answers_with_a_problem(self, auth, visit, place, path):
        """A guard's refusal is the problem document, and no 500 of the framework's."""
        site = visit(place(auth))
        is_problem(await site.get(path), 401, "not_authenticated")
        assert (await site.get(path, cookie(session=await site.token()))).body == ADA.encode()

    async def test_permissions(self, auth, visit, place):
        """A missing permission is a 403 problem; a wildcard that implies it lets in."""
        site = visit(place(auth))
        sent = cookie(session=await site.token())
        for method, path in (("GET", "/readers"), ("POST", "/page")):
            is_problem(await site.send(method, path, [sent, FROM_HERE]), 403, "permission_denied")
        account = await auth.find_account(ADA)
        await auth.assign_role(account_id=account.id, role="reader", permissions=["invoices:*"])
        for method, path in (("GET", "/readers"), ("POST", "/page")):
            assert (await site.send(method, path, [sent, FROM_HERE])).body == b"read"

    async def test_guard_of_starlette(self, auth, visit, place):
        """Starlette's own decorator sees the same caller, and the same wildcards."""
        site = visit(place(auth))
        sent = cookie(session=await site.token())
        assert [(await site.get(path)).status for path in ("/theirs", "/their-readers")] == [403, 403]
        assert [(await site.get(path, sent)).status for path in ("/theirs", "/their-readers")] == [200, 403]
        account = await auth.find_account(ADA)
        await auth.assign_role(account_id=account.id, role="reader", permissions=["*:read"])
        assert (await site.get("/their-readers", sent)).body == b"read"

    async def test_refusal_of_a_handler(self, auth, visit, place):
        """A refusal or fault that a handler raises is the problem document."""
        site = visit(place(auth))
        is_problem(await site.get("/refuse"), 409, "username_taken")
        is_problem(await site.get("/fail"), 503, "unavailable")

    async def test_failure_of_a_handler(self, auth, visit, place):
        """Any other exception stays the framework's own, without its text."""
        reply = await visit(place(auth)).get("/crash")
        assert reply.status == 500
        assert SECRET.encode() not in reply.body
        assert reply.one("content-type") != "application/problem+json"

    async def test_other_sites_are_refused(self, auth, visit, place):
        """A change with the cookie from elsewhere is refused."""
        site = visit(place(auth))
        reply = await site.send("POST", "/show", [cookie(session=await site.token())])
        is_problem(reply, 403, "cross_site_request")


async def test_inside_a_mount(auth, visit):
    """Below a mount the endpoints, the pages and exempt paths stand below the mount's path, and nowhere else."""
    wrapped = AuthMiddleware(starlette(), auth=auth, exempt=["/open"])
    site = visit(Starlette(routes=[Mount("/app", app=wrapped), Route("/outside", members)]))
    await site.enrol()
    reply = await site.post("/app/auth/login", {"identifier": ADA, "password": PASSWORD})
    assert reply.status == 200
    assert (await site.post("/auth/login", {"identifier": ADA, "password": PASSWORD})).status == 404
    is_problem(await site.get("/app/members"), 401, "not_authenticated")
    assert (await site.get("/app/members", cookie(session=await site.token("bob@example.org")))).status == 200
    assert (await site.get("/outside")).status == 500


async def test_root_path_of_a_server(auth):
    """Behind a proxy that takes a prefix away, the endpoints stand where the application's own paths do."""
    transport = httpx2.ASGITransport(outermost(auth), root_path="/app")
    for base in ("https://app.example.org", "https://app.example.org/app"):
        reply = await Site(auth, Stage(), transport, base).get("/auth/session")
        is_problem(reply, 401, "not_authenticated")


async def test_other_middleware_does_not_fool_guards(auth, visit):
    """Whatever another middleware puts into `user` and `auth`, guards ask who really came."""

    class Impostor:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            await self.app(
                {**scope, "user": "root", "auth": "all", "authcore.visit": scope.get("authcore.visit")}, receive, send
            )

    site = visit(AuthMiddleware(starlette(middleware=[Middleware(Impostor)]), auth=auth))
    is_problem(await site.get("/members"), 401, "not_authenticated")
    is_problem(await site.get("/readers"), 401, "not_authenticated")


async def test_application_without_lifespan(auth, visit):
    """Where the application knows no lifespan, letters are delivered all the same, from the first request on."""
    inner = starlette()

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            raise ValueError("no lifespan")
        await inner(scope, receive, send)

    wrapped = AuthMiddleware(app, auth=auth)
    with pytest.raises(ValueError, match="no lifespan"):
        await wrapped({"type": "lifespan"}, asyncio.Queue().get, asyncio.Queue().put)
    site = visit(wrapped)
    await site.post("/auth/register", {"email": ADA, "password": PASSWORD})
    assert len(await site.code(ADA)) == 6


async def test_any_request_starts_delivery(auth, visit, no_second_look):
    """Without a lifespan, what waits in the outbox is delivered after the first request to whatever page."""
    await auth.register(email=ADA, password=PASSWORD)
    site = visit(outermost(auth))
    assert (await site.get("/show")).status == 200
    assert len(await site.code(ADA)) == 6


async def test_lifespan_starts_and_stops_delivery(auth):
    """What waits in the outbox is delivered from the start of the application to its end, without any request."""
    await auth.register(email=ADA, password=PASSWORD)
    async with lifespan(outermost(auth)):
        await until(lambda: auth.courier.letters)
        assert [task.get_name() for task in asyncio.all_tasks()].count("authcore outbox") == 1
    assert "authcore outbox" not in [task.get_name() for task in asyncio.all_tasks()]


async def test_other_scopes_are_passed_on(auth):
    """What is neither HTTP nor a websocket nor a lifespan is the application's."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    scope = {"type": "something.new"}
    await AuthMiddleware(app, auth=auth)(scope, None, None)
    assert seen == [scope]


async def test_exempt_path_is_passed_on_untouched(auth):
    """On an exempt path the application gets the very scope that came."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    scope = {"type": "http", "path": "/health", "headers": [], "method": "GET"}
    await AuthMiddleware(app, auth=auth, exempt=["/health/"])(scope, None, None)
    assert seen[0] is scope


async def test_fastapi_dependency(auth, visit):
    """A dependency of FastAPI's finds the caller, and its refusal is the problem document."""

    def email(request: FastAPIRequest):
        return principal_of(request).account.email

    app = FastAPI()

    @app.get("/email")
    async def read(found: Annotated[str, Depends(email)]):
        return found

    app.add_middleware(AuthMiddleware, auth=auth)
    site = visit(app)
    is_problem(await site.get("/email"), 401, "not_authenticated")
    assert (await site.get("/email", cookie(session=await site.token()))).json() == ADA
