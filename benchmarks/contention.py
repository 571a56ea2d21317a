"""What many do at once to one thing, of whom only one can be first: how often each has to try."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final, TypeVar

from authcore import Auth
from authcore.entities import Entity
from authcore.errors import AuthError, Conflict, Contention
from authcore.offload import LoopClock, on_event_loop
from authcore.ports import Caller, Key, Store
from benchmarks.measuring import Counted
from benchmarks.population import admit, auth_over
from benchmarks.stores import opened

__all__ = ["CROWDS", "Observed", "contended"]

E = TypeVar("E", bound=Entity)

CROWDS: Final = [1, 2, 4, 8, 16, 32]
"""How many do it at once."""

_ROUNDS: Final = 5
_PURPOSE: Final = "payment"
_AFTER_ROTATION: Final = timedelta(minutes=1)

_numbers = count(2_000)


class _Later(LoopClock):
    """The system's clock, which can be put forward."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the time in UTC, as it will be so much later."""
        return super().now() + self.ahead


class Observed(Store):
    """Another store, which gives way before each call as a server's would, and counts the commits in vain."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.lost = 0

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Give way, and find."""
        await asyncio.sleep(0)
        return await self._store.find(key)

    async def caller(self, session_id: str, /) -> Caller:
        """Give way, and answer in the store's own way."""
        await asyncio.sleep(0)
        return await self._store.caller(session_id)

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Give way, commit, and count a conflict."""
        await asyncio.sleep(0)
        try:
            await self._store.commit(writes, unchanged)
        except Conflict:
            self.lost += 1
            raise


async def contended(name: str, place: str) -> AsyncIterator[Counted]:
    """Yield how many attempts each of many flows takes, over one store: all refresh one cookie, or guess at one code.

    A flow is tried once, and once more for each race that it has lost.  Who loses too many answers 503.
    """
    async with opened(name, place, connections=CROWDS[-1] // 2) as store:
        observed, clock = Observed(store), _Later()
        auth = on_event_loop(replace(auth_over(observed), clock=clock))
        for what, prepare in (("refreshes of one cookie", _refreshes), ("guesses at one code", _guesses)):
            attempts, given_up = dict[str, float](), 0
            for crowd in reversed(CROWDS):
                lost = 0
                for _ in range(_ROUNDS):
                    flow = await prepare(auth, clock)
                    before = observed.lost
                    given_up += sum(await asyncio.gather(*(_gives_up(flow) for _ in range(crowd))))
                    lost += observed.lost - before
                attempts[f"{crowd} at once"] = 1 + lost / crowd / _ROUNDS
            most = auth.policy.flow_attempts
            yield Counted(work="W9", case=f"{name}, {what}", unit="attempts", counts=attempts, most=most)
            flows = {"answered 503": given_up, "all": sum(CROWDS) * _ROUNDS}
            yield Counted(work="W9", case=f"{name}, {what}", unit="flows", counts=flows)


async def _refreshes(auth: Auth, clock: _Later) -> Callable[[], Awaitable[object]]:
    """Return the refresh of a cookie that is due."""
    (person,) = await admit(auth, 1, (), first=next(_numbers))
    clock.ahead += auth.policy.rotation + _AFTER_ROTATION
    return lambda: auth.refresh(person.token)


async def _guesses(auth: Auth, _: _Later) -> Callable[[], Awaitable[object]]:
    """Return a wrong guess at a code; those beyond the cap are refused, and counted as well as the others."""
    (person,) = await admit(auth, 1, (), first=next(_numbers))
    asked = await auth.request_two_step(token=person.token, purpose=_PURPOSE)
    return lambda: auth.answer_two_step(
        token=person.token, challenge=asked.token, purpose=_PURPOSE, code="0" * auth.policy.code_length
    )


async def _gives_up(flow: Callable[[], Awaitable[object]]) -> bool:
    """Tell whether a flow loses so many races that it answers 503; any other refusal is an answer."""
    try:
        with suppress(AuthError):
            await flow()
    except Contention:
        return True
    return False
