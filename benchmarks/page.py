"""The tables of docs/performance.md, written from benchmarks/results: `python -m benchmarks.page`.

What stands between the marks of a table is this program's, and everything else on the page is not.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Final

from benchmarks.measuring import Counted, Figures
from benchmarks.reporting import duration, kept, machine

__all__ = ["main", "written"]

_ROOT: Final = Path(__file__).parents[1]
_NUMBER: Final = re.compile(r"\d[\d ]*")
_FEW: Final = 2
_RECALLING: Final = "recalling, "
_PEERS: Final = "P"
_GROWTH: Final = "growth of "
_SMALL: Final = 0.001
_SIDES: Final = (attrgetter("subject"), attrgetter("floor"))

_Told = Figures | Counted


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables anew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--json", type=Path, default=_ROOT / "benchmarks" / "results", metavar="FOLDER")
    parser.add_argument("--page", type=Path, default=_ROOT / "docs" / "performance.md", metavar="FILE")
    chosen = parser.parse_args(arguments)
    chosen.page.write_text(written(chosen.page.read_text("utf-8"), chosen.json), "utf-8")


def written(page: str, folder: Path) -> str:
    """Return a page with the tables of what is kept in a folder; ValueError for a mark that there is no table for."""

    def table(mark: re.Match[str]) -> str:
        name = mark["name"]
        if name not in TABLES:
            raise ValueError(f"there is no table of {name}")
        return f"<!-- {name} -->\n\n" + "\n".join(TABLES[name](folder)) + f"\n\n<!-- end of {name} -->"

    return re.sub(r"<!-- (?P<name>\w+) -->\n.*?<!-- end of (?P=name) -->", table, page, flags=re.DOTALL)


def _where(folder: Path) -> Iterator[str]:
    yield f"Measured on {machine(folder)}."


def _targets(folder: Path) -> Iterator[str]:
    """Yield what has a target: cases that differ in a number alone, and are many, in one line."""
    yield "| | what | measured | target | |"
    yield "|---|---|---|---|---|"
    met = {True: "met", False: "missed"}
    for (work, limit), same in _alike(each for each in kept(folder) if each.within is not None):
        if len(same) <= _FEW:
            for each in same:
                yield f"| {work} | {each.case} | {_measured(each)} | {limit} | {met[bool(each.within)]} |"
        else:
            reached = sum(bool(each.within) for each in same)
            judged = met[bool(reached)] if reached in {0, len(same)} else f"met by {reached} of {len(same)}"
            yield f"| {work} | {_common(same)} | {_range(same)} | {limit} | {judged} |"


def _deadlines(folder: Path) -> Iterator[str]:
    """Yield what a request costs that may be answered by what was read a while ago."""
    yield "| store | each read | within 1 s | within 30 s |"
    yield "|---|---|---|---|"
    for each in kept(folder):
        if isinstance(each, Figures) and _RECALLING in each.case:
            told = (f"{each.ratios[side].median:.2f}" for side in ("authcore", "within 1 s", "within 30 s"))
            yield f"| {each.case.replace(_RECALLING, '')} | {' | '.join(told)} |"


def _peers(folder: Path) -> Iterator[str]:
    """Yield what was measured beside others."""
    yield "| | beside | authcore | the other | authcore : the other | target |"
    yield "|---|---|---|---|---|---|"
    for (work, limit), alike in _alike(kept(folder, _PEERS)):
        same = [each for each in alike if isinstance(each, Figures) and not each.case.startswith(_GROWTH)]
        rows = [[each] for each in same] if len(same) <= _FEW else [same]
        for row in rows:
            case, ratio = (row[0].case, _measured(row[0])) if len(row) == 1 else (_common(row), _range(row))
            times = (_times([each.seconds[side(each)].median for each in row]) for side in _SIDES)
            yield f"| {work} | {case} | {' | '.join(times)} | {ratio} | {limit or '-'} |"


def _growth(folder: Path) -> Iterator[str]:
    """Yield how often a check against one grant goes into one against a thousand."""
    yield "| | 1000 grants | 1 grant | growth |"
    yield "|---|---|---|---|"
    for each in kept(folder, _PEERS):
        if isinstance(each, Figures) and each.case.startswith(_GROWTH):
            times = (duration(each.seconds[side].median) for side in (each.subject, each.floor))
            yield f"| {each.case.removeprefix(_GROWTH)} | {' | '.join(times)} | {_measured(each)} |"


def _versions(folder: Path) -> Iterator[str]:
    """Yield which peers took part, in which versions."""
    told = {path: json.loads(path.read_text("utf-8"))["on"]["packages"] for path in folder.glob("[wp][0-9].json")}
    known = {name for path, packages in told.items() if path.name.startswith("w") for name in packages}
    peers = {name: version for packages in told.values() for name, version in packages.items() if name not in known}
    yield f"{', '.join(f'{name} {peers[name]}' for name in sorted(peers))}."


def _layers(folder: Path) -> Iterator[str]:
    """Yield the share of each layer in the processor's time."""
    percent: Mapping[str, Mapping[str, float]] = json.loads((folder / "layers.json").read_text("utf-8"))["percent"]
    yield f"| | {' | '.join(percent)} |"
    yield "|---|" + "---:|" * len(percent)
    for layer in next(iter(percent.values())):
        yield f"| {layer} | " + " | ".join(f"{of[layer]:.0f} %" for of in percent.values()) + " |"


