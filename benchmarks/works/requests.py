"""W1: an authenticated request, from its cookie to the handler, over each store."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from authcore import Auth
from benchmarks.applications import authenticating, bare, looking_up
from benchmarks.client import Client
from benchmarks.floors import floor
from benchmarks.measuring import Comparison, Unmeasured
from benchmarks.population import Person, admit, auth_over, cookies_of, roles
from benchmarks.servers import STORES, Places
from benchmarks.stores import opened
from benchmarks.timing import awaited

__all__ = ["FLOORS", "IN_FLIGHT", "TARGETS", "compared"]

IN_FLIGHT: Final = 16

TARGETS: Final = {"postgresql": 1.8, "redis": 1.5, "sqlite": 6.0, "memory": 2.2}
FLOORS: Final = {
    "postgresql": "SELECT by asyncpg",
    "mariadb": "SELECT by asyncmy",
    "redis": "GET by redis-py",
    "sqlite": "SELECT by sqlite3",
}


async def compared(places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    """Yield each store beside its floor, one request at a time and many in flight."""
    for name in STORES:
        if name not in places:
            yield Unmeasured(work="W1", case=name, reason="it was not asked for, or there is no server")
            continue
        async with opened(name, places[name], connections=IN_FLIGHT) as store:
            auth = auth_over(store)
            people = await admit(auth, IN_FLIGHT, roles(1, permissions=1))
            async for comparison in _over(name, places[name], auth, people):
                yield comparison


async def _over(name: str, place: str, auth: Auth, people: Sequence[Person]) -> AsyncIterator[Comparison]:
    async with _clients(name, place, auth, people) as clients:
        for in_flight in (1, IN_FLIGHT):
            yield Comparison(
                work="W1",
                case=f"{name}, {in_flight} in flight",
                sides={side: awaited(client.get, in_flight=in_flight) for side, client in clients.items()},
                times=TARGETS.get(name),
            )


@asynccontextmanager
async def _clients(name: str, place: str, auth: Auth, people: Sequence[Person]) -> AsyncIterator[Mapping[str, Client]]:
    """Return who asks authcore, who asks the floor, and who asks the handler alone."""
    cookies, ids = cookies_of(auth, people), [person.session_id for person in people]
    application = authenticating(auth)
    await Client(application, cookies, path="/me").get(0)
    ours, alone = {"authcore": Client(application, cookies)}, {"the bare handler": Client(bare(), cookies)}
    try:
        if name == "memory":
            yield ours | alone
        else:
            async with floor(name, place, auth.store, ids, connections=IN_FLIGHT) as look_up:
                yield ours | {FLOORS[name]: Client(looking_up(look_up, ids), cookies)} | alone
    finally:
        await application.background.close()
