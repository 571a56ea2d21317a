"""Every work can be measured, and what is told of it has the right shape; no time is looked at."""

import json

import pytest

from authcore import MemoryStore
from benchmarks.__main__ import WORKS, main
from benchmarks.applications import looking_up, permitting
from benchmarks.client import Client
from benchmarks.measuring import Figures, Unmeasured
from benchmarks.population import admit, auth_over, cookies_of, roles
from benchmarks.works.requests import IN_FLIGHT

TINY = ["--rounds", "2", "--seconds", "0.00001"]
COMPARISONS = {"W4": 4 * 4 + 4 + 4 * 2, "W6": 2 * 4, "W7": 3}


@pytest.fixture
def run(tmp_path):
    """Measures something in tiny rounds, and keeps it in a folder of the test's own."""
    return lambda *arguments: main([*arguments, *TINY, "--json", str(tmp_path)])


@pytest.mark.parametrize("work", COMPARISONS)
def test_each_work_is_measured(run, work):
    """What needs no store is compared with a floor, every case of it, as often as was asked for."""
    measured = run(work)
    assert len(measured) == COMPARISONS[work]
    assert all(isinstance(each, Figures) and each.work == work and each.rounds == 2 for each in measured)
    assert all(each.floor != each.subject and each.within in {True, False, None} for each in measured)


def test_requests_are_measured_without_servers(run):
    """Over memory and SQLite requests are compared with their floors, one at a time and many in flight."""
    measured = run("W1", "--stores", "memory", "sqlite")
    figures = [each for each in measured if isinstance(each, Figures)]
    assert [each.case for each in figures] == [
        f"{store}, {number} in flight" for store in ("memory", "sqlite") for number in (1, IN_FLIGHT)
    ]
    assert [each.floor for each in figures] == ["the bare handler"] * 2 + ["SELECT by sqlite3"] * 2


@pytest.mark.parametrize("server", ["postgresql", "mariadb", "redis"])
def test_requests_are_measured_over_servers(run, request, server):
    """Over each server requests are compared with their floor, and with the bare handler."""
    request.getfixturevalue(f"{server}_url")
    figures = [each for each in run("W1", "--stores", server) if isinstance(each, Figures)]
    assert [each.case for each in figures] == [f"{server}, {number} in flight" for number in (1, IN_FLIGHT)]
    assert all(tuple(each.seconds)[0::2] == ("authcore", "the bare handler") for each in figures)


@pytest.mark.usefixtures("postgresql_url")
def test_permitted_requests_are_measured(run):
    """A request with a permission is compared with the same rows, asked for by hand."""
    measured = run("W2")
    assert [each.floor for each in measured] == ["joined SELECT by asyncpg"] * 2


def test_what_is_not_measured_is_told(run, capsys):
    """A store that nobody asked for is listed as not measured, with the reason."""
    measured = run("W1", "W2", "--stores", "memory")
    missing = [(each.work, each.case) for each in measured if isinstance(each, Unmeasured)]
    assert missing == [("W1", name) for name in ("sqlite", "postgresql", "mariadb", "redis")] + [("W2", "postgresql")]
    assert capsys.readouterr().out.count("not measured: ") == len(missing)


def test_results_are_kept(run, tmp_path, capsys):
    """Each work leaves a file with its figures and with what they were measured on, and each comparison a line."""
    measured = run("w4", "W7")
    kept = {path.name: json.loads(path.read_text("utf-8")) for path in tmp_path.iterdir()}
    assert kept.keys() == {"w4.json", "w7.json"}
    assert kept["w7.json"]["on"]["packages"]["starlette"]
    assert [each["case"] for each in kept["w7.json"]["measured"]] == [
        each.case for each in measured[-COMPARISONS["W7"] :]
    ]
    assert kept["w4.json"]["measured"][0].keys() >= {"seconds", "ratios", "differences", "times", "within"}
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("W")]) == len(measured)


def test_unknown_works_are_refused(capsys):
    """A work that there is not ends the program before anything is measured."""
    with pytest.raises(SystemExit):
        main(["W0"])
    assert "W0" in capsys.readouterr().err
    assert list(WORKS) == ["W1", "W2", "W4", "W6", "W7", "P1", "P2", "P3", "P4", "P6", "P7"]


class TestWrongAnswers:
    """What is measured has really been done: any other answer than 200 ends the run."""

    async def test_a_missing_permission_ends_the_run(self):
        """Nobody measures how fast people are turned away."""
        auth = auth_over(MemoryStore())
        cookies = cookies_of(auth, await admit(auth, 2, roles(1, permissions=1)))
        application = permitting(auth, "elsewhere:read")
        try:
            with pytest.raises(RuntimeError, match="403"):
                await Client(application, cookies).get(0)
        finally:
            await application.background.close()

    async def test_a_floor_that_finds_nothing_ends_the_run(self):
        """A floor must find what it looks for, too."""

        async def find_nothing(session_id):
            return None

        with pytest.raises(RuntimeError, match="403"):
            await Client(looking_up(find_nothing, ["some"]), ["a=b"]).get(0)
