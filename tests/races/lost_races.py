"""Telling, at the end of a run, how many races were lost over each engine: before coming through, or giving up."""

import statistics
from collections.abc import Iterator

import pytest

__all__ = ["PROPERTY", "pytest_terminal_summary"]

PROPERTY = "races lost"
"""The name under which a test keeps them; the value is made of plain types, for another process may read it."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write a line for each engine and each thing that a crowd did there."""
    lines = sorted(set(_lines(terminalreporter)))
    if lines:
        terminalreporter.write_sep("-", "races that each of a hundred lost: in the middle, at most; who gave up")
    for line in lines:
        terminalreporter.write_line(line)


def _lines(terminalreporter: pytest.TerminalReporter) -> Iterator[str]:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == PROPERTY and getattr(report, "when", "") == "call":
                    engine, what, patient, lost, gave_up = value
                    how = "patient" if patient else "by default"
                    yield f"{engine:11}{what:27}{how:12}{statistics.median(lost):4.0f}{max(lost):5}{gave_up:5}"
