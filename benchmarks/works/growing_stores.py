"""W5: what a request, a list of one's sessions and a purge cost in stores that grow."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final

from benchmarks.applications import authenticating, listing
from benchmarks.client import Client
from benchmarks.crowds import Crowd
from benchmarks.drivers import driver
from benchmarks.measuring import Comparison, Side, Trial, Unmeasured
from benchmarks.pacing import felt, percentile
from benchmarks.population import Person, auth_over, cookies_of
from benchmarks.servers import Places
from benchmarks.stores import opened
from benchmarks.timing import awaited

__all__ = ["GROWTHS", "SIZES", "compared", "largest_first"]

SIZES: Final = [1_000, 100_000, 1_000_000]
"""How many sessions are stored."""

GROWTHS: Final = {"sqlite": 1.6, "postgresql": 1.3}
"""How much more a request may cost in the largest of stores than in the smallest."""

_LIST: Final = 3.0
_PURGE: Final = 2.0
_ONE_STEP: Final = 1.0

_SEEN: Final = 1_000
_STEP: Final = 1_000
_CONNECTIONS: Final = 8
_EVERY: Final = 0.002
_QUIET: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """A store of one size, some of those who are in it, and who asks in their names."""

    crowd: Crowd
    people: Sequence[Person]
    client: Client
    listing: Client
    listing_by_hand: Client

    async def request(self, turn: int) -> None:
        """Ask as one of them."""
        await self.client.get(turn)

    async def request_by_hand(self, turn: int) -> None:
        """Read his session, and nothing else."""
        await self.crowd.driver.session(self.people[turn % len(self.people)].session_id)

    async def purge(self, count: int) -> float:
        """Remove as much as goes in one step, so often, and return how long that took; more is added before each."""
        return sum([await self._purged() for _ in range(count)])

    async def purge_by_hand(self, count: int) -> float:
        """Remove the same rows, likewise."""
        return sum([await self._purged_by_hand() for _ in range(count)])

    async def felt(self, slowest: str, slow: str) -> Mapping[str, Mapping[str, float]]:
        """Purge while others ask, and tell what they feel beside what a step takes by hand."""
        await self.crowd.expire(_STEP)
        latencies, step = await self._felt(self.crowd.auth.purge(limit=_STEP))
        alone, _ = await self._felt(asyncio.sleep(_QUIET))
        by_hand = await self.purge_by_hand(1)
        besides = {"a step of the purge": step, "a step by hand": by_hand}
        return {
            slowest: {"authcore": max(latencies), **besides, "beside nothing": max(alone)},
            slow: {"authcore": percentile(latencies, 99), **besides, "beside nothing": percentile(alone, 99)},
        }

    async def _felt(self, meanwhile: Awaitable[object]) -> tuple[Sequence[float], float]:
        """Return what others feel meanwhile, and how long that lasts."""
        begun = perf_counter()
        return await felt(self.request, every=_EVERY, meanwhile=meanwhile), perf_counter() - begun

    async def _purged(self) -> float:
        await self.crowd.expire(_STEP)
        begun = perf_counter()
        purged = await self.crowd.auth.purge(limit=_STEP)
        return _timed(begun, purged.total)

    async def _purged_by_hand(self) -> float:
        before = await self.crowd.expire(_STEP)
        begun = perf_counter()
        return _timed(begun, await self.crowd.driver.purge(before, _STEP))


def _timed(begun: float, removed: int) -> float:
    """Return how long it has taken to remove as much as there was; raises RuntimeError for anything less."""
    taken = perf_counter() - begun
    if removed != _STEP:
        raise RuntimeError(f"{removed} are gone, instead of {_STEP}")
    return taken


async def compared(places: Places) -> AsyncGenerator[Comparison | Trial | Unmeasured, None]:
    """Yield how each thing grows, and how it compares with its floor in the largest store, and in the others."""
    for name in GROWTHS:
        if name not in places:
            yield Unmeasured(work="W5", case=name, reason="it was not asked for, or there is no server")
            continue
        async with AsyncExitStack() as stack:
            grounds = {f"{size} sessions": await _ground(stack, name, places[name], size) for size in SIZES}
            for comparison in _requests(name, grounds):
                yield comparison
            for comparison in _lists(name, grounds):
                yield comparison
            for comparison in _purges(name, grounds):
                yield comparison
            yield _waiting(name, grounds)


def _requests(name: str, grounds: Mapping[str, _Ground]) -> Iterator[Comparison]:
    request = {size: awaited(ground.request) for size, ground in grounds.items()}
    by_hand = {size: awaited(ground.request_by_hand) for size, ground in grounds.items()}
    yield Comparison(work="W5", case=f"{name}, growth of a request", sides=largest_first(request), times=GROWTHS[name])
    yield Comparison(work="W5", case=f"{name}, growth of a SELECT", sides=largest_first(by_hand))


def _lists(name: str, grounds: Mapping[str, _Ground]) -> Iterator[Comparison]:
    listing = {size: awaited(ground.listing.get) for size, ground in grounds.items()}
    yield Comparison(work="W5", case=f"{name}, growth of a list", sides=largest_first(listing))
    largest = list(grounds)[-1]
    for size, ground in grounds.items():
        yield Comparison(
            work="W5",
            case=f"{name}, list, {size}",
            sides={"authcore": listing[size], "the same by hand": awaited(ground.listing_by_hand.get)},
            times=_LIST if size == largest else None,
        )


def _purges(name: str, grounds: Mapping[str, _Ground]) -> Iterator[Comparison]:
    yield Comparison(
        work="W5",
        case=f"{name}, growth of a purge",
        sides=largest_first({size: ground.purge for size, ground in grounds.items()}),
        most=1,
    )
    for size, ground in grounds.items():
        yield Comparison(
            work="W5",
            case=f"{name}, purge, {size}",
            sides={"authcore": ground.purge, "the same by hand": ground.purge_by_hand},
            times=_PURGE,
            most=1,
        )


def _waiting(name: str, grounds: Mapping[str, _Ground]) -> Trial:
    ground = list(grounds.values())[-1]
    slowest, slow = (f"{name}, {what} beside a purge" for what in ("slowest", "99 %"))
    return Trial(work="W5", go=partial(ground.felt, slowest, slow), times={slowest: _ONE_STEP})


def largest_first(sides: Mapping[str, Side]) -> Mapping[str, Side]:
    """Put the largest one first, beside the smallest one, and the others behind."""
    smallest, *others, largest = sides
    return {size: sides[size] for size in (largest, smallest, *others)}


async def _ground(stack: AsyncExitStack, name: str, place: str, size: int) -> _Ground:
    """Fill a database, or a schema, of its own."""
    schema = None
    if name == "sqlite":
        place = f"{place}.{size}"
    else:
        schema = f"crowd_{size}"
    store = await stack.enter_async_context(opened(name, place, connections=_CONNECTIONS, schema=schema))
    by_hand = await stack.enter_async_context(driver(name, place, schema=schema))
    auth = auth_over(store)
    crowd = await Crowd.gathered(auth, by_hand, size)
    people = crowd.people(_SEEN)
    application = authenticating(auth)
    stack.push_async_callback(application.background.close)
    cookies = cookies_of(auth, people)
    await Client(application, cookies, path="/me").get(0)
    return _Ground(
        crowd=crowd,
        people=people,
        client=Client(application, cookies),
        listing=Client(application, cookies, path="/auth/sessions"),
        listing_by_hand=Client(listing(by_hand.list_sessions, [person.session_id for person in people]), cookies),
    )
