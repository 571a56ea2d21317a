"""P7: importing a peer, beside importing authcore."""

from collections.abc import AsyncGenerator

from benchmarks.measuring import Comparison, Unmeasured
from benchmarks.peers.registry import PYTHON, missing, peers_of, told
from benchmarks.servers import Places
from benchmarks.works.imports import importing

__all__ = ["compared"]


async def compared(_places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    """Yield authcore, and with all its flows, beside each peer: each import in a fresh process of its own Python."""
    for peer in peers_of("P7"):
        if reason := missing(peer):
            yield Unmeasured(work="P7", case=peer.name, reason=reason)
            continue
        yield Comparison(
            work="P7",
            case=peer.name,
            sides={
                "authcore": importing("authcore"),
                told(peer): importing(peer.imports, python=str(PYTHON)),
                "authcore, every flow of it": importing("authcore.auth"),
            },
        )
