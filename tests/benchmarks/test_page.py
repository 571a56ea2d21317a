"""The tables of docs/performance.md: they say what was measured last, and judge it as the benchmark does."""

import json
from pathlib import Path

import pytest

from benchmarks.layers import LAYERS, main as profile
from benchmarks.measuring import Counted, Figures, Spread, Unmeasured
from benchmarks.page import TABLES, main, written
from benchmarks.reporting import keep

ROOT = Path(__file__).parents[2]


def figures(work, case, *ratios, times=None, more=None, sides=("authcore", "floor")):
    """What was measured of a case; of further sides the ratio is that of the last."""
    spread = Spread(*ratios)
    spreads = {side: Spread(1, 1, 1) if side == "floor" else spread for side in sides}
    return Figures(
        work=work, case=case, rounds=3, seconds=spreads, ratios=spreads, differences=spreads, times=times, more=more
    )


def table(name, folder):
    """The rows of one table, its head left out."""
    page = written(f"before\n<!-- {name} -->\n<!-- end of {name} -->\nafter\n", folder)
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    return [line for line in page.splitlines() if line.startswith("|")][2:]


def test_targets_are_judged_with_a_tenth(tmp_path):
    """What has a target is told with its quartiles, as met up to a tenth above it; the rest is left out."""
    measured = [
        figures("W1", "sqlite, 1 in flight", 2.2, 2.1, 2.3, times=2.0),
        figures("W1", "redis, 1 in flight", 2.3, 2.1, 2.4, times=2.0),
        figures("W1", "mariadb, 1 in flight", 2.3, 2.1, 2.4),
        figures("W6", "seen before", 2e-6, 2e-6, 2e-6, more=5e-6),
        Counted(work="W3", case="memory", unit="MiB", counts={"authcore": 130.0, "pool x m": 128.0}, most=128),
        Unmeasured(work="W2", case="postgresql", reason="no server"),
    ]
    keep(measured, tmp_path)
    assert table("targets", tmp_path) == [
        "| W1 | sqlite, 1 in flight | 2.2 [2.1, 2.3] | 2 | met |",
        "| W1 | redis, 1 in flight | 2.3 [2.1, 2.4] | 2 | missed |",
        "| W3 | memory | 130 | 128 MiB | met |",
        "| W6 | seen before | +2 us | +5 us | met |",
    ]


def test_many_cases_of_one_kind_are_one_line(tmp_path):
    """Cases that differ in a number alone stand in one line from three on, with the least and the most of them."""
    sizes, ratios = (1, 10, 100), (1.0, 3.0, 1.5)
    pairs = zip(sizes, ratios, strict=True)
    keep([figures("W4", f"{size} grants, new", ratio, 1, 1, times=2.0) for size, ratio in pairs], tmp_path)
    assert table("targets", tmp_path) == ["| W4 | 1, 10, 100 grants, new | 1 to 3 | 2 | met by 2 of 3 |"]


def test_deadlines_are_beside_each_other(tmp_path):
    """Of requests that may recall a caller, the ratios stand in one row, from none to the longest deadline."""
    sides = ("within 30 s", "floor", "within 1 s", "authcore")
    keep([figures("W1", "redis, recalling, 1 in flight", 0.5, 0.5, 0.5, sides=sides)], tmp_path)
    assert table("deadlines", tmp_path) == ["| redis, 1 in flight | 0.50 | 0.50 | 0.50 |"]


def test_layers_are_shares_of_all(tmp_path, capsys):
    """A profile tells a share for each layer, which are all of it together; the page shows them."""
    shares = profile(["--stores", "memory", "--requests", "300", "--json", str(tmp_path / "layers.json")])
    assert set(shares["memory"]) == set(LAYERS)
    assert sum(shares["memory"].values()) == pytest.approx(100, abs=1)
    assert len(table("layers", tmp_path)) == len(LAYERS)


def test_mark_of_no_table_is_refused(tmp_path):
    """A mark that there is no table for is not left empty."""
    with pytest.raises(ValueError, match="no table of nonsense"):
        written("<!-- nonsense -->\n<!-- end of nonsense -->\n", tmp_path)


def test_page_says_what_was_measured_last(tmp_path):
    """What is kept in benchmarks/results is what the page says, in every table."""
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    assert all(f"<!-- {name} -->" in page for name in TABLES)
    copy = tmp_path / "performance.md"
    copy.write_text(page, "utf-8")
    main(["--page", str(copy)])
    assert copy.read_text("utf-8") == page


def test_results_name_their_day_and_versions():
    """Every file of results says when it was measured, and with what."""
    for path in (ROOT / "benchmarks" / "results").glob("[wp][0-9].json"):
        on = json.loads(path.read_text("utf-8"))["on"]
        assert {"date", "python", "packages"} <= {name for name, told in on.items() if told}
