"""What scenes have in common: who is there, pages that are asked, strangers who are turned away.

Neither authcore nor any peer is imported here: each is installed where the others are not.
"""

import asyncio
import logging
from asyncio import Queue
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, TypeAlias, cast

from benchmarks.client import App, Client
from benchmarks.measuring import Side
from benchmarks.timing import awaited, looped

__all__ = [
    "SIZES",
    "Pages",
    "Scene",
    "asked",
    "asked_of",
    "checking",
    "grants_of",
    "living",
    "pages_of",
    "patient",
    "permissions_of",
    "scope_of",
]

Scene: TypeAlias = AbstractAsyncContextManager[Mapping[str, Side]]
"""What can be measured while it is entered, by names."""

Pages: TypeAlias = Mapping[str, tuple[object, str]]
"""Applications and paths; strangers are let in to the one that is `bare`, and to no other."""

_Event: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Event]]
_Send: TypeAlias = Callable[[_Event], Awaitable[None]]

SIZES: Final = (1, 10, 100, 1000)
"""Among how many grants a permission is looked for."""


# --- requests ---------------------------------------------------------------------------------------------------------


def permissions_of(role: int, count: int) -> list[str]:
    """Return what a role permits, as in `domain-2:action-7`."""
    return [f"domain-{role}:action-{action}" for action in range(count)]


def asked_of(roles: int, permissions: int) -> str:
    """Return the permission that is asked for: one of the last role."""
    return permissions_of(roles - 1, permissions)[permissions * 7 // 10]


def pages_of(bare: object, guarded: object) -> Pages:
    """Return the pages of two applications, of which the second guards `/me` and `/permitted`."""
    return {"bare": (bare, "/"), "authenticated": (guarded, "/me"), "permitted": (guarded, "/permitted")}


async def asked(pages: Pages, cookies: Sequence[str]) -> Mapping[str, Side]:
    """Return the sides that ask for these pages, one at a time and as many at a time as there are cookies.

    Raises RuntimeError if a guarded page lets a stranger in, or if any turns away who has a cookie.
    """
    apps = {name: (cast("App", app), path) for name, (app, path) in pages.items()}
    clients = {name: Client(app, cookies, path=path) for name, (app, path) in apps.items()}
    for name, (app, path) in apps.items():
        for turn in range(len(cookies)):
            await clients[name].get(turn)
        if (await _stranger(app, path) == HTTPStatus.OK) is not (name == "bare"):
            raise RuntimeError(f"{name}: a stranger was let in, or turned away")
    return {
        f"{name}, {number} in flight": awaited(client.get, in_flight=number)
        for name, client in clients.items()
        for number in (1, len(cookies))
    }


async def scope_of(path: str, cookie: str) -> Mapping[str, Any]:
    """Return the scope of a request as the client makes it."""
    scopes: list[_Event] = []

    async def keep(scope: _Event, _receive: _Receive, _send: _Send) -> None:
        scopes.append(scope)

    await Client(keep, [cookie], path=path).get(0)
    return scopes[0]


async def _stranger(app: App, path: str) -> int:
    """Return the status that is answered to a cookie of another kind; what is logged of a refusal is not shown."""
    statuses: list[int] = []

    async def note(event: _Event) -> None:
        if event["type"] == "http.response.start":
            statuses.append(event["status"])

    async def noted(scope: _Event, receive: _Receive, _send: _Send) -> None:
        await app(scope, receive, note)

    logging.disable()
    await Client(noted, ["somebody=else"], path=path).get(0)
    logging.disable(logging.NOTSET)
    return statuses[0]


def patient(app: object) -> App:
    """Return an application that may wait for its client to go away: as with a server, it does once it is answered."""

    async def asked(scope: _Event, receive: _Receive, send: _Send) -> None:
        bodies, answered = iter([receive]), asyncio.get_running_loop().create_future()

        async def receiving() -> _Event:
            for body in bodies:
                return await body()
            await answered
            return {"type": "http.disconnect"}

        async def sending(event: _Event) -> None:
            await send(event)
            if event["type"] == "http.response.body" and not event.get("more_body", False):
                answered.set_result(None)

        await cast("App", app)(scope, receiving, sending)

    return asked


@asynccontextmanager
async def living(app: object) -> AsyncIterator[None]:
    """Have an application start up, and shut down in the end, as a server does."""
    told: Queue[_Event] = Queue()
    answers: Queue[_Event] = Queue()

    async def tell(event: str) -> None:
        told.put_nowait({"type": f"lifespan.{event}"})
        answer = await answers.get()
        if answer["type"] != f"lifespan.{event}.complete":
            raise RuntimeError(f"an application does not live: {answer}")

    async def live() -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        await cast("App", app)(scope, told.get, answers.put)

    life = asyncio.create_task(live())
    await tell("startup")
    yield
    await tell("shutdown")
    await life


# --- checks of permissions --------------------------------------------------------------------------------------------


def grants_of(size: int) -> list[str]:
    """Return so many grants, as texts that nobody has hashed yet."""
    return [f"domain-{number % 10}:action-{number}" for number in range(size)]


def checking(checks: Mapping[int, Callable[[str], bool]], *, named: Callable[[str], str] = str) -> Mapping[str, Side]:
    """Return the sides that check one permission, which is among so many grants, or is not, as it is named there.

    Raises RuntimeError if a check is mistaken.
    """
    sides = {}
    for size, check in checks.items():
        for outcome, requirement in (("hit", named(grants_of(size)[size // 2])), ("miss", named("elsewhere:read"))):
            if check(requirement) is not (outcome == "hit"):
                raise RuntimeError(f"{size} grants, {outcome}: that is not so")
            sides[f"{size} grants, {outcome}"] = _checking(check, requirement)
    return sides


def _checking(check: Callable[[str], bool], requirement: str) -> Side:
    def loop(requirements: Iterable[str]) -> None:
        for each in requirements:
            check(each)

    return looped(loop, lambda number: [requirement] * number)
