"""W8: an authenticated request on real servers, with sockets and workers, over stores that several workers share."""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from authcore import Keyring
from benchmarks.load import COMMANDS, has_wrk, pressed, serving
from benchmarks.measuring import Comparison, Unmeasured
from benchmarks.population import admit, auth_over, cookies_of, roles
from benchmarks.served import Serving
from benchmarks.servers import Places
from benchmarks.stores import opened
from benchmarks.works.requests import FLOORS, IN_FLIGHT, TARGETS

__all__ = ["STORES", "WORKERS", "compared"]

STORES: Final = ("sqlite", "postgresql", "redis")
"""Those that several processes may share, and that have a target."""

WORKERS: Final = [1, 2]

_ROUNDS: Final = 5


async def compared(places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    """Yield each server with few workers and more, over each store: authcore beside the floor of the same server."""
    if not has_wrk():
        yield Unmeasured(work="W8", case="every server", reason="there is no wrk")
        return
    for store in STORES:
        if store not in places:
            yield Unmeasured(work="W8", case=store, reason="it was not asked for, or there is no server")
            continue
        for server in COMMANDS:
            for workers in WORKERS:
                async with _compared(server, workers, store, places[store]) as comparison:
                    yield comparison


@asynccontextmanager
async def _compared(server: str, workers: int, store: str, place: str) -> AsyncIterator[Comparison]:
    """Have both servers running; only one of them is asked at a time."""
    keys = f"bench:{secrets.token_hex(32)}"
    async with opened(store, place, connections=1) as filled:
        auth = auth_over(filled, Keyring.parse(keys))
        people = await admit(auth, IN_FLIGHT, roles(1, permissions=1), first=secrets.randbelow(1 << 24))
        cookies = cookies_of(auth, people)

    def asked(*, with_authcore: bool) -> Serving:
        return Serving(
            with_authcore=with_authcore,
            store=store,
            place=place,
            keys=keys,
            sessions=[person.session_id for person in people],
            connections=IN_FLIGHT,
        )

    async with (
        serving(server, workers, asked(with_authcore=True), cookies[0]) as ours,
        serving(server, workers, asked(with_authcore=False), cookies[0]) as theirs,
    ):
        yield Comparison(
            work="W8",
            case=f"{store}, {server}, {workers} worker{'s' if workers > 1 else ''}",
            sides={
                "authcore": pressed(ours, cookies, in_flight=IN_FLIGHT),
                FLOORS[store]: pressed(theirs, cookies, in_flight=IN_FLIGHT),
            },
            times=TARGETS[store],
            most=1,
            rounds=_ROUNDS,
        )
