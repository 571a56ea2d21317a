"""Do honest people who share one network wait for each other?  Many log in at once: behind one address, and each alone.

Both are measured in turn, in one run and on one machine; only their ratio says something.  What must be none, anywhere,
are the races that were lost: nobody is to be tried again because of a neighbour.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from authcore import Argon2Hasher
from authcore.auth import Auth
from authcore.entities import Device
from authcore.imported_accounts import AccountRecord
from authcore.memory import MemoryStore
from authcore.ports import PasswordHasher, Store
from authcore.testing import FakeClock, build_auth
from authcore_sqlalchemy import SqliteStore
from benchmarks.contention import Observed

_PASSWORD: Final = "a loom that weaves algebra"  # noqa: S105  it guards nobody
_THEN: Final = datetime(2020, 1, 1, tzinfo=UTC)
_RESULTS: Final = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of one kind of store."""

    store: str
    people: int
    rounds: int
    lost_behind_one: int
    """How many commits met a conflict, and were tried again, where all shared one address."""
    lost_apart: int
    seconds_behind_one: float
    """The median of the rounds."""
    seconds_apart: float
    ratio: float
    """The median of the rounds' own ratios, each of two measurements side by side: 1 is the best."""


def main(arguments: Sequence[str] | None = None) -> list[Measured]:
    """Measure, print a table, and keep what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100, help="how many log in at once, at most 300")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--hash", choices=sorted(_HASHERS), default="none", help="what a password costs")
    parser.add_argument("--json", type=Path, default=_RESULTS / "logins_behind_one_network.json")
    chosen = parser.parse_args(arguments)
    measured = []
    for kind in ("memory", "sqlite"):
        with _opened(kind) as store:
            measured.append(asyncio.run(_measure(kind, store, chosen.people, chosen.rounds, _HASHERS[chosen.hash])))
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps([asdict(each) for each in measured], indent=2) + "\n", "utf-8")
    _print(measured)
    return measured


async def _measure(kind: str, store: Store, people: int, rounds: int, hasher: PasswordHasher) -> Measured:
    counting, clock = Observed(store), FakeClock()
    auth = build_auth(store=counting, clock=clock, hasher=hasher)
    names = await _admit(auth, people)
    apart = [Device(network=f"198.18.{number // 256}.{number % 256}") for number in range(people)]
    lost, seconds = [0, 0], ([], [])  # type: tuple[list[int], tuple[list[float], list[float]]]
    for number in range(rounds * 2):
        clock.advance(auth.policy.logins_per_network.window)  # nobody is throttled for the round before
        shared = number % 2 == 0
        before, begun = counting.lost, time.perf_counter()
        await _log_in(auth, names, [Device(network="192.0.2.7")] * people if shared else apart)
        seconds[not shared].append(time.perf_counter() - begun)
        lost[not shared] += counting.lost - before
    ratios = [one / other for one, other in zip(*seconds, strict=True)]
    return Measured(
        store=kind,
        people=people,
        rounds=rounds,
        lost_behind_one=lost[0],
        lost_apart=lost[1],
        seconds_behind_one=statistics.median(seconds[0]),
        seconds_apart=statistics.median(seconds[1]),
        ratio=statistics.median(ratios),
    )


async def _admit(auth: Auth, people: int) -> list[str]:
    secret = auth.hasher.hash(_PASSWORD, bytes(16))
    names = [f"person-{number}@example.org" for number in range(people)]
    for name in names:
        record = AccountRecord(
            origin="bench", id=name, email=name, secret=secret, created_at=_THEN, updated_at=_THEN, verified=True
        )
        await auth.import_account(record)
    return names


async def _log_in(auth: Auth, names: Sequence[str], devices: Sequence[Device]) -> None:
    await asyncio.gather(
        *(
            auth.log_in(identifier=name, password=_PASSWORD, device=device)
            for name, device in zip(names, devices, strict=True)
        )
    )


@contextmanager
def _opened(kind: str) -> Iterator[Store]:
    if kind == "memory":
        yield MemoryStore()
        return
    with tempfile.TemporaryDirectory() as folder, closing(SqliteStore(Path(folder) / "bench.db")) as store:
        yield store


def _print(measured: Collection[Measured]) -> None:
    print(f"{'store':8}{'people':>8}{'one network':>14}{'apart':>12}{'ratio':>8}{'races lost':>12}")
    for each in measured:
        times = f"{each.seconds_behind_one * 1000:>11.1f} ms{each.seconds_apart * 1000:>9.1f} ms"
        lost = f"{each.lost_behind_one} / {each.lost_apart}"
        print(f"{each.store:8}{each.people:>8}{times}{each.ratio:>8.2f}{lost:>12}")


_HASHERS: Final[dict[str, PasswordHasher]] = {
    "none": Argon2Hasher.cheapest(),
    "owasp": Argon2Hasher.owasp_minimum(),
    "default": Argon2Hasher.rfc9106_low_memory(),
}
"""By default hashing costs next to nothing, so that what people share is all that could make a difference."""

if __name__ == "__main__":
    main()
