"""The real clock and the operating system's randomness: the only place where the core reads either."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

__all__ = ["SystemClock", "SystemEntropy", "inline"]

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SystemClock:
    """The wall clock as it was when the process began, carried on by the steady clock.

    So it never steps back, whatever is done to the machine's time.  Its sleep stops the thread: under an event loop,
    `authcore.offload.on_event_loop` replaces it.
    """

    _offset: int = field(default_factory=lambda: time.time_ns() - time.monotonic_ns(), repr=False)

    def now(self) -> datetime:
        """Return the time in UTC."""
        return _EPOCH + timedelta(microseconds=(self._offset + time.monotonic_ns()) // 1000)

    async def sleep(self, seconds: float, /) -> None:
        """Stop this thread for a while."""
        time.sleep(seconds)  # noqa: ASYNC251  for callers without a loop; `offload` has the other one


@dataclass(frozen=True)
class SystemEntropy:
    """The operating system's source of secure randomness."""

    def token_bytes(self, count: int, /) -> bytes:
        """Return `count` random bytes."""
        return secrets.token_bytes(count)


async def inline(work: Callable[[], T], /) -> T:
    """Run costly work here and now: right for scripts and tests, wrong under an event loop."""
    return work()
