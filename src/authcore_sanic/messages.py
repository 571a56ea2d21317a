"""Between Sanic's requests and responses and authcore's neutral messages.  Nothing here decides anything."""

from copy import copy
from typing import Protocol, cast

from sanic import HTTPResponse, Request as SanicRequest
from sanic.compat import Header
from sanic.response import BaseHTTPResponse

from authcore.web import BODY_LIMIT, Headers, Request, Response, renewing

__all__ = ["is_websocket", "read_body", "renewed", "request_of", "response_of"]


def request_of(request: SanicRequest, body: bytes = b"") -> Request:
    """Return the neutral request; never read from Sanic's own parsing of cookies and credentials."""
    return Request(
        method=request.method,
        path=request.path,
        headers=_octets(request),
        body=body,
        client=request.conn_info.client_ip if request.conn_info else None,
    )


async def read_body(request: SanicRequest) -> bytes:
    """Return the body of a streamed request; reading stops one octet after the limit, where the endpoints refuse it."""
    body, stream = b"", cast("_Stream", request.stream)
    # Whoever asks an ASGI server for more than there is waits until the client gives up.
    while stream.request_body and len(body) <= BODY_LIMIT:
        body += await stream.read() or b""
    return body[: BODY_LIMIT + 1]


def response_of(response: Response) -> HTTPResponse:
    """Return Sanic's response, header for header."""
    headers = [(name.decode(), value.decode()) for name, value in response.headers]
    answer = HTTPResponse(response.body, response.status, content_type=dict(headers).get("content-type"))
    for name, value in headers:
        if name != "content-type":  # Sanic writes that one itself
            answer.headers.add(name, value)
    return answer


def renewed(response: BaseHTTPResponse, renewal: Headers) -> HTTPResponse | None:
    """Return a copy of a response that carries the headers of a renewed token, or None if there are none.

    A copy, because a handler may keep a response and return it again: it must not hand the token to the next visitor.
    """
    if not renewal:
        return None
    own = [(name.encode(), str(value).encode("utf-8", "surrogateescape")) for name, value in response.headers.items()]
    copied = cast("HTTPResponse", copy(response))  # it is what Sanic calls whatever middleware may return
    copied.headers = Header(
        [(name.decode(), value.decode("utf-8", "surrogateescape")) for name, value in renewing(own, renewal)]
    )
    return copied


class _Stream(Protocol):
    """What Sanic's two kinds of streams have in common; the class they share does not say so."""

    request_body: object
    """True, in some words, as long as there is more to read."""

    async def read(self) -> bytes | None: ...


def is_websocket(request: SanicRequest) -> bool:
    """Tell whether a request is a websocket's handshake; over HTTP/2 only an ASGI scope says so (RFC 8441)."""
    scope = getattr(request.transport, "scope", {})
    return scope.get("type") == "websocket" or str(request.headers.getone("upgrade", "")).lower() == "websocket"


def _octets(request: SanicRequest) -> Headers:
    """Undo Sanic's decoding (UTF-8, with surrogates for what is none), which leaves every octet as it came."""
    return [
        (name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
        for name, value in request.headers.items()
    ]
