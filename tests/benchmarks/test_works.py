"""Every work can be measured, and what is told of it has the right shape; no time is looked at."""

import json

import pytest

from authcore import Argon2Hasher, MemoryStore
from benchmarks import contention
from benchmarks.__main__ import WORKS, main
from benchmarks.applications import looking_up, permitting
from benchmarks.client import Client
from benchmarks.load import has_wrk
from benchmarks.measuring import Counted, Figures, Unmeasured
from benchmarks.population import admit, auth_over, cookies_of, roles
from benchmarks.works import growing_accounts, growing_stores, logins, served_requests
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
        f"{store}, {how}{number} in flight"
        for store in ("memory", "sqlite")
        for how in ("", "recalling, ")
        for number in (1, IN_FLIGHT)
    ]
    assert [each.floor for each in figures] == ["the bare handler"] * 4 + ["SELECT by sqlite3"] * 4
    assert {(each.subject, *list(each.seconds)[2:]) for each in figures if "recalling" in each.case} == {
        ("within 30 s", "within 1 s", "authcore")
    }


@pytest.mark.parametrize("server", ["postgresql", "mariadb", "redis"])
def test_requests_are_measured_over_servers(run, request, server):
    """Over each server requests are compared with their floor, and with the bare handler."""
    request.getfixturevalue(f"{server}_url")
    figures = [each for each in run("W1", "--stores", server) if isinstance(each, Figures)]
    cases = [f"{server}, {how}{number} in flight" for how in ("", "recalling, ") for number in (1, IN_FLIGHT)]
    assert [each.case for each in figures] == cases
    assert all(tuple(each.seconds)[0::2] == ("authcore", "the bare handler") for each in figures[:2])


def test_logins_are_measured(run, monkeypatch):
    """What others feel of logins is compared with a hash, a login with one in a bare pool, and memory with a bound."""
    monkeypatch.setitem(logins.HASHERS, "4 lanes", Argon2Hasher.cheapest())
    monkeypatch.delitem(logins.HASHERS, "1 lane")
    measured = run("W3")
    told = [(each.case, each.floor) for each in measured if isinstance(each, Figures)]
    assert told == [
        ("4 lanes, 99 % of others", "one hash"),
        ("4 lanes, the slowest of others", "one hash"),
        ("4 lanes, a login", "a hash in a bare pool"),
    ]
    counted = {each.case: each.counts for each in measured if isinstance(each, Counted)}
    refused = counted["refusals, 40 logins at once"]
    assert 0 < refused["refused with 503"] <= refused["beyond threads and queue"]
    assert refused["refused with 503"] + refused["logged in"] == 40
    assert counted["refusals, 8 logins at once"] == {
        "refused with 503": 0,
        "beyond threads and queue": 0,
        "logged in": 8,
    }


@pytest.mark.usefixtures("postgresql_url")
def test_permitted_requests_are_measured(run):
    """A request with a permission is compared with the same rows, asked for by hand."""
    measured = run("W2")
    assert [each.floor for each in measured] == ["joined SELECT by SQLAlchemy"] * 2


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_growing_stores_are_measured(run, monkeypatch, request, store):
    """In stores of several sizes a request, a list and a purge are compared with the smallest, and with floors."""
    if store == "postgresql":
        request.getfixturevalue("postgresql_url")
    monkeypatch.setattr(growing_stores, "SIZES", [20, 30, 40])
    measured = {each.case: each for each in run("W5", "--stores", store) if isinstance(each, Figures)}
    growing = [f"{store}, growth of a {what}" for what in ("request", "SELECT", "list", "purge")]
    assert [tuple(measured[case].seconds) for case in growing] == [("40 sessions", "20 sessions", "30 sessions")] * 4
    for what in ("list", "purge"):
        floors = [measured[f"{store}, {what}, {size} sessions"].floor for size in (20, 30, 40)]
        assert floors == ["the same by hand"] * 3
    assert measured[f"{store}, slowest beside a purge"].floor == "a step of the purge"
    assert measured.keys() >= {f"{store}, 99 % beside a purge"}
    assert len(measured) == 4 + 2 * 3 + 2


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_growing_accounts_are_measured(run, monkeypatch, request, store):
    """Whoever has much is compared with who has little, and few others with many; lost races are counted."""
    if store == "postgresql":
        request.getfixturevalue("postgresql_url")
    monkeypatch.setattr(growing_accounts, "OTHERS", [10, 20])
    monkeypatch.setattr(contention, "CROWDS", [1, 4])
    measured = run("W9", "--stores", store)
    told = {each.case: (each.subject, each.floor) for each in measured if isinstance(each, Figures)}
    assert told == {
        f"{store}, sessions, a request": ("100 sessions", "1 sessions"),
        f"{store}, sessions, a list": ("100 sessions", "1 sessions"),
        f"{store}, sessions, a login": ("100 sessions", "1 sessions"),
        f"{store}, roles, a request": ("100 roles", "1 roles"),
        f"{store}, permissions, a request": ("1000 permissions", "1 permissions"),
        f"{store}, others, a request": ("20 accounts", "10 accounts"),
        f"{store}, others, a login": ("20 accounts", "10 accounts"),
    }
    counted = [each for each in measured if isinstance(each, Counted)]
    assert [(each.case, each.unit) for each in counted] == [
        (f"{store}, {what}", unit)
        for what in ("refreshes of one cookie", "guesses at one code")
        for unit in ("attempts", "flows")
    ]
    assert all(each.counts["1 at once"] == 1 <= each.counts["4 at once"] for each in counted[::2])


def test_real_servers_are_measured(run, monkeypatch):
    """Each server is compared with itself serving the floor; where nothing can ask them, that is told instead."""
    monkeypatch.setattr(served_requests, "WORKERS", [2])
    measured = run("W8", "--stores", "sqlite")
    if not has_wrk():
        assert [each.reason for each in measured] == ["there is no wrk"]
        return
    told = [(each.case, each.floor) for each in measured if isinstance(each, Figures)]
    assert told == [(f"sqlite, {server}, 2 workers", "SELECT by sqlite3") for server in ("uvicorn", "sanic")]
    assert [each.case for each in measured if isinstance(each, Unmeasured)] == ["postgresql", "redis"]


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
    works = [f"W{number}" for number in range(1, 10)] + [f"P{number}" for number in (1, 2, 3, 4, 6, 7)]
    assert list(WORKS) == works


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
