"""Four processes that do the same at the same time, twenty-five times each, over one store."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from authcore import Policy, SystemClock
from authcore.throttle import Throttle

__all__ = ["EVERYBODY", "PROCESSES", "TASKS", "Crowd", "Outcome", "ShiftedClock", "answers", "crowd", "policy_of"]

PROCESSES = 4
TASKS = 25
EVERYBODY = PROCESSES * TASKS


class ShiftedClock(SystemClock):
    """The real time, some seconds later: what is due then is due now, and waiting takes as long as ever."""

    def __init__(self, shift=0.0):
        """Begin so many seconds later."""
        super().__init__()
        self.shift = timedelta(seconds=shift)

    def now(self):
        """The time, shifted."""
        return super().now() + self.shift

    async def sleep(self, seconds, /):
        """Wait, and let others go on."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one task was answered: a code or the name of a type, a token if there was one, and the races it has lost."""

    answer: str
    lost: int
    token: str | None = None
    letters: tuple[str, ...] = ()


class Crowd:
    """The processes, each of which waits for a word to begin."""

    def __init__(self, processes):
        """Take processes that are ready."""
        self._processes = processes

    def do(self, what: str, *, shift: float = 0, patient: bool = True, **given: object) -> Sequence[Outcome]:
        """Let all of them do it, and return what came of each."""
        task = json.dumps({"what": what, "shift": shift, "patient": patient, "given": given})
        for process in self._processes:
            process.stdin.write(task + "\n")
            process.stdin.flush()
        told = [json.loads(process.stdout.readline() or "null") for process in self._processes]
        assert None not in told, "a process has died"
        return [Outcome(**outcome) for outcomes in told for outcome in outcomes]


@contextmanager
def crowd(url: str) -> Iterator[Crowd]:
    """Start the processes, over the store that a URL names."""
    command = [sys.executable, "-m", "tests.races.racing", url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*command, str(number)], **pipes) for number in range(PROCESSES)]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        yield Crowd(processes)
        for process in processes:
            process.stdin.close()
        assert [process.wait(30) for process in processes] == [0] * PROCESSES
    finally:
        for process in processes:
            process.kill()
            process.wait()
            process.stdout.close()


def policy_of(*, patient: bool = True) -> Policy:
    """Who is patient goes on much longer than by default where races are lost, so that nobody gives up.

    One account has room for the sessions of all of them, so that no race is won by making room.
    """
    many = Throttle(limit=10_000, window=Policy().challenge_window)
    by_default = Policy(
        registrations_per_network=many, logins_per_network=many, codes_per_address=many, sessions_per_account=500
    )
    return replace(by_default, flow_attempts=100, flow_patience=Policy().challenge) if patient else by_default


def answers(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How many were answered what."""
    return Counter(outcome.answer for outcome in outcomes)
