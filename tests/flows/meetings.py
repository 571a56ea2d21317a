"""Two flows of the table meet: which of them do at all, how they are run, and what is left afterwards.

They are run, each with each and with itself, in test_meetings.  What holds afterwards is in `laws`.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial

from authcore.auth import Auth, Identified, Issued
from authcore.entities import Account, AuditEvent, AuthenticationSession, Entity, Grant
from authcore.memory import MemoryStore
from authcore.testing import FakeClock, Outcomes, Scenario, SeededEntropy, build_auth
from authcore.testing.stepping import Call, Move, Run
from tests.flows.furnished import POLICY, copied, furnished
from tests.flows.people import QuickHasher
from tests.flows.rows import FLOWS, Flow

Pair = tuple[str, str]

PAIRS: tuple[Pair, ...] = tuple(itertools.combinations_with_replacement(FLOWS, 2))
"""Every flow with every flow, and with itself."""


# --- what came of it --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What is left when two flows have met: laws read it, or ask `auth`."""

    pair: Pair
    outcomes: Outcomes
    auth: Auth
    entities: tuple[Entity, ...]

    def all(self, kind):
        """All entities of a kind, in the order in which they were first stored."""
        return self._by_kind.get(kind, [])

    @cached_property
    def _by_kind(self):
        # Every law asks, after every order.
        found = defaultdict(list)
        for entity in self.entities:
            found[type(entity)].append(entity)
        return dict(found)

    def told(self, *kinds):
        """All events of these kinds, in the order of their commits."""
        return [event for event in self.all(AuditEvent) if event.kind in kinds]

    def held(self, kind):
        """Every session of a kind whose token somebody holds, as it was when that token was issued."""
        renewed = (each.renewed if isinstance(each, Identified) else each for each in self.outcomes.values())
        issued = (*furnished().tokens, *renewed)
        return [each for each in issued if isinstance(each, Issued) and isinstance(each.session, kind)]


Law = Callable[[Aftermath], None]


def flows_of(pair: Pair) -> Mapping[str, Flow]:
    """The two flows, by names that differ even where a flow meets itself."""
    first, second = pair
    return {first: FLOWS[first], second if second != first else f"{second}, twice": FLOWS[second]}


def meeting(
    pair: Pair, laws: Iterable[Law] = (), *, store: type[MemoryStore] = MemoryStore, whole_callers: bool = True
) -> Scenario:
    """The two flows at the same time in a world of their own, and the laws that hold afterwards."""
    here = furnished()

    def check(outcomes, auth):
        entities = tuple(auth.store._kept.values())  # noqa: SLF001  no port lists what no flow may list
        after = Aftermath(pair=pair, outcomes=outcomes, auth=auth, entities=entities)
        for law in laws:
            law(after)

    return Scenario(
        auth=build_auth(
            store=copied(here.store, store),
            hasher=QuickHasher(),
            policy=POLICY,
            clock=FakeClock(here.now),
            entropy=SeededEntropy("afterwards"),
        ),
        flows={name: partial(flow.start, here=here) for name, flow in flows_of(pair).items()},
        check=check,
        whole_callers=whole_callers,
    )


# --- who meets whom ---------------------------------------------------------------------------------------------------


@cache
def calls(name: str, *, whole_callers: bool = True) -> tuple[Call, ...]:
    """What a flow asks of the store when it is alone."""
    scenario, run, made = meeting((name, name)), Run(), []
    run.start({name: scenario.flows[name]}, scenario.auth, whole_callers=whole_callers)
    while run.pending:
        made.append(run.pending[name])
        run.make(Move(name, made[-1]))
    return tuple(made)


def commute(pair: Pair, *, whole_callers: bool = True) -> bool:
    """Whether two flows have a single order: no call of one is in the way of a call of the other."""
    ones, others = (calls(name, whole_callers=whole_callers) for name in pair)
    return all(one.commutes_with(other) for one, other in itertools.product(ones, others))


def meet(pair: Pair, *kinds: type[Entity]) -> bool:
    """Whether one of two flows writes what the other one reads or writes; perhaps of certain kinds only.

    Otherwise each finds what it would find alone: whoever comes first, and wherever one of them crashes.
    """
    ones, others = (calls(name, whole_callers=False) for name in pair)
    return any(_sees(one, other, kinds) or _sees(other, one, kinds) for one, other in itertools.product(ones, others))


def _sees(one: Call, other: Call, kinds: tuple[type[Entity], ...]) -> bool:
    written = frozenset(each for each in other.writes or () if not kinds or each[0] in kinds)
    if one.is_commit:
        return bool(written.intersection(one.writes))
    return one.may_see(Call(other.text, writes=written))


PAIRS_THAT_MEET = tuple(pair for pair in PAIRS if meet(pair))

PAIRS_IN_STEPS = tuple(
    pair
    for pair in PAIRS
    if meet(pair, AuthenticationSession, Account, Grant)
    and any(call.text.startswith("caller ") for name in pair for call in calls(name))
)
"""The pairs where one flow begins by reading who is calling, and the other one writes what that reading sees."""
