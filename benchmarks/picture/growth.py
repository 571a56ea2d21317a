"""How cost grows: with what is stored, with what one account has, with others, and with how many race."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.measuring import Counted, Figures
from benchmarks.picture.sheet import Scale, circle, line, path, sheet, text

__all__ = ["PANELS", "Panel", "curves", "draw"]

_WIDTH: Final = 800
_ACROSS: Final = 3
_LEFT, _TOP = 60, 150
_PANEL, _HIGH = 196, 150
_STEP_X, _STEP_Y = 246, 236
_HIGHEST: Final = 128
_LOWEST: Final = 0.5
_STEPS: Final = (1, 2, 4, 8, 16, 32, 64)
_UNITS: Final = ((1_000_000, " M"), (1_000, " k"), (1, ""))
_NAMED: Final = 4
_STORES: Final = ("memory", "sqlite", "postgresql", "mariadb", "redis")


@dataclass(frozen=True, slots=True)
class Panel:
    """A small picture: what a case costs, store by store, as more and more of something is there."""

    work: str
    title: str
    case: str
    of: str
    own: bool = False
    """Whether it grows with what one account has itself, and may do so in proportion."""


PANELS: Final = (
    Panel("W5", "a request", "growth of a request", "sessions stored"),
    Panel("W5", "a list of one's sessions", "growth of a list", "sessions stored"),
    Panel("W5", "a step of a purge", "growth of a purge", "sessions stored"),
    Panel("W9", "a request", "others, a request", "accounts"),
    Panel("W9", "a login", "others, a login", "accounts"),
    Panel("W9", "a login", "sessions, a login", "sessions of one's own", own=True),
    Panel("W9", "a list of one's sessions", "sessions, a list", "sessions of one's own", own=True),
    Panel("W9", "a request", "sessions, a request", "sessions of one's own", own=True),
    Panel("W9", "a request", "roles, a request", "roles of one's own", own=True),
    Panel("W9", "a request", "permissions, a request", "permissions of one role", own=True),
    Panel("W9", "attempts at a refresh", "refreshes of one cookie", "at once, of one cookie"),
    Panel("W9", "attempts at a guess", "guesses at one code", "at once, at one code"),
)


def draw(measured: Sequence[Figures | Counted], where: str) -> str:
    """Return the picture."""
    panels = [(panel, found) for panel in PANELS if (found := curves(panel, measured))]
    lines = -(-len(panels) // _ACROSS)
    parts = [*_heading(where)]
    for number, (panel, found) in enumerate(panels):
        down, across = divmod(number, _ACROSS)
        parts += _panel(panel, found, _LEFT + across * _STEP_X, _TOP + down * _STEP_Y)
    return sheet(_WIDTH, _TOP + lines * _STEP_Y - 20, "How the cost of authcore grows", parts)


def curves(panel: Panel, measured: Sequence[Figures | Counted]) -> Mapping[str, Sequence[tuple[int, float]]]:
    """Return what was found of a panel: for each store how much of the smallest each size costs, or is counted."""
    found = {}
    for each in measured:
        store, _, case = each.case.partition(", ")
        if each.work != panel.work or case != panel.case or (isinstance(each, Counted) and each.unit != "attempts"):
            continue
        figures = each.counts if isinstance(each, Counted) else {n: r.median for n, r in each.ratios.items()}
        found[store] = sorted((int(re.findall(r"\d+", name)[0]), figure) for name, figure in figures.items())
    return found


def _heading(where: str) -> Iterator[str]:
    yield text(28, 38, "How the cost grows", "title")
    yield text(
        28,
        60,
        "Each figure is a multiple of that beside the fewest; attempts are those of one flow, on average.",
        "faint",
    )
    yield text(28, 78, where, "faint")
    x = 34.0
    for store in _STORES:
        yield circle(x, 100, 4.5, store)
        yield text(x + 10, 104, store, "faint")
        x += 34 + 7 * len(store)
    yield line(x + 4, 100, x + 34, 100, "rule dashed limit")
    yield text(x + 42, 104, "in proportion", "faint")


def _panel(panel: Panel, found: Mapping[str, Sequence[tuple[int, float]]], left: float, top: float) -> Iterator[str]:
    sizes = sorted({size for points in found.values() for size, _ in points})
    across = Scale(sizes[0], sizes[-1], left, left + _PANEL)
    down = Scale(_LOWEST, _HIGHEST, top + _HIGH, top)
    yield text(left, top - 10, panel.title, "head")
    for step in _STEPS:
        yield line(left, down(step), left + _PANEL, down(step), "rule")
        yield text(left - 6, down(step) + 4, f"{step:g}", "faint right")
    if panel.own:
        last = min(sizes[-1] / sizes[0], _HIGHEST)
        yield line(across(sizes[0]), down(1), across(sizes[0] * last), down(last), "rule dashed limit")
    for size in sizes if len(sizes) <= _NAMED else sizes[::2] + sizes[-1:]:
        yield text(across(size), top + _HIGH + 16, _short(size), "faint middle")
    yield text(left + _PANEL / 2, top + _HIGH + 34, panel.of, "faint middle")
    for store, points in found.items():
        placed = [(across(size), down(figure)) for size, figure in points]
        yield path(placed, f"drawn {store}")
        yield from (circle(x, y, 3, store) for x, y in placed)


def _short(size: int) -> str:
    scale, unit = next((scale, unit) for scale, unit in _UNITS if size >= scale)
    return f"{size / scale:g}{unit}"
