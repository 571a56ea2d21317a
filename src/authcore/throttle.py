"""How often something may be done: a setting.  Counting it, and refusing more, is decided in `throttling`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from authcore.errors import ConfigurationError

__all__ = ["Throttle"]

_MOST: Final = 100_000
_LONGEST: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """So many times within a window that slides along: whoever waits for `window` may do it again.

    Raises ConfigurationError for a limit or a window out of range; there is none that means "for ever".
    """

    limit: int
    """How often: 1 to 100,000."""

    window: timedelta
    """Within how long: at most 30 days."""

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        for is_broken, otherwise in _RULES:
            if is_broken(self):
                raise ConfigurationError(otherwise)


_RULES: Final[tuple[tuple[Callable[[Throttle], bool], str], ...]] = (
    (lambda t: not 1 <= t.limit <= _MOST, "a throttle's limit must be 1 to 100000"),
    (
        lambda t: not timedelta(0) < t.window <= _LONGEST,
        "a throttle's window must be longer than zero and at most 30 days",
    ),
)
