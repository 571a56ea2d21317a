"""What this process may use of the machine: how many cores, and how much memory.  Nothing is decided here.

Containers are limited by control groups (version 2, and 1 where it is still in use), which Python does not ask about
memory at all.  Elsewhere the machine itself is the limit.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["usable_cores", "usable_memory"]

_ROOT: Final = Path("/")


def usable_cores(root: Path = _ROOT) -> int:
    """Return how many cores this process may use at once, at least 1: those it is bound to, or a smaller quota."""
    quotas = [int(quota // period) for quota, period in _quotas(root)]
    return max(1, min([_bound_to(), *quotas]))


def usable_memory(root: Path = _ROOT) -> int | None:
    """Return how many bytes this process may use: of the machine, or of its container if that is less; or None."""
    limits = [
        limit
        for name in ("memory.max", "memory.limit_in_bytes")
        for folder in _groups(root, "memory")
        if (limit := _number(_text(folder / name))) is not None
    ]
    return min([*limits, *filter(None, [_installed()])], default=None)


def _bound_to() -> int:
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _installed() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not on every system
        return None


def _quotas(root: Path) -> Iterator[tuple[int, int]]:
    """Every quota that applies, and the period for which it is given: their quotient is a number of cores."""
    for folder in _groups(root, "cpu"):
        version_2 = _text(folder / "cpu.max").split()
        version_1 = [_text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")]
        for numbers in ([_number(text) for text in texts] for texts in (version_2, version_1)):
            match numbers:
                case [int() as quota, int() as period] if period > 0:
                    yield quota, period
                case _:
                    pass


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folder of each control group of this process that may limit it, from the innermost to the outermost."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, named = line.partition(":")
        controllers, _, path = named.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        # In version 2 all controllers share one tree, and the line names none.
        tree = root / "sys/fs/cgroup" / (controller if controllers else "")
        steps = [step for step in path.split("/") if step not in {"", ".."}]
        yield from (tree.joinpath(*steps[:count]) for count in range(len(steps), -1, -1))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _number(text: str) -> int | None:
    """Read a number; "max" and -1 mean that there is no limit."""
    return int(text) if text.isascii() and text.isdigit() else None
