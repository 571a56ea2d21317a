"""Telling what was measured: a table for people, and JSON for whatever draws or compares."""

import json
import os
import platform
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from benchmarks.measuring import Figures, Spread, Unmeasured
from benchmarks.peers.registry import took_part, versions

__all__ = ["keep", "table"]

_PACKAGES: Final = ("starlette", "sqlalchemy", "asyncpg", "asyncmy", "redis", "pyjwt", "cryptography")
_SMALL: Final = 0.1
_UNITS: Final = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (0.0, "ns"))


def table(measured: Iterable[Figures | Unmeasured]) -> Iterator[str]:
    """Yield a line for each comparison, and one for each further side of it; it is `-` where there is no target.

    Ratios are told with their quartiles, in brackets.
    """
    yield f"{'':4}{'case':36}{'authcore':>10}{'floor':>10}{'ratio':>8} {'':15}{'target':>10}"
    for each in measured:
        if isinstance(each, Unmeasured):
            yield f"{each.work:4}{each.case:36}not measured: {each.reason}"
        else:
            yield from _rows(each)


def keep(measured: Collection[Figures | Unmeasured], folder: Path) -> None:
    """Write a file for each work, with what it was measured on."""
    folder.mkdir(parents=True, exist_ok=True)
    for work in {each.work for each in measured}:
        found = [asdict(each) | _judged(each) for each in measured if each.work == work]
        text = json.dumps({"on": _machine(work), "measured": found}, indent=2)
        (folder / f"{work.lower()}.json").write_text(text + "\n", "utf-8")


def _judged(each: Figures | Unmeasured) -> dict[str, object]:
    return {"within": each.within} if isinstance(each, Figures) else {}


def _rows(each: Figures) -> Iterator[str]:
    ours, floor = (each.seconds[name].median for name in (each.subject, each.floor))
    spread = _spread(each.ratios[each.subject])
    yield f"{each.work:4}{each.case:36}{_time(ours):>10}{_time(floor):>10}{spread}{_target(each)}"
    for name in list(each.seconds)[2:]:
        yield f"{'':6}{name:34}{_time(each.seconds[name].median):>20}{_spread(each.ratios[name])}"


def _spread(ratio: Spread) -> str:
    low, median, high = (_ratio(each) for each in (ratio.low, ratio.median, ratio.high))
    return f"{median:>8} {f'[{low}, {high}]':15}"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= _SMALL else f"{value:.2g}"


def _target(each: Figures) -> str:
    told = "-"
    if each.times is not None:
        told = f"<= {each.times:g}"
    elif each.more is not None:
        told = f"<= +{_time(each.more)}"
    return f"{told:>10}{'' if each.within is not False else '  missed'}"


def _time(seconds: float) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if abs(seconds) >= size)
    return f"{seconds / (size or 1e-9):.4g} {unit}"


def _machine(work: str) -> dict[str, object]:
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
