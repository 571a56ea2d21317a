"""The pictures of what was measured: every figure has its place, and nothing is drawn that was not measured."""

import re
from xml.etree import ElementTree as ET

import pytest

from benchmarks.__main__ import main
from benchmarks.measuring import Counted, Figures, Spread
from benchmarks.picture import growth, targets
from benchmarks.picture.__main__ import main as draw
from benchmarks.picture.sheet import Scale
from benchmarks.reporting import keep, kept


def figures(work, case, ratio=1.0, *, times=2.0, sides=("authcore", "floor")):
    """What was measured of a case, at a ratio."""
    first, second, *others = sides
    ratios = {first: ratio, second: 1.0} | dict.fromkeys(others, 1.5)
    spreads = {name: Spread(each, each, each) for name, each in ratios.items()}
    return Figures(
        work=work, case=case, rounds=1, seconds=spreads, ratios=spreads, differences=spreads, times=times, more=None
    )


def test_what_was_kept_is_read_again(tmp_path):
    """What one run keeps another one draws: figures and counts come back as they were."""
    measured = [
        figures("W1", "sqlite, 1 in flight"),
        Counted(work="W1", case="some", unit="MiB", counts={"authcore": 1.0}, most=2.0),
    ]
    keep(measured, tmp_path)
    assert list(kept(tmp_path)) == measured


def test_both_pictures_are_drawn(tmp_path, capsys):
    """Whatever there is in the results is drawn, though works are missing, as well-formed SVG that says when it was."""
    main(["W1", "W4", "--stores", "memory", "--rounds", "2", "--seconds", "0.00001", "--json", str(tmp_path)])
    for path in draw(["--json", str(tmp_path), "--into", str(tmp_path)]):
        picture = ET.fromstring(path.read_text("utf-8"))  # noqa: S314  we have just made it
        assert picture.tag == "{http://www.w3.org/2000/svg}svg"
        assert any(re.match(r"\d{4}-\d\d-\d\d: Python", each.text or "") for each in picture.iter())


@pytest.mark.parametrize(("ratio", "look"), [(1.0, "good"), (2.1, "good"), (2.3, "bad")])
def test_a_dot_tells_whether_its_target_was_met(ratio, look):
    """A figure is drawn as good up to a tenth above its target, and as bad beyond."""
    drawn = targets.draw([figures("W1", "sqlite, 1 in flight", ratio)], "here")
    legend = 1
    assert drawn.count(f'<circle class="{look}"') == legend + 1


def test_no_row_takes_a_figure_of_another():
    """Each figure stands in one row at most."""
    cases = [
        figures("W5", f"sqlite, {what}") for what in ("growth of a request", "list, 9 sessions", "purge, 9 sessions")
    ]
    cases += [figures("W1", f"sqlite, {what}") for what in ("1 in flight", "recalling, 1 in flight")]
    cases += [figures("W9", f"sqlite, {what}") for what in ("sessions, a list", "others, a login", "roles, a request")]
    rows = [[row.title for row in targets.ROWS if list(targets.found(row, [case]))] for case in cases]
    assert [len(row) for row in rows] == [1, 1, 1, 1, 0, 1, 1, 1]


def test_growth_is_told_from_the_fewest():
    """A curve begins with the fewest, which is the measure of the others, whatever order they were measured in."""
    (panel,) = [each for each in growth.PANELS if each.case == "growth of a request"]
    measured = [figures("W5", "sqlite, growth of a request", 3.0, sides=("100 of them", "1 of them", "10 of them"))]
    assert growth.curves(panel, measured) == {"sqlite": [(1, 1.0), (10, 1.5), (100, 3.0)]}


def test_a_scale_gives_each_doubling_the_same_room():
    """Figures that double stand equally far apart, and what is outside stops at the edge."""
    scale = Scale(1, 16, 100, 500)
    assert [round(scale(each)) for each in (0.5, 1, 2, 4, 16, 99)] == [100, 100, 200, 300, 500, 500]
