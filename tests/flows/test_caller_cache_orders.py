"""Going by what was read of a caller, in every order of requests and what ends it.  See `caller_cache_scenarios`."""

from functools import partial

import pytest

from authcore.caller_cache import CallerCache
from authcore.testing import interleavings
from tests.flows import caller_cache_scenarios as scenarios

LAWS = {
    "nobody is let in once a flow here has revoked": scenarios.revoked_here,
    "nobody is let in once a flow here has revoked what was known": scenarios.revoked_here_while_known,
    "nobody is let in once a refusal was told": scenarios.revoked_elsewhere,
    "nobody is let in once a refusal was told of what was known": scenarios.revoked_elsewhere_while_known,
    "no permission comes back once a flow here has taken it": scenarios.withdrawn_here,
    "no permission comes back once it was seen to be gone": scenarios.withdrawn_elsewhere,
    "no permission that was known comes back once it was seen to be gone": scenarios.withdrawn_elsewhere_while_known,
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 10


class Unasked(CallerCache):
    """Keeps whatever was read last: it compares nothing."""

    def _learn(self, session_id, found, since, *, keep):
        super()._learn(session_id, found, since, keep=True)


class Deaf(CallerCache):
    """Is told of commits, and forgets nothing."""

    def changed(self, entities):
        """Do nothing."""


class Trusting(CallerCache):
    """Tells on what another reading contradicts."""

    def _learn(self, session_id, found, since, *, keep):
        if keep:
            super()._learn(session_id, found, since, keep=keep)


class Halfway(CallerCache):
    """Forgets what is kept, and keeps what is being read."""

    def changed(self, entities):
        """Let readings that are under way go on as if nothing had happened."""
        rounds = dict(self._rounds)
        super().changed(entities)
        self._rounds.update(rounds)


@pytest.mark.parametrize(
    ("scenario", "cache"),
    [
        (scenarios.revoked_here, Unasked),
        (scenarios.revoked_elsewhere, Unasked),
        (scenarios.withdrawn_elsewhere, Unasked),
        (scenarios.revoked_elsewhere_while_known, Trusting),
        (scenarios.withdrawn_elsewhere_while_known, Trusting),
        (scenarios.revoked_here, Deaf),
        (scenarios.revoked_here_while_known, Deaf),
        (scenarios.withdrawn_here, Deaf),
        (scenarios.revoked_here, Halfway),
        (scenarios.withdrawn_here, Halfway),
    ],
)
def test_law_is_broken_by_a_broken_cache(scenario, cache):
    """The same search finds an order in which the law does not hold, once the cache breaks its own."""
    with pytest.raises(AssertionError, match="after this order"):
        interleavings(partial(scenario, cache))
