"""P4: one permission, held against few grants and many, beside the checks of peers."""

import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Final

from benchmarks.measuring import Comparison, Side, Unmeasured
from benchmarks.peers.processes import scene
from benchmarks.peers.registry import PYTHON, missing, peers_of, told, took_part
from benchmarks.peers.scenes import SIZES
from benchmarks.servers import Places

__all__ = ["compared"]

_OURS: Final = "benchmarks.peers.authcore_functions"
_GROWTH: Final = 1.3
_OUTCOMES: Final = ("hit", "miss")


async def compared(_places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    """Yield authcore beside each peer; then what a thousand grants cost beside one, of each of them."""
    for peer in peers_of("P4"):
        if reason := missing(peer):
            yield Unmeasured(work="P4", case=peer.name, reason=reason)
            continue
        async with (
            scene(sys.executable, _OURS, "checks") as ours,
            scene(PYTHON, peer.module, "checks") as theirs,
        ):
            for check in (f"{size} grants, {outcome}" for size in SIZES for outcome in _OUTCOMES):
                sides = {"authcore": ours[check], told(peer): theirs[check]}
                yield Comparison(work="P4", case=f"{peer.name}, {check}", sides=sides)
            for comparison in _growth(peer.name, theirs):
                yield comparison
    if took_part("P4"):
        async with scene(sys.executable, _OURS, "checks") as ours:
            for comparison in _growth("authcore", ours, times=_GROWTH):
                yield comparison


def _growth(name: str, checks: Mapping[str, Side], *, times: float | None = None) -> Iterator[Comparison]:
    for outcome in _OUTCOMES:
        sides = {f"{size} grants": checks[f"{size} grants, {outcome}"] for size in (SIZES[-1], SIZES[0])}
        yield Comparison(work="P4", case=f"growth of {name}, {outcome}", sides=sides, times=times)
