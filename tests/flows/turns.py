"""What comes of two flows one after the other: what comes of them at the same time must be no different."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache

from authcore.entities import Attempt, Entity
from authcore.errors import AuthError
from authcore.testing import Outcomes
from authcore.testing.stepping import Move, Run
from tests.flows.broken_stores import everything
from tests.flows.furnished import furnished
from tests.flows.meetings import Pair, meeting

_COUNTDOWN = len("998106544000000000")

Ending = tuple[Mapping[str, str], tuple[str, ...]]
"""What each flow answered, and what they wrote, in the order in which it was first stored.

Comparable, because times are cut to the second: a flow that loses a race waits for some milliseconds, no more.
"""


def ending(outcomes: Outcomes, entities: Iterable[Entity]) -> Ending:
    """Return how flows ended, and what they wrote in the world that was furnished before."""
    before = {id(entity) for entity in everything(furnished().store)}
    written = tuple(_row(entity) for entity in entities if id(entity) not in before)
    return {name: _answer_of(outcome) for name, outcome in outcomes.items()}, written


@cache
def in_turn(pair: Pair, turns: tuple[str, ...]) -> Ending:
    """What comes of flows one after the other, undisturbed; of those of the pair that have a turn at all."""
    scenario, run = meeting(pair), Run()
    run.start(scenario.flows, scenario.auth, whole_callers=True)
    for name in turns:
        while name in run.pending:
            run.make(Move(name, run.pending[name]))
    run.close()
    return ending({name: run.outcomes[name] for name in turns}, everything(scenario.auth.store))


def _answer_of(outcome: object) -> str:
    """What a client sees: all that can be wrong with a token looks alike."""
    if isinstance(outcome, AuthError):
        return outcome.code
    return str(outcome) if isinstance(outcome, bool) else type(outcome).__name__


def _row(entity: Entity) -> str:
    values = {each.name: getattr(entity, each.name) for each in fields(entity)}
    cut = {
        name: value.replace(microsecond=0) if isinstance(value, datetime) else value for name, value in values.items()
    }
    if isinstance(entity, Attempt):
        cut["id"] = entity.id[_COUNTDOWN:]  # which begins with its time
    return f"{type(entity).__name__} {cut}"
