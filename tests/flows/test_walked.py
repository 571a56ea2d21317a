"""What was walked is told at the end of a run of pytest."""

import subprocess
import sys


def test_pairs_and_their_orders_are_listed(pytestconfig):
    """The summary lists each pair of flows, and sums up, even where the tests run in other processes."""
    meetings = "tests/flows/test_meetings.py"
    command = [sys.executable, "-m", "pytest", meetings, "-q", "-n", "2", "-p", "no:cacheprovider"]
    told = subprocess.run(
        [*command, "-k", "wherever and log and authenticate and not reauthenticate"],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    title, listed, pairs, total = told[told.index("orders walked") :].splitlines()[:4]
    assert title.startswith("orders walked (orders + runs with a crash)")
    assert listed.startswith(f"{meetings}::test_laws_hold_wherever_two_flows_meet: 4 orders and ")
    assert [pair.rsplit(" ", 1)[0] for pair in pairs.strip().split("; ")] == [
        "authenticate x log out",
        "log in again x authenticate",
    ]
    assert total.removeprefix("in all: ") in listed
