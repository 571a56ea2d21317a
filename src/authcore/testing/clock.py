"""A clock that moves only when it is told to."""

from datetime import UTC, datetime, timedelta
from typing import Final

from authcore.ports import Clock

__all__ = ["FakeClock"]

_START: Final = datetime(2030, 1, 1, tzinfo=UTC)


class FakeClock(Clock):
    """Stands at one moment; `advance` moves it on, and so does sleeping, without any waiting."""

    def __init__(self, start: datetime = _START) -> None:
        """Stand at `start`, an aware time in UTC."""
        self._now = start

    def now(self) -> datetime:
        """Return the moment at which it stands."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on; ValueError for a step back, which no clock of authcore takes."""
        if by < timedelta(0):
            msg = "a clock never steps back"
            raise ValueError(msg)
        self._now += by

    async def sleep(self, seconds: float, /) -> None:
        """Move on by that much, at once."""
        self.advance(timedelta(seconds=seconds))
