"""Measure some works, or all, print a table, and keep what was measured as JSON."""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.measuring import Comparison, Counted, Figures, Pace, Trial, Unmeasured, compare, try_out
from benchmarks.peers.registry import footnote
from benchmarks.reporting import keep, table
from benchmarks.servers import STORES, Places, places_of
from benchmarks.works import (
    growing_accounts,
    growing_stores,
    imports,
    logins,
    peer_checks,
    peer_imports,
    peer_logins,
    peer_requests,
    peer_tokens,
    permission_checks,
    permitted_requests,
    requests,
    served_requests,
    tokens,
)

__all__ = ["main"]

Told: TypeAlias = Figures | Counted | Unmeasured


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be compared, and the stores that it needs a place for."""

    compared: Callable[[Places], AsyncGenerator[Comparison | Trial | Counted | Unmeasured, None]]
    stores: Collection[str] = ()


WORKS: Final = {
    "W1": Work(requests.compared, STORES),
    "W2": Work(permitted_requests.compared, ("postgresql",)),
    "W3": Work(logins.compared),
    "W4": Work(permission_checks.compared),
    "W5": Work(growing_stores.compared, ("sqlite", "postgresql")),
    "W6": Work(tokens.compared),
    "W7": Work(imports.compared),
    "W8": Work(served_requests.compared, served_requests.STORES),
    "W9": Work(growing_accounts.compared, STORES),
    "P1": Work(peer_requests.authenticated, peer_requests.STORES),
    "P2": Work(peer_requests.permitted, peer_requests.STORES),
    "P3": Work(peer_logins.compared),
    "P4": Work(peer_checks.compared),
    "P6": Work(peer_tokens.compared),
    "P7": Work(peer_imports.compared),
}

_RESULTS: Final = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> list[Told]:
    """Measure, print a table, and keep what was measured as JSON."""
    pace = Pace()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"one or more of {', '.join(WORKS)}; by default all")
    parser.add_argument("--rounds", type=int, default=pace.rounds, help="how often each side is measured")
    parser.add_argument("--seconds", type=float, default=pace.seconds, help="how long a side is measured in a round")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES, help="over which stores")
    parser.add_argument("--json", type=Path, default=_RESULTS, metavar="FOLDER", help="where JSON is kept")
    chosen = parser.parse_args(arguments)
    works = [work.upper() for work in chosen.works] or list(WORKS)
    if unknown := set(works) - WORKS.keys():
        parser.error(f"no such work: {', '.join(sorted(unknown))}")
    pace = Pace(rounds=chosen.rounds, seconds=chosen.seconds)
    measured = [each for work in works for each in _measured(WORKS[work], chosen.stores, pace)]
    keep(measured, chosen.json)
    print(*table(measured), *footnote(works), sep="\n")
    return measured


def _measured(work: Work, stores: Collection[str], pace: Pace) -> Sequence[Told]:
    """Measure one work, in databases that no other has written to."""
    with places_of([store for store in work.stores if store in stores]) as places:
        return asyncio.run(_measure(work, places, pace))


async def _measure(work: Work, places: Places, pace: Pace) -> Sequence[Told]:
    """Measure each comparison while the scene is set for it."""
    told: list[Told] = []
    async with aclosing(work.compared(places)) as yielded:
        async for each in yielded:
            if isinstance(each, Comparison):
                told.append(await compare(each, pace))
            elif isinstance(each, Trial):
                told.extend(await try_out(each, pace))
            else:
                told.append(each)
    return told


if __name__ == "__main__":
    main()
