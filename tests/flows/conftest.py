"""What the flow tests share: a world without a loop, and somebody in it.  What people do is in `people`."""

from dataclasses import asdict
from datetime import timedelta

import pytest

from authcore.policy import Policy
from authcore.testing import build_auth, interleavings
from tests.flows import people, walked


@pytest.fixture
def store():
    """A store that counts."""
    return people.WatchedStore()


@pytest.fixture
def hasher():
    """A hasher that counts."""
    return people.QuickHasher()


@pytest.fixture
def revocation_within():
    """Every request asks the store, as by default."""
    return timedelta(0)


@pytest.fixture
def auth(store, hasher, revocation_within):
    """An `Auth` of the kit, with that store and that hasher."""
    return build_auth(store=store, hasher=hasher, policy=Policy(revocation_within=revocation_within))


@pytest.fixture
def explore(record_property):
    """`interleavings`, and what it walked is told at the end."""

    def explore(world, **options):
        explored = interleavings(world, **options)
        record_property(walked.PROPERTY, asdict(explored))
        return explored

    return explore
