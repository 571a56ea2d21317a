"""The client of a WSGI application, and the server between them: the same requests as those of the ASGI client."""

import io
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from threading import Thread
from typing import Any, TypeAlias, cast

from benchmarks.measuring import Side
from benchmarks.peers.scenes import Pages, scope_of

__all__ = ["asked", "environ_of"]

_App: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


async def environ_of(path: str, cookie: str) -> dict[str, Any]:
    """Return the environment of a request as a server makes it of what the ASGI client asks."""
    scope = await scope_of(path, cookie)
    headers = {f"HTTP_{name.decode().upper().replace('-', '_')}": value.decode() for name, value in scope["headers"]}
    return headers | {
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REMOTE_ADDR": scope["client"][0],
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.errors": sys.stderr,
        "wsgi.input": io.BytesIO(),
        "wsgi.multiprocess": False,
        "wsgi.multithread": True,
        "wsgi.run_once": False,
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.version": (1, 0),
    }


class _Client:
    """Asks an application, in one of some environments after the other."""

    def __init__(self, app: _App, environs: Sequence[dict[str, Any]]) -> None:
        """Prepare the environments of all requests, which a server would make of what it reads from its socket."""
        self._app, self._environs = app, environs

    def get(self, turn: int) -> None:
        """Ask once; raises RuntimeError for every answer but 200."""
        answers = self._app(dict(self._environs[turn % len(self._environs)]), _start)
        for _ in answers:
            pass
        if close := getattr(answers, "close", None):
            close()


def _start(status: str, headers: Sequence[tuple[str, str]], failure: object = None) -> None:  # noqa: ARG001
    if int(status[:3]) != HTTPStatus.OK:
        raise RuntimeError(f"the application has answered {status}")


async def asked(pages: Pages, cookies: Sequence[str]) -> Mapping[str, Side]:
    """Return the sides that ask for these pages, one at a time and as many at a time as there are cookies.

    Raises RuntimeError if a guarded page lets a stranger in, or if any turns away who has a cookie.
    """
    apps = {name: (cast("_App", app), path) for name, (app, path) in pages.items()}
    clients = {}
    for name, (app, path) in apps.items():
        clients[name] = _Client(app, [await environ_of(path, cookie) for cookie in cookies])
        for turn in range(len(cookies)):
            clients[name].get(turn)
        if _answers(_Client(app, [await environ_of(path, "somebody=else")])) is not (name == "bare"):
            raise RuntimeError(f"{name}: a stranger was let in, or turned away")
    return {
        f"{name}, {number} in flight": _called(client.get, in_flight=number)
        for name, client in clients.items()
        for number in (1, len(cookies))
    }


def _answers(client: _Client) -> bool:
    try:
        client.get(0)
    except RuntimeError:
        return False
    return True


def _called(call: Callable[[int], None], *, in_flight: int) -> Side:
    """Return the side that calls a function so often, which is told its turn; each call in flight has a thread."""

    async def side(count: int) -> float:
        turns = iter(range(count))  # shared by all lanes: whoever is free takes the next

        def lane() -> None:
            for turn in turns:
                call(turn)

        begun = time.perf_counter()
        if in_flight == 1:
            lane()
        else:
            threads = [Thread(target=lane) for _ in range(in_flight)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return time.perf_counter() - begun

    return side
