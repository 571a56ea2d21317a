"""P4: one permission, held against few grants and many, beside the checks of peers."""

import sys
from collections.abc import AsyncGenerator, Mapping
from typing import Final

from benchmarks.measuring import Comparison, Side, Unmeasured
from benchmarks.peers.processes import scene
from benchmarks.peers.registry import PYTHON, Peer, missing, peers_of, told
from benchmarks.peers.scenes import SIZES
from benchmarks.servers import Places

__all__ = ["compared"]

_OURS: Final = "benchmarks.peers.authcore_functions"
_ENDS: Final = (SIZES[-1], SIZES[0])
_OUTCOMES: Final = ("hit", "miss")


async def compared(_places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    """Yield authcore beside each peer; then, for each of them, what a thousand grants cost beside one."""
    for peer in peers_of("P4"):
        if reason := missing(peer):
            yield Unmeasured(work="P4", case=peer.name, reason=reason)
            continue
        async with (
            scene(sys.executable, _OURS, "checks") as ours,
            scene(PYTHON, peer.module, "checks") as theirs,
        ):
            for comparison in _beside(peer, ours, theirs):
                yield comparison


def _beside(peer: Peer, ours: Mapping[str, Side], theirs: Mapping[str, Side]) -> list[Comparison]:
    checks = [
        Comparison(
            work="P4",
            case=f"{peer.name}, {check}",
            sides={"authcore": ours[check], told(peer): theirs[check]},
        )
        for check in (f"{size} grants, {outcome}" for size in SIZES for outcome in _OUTCOMES)
    ]
    growth = [
        Comparison(
            work="P4",
            case=f"growth of {peer.name}, {outcome}",
            sides={f"{told(peer)}, {size} grants": theirs[f"{size} grants, {outcome}"] for size in _ENDS}
            | {f"authcore, {size} grants": ours[f"{size} grants, {outcome}"] for size in _ENDS},
        )
        for outcome in _OUTCOMES
    ]
    return [*checks, *growth]
