"""Each work beside its target: how far every one of its figures is from it, on one scale for all of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.measuring import Counted, Figures
from benchmarks.picture.sheet import Scale, circle, line, rect, sheet, text

__all__ = ["ROWS", "Row", "draw", "found"]

_WIDTH: Final = 800
_LEFT, _RIGHT = 336, 636
_TOP: Final = 118
_HIGH: Final = 24
_TOLERANCE: Final = 1.1
_STEPS: Final = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the picture: the cases of a work that a pattern finds, all of which have the same target."""

    work: str
    title: str
    pattern: str


ROWS: Final = (
    Row("W1", "a request, PostgreSQL", r"postgresql, \d"),
    Row("W1", "a request, Redis", r"redis, \d"),
    Row("W1", "a request, SQLite", r"sqlite, \d"),
    Row("W1", "a request, memory", r"memory, \d"),
    Row("W2", "a request with a permission", r"postgresql, "),
    Row("W3", "others beside logins, 99 %", r".*, 99 % of others"),
    Row("W3", "others beside logins, the slowest", r".*, the slowest of others"),
    Row("W3", "a login beside its hash", r".*, a login"),
    Row("W3", "memory of many logins", r"memory, "),
    Row("W4", "a permission asked before", r"\d+ grants, known"),
    Row("W4", "a permission never asked", r"\d+ grants, new"),
    Row("W4", "1000 grants beside one", r"growth, "),
    Row("W4", "indexing grants", r"building "),
    Row("W5", "a request among more, PostgreSQL", r"postgresql, growth of a request"),
    Row("W5", "a request among more, SQLite", r"sqlite, growth of a request"),
    Row("W5", "a list of sessions", r".*, list, "),
    Row("W5", "a step of a purge", r".*, purge, "),
    Row("W5", "the slowest beside a purge", r".*, slowest beside a purge"),
    Row("W6", "refusing a bad token", r".*, (forged|foreign|expired)"),
    Row("W6", "a token seen before", r".*, seen before"),
    Row("W7", "importing authcore", r"authcore$"),
    Row("W7", "importing its SQL stores", r"authcore with SQLAlchemy"),
    Row("W8", "a served request, PostgreSQL", r"postgresql, "),
    Row("W8", "a served request, Redis", r"redis, "),
    Row("W8", "a served request, SQLite", r"sqlite, "),
    Row("W9", "with 100 sessions beside one", r".*, sessions, "),
    Row("W9", "with 100 roles beside one", r".*, roles, "),
    Row("W9", "with 1000 permissions beside one", r".*, permissions, "),
    Row("W9", "among 100,000 beside 100, PostgreSQL", r"postgresql, others, "),
    Row("W9", "among 100,000 beside 100, SQLite", r"sqlite, others, "),
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A figure, and how much it may be."""

    figure: float
    limit: float
    kind: str
    within: bool

    @property
    def share(self) -> float:
        """How much of the target is used up."""
        return self.figure / self.limit


def draw(measured: Sequence[Figures | Counted], where: str) -> str:
    """Return the picture."""
    rows = [(row, some) for row in ROWS if (some := list(found(row, measured)))]
    bottom = _TOP + _HIGH * len(rows)
    scale = Scale(_STEPS[0], _STEPS[-1], _LEFT, _RIGHT)
    return sheet(
        _WIDTH, bottom + 34, "authcore beside its targets", [*_frame(scale, bottom, where), *_rows(rows, scale)]
    )


def found(row: Row, measured: Sequence[Figures | Counted]) -> Iterator[_Found]:
    """Yield what of a row was measured, and has a target."""
    for each in measured:
        if each.work != row.work or not re.match(row.pattern, each.case) or each.within is None:
            continue
        if isinstance(each, Counted):
            yield _Found(next(iter(each.counts.values())), each.most or 0, each.unit, each.within)
        elif each.times is not None:
            yield _Found(each.ratios[each.subject].median, each.times, "x", each.within)
        else:
            yield _Found(each.differences[each.subject].median * 1e6, (each.more or 0) * 1e6, "us", each.within)


def _frame(scale: Scale, bottom: float, where: str) -> Iterator[str]:
    yield text(28, 38, "authcore beside its targets", "title")
    yield text(28, 60, "A dot for each case: what it takes beside its floor, as a share of what it may take.", "faint")
    yield text(28, 78, where, "faint")
    for step in _STEPS:
        yield line(scale(step), _TOP - 8, scale(step), bottom, "rule")
        named = "target" if step == 1 else f"{step:g} x" if step > 1 else f"1/{1 / step:g}"
        yield text(scale(step), _TOP - 14, named, "faint middle")
    yield rect(scale(1), _TOP - 8, scale(_TOLERANCE) - scale(1), bottom - _TOP + 8, "band")
    yield line(scale(1), _TOP - 8, scale(1), bottom, "limit")
    yield text(_WIDTH - 28, _TOP - 14, "worst, and target", "faint right")
    yield circle(34, bottom + 16, 4.5, "good")
    yield text(44, bottom + 20, "within it, give or take a tenth", "faint")
    yield circle(234, bottom + 16, 4.5, "bad")
    yield text(244, bottom + 20, "beyond", "faint")


def _rows(rows: Sequence[tuple[Row, Sequence[_Found]]], scale: Scale) -> Iterator[str]:
    work = ""
    for number, (row, some) in enumerate(rows):
        y = _TOP + _HIGH * number + 16
        if row.work != work:
            work = row.work
            yield line(28, y - 16, _WIDTH - 28, y - 16, "rule")
            yield text(28, y, work, "head")
        yield text(62, y, row.title)
        for each in some:
            yield circle(scale(each.share), y - 4, 4.5, "good" if each.within else "bad")
        worst = max(some, key=lambda each: each.share)
        yield text(_WIDTH - 28, y, f"{worst.figure:.3g} <= {worst.limit:.4g} {worst.kind}", "figure right")
