"""P3: what others feel while people log in, beside what they feel of a peer's logins."""

import sys
from collections.abc import AsyncGenerator
from typing import Final

from benchmarks.measuring import Comparison, Unmeasured
from benchmarks.peers.places import place_of
from benchmarks.peers.processes import scene
from benchmarks.peers.registry import PYTHON, missing, peers_of, told
from benchmarks.servers import Places

__all__ = ["compared"]

_OURS: Final = "benchmarks.peers.authcore_logins"
_ROUNDS: Final = 5


async def compared(_places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    """Yield how long others wait, beside each peer, and the hash that each makes; over SQLite."""
    for peer in peers_of("P3"):
        if reason := missing(peer):
            yield Unmeasured(work="P3", case=peer.name, reason=reason)
            continue
        async with (
            place_of("sqlite") as our_place,
            place_of("sqlite") as their_place,
            scene(sys.executable, _OURS, "logins", our_place) as ours,
            scene(PYTHON, peer.module, "logins", their_place) as theirs,
        ):
            for what in ("99 % of others", "the slowest of others"):
                yield Comparison(
                    work="P3",
                    case=f"{peer.name}, {what}",
                    sides={
                        "authcore": ours[what],
                        told(peer): theirs[what],
                        "one hash, authcore's": ours["one hash"],
                        "one hash, its": theirs["one hash"],
                    },
                    most=1,
                    rounds=_ROUNDS,
                )
