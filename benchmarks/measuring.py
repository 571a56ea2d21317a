"""Measuring sides in turn, A B A B: medians, their spread, and ratios.  What is measured stands elsewhere."""

import math
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

__all__ = ["Comparison", "Figures", "Pace", "Side", "Spread", "Unmeasured", "compare"]

Side: TypeAlias = Callable[[int], Awaitable[float]]
"""Does one thing so many times, and returns how many seconds that took."""

_TOLERANCE: Final = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many rounds are measured, and about how long one side is measured in each of them."""

    rounds: int = 15
    seconds: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is measured side by side: first what it is about, second its floor, and then others to judge both by.

    The first may cost `times` as much as the floor, or `more` seconds more.  A side does its thing at most `most` times
    in a round, and there are at most `rounds`.  Where there are `overheads`, those are what it is about: each names a
    side, and the one without what is to be told, which stands next to it.
    """

    work: str
    case: str
    sides: Mapping[str, Side]
    overheads: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    times: float | None = None
    more: float | None = None
    most: int = 20_000
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmeasured:
    """What was not measured, and why."""

    work: str
    case: str
    reason: str


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some figures, and their quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """Return the spread of some figures; of a single one, nothing but that."""
        if len(figures) == 1:
            return cls(figures[0], figures[0], figures[0])
        low, median, high = statistics.quantiles(figures, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of a comparison: how long each side takes once, and how that of each compares with the floor's.

    `ratios` and `differences` are those of measurements that stood next to each other in one round.
    """

    work: str
    case: str
    rounds: int
    seconds: Mapping[str, Spread]
    ratios: Mapping[str, Spread]
    differences: Mapping[str, Spread]
    times: float | None
    more: float | None

    @property
    def subject(self) -> str:
        """The name of the side that it is about."""
        return next(iter(self.seconds))

    @property
    def floor(self) -> str:
        """The name of the side that it is compared with."""
        return tuple(self.seconds)[1]

    @property
    def within(self) -> bool | None:
        """Whether the target was met, give or take a tenth; None where there is no target."""
        limits = ((self.ratios, self.times), (self.differences, self.more))
        held = [measured[self.subject].median <= most * _TOLERANCE for measured, most in limits if most is not None]
        return all(held) if held else None


async def compare(comparison: Comparison, pace: Pace) -> Figures:
    """Measure every side in each round, one after the other, so that what slows the machine down slows down all."""
    counts = {name: await _count(side, pace, comparison.most) for name, side in comparison.sides.items()}
    seconds: dict[str, list[float]] = {name: [] for name in comparison.sides}
    rounds = pace.rounds if comparison.rounds is None else min(comparison.rounds, pace.rounds)
    for _ in range(rounds):
        for name, side in comparison.sides.items():
            seconds[name].append(await side(counts[name]) / counts[name])
    seconds = _overheads(comparison, seconds) | seconds
    floor = tuple(seconds.values())[1]
    return Figures(
        work=comparison.work,
        case=comparison.case,
        rounds=rounds,
        seconds={name: Spread.of(each) for name, each in seconds.items()},
        ratios={
            name: Spread.of([one / other for one, other in zip(each, floor, strict=True)])
            for name, each in seconds.items()
        },
        differences={
            name: Spread.of([one - other for one, other in zip(each, floor, strict=True)])
            for name, each in seconds.items()
        },
        times=comparison.times,
        more=comparison.more,
    )


def _overheads(comparison: Comparison, seconds: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return what one side of each pair takes more than the other, round by round."""
    return {
        name: [one - other for one, other in zip(seconds[whole], seconds[without], strict=True)]
        for name, (whole, without) in comparison.overheads.items()
    }


async def _count(side: Side, pace: Pace, most: int) -> int:
    """Return how often a side does its thing in the time of a round; it is warm afterwards."""
    count = 1
    while True:
        taken = await side(count)
        if taken >= pace.seconds / 4 or count == most:
            return max(1, min(most, math.ceil(count * pace.seconds / taken)))
        count = min(most, count * 4)