TABLES: Final[Mapping[str, Callable[[Path], Iterator[str]]]] = {
    "where": _where,
    "targets": _targets,
    "deadlines": _deadlines,
    "peers": _peers,
    "versions": _versions,
    "growth": _growth,
    "layers": _layers,
}


def _alike(told: Iterable[_Told]) -> Iterator[tuple[tuple[str, str], Sequence[_Told]]]:
    """Yield a work, a target, and all of its cases that differ in numbers alone."""
    kinds: dict[tuple[str, str, str], list[_Told]] = {}
    for each in told:
        kinds.setdefault((each.work, _limit(each), _NUMBER.sub("#", each.case)), []).append(each)
    for (work, limit, _), same in kinds.items():
        yield (work, limit), same


def _times(seconds: Sequence[float]) -> str:
    least, most = duration(min(seconds)), duration(max(seconds))
    return least if len(seconds) == 1 else f"{least} to {most}"


def _limit(each: _Told) -> str:
    if isinstance(each, Counted):
        return "" if each.most is None else f"{each.most:g} {each.unit}"
    if each.more is not None:
        return f"+{duration(each.more)}"
    return "" if each.times is None else f"{each.times:.4g}"


def _figure(each: _Told) -> float:
    if isinstance(each, Counted):
        return next(iter(each.counts.values()))
    return (each.differences if each.more is not None else each.ratios)[each.subject].median


def _written(each: _Told, figure: float) -> str:
    return f"+{duration(figure)}" if isinstance(each, Figures) and each.more is not None else _plain(figure)


def _plain(figure: float) -> str:
    """Tell a figure by three digits, and no power of ten."""
    return f"{figure:.3g}" if abs(figure) >= _SMALL else f"{figure:.6f}".rstrip("0").rstrip(".")


def _measured(each: _Told) -> str:
    """Tell a figure, and its quartiles if it is a ratio."""
    told = _written(each, _figure(each))
    if isinstance(each, Figures) and each.more is None:
        spread = each.ratios[each.subject]
        told += f" [{_plain(spread.low)}, {_plain(spread.high)}]"
    return told


def _range(same: Sequence[_Told]) -> str:
    figures = sorted(map(_figure, same))
    return f"{_written(same[0], figures[0])} to {_written(same[0], figures[-1])}"


def _common(same: Sequence[_Told]) -> str:
    """Return what cases are called that differ in numbers: with all of those in the place of each."""
    numbers = zip(*(_NUMBER.findall(each.case) for each in same), strict=True)
    told = iter([", ".join(dict.fromkeys(number.strip() for number in place)) for place in numbers])
    return _NUMBER.sub(lambda found: next(told) + " " * found[0].endswith(" "), same[0].case)


if __name__ == "__main__":
    main()
