"""What searches for orders have walked, told at the end of a run of pytest; with or without xdist."""

import re
import textwrap
from collections import defaultdict

from authcore.testing import Explored

PROPERTY = "explored"
"""Under this name a test reports what it walked: orders, runs with a crash, calls of the store."""

_WIDTH = 116
_NODE = re.compile(r"(?P<test>[^\[]*)(?:\[(?P<case>.*)\])?")


def pytest_terminal_summary(terminalreporter):
    """List every scenario and every pair of flows, by test, with its orders and its runs with a crash."""
    walked = defaultdict(dict)
    for report in (each for outcome in ("passed", "failed") for each in terminalreporter.stats.get(outcome, ())):
        for explored in (Explored(**value) for name, value in report.user_properties if name == PROPERTY):
            node = _NODE.fullmatch(report.nodeid)
            walked[node["test"]][node["case"] or ""] = explored
    if not walked:
        return
    terminalreporter.section("orders walked (orders + runs with a crash)")
    for test, cases in sorted(walked.items()):
        terminalreporter.write_line(f"{test}: {_total(cases.values())}")
        told = [f"{case} {explored.orders}+{explored.crashes}" for case, explored in sorted(cases.items())]
        terminalreporter.write_line(_filled(told))
    terminalreporter.write_line(f"in all: {_total([each for cases in walked.values() for each in cases.values()])}")


def _filled(told):
    """Several to a line, and none of them broken."""
    unbroken = "; ".join(each.replace(" ", "\N{NO-BREAK SPACE}") for each in told)
    filled = textwrap.fill(unbroken, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return filled.replace("\N{NO-BREAK SPACE}", " ")


def _total(several):
    return Explored(
        orders=sum(each.orders for each in several),
        crashes=sum(each.crashes for each in several),
        steps=sum(each.steps for each in several),
    )
