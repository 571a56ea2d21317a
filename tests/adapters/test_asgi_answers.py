"""Who has the last word under the ASGI middleware: a refusal, the framework's error page, or the application's own."""

import asyncio
from contextlib import suppress

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from authcore.errors import NotAuthenticated, UsernameTaken
from authcore_asgi import AuthMiddleware, admit
from tests.adapters.asgi_pages import starlette
from tests.adapters.laws.asserting import is_problem
from tests.adapters.people import FROM_HERE, JSON, cookie
from tests.adapters.waiting import LONGEST_WAIT


async def test_error_page_of_the_application(auth, visit):
    """An application's own page for failures goes out as it is, though its exception comes after it."""

    async def sorry(request, error):
        return PlainTextResponse("sorry", status_code=500, headers={"x-page": "mine"})

    app = starlette(exception_handlers={Exception: sorry, UsernameTaken: sorry})
    site = visit(AuthMiddleware(app, auth=auth))
    reply = await site.get("/crash")
    assert (reply.status, reply.body, reply.one("x-page")) == (500, b"sorry", "mine")
    is_problem(await site.get("/fail"), 503, "unavailable")


async def test_500_without_an_exception(auth, visit):
    """A 500 that a handler returns itself goes out as it is, in one piece or in several, with a body or without."""

    async def pieces():
        for piece in (b"so", b"rry"):
            yield piece

    async def whole(request):
        return PlainTextResponse("sorry", status_code=500)

    async def streamed(request):
        return StreamingResponse(pieces(), status_code=500)

    async def empty(request):
        return PlainTextResponse("", status_code=500)

    routes = [Route("/whole", whole), Route("/streamed", streamed), Route("/empty", empty)]
    site = visit(AuthMiddleware(Starlette(routes=routes), auth=auth))
    answers = [await site.get(path) for path in ("/whole", "/streamed", "/empty")]
    assert [(reply.status, reply.body) for reply in answers] == [(500, b"sorry"), (500, b"sorry"), (500, b"")]


async def test_refusal_after_the_response_has_begun(auth, visit):
    """Once a response has begun, a refusal cannot replace it: the exception goes to the server, which cuts it off."""

    async def pieces():
        yield b"begun"
        raise UsernameTaken

    async def streamed(request):
        return StreamingResponse(pieces())

    app = AuthMiddleware(Starlette(routes=[Route("/streamed", streamed)]), auth=auth)
    with pytest.raises(UsernameTaken):
        await httpx2.ASGITransport(app).handle_async_request(httpx2.Request("GET", "https://app.example.org/streamed"))
    reply = await visit(app).get("/streamed")
    assert (reply.status, reply.body) == (200, b"begun")


async def test_refusal_that_the_application_answers_itself(auth, visit):
    """An application that answers a guard's refusal in its own way is heard."""

    async def log_in_first(request, error):
        return PlainTextResponse("log in", status_code=303, headers={"location": "/login"})

    site = visit(AuthMiddleware(starlette(exception_handlers={NotAuthenticated: log_in_first}), auth=auth))
    reply = await site.get("/members")
    assert (reply.status, reply.one("location")) == (303, "/login")


async def test_body_reaches_the_application(auth, visit):
    """The middleware reads no body that is not its own."""

    async def echo(request):
        return PlainTextResponse(await request.body())

    site = visit(AuthMiddleware(Starlette(routes=[Route("/echo", echo, methods=["POST"])]), auth=auth))
    sent = [cookie(session=await site.token()), FROM_HERE]
    assert (await site.send("POST", "/echo", sent, b"x" * 50_000)).body == b"x" * 50_000


