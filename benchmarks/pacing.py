"""Requests that come when they are due, whoever else is being served: how long each of them has waited."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

__all__ = ["felt", "percentile"]


async def felt(call: Callable[[int], Awaitable[None]], *, every: float, meanwhile: Awaitable[object]) -> list[float]:
    """Return the latency of each call that is due, one `every` so many seconds, until something else has ended.

    It is counted from when the call was due: one that could not begin in time has waited as well.  Each is a task of
    its own, since people do not wait for each other before they ask.
    """
    loop = asyncio.get_running_loop()
    latencies: list[float] = []

    async def request(turn: int, due: float) -> None:
        await call(turn)
        latencies.append(loop.time() - due)

    async def timed() -> float:
        await meanwhile
        return loop.time()

    begun = loop.time()
    async with asyncio.TaskGroup() as group:
        other = group.create_task(timed())
        for turn in count():
            due = begun + turn * every
            await asyncio.sleep(due - loop.time())
            # Those that were due before its end are asked even now: they are the very ones that had to wait.
            if other.done() and due > other.result():
                break
            group.create_task(request(turn, due))
    return latencies


def percentile(figures: Sequence[float], percent: float) -> float:
    """Return the smallest figure that so many percent of all do not exceed."""
    return sorted(figures)[math.ceil(len(figures) * percent / 100) - 1]
