"""Every order in which concurrent flows can call the store, each run and checked.  How a run goes is in `stepping`.

The search is stateless: it runs the scenario anew for each order, following a prefix of choices and then the first flow
that may go on, and backtracks depth first.  Orders that differ only in calls that commute are walked once (sleep sets,
after Godefroid).  So flows must share nothing but the store: each has its own clock and its own randomness.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from authcore.auth import Auth
from authcore.testing.stepping import Crashed, Flow, Move, Run

__all__ = ["Crashed", "Explored", "Outcomes", "Scenario", "interleavings"]

Outcomes: TypeAlias = Mapping[str, object]
"""What became of each flow, by its name: what it returned, the exception that it raised, or `Crashed`."""

_MOST_RUNS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Flows that run at the same time, on an `Auth` whose store never waits, and what must hold when they have ended.

    Each flow is given an `Auth` of its own, which pauses before every call of the store and has its own clock and
    randomness; the clock begins at the scenario's time, and moves when that flow sleeps.  `check` is given the outcomes
    and the `auth` of the scenario; it raises (asserts) if something is wrong.
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


def interleavings(
    world: Callable[[], Scenario], *, crashes: bool = False, commuting: bool = False, limit: int = _MOST_RUNS
) -> Explored:
    """Run a scenario in every order of its flows' calls of the store, and check each; `world` builds it anew each time.

    With `crashes`, also close one flow of each order, at every point where it could end: before a call of the store,
    and after a commit that it does not learn of.  `commuting` claims that the flows never meet: that none writes what
    another one reads or writes, so that all their orders come to one.  Raises AssertionError where a check fails,
    naming the order; and RuntimeError for a scenario that shows nothing, or not what it claims: with a single order
    unless `commuting`, and then with several, with more runs than `limit`, with flows that wait for something else, or
    with other calls when it is run again.
    """
    search = _Search(world, limit)
    orders = sum(1 for _ in search.walk(crashes=False))
    if orders == 1 and not commuting:
        msg = "these flows have only one order: nothing was tried"
        raise RuntimeError(msg)
    if orders > 1 and commuting:
        msg = f"these flows do not commute: they have {orders} orders"
        raise RuntimeError(msg)
    # Apart from the orders, so that a law that is broken without any crash is shown without one.
    crashed = sum(run.has_crashed for run in search.walk(crashes=True)) if crashes else 0
    return Explored(orders=orders, crashes=crashed, steps=search.steps)


@dataclass(slots=True)
class _Fork:
    """A point where several things can happen next: the chosen one, and those that need not be tried (any more)."""

    moves: list[Move]
    asleep: set[Move]
    chosen: Move

    def asleep_after(self) -> set[Move]:
        """Return what need not happen next: it commutes with the chosen move, and was tried before it."""
        return {move for move in self.asleep if move.commutes_with(self.chosen)}

    def turn(self) -> bool:
        """Choose another move, and tell whether there was one left."""
        self.asleep.add(self.chosen)
        awake = _awake(self.moves, self.asleep)
        if awake is not None:
            self.chosen = awake
        return awake is not None


@dataclass(slots=True)
class _Search:
    world: Callable[[], Scenario]
    limit: int
    runs: int = 0
    steps: int = 0

    def walk(self, *, crashes: bool) -> Iterator[Run]:
        """Yield every order once, after it was checked."""
        path: list[_Fork] = []
        while True:
            self._count()
            scenario, run = self.world(), Run()
            try:
                run.start(scenario.flows, scenario.auth, whole_callers=scenario.whole_callers)
                if _follow(path, run, crashes=crashes):
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


def _follow(path: list[_Fork], run: Run, *, crashes: bool) -> bool:
    """Repeat the choices of `path`, and go on choosing until all flows have ended; False for what is known already."""
    asleep: set[Move] = set()
    for depth, fork in enumerate(path):
        if fork.moves != run.moves(crashes=crashes):
            msg = f"run again, the flows do something else after {depth} calls; before, these were next: {fork.moves}"
            raise RuntimeError(msg)
        if not run.make(fork.chosen):
            return False
        asleep = fork.asleep_after()
    while run.pending:
        moves = run.moves(crashes=crashes)
        chosen = _awake(moves, asleep)
        if chosen is None:
            return False
        path.append(_Fork(moves, asleep, chosen))
        if not run.make(chosen):
            return False
        asleep = path[-1].asleep_after()
    return True


def _awake(moves: list[Move], asleep: set[Move]) -> Move | None:
    return next((move for move in moves if move not in asleep), None)


def _check(scenario: Scenario, run: Run) -> None:
    outcomes = {name: run.outcomes[name] for name in scenario.flows}
    try:
        scenario.check(outcomes, scenario.auth)
    except Exception as error:
        order = "".join(f"\n  {line}" for line in run.schedule)
        ends = "".join(f"\n  {name}: {outcome!r}" for name, outcome in outcomes.items())
        msg = f"{error}\nafter this order:{order}\nwhich ended as:{ends}"
        raise AssertionError(msg) from error
