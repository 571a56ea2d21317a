"""Playing a scenario as every list of scenarios is played: one flow after the other, and on a broken store."""

from functools import partial

import pytest

from authcore.memory import MemoryStore
from authcore.testing import interleavings
from tests.flows.people import do


def play_in_turn(scenario):
    """Play one flow after the other, and check: what a search finds is then due to the order of their calls."""
    sequential = scenario(MemoryStore)
    outcomes = {}
    for name, flow in sequential.flows.items():
        try:
            outcomes[name] = do(flow(sequential.auth))
        except Exception as error:  # noqa: BLE001  an outcome like any other
            outcomes[name] = error
    sequential.check(outcomes, sequential.auth)


def expect_broken(scenario, store):
    """Search on a store that breaks a law of its own, and expect an order in which the scenario's does not hold."""
    with pytest.raises(AssertionError, match="after this order"):
        interleavings(partial(scenario, store))
