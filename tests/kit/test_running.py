"""Running flows with no event loop, and the `Auth` of the kit.  What flows do is tested in flows/."""

import asyncio

import pytest

from authcore.errors import ConfigurationError
from authcore.keyring import Keyring, RootKey
from authcore.policy import Policy
from authcore.testing import FakeClock, Mailbox, SeededEntropy, build_auth, run_sync


async def answers():
    """A flow that waits for nothing."""
    return 42


async def fails():
    """A flow that raises."""
    raise LookupError("here")


async def waits(log):
    """A flow that needs an event loop."""
    try:
        await asyncio.sleep(0)
    finally:
        log.append("closed")


def test_result_is_returned():
    """What the flow returns is returned."""
    assert run_sync(answers()) == 42


def test_exception_passes():
    """What the flow raises is raised."""
    with pytest.raises(LookupError, match="here"):
        run_sync(fails())


def test_waiting_is_refused():
    """A flow that waits for something is closed, and the refusal says what it needs."""
    log = []
    with pytest.raises(RuntimeError, match="event loop"):
        run_sync(waits(log))
    assert log == ["closed"]


def test_worlds_are_equal_and_apart():
    """Two worlds of the kit make the same tokens, and share nothing that is stored."""
    one, two = build_auth(), build_auth()
    tokens = [
        run_sync(auth.register(email="ada@example.org", password="a loom that weaves algebra")).token
        for auth in (one, two)
    ]
    assert tokens[0] == tokens[1]
    assert one.store is not two.store


def test_parts_can_be_chosen():
    """Each part of a world can be given."""
    parts = {
        "policy": Policy(issuer="elsewhere"),
        "clock": FakeClock(),
        "entropy": SeededEntropy("other"),
        "courier": Mailbox(),
        "keyring": Keyring([RootKey("mine", bytes(range(32)))]),
    }
    auth = build_auth(**parts)
    assert all(getattr(auth, name) is part for name, part in parts.items())


def test_kit_cannot_be_taken_for_production():
    """The cheap hasher of the kit is no setting of the real one."""
    hasher = build_auth().hasher
    with pytest.raises(ConfigurationError):
        type(hasher).__mro__[1](time_cost=hasher.time_cost, memory_cost=hasher.memory_cost, parallelism=1)
