"""Between ASGI's scopes and events and authcore's neutral messages.  Nothing here decides anything."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from authcore.web import BODY_LIMIT, Headers, Request, Response, renewing

__all__ = [
    "App",
    "Receive",
    "Scope",
    "Send",
    "read_body",
    "refuse",
    "renewed",
    "request_of",
    "route_path",
    "send_response",
]

Scope: TypeAlias = MutableMapping[str, Any]
Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_POLICY_VIOLATION: Final = 1008
_DENIAL: Final = "websocket.http.response"
_ANSWERS: Final = frozenset({"http.response.start", "websocket.accept", f"{_DENIAL}.start"})


def request_of(scope: Scope) -> Request:
    """Return the neutral request of an HTTP or websocket scope, without its body."""
    client = scope.get("client")
    return Request(
        method=scope.get("method", "GET"),
        path=route_path(scope),
        headers=scope["headers"],
        client=None if client is None else client[0],
    )


def route_path(scope: Scope) -> str:
    """Return the path below the place where the application is mounted."""
    root, path = str(scope.get("root_path", "")).rstrip("/"), str(scope["path"])
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


async def read_body(request: Request, receive: Receive) -> Request:
    """Return the request with its body; reading stops one octet after the limit, where the endpoints refuse it."""
    body, more = b"", True
    while more and len(body) <= BODY_LIMIT:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    return replace(request, body=body[: BODY_LIMIT + 1])


def renewed(send: Send, renewal: Headers) -> Send:
    """Return a `send` by which whatever answers the connection carries the headers of a renewed token."""
    if not renewal:
        return send

    async def sending(event: Event) -> None:
        if event["type"] in _ANSWERS:
            event = {**event, "headers": renewing(list(event.get("headers", ())), renewal)}
        await send(event)

    return sending


async def send_response(response: Response, send: Send) -> None:
    """Send a complete response."""
    await send({"type": "http.response.start", "status": response.status, "headers": list(response.headers)})
    await send({"type": "http.response.body", "body": response.body})


async def refuse(scope: Scope, response: Response, send: Send) -> None:
    """Send a refusal; a websocket's handshake is closed (which answers 403) where the server can send no response."""
    if scope["type"] == "http":
        await send_response(response, send)
    elif _DENIAL in scope.get("extensions", {}):
        await send({"type": f"{_DENIAL}.start", "status": response.status, "headers": list(response.headers)})
        await send({"type": f"{_DENIAL}.body", "body": response.body})
    else:
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
