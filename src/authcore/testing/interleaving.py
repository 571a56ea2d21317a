"""Every order in which concurrent flows can call the store, each run and checked.  How a run goes is in `stepping`.

The search is stateless: it runs the scenario anew for each order, following a prefix of choices and then the first flow
that may go on, and backtracks depth first.  Orders that differ only in how reads follow each other are walked once
(sleep sets, after Godefroid): flows share nothing but the store and a clock that moves at commits alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from authcore.auth import Auth
from authcore.testing.stepping import Call, Crash, Crashed, Flow, Run

__all__ = ["Crashed", "Explored", "Outcomes", "Scenario", "interleavings"]

Outcomes: TypeAlias = Mapping[str, object]
"""What became of each flow, by its name: what it returned, the exception that it raised, or `Crashed`."""

_MOST_RUNS: Final = 20_000
_FEWEST_ORDERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Flows that run at the same time, on an `Auth` whose store never waits, and what must hold when they have ended.

    Each flow is given an `Auth` of its own, which pauses before every call of the store and has its own randomness.
    `check` is given the outcomes and the `auth` of the scenario; it raises (asserts) if something is wrong.
    """

    auth: Auth
    flows: Mapping[str, Flow]
    check: Callable[[Outcomes, Auth], object]
    whole_callers: bool = True
    """Whether `caller` is one call, as where a store answers it in one round trip, or the default's several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """How much was walked: different orders, runs with a crash in them, calls of the store."""

    orders: int = 0
    crashes: int = 0
    steps: int = 0

    def __str__(self) -> str:
        return f"{self.orders} orders and {self.crashes} crashes, in {self.steps} calls of the store"


def interleavings(world: Callable[[], Scenario], *, crashes: bool = False, limit: int = _MOST_RUNS) -> Explored:
    """Run a scenario in every order of its flows' calls of the store, and check each; `world` builds it anew each time.

    With `crashes`, also close one flow of each order, at every point where it could end: before a call of the store,
    and after a commit that it does not learn of.  Raises AssertionError where a check fails, naming the order; and
    RuntimeError for a scenario that shows nothing: with a single order, with more runs than `limit`, with flows that
    wait for something else, or with other calls when it is run again.
    """
    search = _Search(world, limit)
    for run in search.walk(None):
        search.orders += 1
        search.points.update(dict.fromkeys(_crashes_in(run)))
    if search.orders < _FEWEST_ORDERS:
        msg = "these flows have only one order: nothing was tried"
        raise RuntimeError(msg)
    for crash in search.points if crashes else ():
        search.crashes += sum(run.has_crashed for run in search.walk(crash))
    return Explored(orders=search.orders, crashes=search.crashes, steps=search.steps)


@dataclass(slots=True)
class _Fork:
    """A point where several flows may go on: the one that is chosen, and those that need not be (any more)."""

    pending: Mapping[str, Call]
    asleep: set[str]
    chosen: str

    def asleep_after(self) -> set[str]:
        """Return who need not go next: whose call commutes with the chosen one, so that it was tried before it."""
        return {name for name in self.asleep if self.pending[name].commutes_with(self.pending[self.chosen])}

    def turn(self) -> bool:
        """Choose another flow, and tell whether there was one left."""
        self.asleep.add(self.chosen)
        awake = _awake(self.pending, self.asleep)
        if awake is not None:
            self.chosen = awake
        return awake is not None


@dataclass(slots=True)
class _Search:
    world: Callable[[], Scenario]
    limit: int
    orders: int = 0
    crashes: int = 0
    steps: int = 0
    runs: int = 0
    points: dict[Crash, None] = field(default_factory=dict)

    def walk(self, crash: Crash | None) -> Iterator[Run]:
        """Yield every order once, after it was checked."""
        path: list[_Fork] = []
        while True:
            self._count()
            scenario, run = self.world(), Run(crash)
            try:
                run.start(scenario.flows, scenario.auth, whole_callers=scenario.whole_callers)
                if _follow(path, run):
                    _check(scenario, run)
                    yield run
            finally:
                run.close()
            self.steps += run.steps
            while path and not path[-1].turn():
                path.pop()
            if not path:
                return

    def _count(self) -> None:
        self.runs += 1
        if self.runs > self.limit:
            msg = f"more than {self.limit} runs: shorten the flows, or raise `limit`"
            raise RuntimeError(msg)


def _follow(path: list[_Fork], run: Run) -> bool:
    """Repeat the choices of `path`, and go on choosing until all flows have ended; False for an order known already."""
    asleep: set[str] = set()
    for depth, fork in enumerate(path):
        if fork.pending != run.pending:
            msg = f"run again, the flows do something else after {depth} calls: {fork.pending} became {run.pending}"
            raise RuntimeError(msg)
        run.step(fork.chosen)
        asleep = fork.asleep_after()
    while run.pending:
        chosen = _awake(run.pending, asleep)
        if chosen is None:
            return False
        path.append(_Fork(dict(run.pending), asleep, chosen))
        run.step(chosen)
        asleep = path[-1].asleep_after()
    return True


def _awake(pending: Mapping[str, Call], asleep: set[str]) -> str | None:
    return next((name for name in pending if name not in asleep), None)


def _crashes_in(run: Run) -> Iterator[Crash]:
    """Yield each point of a run at which one of its flows could have crashed."""
    for name, calls in run.calls.items():
        for number, call in enumerate(calls, 1):
            yield Crash(flow=name, number=number)
            if call.is_commit:
                yield Crash(flow=name, number=number, after_commit=True)


def _check(scenario: Scenario, run: Run) -> None:
    outcomes = {name: run.outcomes[name] for name in scenario.flows}
    try:
        scenario.check(outcomes, scenario.auth)
    except Exception as error:
        order = "".join(f"\n  {line}" for line in run.schedule)
        ends = "".join(f"\n  {name}: {outcome!r}" for name, outcome in outcomes.items())
        msg = f"{error}\nafter this order:{order}\nwhich ended as:{ends}"
        raise AssertionError(msg) from error
