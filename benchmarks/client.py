"""The client of an ASGI application, and the server between them: as little of both as can be."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeAlias

__all__ = ["App", "Client"]

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
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": self._path,
            "raw_path": self._path.encode("ascii"),
            "query_string": b"",
            "root_path": "",
            "headers": self._headers[turn % len(self._headers)],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 443),
        }
        await self._app(scope, _receive, _send)


async def _receive() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(event: MutableMapping[str, Any]) -> None:
    if event["type"] == "http.response.start" and event["status"] != HTTPStatus.OK:
        raise RuntimeError(f"the application has answered {event['status']}")
