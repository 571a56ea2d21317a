"""Draw docs/performance.svg and docs/growth.svg from benchmarks/results: `python -m benchmarks.picture`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.picture import growth, targets
from benchmarks.reporting import kept, machine

__all__ = ["main"]

_ROOT: Final = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> list[Path]:
    """Draw both pictures, and return where they are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.picture", description=__doc__)
    parser.add_argument("--json", type=Path, default=_ROOT / "benchmarks" / "results", metavar="FOLDER")
    parser.add_argument("--into", type=Path, default=_ROOT / "docs", metavar="FOLDER")
    chosen = parser.parse_args(arguments)
    measured, where = list(kept(chosen.json)), machine(chosen.json)
    drawn = {"performance.svg": targets.draw(measured, where), "growth.svg": growth.draw(measured, where)}
    for name, picture in drawn.items():
        (chosen.into / name).write_text(picture, "utf-8")
        print(f"{chosen.into / name} is drawn")
    return [chosen.into / name for name in drawn]


if __name__ == "__main__":
    main()
