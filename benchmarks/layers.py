"""Where the time of an authenticated request goes, layer by layer: `python -m benchmarks.layers`.

The process is interrupted some hundred times for each second that it works, and the layer noted whose function runs;
what C code takes counts for the function that calls it.  A layer that waits is not interrupted, so that this is the
time of the processor, and not that of the server.
"""

import argparse
import asyncio
import json
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from benchmarks.applications import authenticating
from benchmarks.client import Client
from benchmarks.population import admit, auth_over, cookies_of, roles
from benchmarks.reporting import measured_on
from benchmarks.servers import STORES, places_of
from benchmarks.stores import opened

__all__ = ["LAYERS", "main"]

_INTERVAL: Final = 0.001
_PEOPLE: Final = 16
_RESULTS: Final = Path(__file__).parent / "results" / "layers.json"

LAYERS: Final[Mapping[str, Sequence[str]]] = {
    "the framework and its handler": ("starlette/", "benchmarks/"),
    "the adapter": ("authcore_asgi/",),
    "requests, cookies, tokens": ("authcore/web/", "authcore/tokens", "authcore/offload/"),
    "flows and decisions": ("authcore/",),
    "entities, decoded": ("authcore/entities/", "<decoder of", "/json/"),
    "the store": ("authcore_sqlalchemy/", "authcore_redis/", "authcore/memory"),
    "its driver": ("/sqlalchemy/", "/asyncpg/", "/asyncmy/", "/redis/"),
    "the event loop, and talking to the server": ("/asyncio/", "/selectors.py"),
}
"""Which layer a file belongs to: that of the longest part of its path that is named here."""


def main(arguments: Sequence[str] | None = None) -> Mapping[str, Mapping[str, float]]:
    """Profile requests over some stores, or all, print shares in percent, and keep them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.layers", description=__doc__)
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES, help="over which stores")
    parser.add_argument("--requests", type=int, default=20_000, help="how many requests")
    parser.add_argument("--json", type=Path, default=_RESULTS, metavar="FILE", help="where JSON is kept")
    chosen = parser.parse_args(arguments)
    with places_of(chosen.stores) as places:
        shares = {store: asyncio.run(_profile(store, place, chosen.requests)) for store, place in places.items()}
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps({"on": measured_on(), "percent": shares}, indent=2) + "\n", "utf-8")
    print(*_table(shares), sep="\n")
    return shares


async def _profile(store: str, place: str, requests: int) -> Mapping[str, float]:
    """Return the share of each layer, of one request at a time."""
    async with opened(store, place, connections=1) as opened_store:
        auth = auth_over(opened_store)
        people = await admit(auth, _PEOPLE, roles(1, permissions=1))
        application = authenticating(auth)
        client = Client(application, cookies_of(auth, people))
        await client.get(0)
        with _noting() as seen:
            for turn in range(requests):
                await client.get(turn)
        await application.background.close()
    noted = max(1, seen.total())
    return {layer: round(100 * seen[layer] / noted, 1) for layer in LAYERS}


@contextmanager
def _noting() -> Iterator[Counter[str]]:
    """Note the layer that runs, again and again; what belongs to none counts for whoever has called it."""
    seen: Counter[str] = Counter()

    def note(_signal: int, frame: FrameType | None) -> None:
        while frame is not None:
            layer = _layer_of(frame.f_code.co_filename)
            if layer is not None:
                seen[layer] += 1
                return
            frame = frame.f_back

    before = signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    try:
        yield seen
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _layer_of(file: str) -> str | None:
    named = [(len(part), layer) for layer, parts in LAYERS.items() for part in parts if part in file]
    return max(named)[1] if named else None


def _table(shares: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    yield f"{'percent of the processor':44}" + "".join(f"{store:>12}" for store in shares)
    for layer in LAYERS:
        yield f"{layer:44}" + "".join(f"{of[layer]:>12.1f}" for of in shares.values())


if __name__ == "__main__":
    main()
