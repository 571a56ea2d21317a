"""The stores that crowds meet over: the very engines, not what stands for them."""

import pytest

from authcore import SystemEntropy
from authcore.opening import open_store
from authcore.testing import build_auth
from tests.flows.people import QuickHasher
from tests.races.crowd import ShiftedClock, crowd, policy_of

KINDS = ("sqlite",)


@pytest.fixture(scope="module", params=KINDS)
def url(request, tmp_path_factory):
    """An empty database; every test writes about people of its own."""
    return f"sqlite:///{tmp_path_factory.mktemp('races') / 'authcore.db'}"


@pytest.fixture(scope="module")
def racers(url):
    """The crowd, ready."""
    with crowd(url) as ready:
        yield ready


@pytest.fixture
async def auth(url):
    """Whoever looks on: the same people's Auth, in this process."""
    store = open_store(url)
    ports = {"clock": ShiftedClock(), "entropy": SystemEntropy(), "hasher": QuickHasher()}
    yield build_auth(store=store, policy=policy_of(), **ports)
    await store.aclose()
