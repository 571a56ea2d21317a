"""What others feel while people log in: their requests are due at a steady pace, and wait from when they were due.

Neither authcore nor any peer is imported here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from benchmarks.measuring import Side
from benchmarks.pacing import felt, percentile

__all__ = ["AT_ONCE", "PASSWORD", "stalls"]

AT_ONCE: Final = 8
"""How many log in at a time."""

PASSWORD: Final = "Weaves1@algebra"  # noqa: S105  it guards nobody

_EVERY: Final = 0.002


def stalls(
    ask: Callable[[int], Awaitable[None]], log_in: Callable[[int], Awaitable[object]], hash_once: Callable[[], object]
) -> Mapping[str, Side]:
    """Return the sides that tell how long others wait, and how long one hash takes alone."""

    async def waits() -> Sequence[float]:
        return await felt(ask, every=_EVERY, meanwhile=asyncio.gather(*map(log_in, range(AT_ONCE))))

    async def slow(number: int) -> float:
        return sum([percentile(await waits(), 99) for _ in range(number)])

    async def slowest(number: int) -> float:
        return sum([max(await waits()) for _ in range(number)])

    async def hashing(number: int) -> float:
        begun = time.perf_counter()
        for _ in range(number):
            hash_once()
        return time.perf_counter() - begun

    return {"99 % of others": slow, "the slowest of others": slowest, "one hash": hashing}
