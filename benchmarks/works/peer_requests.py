"""P1 and P2: what authentication adds to a request, and with a permission, beside what a peer's adds."""

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from benchmarks.measuring import Comparison, Side, Unmeasured
from benchmarks.peers.places import place_of
from benchmarks.peers.processes import scene
from benchmarks.peers.registry import PYTHON, Peer, missing, peers_of, told
from benchmarks.servers import Places
from benchmarks.works.requests import IN_FLIGHT

__all__ = ["STORES", "authenticated", "permitted"]

STORES: Final = ("postgresql", "sqlite")
"""Which both sides know."""

_OURS: Final = "benchmarks.peers.authcore_requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A work: the page that is asked for, what people hold, and how much of a peer's overhead there may be."""

    work: str
    page: str
    roles: int
    permissions: int
    targets: Mapping[str, float]


_AUTHENTICATED: Final = _Kind(
    work="P1",
    page="authenticated",
    roles=1,
    permissions=1,
    targets={"sanic-security": 0.167, "fastapi-users": 0.167},
)
_PERMITTED: Final = _Kind(work="P2", page="permitted", roles=3, permissions=10, targets={"sanic-security": 0.125})


async def _compared(kind: _Kind, places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    for peer in peers_of(kind.work):
        for store in STORES:
            case = f"{peer.name}, {store}"
            if reason := missing(peer):
                yield Unmeasured(work=kind.work, case=case, reason=reason)
            elif store not in places:
                yield Unmeasured(work=kind.work, case=case, reason="it was not asked for, or there is no server")
            else:
                async with _pages(kind, peer, store) as (ours, theirs):
                    for number in (1, IN_FLIGHT):
                        yield _comparison(kind, peer, f"{store}, {number}", ours[number], theirs[number])


authenticated: Final = partial(_compared, _AUTHENTICATED)
"""Yields what authcore adds to a request beside what each peer does, on its framework and over the same database."""

permitted: Final = partial(_compared, _PERMITTED)
"""Yields the same, with a permission, beside the peers that have such."""


@dataclass(frozen=True, slots=True)
class _Page:
    """How a page is asked for, and the page of the same framework that asks nobody who he is."""

    guarded: Side
    bare: Side


_Pages: TypeAlias = Mapping[int, _Page]
"""Pages by how many requests for them are in flight."""


def _comparison(kind: _Kind, peer: Peer, case: str, ours: _Page, theirs: _Page) -> Comparison:
    """Return a comparison in which each guarded page is measured next to its bare one."""
    return Comparison(
        work=kind.work,
        case=f"{peer.name}, {case}",
        sides={
            f"authcore on {peer.beside}": ours.guarded,
            f"{peer.beside}, bare": ours.bare,
            f"{told(peer)} on {peer.framework}": theirs.guarded,
            f"{peer.framework}, bare, in its process": theirs.bare,
        },
        overheads={
            "authcore": (f"authcore on {peer.beside}", f"{peer.beside}, bare"),
            told(peer): (f"{told(peer)} on {peer.framework}", f"{peer.framework}, bare, in its process"),
        },
        times=kind.targets.get(peer.name),
    )


@asynccontextmanager
async def _pages(kind: _Kind, peer: Peer, store: str) -> AsyncIterator[tuple[_Pages, _Pages]]:
    """Have a process for each, with the same people in databases of their own."""
    crowd = (IN_FLIGHT, kind.roles, kind.permissions)
    async with (
        place_of(store) as our_place,
        place_of(store) as their_place,
        scene(sys.executable, _OURS, "requests", peer.beside, our_place, *crowd) as ours,
        scene(PYTHON, peer.module, "requests", their_place, *crowd) as theirs,
    ):
        yield _by_number(kind, ours), _by_number(kind, theirs)


def _by_number(kind: _Kind, sides: Mapping[str, Side]) -> _Pages:
    return {
        number: _Page(sides[f"{kind.page}, {number} in flight"], sides[f"bare, {number} in flight"])
        for number in (1, IN_FLIGHT)
    }
