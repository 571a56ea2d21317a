"""Which flows take part in a transaction of the application's: registering, and no other one."""

import inspect

import pytest

from authcore import Auth
from authcore.errors import ConfigurationError, Conflict, RaceLost
from authcore.ports import Transaction
from authcore.testing import build_auth
from authcore.web.problems import problem
from tests.flows.people import ADA, PASSWORD, refusal


class _Outdated(Transaction):
    """A transaction that comes too late each time, and counts how often."""

    def __init__(self):
        self.stages = 0

    async def find(self, key, /):
        """Find nothing."""
        return []

    async def stage(self, writes, unchanged=()):
        """Be too late."""
        self.stages += 1
        raise Conflict


def test_registering_is_tried_once(auth):
    """A registration within a transaction that lost a race is not tried again, and hashes once."""
    transaction = _Outdated()
    assert isinstance(refusal(auth.register(email=ADA, password=PASSWORD, within=transaction)), RaceLost)
    assert (transaction.stages, auth.hasher.runs["hash"], auth.store.commits) == (1, 1, [])


def test_lost_race_is_a_fault_over_http():
    """A lost race is nobody's mistake: the answer is 503, and says when to try again."""
    response = problem(RaceLost())
    assert response.status == 503
    assert any(name == b"retry-after" for name, _ in response.headers)


def test_only_registering_takes_part():
    """No other flow can be given a transaction."""
    flows = {name: item for name, item in inspect.getmembers(Auth, inspect.isfunction) if name[0] != "_"}
    taking = {
        name
        for name, flow in flows.items()
        for given in inspect.signature(flow).parameters.values()
        if given.name == "within" or "Transaction" in str(given.annotation)
    }
    assert taking == {"register"}


def test_transaction_is_no_store():
    """Whoever takes a transaction for a store is told what it is for, when the `Auth` is built."""
    assert not hasattr(Transaction, "commit")
    with pytest.raises(ConfigurationError, match="within"):
        build_auth(store=_Outdated())
