"""Sanic's own ways of handling, under the adapter: classes, blueprints, streams, pages that are not there."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sanic import HTTPResponse, Sanic

from authcore.errors import ConfigurationError, InvalidInput, InvalidPermission, NotAuthenticated
from authcore.system import inline
from authcore.testing import build_auth
from authcore_sanic import (
    auth_of,
    requires_authentication,
    requires_fresh,
    requires_permission,
    requires_role,
    requires_two_step,
    setup,
)
from tests.adapters.hosts import behind_uvicorn, in_process, on_own_server
from tests.adapters.laws.asserting import is_problem
from tests.adapters.people import ADA, FROM_HERE, ORIGIN, PASSWORD, cookie
from tests.adapters.sanic_pages import opened
from tests.adapters.sites import Site, Stage


async def whoever(*_):
    """Answer alike to whoever comes, and to whoever was refused."""
    return HTTPResponse("whoever")


HOSTS = [in_process, on_own_server, behind_uvicorn]


@pytest.fixture(params=HOSTS, ids=lambda host: host.__name__)
async def site(request):
    """The application on each host."""
    async with opened(request.param) as site:
        yield site


@pytest.mark.parametrize("path", ["/inner/members", "/plain", "/page", "/whole-page"])
async def test_guarded_handlers_of_every_kind(site, path):
    """Blueprints, plain functions and classes are guarded alike."""
    is_problem(await site.get(path), 401, "not_authenticated")
    is_problem(await site.get(path, cookie(session="garbage")), 401, "invalid_token")
    assert (await site.get(path, cookie(session=await site.token()))).body == ADA.encode()


async def test_permissions_of_a_method(site):
    """Each method of a class has its own requirement."""
    sent = [cookie(session=await site.token()), FROM_HERE]
    is_problem(await site.send("POST", "/page", sent), 403, "permission_denied")
    account = await site.auth.find_account(ADA)
    await site.auth.assign_role(account_id=account.id, role="reader", permissions=["invoices"])
    assert (await site.send("POST", "/page", sent)).body == b"read"
    is_problem(await site.send("POST", "/page", sent[:1]), 403, "cross_site_request")


async def test_roles_of_a_method(site):
    """A method may ask for roles as well, and permissions are no substitute for one."""
    sent = [cookie(session=await site.token()), FROM_HERE]
    account = await site.auth.find_account(ADA)
    await site.auth.assign_role(account_id=account.id, role="reader", permissions=["*"])
    is_problem(await site.send("PUT", "/page", sent), 403, "permission_denied")
    is_problem(await site.send("PUT", "/page", sent[1:]), 401, "not_authenticated")
    await site.auth.assign_role(account_id=account.id, role="editor", permissions=[])
    assert (await site.send("PUT", "/page", sent)).body == b"edited"


async def test_streamed_request(site):
    """A handler that streams its request is guarded before it reads, and reads all of it afterwards."""
    body = b"x" * 100_000
    is_problem(await site.send("POST", "/upload", [FROM_HERE], body), 401, "not_authenticated")
    sent = [FROM_HERE, cookie(session=await site.token())]
    assert (await site.send("POST", "/upload", sent, body)).body == b"100000"


async def test_streamed_response(site):
    """A handler that streams its response is guarded before it begins."""
    is_problem(await site.get("/stream"), 401, "not_authenticated")
    reply = await site.get("/stream", cookie(session=await site.token()))
    assert (reply.status, reply.body) == (200, f"{ADA}!".encode())


async def test_slashes(site):
    """A path with another slash is another path: it is no endpoint, and never an open way to a guarded handler."""
    sent = cookie(session=await site.token())
    assert [(await site.get(path, sent)).status for path in ("/strict", "/strict/")] == [200, 404]
    is_problem(await site.get("/plain/"), 401, "not_authenticated")
    for path in ("/auth/session/", "/auth//session", "//auth/session"):
        assert (await site.get(path, sent)).status == 404


async def test_pages_that_are_not_there(site):
    """A page that is not there is a 404, whoever asks, and the wrong method a 405."""
    for sent in ([], [cookie(session="garbage")], [cookie(session=await site.token())]):
        assert (await site.get("/no-such-page", *sent)).status == 404
        assert (await site.send("DELETE", "/plain", [FROM_HERE, *sent])).status == 405


async def test_guard_on_an_exempt_path_lets_nobody_in(site):
    """A guard where nobody looked who is there fails, for everybody."""
    for sent in ([], [cookie(session=await site.token())]):
        assert (await site.get("/health/guarded", *sent)).status == 500


async def test_response_middleware_sees_our_answers(site):
    """The application's own middleware sees our answers and refusals, and may add to them."""
    for path in ("/auth/session", "/plain", "/no-such-page"):
        assert (await site.get(path)).one("x-seen") == "yes"


