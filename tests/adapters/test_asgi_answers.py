"""Who has the last word under the ASGI middleware: a refusal, the framework's error page, or the application's own."""

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from authcore.errors import NotAuthenticated, UsernameTaken
from authcore_asgi import AuthMiddleware
from tests.adapters.asgi_pages import starlette
from tests.adapters.laws.asserting import is_problem
from tests.adapters.people import FROM_HERE, JSON, cookie


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