async def test_events_keep_their_order(auth):
    """A streamed 500 goes out piece by piece, each before the next one is made, and after its beginning."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 500, "headers": []})
        for piece in (b"a", b"b"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            assert sent[-1]["body"] == piece
        await send({"type": "http.response.body", "body": b""})

    async def keep(event):
        sent.append(event)

    scope = {"type": "http", "path": "/", "headers": [], "method": "GET"}
    await AuthMiddleware(app, auth=auth)(scope, None, keep)
    assert [event.get("body", "start") for event in sent] == ["start", b"a", b"b", b""]


async def test_endless_body_is_not_read_to_its_end(auth):
    """An endpoint stops reading where a body is longer than it may be, and refuses it."""
    asked, sent = [], []

    async def receive():
        asked.append(1)
        return {"type": "http.request", "body": b"x" * 1024, "more_body": True}

    async def keep(event):
        sent.append(event)

    headers = [(name.encode(), value.encode()) for name, value in (FROM_HERE, JSON)]
    scope = {"type": "http", "path": "/auth/login", "headers": headers, "method": "POST"}
    await AuthMiddleware(None, auth=auth)(scope, receive, keep)
    assert (sent[0]["status"], len(asked)) == (413, 17)


async def _answers(auth, app, kind="http", **scope):
    """Return what an application says within the middleware."""
    sent = []

    async def keep(event):
        sent.append(event)

    whole = {"type": kind, "path": "/", "headers": [], "method": "GET", **scope}
    await AuthMiddleware(app, auth=auth)(whole, None, keep)
    return sent


async def _fail_in_pieces(send):
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": b"sorry", "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def test_refusal_wins_over_a_500_in_pieces(auth):
    """A framework that swallows a guard's refusal, and tells its 500 piece by piece, is not heard."""

    async def app(scope, receive, send):
        with suppress(NotAuthenticated):
            admit(scope)
        await _fail_in_pieces(send)

    start, body = await _answers(auth, app)
    assert (start["status"], b"not_authenticated" in body["body"]) == (401, True)


async def test_refusal_is_answered_at_once(auth):
    """An application that waits for its client to leave, before it is done, does not hold a refusal up."""
    client_left, sent = asyncio.Event(), []

    async def app(scope, receive, send):
        with suppress(NotAuthenticated):
            admit(scope)
        await _fail_in_pieces(send)
        await client_left.wait()

    async def keep(event):
        sent.append(event)
        if event["type"] == "http.response.body":
            client_left.set()

    async with asyncio.timeout(LONGEST_WAIT):
        await AuthMiddleware(app, auth=auth)({"type": "http", "path": "/", "headers": [], "method": "GET"}, None, keep)
    assert [event.get("status") for event in sent] == [401, None]


async def test_refusal_that_is_being_handled_wins(auth):
    """A refusal that no guard has noted is the answer, if a framework makes a 500 of it while it handles it."""

    def handler():
        raise UsernameTaken

    async def app(scope, receive, send):
        try:
            handler()
        except UsernameTaken:
            await _fail_in_pieces(send)

    start, body = await _answers(auth, app)
    assert (start["status"], b"username_taken" in body["body"]) == (409, True)


async def test_refusal_that_was_handled_is_over(auth):
    """A 500 that comes after a refusal was dealt with is the application's own."""

    async def app(scope, receive, send):
        with suppress(UsernameTaken):
            raise UsernameTaken
        await _fail_in_pieces(send)

    assert [event.get("body", "start") for event in await _answers(auth, app)] == ["start", b"sorry", b""]


async def test_websocket_closed_for_a_refusal(auth):
    """A framework that closes a websocket because of a refusal leaves the answer to us; if it was open, it closes."""

    async def refusing(scope, receive, send):
        with suppress(NotAuthenticated):
            admit(scope)
        await send({"type": "websocket.close", "code": 4500})

    async def late(scope, receive, send):
        await send({"type": "websocket.accept"})
        await refusing(scope, receive, send)

    denied = await _answers(auth, refusing, "websocket", extensions={"websocket.http.response": {}})
    assert denied[0]["status"] == 401
    assert [event.get("code") for event in await _answers(auth, refusing, "websocket")] == [1008]
    assert [event.get("code") for event in await _answers(auth, late, "websocket")] == [None, 4500]


async def test_middleware_around_another_application(auth):
    """The same middleware around another application shares what must be there once, and leaves the first alone."""
    first = AuthMiddleware("first", auth=auth)
    second = first.around("second")
    assert (first.app, second.app) == ("first", "second")
    assert second.background is first.background
