"""W1: an authenticated request, from its cookie to the handler, over each store."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from authcore import Auth
from authcore.caller_cache import CallerCache
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
_RECALLING: Final = {f"within {seconds} s": timedelta(seconds=seconds) for seconds in (30, 1)}
"""How late a revocation may be seen, where what was read of a caller is told again; `authcore` reads each time."""

FLOORS: Final = {
    "postgresql": "SELECT by asyncpg",
    "mariadb": "SELECT by asyncmy",
    "redis": "GET by redis-py",
    "sqlite": "SELECT by sqlite3",
}


async def compared(places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    """Yield each store beside its floor, one request at a time and many in flight; then recalling what was read."""
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
        sides = {side: clients[side] for side in clients if side not in _RECALLING}
        for in_flight in (1, IN_FLIGHT):
            yield Comparison(
                work="W1",
                case=f"{name}, {in_flight} in flight",
                sides={side: awaited(client.get, in_flight=in_flight) for side, client in sides.items()},
                times=TARGETS.get(name),
            )
        # The longest first, since it is what the case is about; beside the same floor, and reading each time.
        longest, *shorter = _RECALLING
        _, floor_side, *_ = sides
        for in_flight in (1, IN_FLIGHT):
            yield Comparison(
                work="W1",
                case=f"{name}, recalling, {in_flight} in flight",
                sides={
                    side: awaited(clients[side].get, in_flight=in_flight)
                    for side in (longest, floor_side, *shorter, "authcore")
                },
            )


@asynccontextmanager
async def _clients(name: str, place: str, auth: Auth, people: Sequence[Person]) -> AsyncIterator[Mapping[str, Client]]:
    """Return who asks authcore, who asks the floor, who asks the handler alone, and who asks what recalls callers."""
    cookies, ids = cookies_of(auth, people), [person.session_id for person in people]
    async with AsyncExitStack() as stack:

        async def ours(auth: Auth) -> Client:
            application = authenticating(auth)
            stack.push_async_callback(application.background.close)
            await Client(application, cookies, path="/me").get(0)
            return Client(application, cookies)

        clients = {"authcore": await ours(auth)}
        if name != "memory":
            look_up = await stack.enter_async_context(floor(name, place, auth.store, ids, connections=IN_FLIGHT))
            clients[FLOORS[name]] = Client(looking_up(look_up, ids), cookies)
        clients["the bare handler"] = Client(bare(), cookies)
        for side, within in _RECALLING.items():
            policy = replace(auth.policy, revocation_within=within)
            clients[side] = await ours(replace(auth, policy=policy, callers=CallerCache()))
        yield clients
