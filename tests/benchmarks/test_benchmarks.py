"""The benchmarks can be run, and what they count is counted here as well; no time is looked at."""

import json

from benchmarks import logins_behind_one_network


def test_neighbours_lose_no_race(tmp_path, capsys):
    """Over every store, people behind one network who log in at once are tried once; what was measured is kept."""
    kept = tmp_path / "results" / "logins.json"
    measured = logins_behind_one_network.main(["--people", "12", "--rounds", "2", "--json", str(kept)])
    assert [(each.store, each.lost_behind_one, each.lost_apart) for each in measured] == [
        ("memory", 0, 0),
        ("sqlite", 0, 0),
    ]
    assert [each["people"] for each in json.loads(kept.read_text("utf-8"))] == [12, 12]
    assert len(capsys.readouterr().out.splitlines()) == 3
