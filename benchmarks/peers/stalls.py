"""What others feel while people log in: their requests are due at a steady pace, and wait from when they were due.

Neither authcore nor any peer is imported here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from typing import Final

from benchmarks.measuring import Side

__all__ = ["AT_ONCE", "PASSWORD", "stalls"]

AT_ONCE: Final = 8
"""How many log in at a time."""

PASSWORD: Final = "Weaves1@algebra"  # noqa: S105  it guards nobody

_EVERY: Final = 0.002
_SLOW: Final = 0.99


def stalls(
    ask: Callable[[int], Awaitable[object]], log_in: Callable[[int], Awaitable[object]], hash_once: Callable[[], object]
) -> Mapping[str, Side]:
    """Return the sides that tell how long others wait, and how long one hash takes alone."""

    async def waits() -> Sequence[float]:
        return sorted(await _felt(ask, asyncio.gather(*map(log_in, range(AT_ONCE)))))

    async def slow(number: int) -> float:
        return sum([_slow(await waits()) for _ in range(number)])

    async def slowest(number: int) -> float:
        return sum([(await waits())[-1] for _ in range(number)])

    async def hashing(number: int) -> float:
        begun = time.perf_counter()
        for _ in range(number):
            hash_once()
        return time.perf_counter() - begun

    return {"99 % of others": slow, "the slowest of others": slowest, "one hash": hashing}


def _slow(waits: Sequence[float]) -> float:
    return waits[int(len(waits) * _SLOW)]


async def _felt(ask: Callable[[int], Awaitable[object]], meanwhile: Awaitable[object]) -> Sequence[float]:
    """Return how long each request waits that is due until something is done: in a stall, all that fall into it."""
    loop, ended = asyncio.get_running_loop(), list[float]()
    task = asyncio.ensure_future(meanwhile)
    task.add_done_callback(lambda _: ended.append(loop.time()))
    due, waits, turns = loop.time(), list[float](), count()
    while not ended or due < ended[0]:
        await asyncio.sleep(max(0.0, due - loop.time()))
        await ask(next(turns))
        waits.append(loop.time() - due)
        due += _EVERY
    await task
    return waits
