"""The client of an ASGI application, and the server between them: as little of both as can be."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeAlias

__all__ = ["App", "Client", "post"]

_Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

# As authcore_asgi.messages has it, which is not there where peers are.
_Event: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[
    [_Event, Callable[[], Awaitable[_Event]], Callable[[_Event], Awaitable[None]]], Awaitable[None]
]

_HEADERS: Final = (
    (b"host", b"example.org"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-GB,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br"),
)


class Client:
    """Asks an application for one path, with one of some cookies after the other."""

    def __init__(self, app: App, cookies: Sequence[str], *, path: str = "/") -> None:
        """Prepare the headers of all requests, which a server would read from its socket."""
        self._app, self._path = app, path
        self._headers = [[*_HEADERS, (b"cookie", cookie.encode("ascii"))] for cookie in cookies]

    async def get(self, turn: int) -> None:
        """Ask once; raises RuntimeError for every answer but 200, so that nothing else is ever measured."""
        headers = self._headers[turn % len(self._headers)]
        await self._app(_scope("GET", self._path, headers, "127.0.0.1"), _receive, _send)


async def post(app: App, path: str, document: Mapping[str, str], *, network: str) -> int:
    """Post a document from an address, as a page of the application's own would, and return the status of the answer.

    Whatever it is: this is for what may be refused.
    """
    body, statuses = json.dumps(document).encode(), list[int]()

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: MutableMapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            statuses.append(event["status"])

    own = [(b"content-type", b"application/json"), (b"origin", b"https://example.org")]
    await app(_scope("POST", path, [*_HEADERS, *own], network), receive, send)
    return statuses[0]


def _scope(method: str, path: str, headers: _Headers, network: str) -> MutableMapping[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": (network, 50_000),
        "server": ("127.0.0.1", 443),
    }


async def _receive() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(event: MutableMapping[str, Any]) -> None:
    if event["type"] == "http.response.start" and event["status"] != HTTPStatus.OK:
        raise RuntimeError(f"the application has answered {event['status']}")
