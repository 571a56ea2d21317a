"""Where everything of the picture stands: chips within boxes, boxes in rows, arrows in the channels between rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.architecture.source import modules
from tools.picture.rooms import BOXES, Box, arrows, libraries, room_of

WIDTH, TOP, CHANNEL, PADDING, GAP = 1200, 92, 40, 12, 8
NAME, SMALL = 7.3, 6.1
"""How wide a letter of a module's name is, and a letter of the small print."""


@dataclass(frozen=True)
class Chip:
    """One room: its name, the modules in it if it is a package, and the libraries that it imports."""

    name: str
    lines: tuple[str, ...]
    badges: tuple[str, ...]

    @property
    def width(self) -> float:
        """As wide as its longest line."""
        head = len(self.name) * NAME + sum(len(badge) * SMALL + 16 for badge in self.badges)
        return max([head, *(len(line) * SMALL for line in self.lines)]) + 2 * GAP

    @property
    def height(self) -> int:
        """As high as its lines."""
        return 26 + 14 * len(self.lines) + (4 if self.lines else 0)


def chip(room: str, width: float) -> Chip:
    """The chip of a room, at most so wide."""
    within = [module for module in modules() if room_of(module.name) == room]
    package = room if room.startswith("authcore") else f"authcore.{room}"
    names = sorted({module.name[len(package) + 1 :].partition(".")[0] for module in within} - {""})
    return Chip(room, tuple(_wrapped(names, int((width - 2 * GAP) / SMALL))), tuple(libraries(within)))


def _wrapped(names: list[str], columns: int) -> Iterator[str]:
    line = ""
    for name in names:
        if line and len(f"{line} · {name}") > columns:
            yield line
            line = ""
        line = f"{line} · {name}" if line else name
    if line:
        yield line


@cache
def placed(box: Box) -> tuple[tuple[float, float, Chip], ...]:
    """The chips of a box, each with its distance from the box's left and upper edge."""
    room = box.right - box.left - 2 * PADDING
    packages = sum(any(line for line in chip(name, room).lines) for name in box.rooms)
    share = (room - GAP * (packages - 1)) / max(packages, 1)
    found, across, down, highest = [], 0.0, 0.0, 0
    for each in (chip(name, share) for name in box.rooms):
        if across and across + each.width > room:
            across, down, highest = 0.0, down + highest + GAP, 0
        found.append((PADDING + across, 44 + down, each))
        across, highest = across + each.width + GAP, max(highest, each.height)
    return tuple(found)


def height(box: Box) -> float:
    """How high a box must be for its chips."""
    return max(down + each.height for _, down, each in placed(box)) + PADDING


@cache
def tops() -> tuple[float, ...]:
    """The upper edge of each row, and at last the lower end of the picture."""
    found = [float(TOP)]
    for row in range(max(box.row for box in BOXES) + 1):
        found.append(found[-1] + max(height(box) for box in BOXES if box.row == row) + CHANNEL)
    return tuple(found)


def bottom(box: Box) -> float:
    """The lower edge of a box: that of its row."""
    return tops()[box.row + 1] - CHANNEL


def _free(source: Box, target: Box, left: float, right: float) -> list[tuple[float, float]]:
    """The parts of a stretch that no box between two rows stands in."""
    free = [(left, right)]
    for box in BOXES:
        if source.row < box.row < target.row:
            cut = [part for a, b in free for part in ((a, min(b, box.left - 6)), (max(a, box.right + 6), b))]
            free = [(a, b) for a, b in cut if a < b]
    return free


def _column(source: Box, target: Box) -> float | None:
    """Where one straight line leads from a box to another, if one does."""
    left, right = max(source.left, target.left) + PADDING, min(source.right, target.right) - PADDING
    free = _free(source, target, left, right) if left < right else []
    a, b = max(free, key=lambda part: part[1] - part[0], default=(0.0, 0.0))
    return (a + b) / 2 if free else None


@dataclass
class Route:
    """One arrow: where it leaves, where it arrives, and how far below the source it turns."""

    source: Box
    target: Box
    start: float
    end: float
    turn: float = 0.0

    def points(self) -> list[tuple[float, float]]:
        """The corners of the arrow."""
        first, last = bottom(self.source), tops()[self.target.row]
        if self.start == self.end:
            return [(self.start, first), (self.end, last)]
        return [
            (self.start, first),
            (self.start, first + self.turn),
            (self.end, first + self.turn),
            (self.end, last),
        ]


def routes() -> list[Route]:
    """Every arrow, laid out: straight where that can be, and else turning once below its source."""
    straight, turning = [], []
    for source, target in arrows():
        column = _column(source, target)
        if column is not None:
            straight.append(Route(source, target, column, column))
        else:
            turning.append(_turned(source, target))
    for row in {route.source.row for route in turning}:
        lanes = sorted(
            (route for route in turning if route.source.row == row), key=lambda route: route.end > route.start
        )
        for number, route in enumerate(lanes, 1):
            route.turn = CHANNEL * number / (len(lanes) + 1) - 2
    return straight + turning


def _turned(source: Box, target: Box) -> Route:
    rightwards = target.left + target.right > source.left + source.right
    # What arrives keeps away from where its neighbours leave, so that no two arrows share a line.
    free = _free(source, target, target.left + 1.5 * PADDING, target.right - 3.5 * PADDING)
    if rightwards:
        return Route(source, target, source.right - 2 * PADDING, min(a for a, _ in free))
    return Route(source, target, source.left + 2 * PADDING, max(b for _, b in free))
