"""P6: reading a token, beside a peer whose sessions are tokens and nothing else."""

import sys
from collections.abc import AsyncGenerator
from typing import Final

from benchmarks.measuring import Comparison, Unmeasured
from benchmarks.peers.processes import scene
from benchmarks.peers.registry import PYTHON, missing, peers_of, told
from benchmarks.servers import Places

__all__ = ["compared"]

_OURS: Final = "benchmarks.peers.authcore_functions"
_AT_ONCE: Final = 2_000


async def compared(_places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    """Yield a token that was never read before, and one that was, beside a peer's verification, and PyJWT's."""
    for peer in peers_of("P6"):
        if reason := missing(peer):
            yield Unmeasured(work="P6", case=peer.name, reason=reason)
            continue
        async with (
            scene(sys.executable, _OURS, "tokens") as ours,
            scene(PYTHON, peer.module, "tokens") as theirs,
        ):
            for state in ("new", "seen before"):
                yield Comparison(
                    work="P6",
                    case=f"{peer.name}, HS256, {state}",
                    sides={"authcore": ours[state], told(peer): theirs["good"], "PyJWT alone": ours["PyJWT"]},
                    most=_AT_ONCE,
                )
