"""Measuring sides in turn, A B A B: medians, their spread, and ratios.  What is measured stands elsewhere."""

import math
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

__all__ = ["Comparison", "Counted", "Figures", "Pace", "Side", "Spread", "Trial", "Unmeasured", "compare", "try_out"]

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
class Trial:
    """What one go finds out about several things at once: of each thing, how many seconds every side of it has taken.

    Sides stand as in a Comparison, and `times` names the things that have a target.  There are at most `rounds` goes.
    """

    work: str
    go: Callable[[], Awaitable[Mapping[str, Mapping[str, float]]]]
    times: Mapping[str, float]
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted, or weighed, and is no time; of the first there may be `most`, with a tenth of tolerance."""

    work: str
    case: str
    unit: str
    counts: Mapping[str, float]
    most: float | None = None

    @property
    def within(self) -> bool | None:
        """Whether the target was met; None where there is none."""
        first = next(iter(self.counts.values()))
        return None if self.most is None else first <= self.most * _TOLERANCE


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
    for _ in range(_rounds(comparison, pace)):
        for name, side in comparison.sides.items():
            seconds[name].append(await side(counts[name]) / counts[name])
    seconds = _overheads(comparison, seconds) | seconds
    return _figures(comparison.work, comparison.case, seconds, times=comparison.times, more=comparison.more)


async def try_out(trial: Trial, pace: Pace) -> list[Figures]:
    """Go as often as there are rounds, after a first time that warms everything up and counts for nothing."""
    await trial.go()
    goes = [await trial.go() for _ in range(_rounds(trial, pace))]
    return [
        _figures(
            trial.work,
            case,
            {name: [each[case][name] for each in goes] for name in sides},
            times=trial.times.get(case),
        )
        for case, sides in goes[0].items()
    ]


def _rounds(what: Comparison | Trial, pace: Pace) -> int:
    return pace.rounds if what.rounds is None else min(what.rounds, pace.rounds)


def _figures(
    work: str, case: str, seconds: Mapping[str, Sequence[float]], *, times: float | None, more: float | None = None
) -> Figures:
    """Tell what each round has found of each side, and compare it with what the same round has found of the floor."""
    floor = tuple(seconds.values())[1]
    neighbours = {name: list(zip(each, floor, strict=True)) for name, each in seconds.items()}
    return Figures(
        work=work,
        case=case,
        rounds=len(floor),
        seconds={name: Spread.of(each) for name, each in seconds.items()},
        ratios={name: Spread.of([one / other for one, other in pairs]) for name, pairs in neighbours.items()},
        differences={name: Spread.of([one - other for one, other in pairs]) for name, pairs in neighbours.items()},
        times=times,
        more=more,
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
