"""Telling what was measured: a table for people, and JSON for whatever draws or compares."""

import json
import os
import platform
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from benchmarks.measuring import Counted, Figures, Spread, Unmeasured
from benchmarks.peers.registry import took_part, versions

__all__ = ["duration", "keep", "kept", "machine", "measured_on", "table"]

_PACKAGES: Final = ("starlette", "sqlalchemy", "asyncpg", "asyncmy", "redis", "pyjwt", "cryptography")
_SMALL: Final = 0.1
_UNITS: Final = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (0.0, "ns"))


def table(measured: Iterable[Figures | Counted | Unmeasured]) -> Iterator[str]:
    """Yield a line for each comparison, and one for each further side of it; it is `-` where there is no target.

    Ratios are told with their quartiles, in brackets.
    """
    yield f"{'':4}{'case':36}{'authcore':>10}{'floor':>10}{'ratio':>8} {'':15}{'target':>10}"
    for each in measured:
        if isinstance(each, Unmeasured):
            yield f"{each.work:4}{each.case:36}not measured: {each.reason}"
        elif isinstance(each, Counted):
            yield from _counts(each)
        else:
            yield from _rows(each)


def keep(measured: Collection[Figures | Counted | Unmeasured], folder: Path) -> None:
    """Write a file for each work, with what it was measured on."""
    folder.mkdir(parents=True, exist_ok=True)
    for work in {each.work for each in measured}:
        found = [asdict(each) | _judged(each) for each in measured if each.work == work]
        text = json.dumps({"on": measured_on(work), "measured": found}, indent=2)
        (folder / f"{work.lower()}.json").write_text(text + "\n", "utf-8")


def kept(folder: Path, works: str = "W") -> Iterator[Figures | Counted]:
    """Yield what was measured, or counted, in former runs, work by work; of those whose names begin so."""
    for path in _files(folder, works):
        for each in json.loads(path.read_text("utf-8"))["measured"]:
            each.pop("within", None)
            if "seconds" in each:
                yield Figures(**each | {name: _spreads(each[name]) for name in ("seconds", "ratios", "differences")})
            elif "counts" in each:
                yield Counted(**each)


def machine(folder: Path) -> str:
    """Return where and when that was; what was measured at different times tells all of them."""
    found = [json.loads(path.read_text("utf-8"))["on"] for path in _files(folder)]
    told = (f"{on['date']}: Python {on['python']}, {on['system']}, {on['processors']} processors" for on in found)
    return "; ".join(sorted(set(told)))


def _files(folder: Path, works: str = "W") -> Sequence[Path]:
    return sorted(folder.glob(f"{works.lower()}[0-9].json"))


def _spreads(told: Mapping[str, Mapping[str, float]]) -> Mapping[str, Spread]:
    return {name: Spread(**each) for name, each in told.items()}


def _judged(each: Figures | Counted | Unmeasured) -> dict[str, object]:
    return {} if isinstance(each, Unmeasured) else {"within": each.within}


def _rows(each: Figures) -> Iterator[str]:
    ours, floor = (each.seconds[name].median for name in (each.subject, each.floor))
    spread = _spread(each.ratios[each.subject])
    yield f"{each.work:4}{each.case:36}{duration(ours):>10}{duration(floor):>10}{spread}{_target(each)}"
    for name in list(each.seconds)[2:]:
        yield f"{'':6}{name:34}{duration(each.seconds[name].median):>20}{_spread(each.ratios[name])}"


def _counts(each: Counted) -> Iterator[str]:
    limit = _limit(None if each.most is None else f"{each.most:g}", each.within)
    yield f"{each.work:4}{f'{each.case}, in {each.unit}':79}{limit}"
    for name, count in each.counts.items():
        yield f"{'':6}{name:34}{f'{count:.4g}':>10}"


def _spread(ratio: Spread) -> str:
    low, median, high = (_ratio(each) for each in (ratio.low, ratio.median, ratio.high))
    return f"{median:>8} {f'[{low}, {high}]':15}"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= _SMALL else f"{value:.2g}"


def _target(each: Figures) -> str:
    if each.times is not None:
        return _limit(f"{each.times:g}", each.within)
    return _limit(None if each.more is None else f"+{duration(each.more)}", each.within)


def _limit(told: str | None, within: bool | None) -> str:  # noqa: FBT001  it is what a property says
    return f"{'-' if told is None else f'<= {told}':>10}{'  missed' if within is False else ''}"


def duration(seconds: float) -> str:
    """Tell a time in its unit."""
    size, unit = next((size, unit) for size, unit in _UNITS if abs(seconds) >= size)
    return f"{seconds / (size or 1e-9):.4g} {unit}"


def measured_on(work: str = "") -> dict[str, object]:
    """Return what was measured on: the day, the machine, and the versions of what took part in a work."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "packages": {**{name: _version(name) for name in _PACKAGES}, **took_part(work)},
        "beside_peers": versions() if took_part(work) else {},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
