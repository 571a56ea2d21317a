"""The real clock and the operating system's randomness: the only place where the core reads either."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

__all__ = ["SystemClock", "SystemEntropy", "inline", "unheard"]

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SystemClock:
    """The machine's clock, but never stepping back: when that one is set back, this one stands until it is right.

    It follows the machine otherwise, through corrections and through sleep.  Its own sleep stops the thread: under an
    event loop, `authcore.offload.on_event_loop` replaces it.
    """

    def __init__(self) -> None:
        self._latest = 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def now(self) -> datetime:
        """Return the time in UTC."""
        self._latest = max(self._latest, time.time_ns())
        return _EPOCH + timedelta(0, 0, self._latest // 1000)

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


def unheard() -> None:
    """Tell nobody that a message waits: it stays in the outbox until `deliver_due` is called."""