async def test_body_that_comes_late(site):
    """A body is read to its end, however it comes, and no further."""
    for _ in range(2):
        reply = await site.post("/auth/login", {"identifier": ADA, "password": PASSWORD})
        is_problem(reply, 401, "invalid_credentials")


@pytest.mark.parametrize(
    "chunks",
    [[], [b""], [b"{", b"", b'"identifier":"a","password":', b'"b"}'], [b"x"] * 20_000],
    ids=["at-once", "empty", "pieces", "too-many"],
)
async def test_body_in_events(chunks):
    """Under an ASGI server a body is read event by event; empty ones end nothing, and nobody waits for more."""
    sent = []
    async with opened(in_process) as site:
        events = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        events.append({"type": "http.request", "body": b"", "more_body": False})
        if chunks == []:
            events = [{"type": "http.request", "body": b'{"identifier":"a","password":"b"}', "more_body": False}]
        waiting = iter(events)

        async def receive():
            event = next(waiting, None)
            return event if event is not None else await asyncio.Event().wait()

        async def send(event):
            sent.append(event)

        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "scheme": "https", "path": "/auth/login",
            "raw_path": b"/auth/login", "query_string": b"", "client": None, "server": None,
            "headers": [(b"content-type", b"application/json"), (b"origin", ORIGIN.encode())],
        }  # fmt: skip
        async with asyncio.timeout(20):
            await site.app(scope, receive, send)
    expected = {0: 401, 1: 400, 4: 401, 20_000: 413}[len(chunks)]
    assert sent[0]["status"] == expected


def test_wrong_requirements_are_refused():
    """A requirement that is empty, double or malformed is refused when the handler is decorated."""
    for requirement in ({}, {"all_of": []}, {"all_of": ["a"], "any_of": ["b"]}):
        for requires in (requires_permission, requires_role):
            with pytest.raises(ConfigurationError):
                requires(**requirement)
    with pytest.raises(InvalidPermission):
        requires_permission(any_of=["a::b"])
    with pytest.raises(ConfigurationError):
        requires_role(any_of="reader")
    with pytest.raises(InvalidInput):
        requires_role(any_of=["reader", ""])
    for within in (timedelta(0), -timedelta(seconds=1), timedelta(days=31)):
        with pytest.raises(ConfigurationError, match="within"):
            requires_fresh(within=within)


def test_guard_without_a_request_lets_nobody_in():
    """A handler that is called without a request of Sanic's is never run."""
    for guard in (requires_authentication, requires_fresh(within=timedelta(minutes=5))):
        handler = guard(lambda request: "in")
        for arguments in ((), ("request",), (None,)):
            with pytest.raises(ConfigurationError, match="no caller is known"):
                handler(*arguments)


def test_auth_of_a_request_is_the_applications():
    """A handler is given the Auth that is fit for its event loop; where nothing was set up there is none."""
    app = Sanic("guards-auth-of")
    request = SimpleNamespace(app=app)
    with pytest.raises(ConfigurationError, match="no Auth is known"):
        auth_of(request)
    ready = setup(app, build_auth())
    assert auth_of(request) is ready is app.ctx.authcore
    assert ready.offload is not inline


@pytest.mark.parametrize(
    "guard",
    [requires_authentication, requires_two_step("pay"), requires_fresh(within=timedelta(minutes=5))],
    ids=["authentication", "two-step", "fresh"],
)
async def test_refusal_that_an_application_answers_is_told(guard, request):
    """What a guard refuses is counted, even where the application has answered it by itself."""
    Sanic.test_mode = True
    auth, app = build_auth(), Sanic(f"answering-{request.node.callspec.id}", configure_logging=False)
    setup(app, auth)
    app.add_route(guard(whoever), "/page")
    app.exception(NotAuthenticated)(whoever)
    async with in_process(app) as (transport, base):
        assert (await Site(auth, Stage(), transport, base).get("/page")).body == b"whoever"
        assert [(refused.code, count) for refused, count in auth.refusals.take().items()] == [("not_authenticated", 1)]
