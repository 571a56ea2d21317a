"""Making sides of a comparison: a loop, an awaited call, so many of those in flight."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from benchmarks.measuring import Side

__all__ = ["awaited", "looped"]

T = TypeVar("T")

_FINE: Final = 1e-6
_processor_time: Final = (
    time.thread_time if time.get_clock_info("thread_time").resolution <= _FINE else time.perf_counter
)


def looped(loop: Callable[[Iterable[T]], None], inputs: Callable[[int], Iterable[T]]) -> Side:
    """Return the side that does something to each of so many inputs; making those is not measured.

    It waits for nothing, so what is measured is the time of the processor, which others may use meanwhile.
    """

    async def side(count: int) -> float:
        prepared = inputs(count)
        begun = _processor_time()
        loop(prepared)
        return _processor_time() - begun

    return side


def awaited(call: Callable[[int], Awaitable[object]], *, in_flight: int = 1) -> Side:
    """Return the side that awaits a call so often, which is told its turn; so many of them are in flight at a time."""

    async def side(count: int) -> float:
        turns = iter(range(count))  # shared by all lanes: whoever is free takes the next

        async def lane() -> None:
            for turn in turns:
                await call(turn)

        begun = time.perf_counter()
        if in_flight == 1:
            await lane()
        else:
            await asyncio.gather(*(lane() for _ in range(in_flight)))
        return time.perf_counter() - begun

    return side
