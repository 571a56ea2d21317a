"""The stores that crowds meet over: the very engines, not what stands for them."""

import asyncio

import anyio.to_thread
import pytest

from authcore import SystemEntropy
from authcore.opening import migrate_store, open_store
from authcore.testing import build_auth
from tests.flows.people import QuickHasher
from tests.races import lost_races
from tests.races.crowd import EVERYBODY, ShiftedClock, answers, crowd, policy_of
from tests.stores.databases import made
from tests.stores.redis_servers import OwnRealm

KINDS = ("sqlite", "postgresql", "mariadb", "redis")


@pytest.fixture(scope="module", params=KINDS)
def url(request, tmp_path_factory):
    """An empty database; every test writes about people of its own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('races') / 'authcore.db'}"
        return
    server = request.getfixturevalue(f"{request.param}_url")
    if request.param == "redis":
        realm = OwnRealm(server)
        yield realm.url
        asyncio.run(realm.emptied())
        return
    with made(server, with_tables=False) as database:
        yield database.url


@pytest.fixture(scope="module")
def racers(url):
    """The crowd, ready."""
    migrate_store(url)
    with crowd(url) as ready:
        yield ready


@pytest.fixture
def race(racers, url, record_property):
    """Let everybody do something at once, and have it told at the end how many races that took."""

    async def race(what, *, patient=True, **given):
        outcomes = await anyio.to_thread.run_sync(lambda: racers.do(what, patient=patient, **given))
        assert len(outcomes) == EVERYBODY
        lost = [outcome.lost for outcome in outcomes]
        gave_up = answers(outcomes)["unavailable"]
        record_property(lost_races.PROPERTY, [url.partition(":")[0], what, patient, lost, gave_up])
        # Nobody is refused for a fault, and who is patient comes through.
        assert max(lost) <= policy_of(patient=patient).flow_attempts
        assert gave_up == 0 or not patient, answers(outcomes)
        return outcomes

    return race


@pytest.fixture
async def auth(url):
    """Whoever looks on: the same people's Auth, in this process."""
    store = open_store(url)
    ports = {"clock": ShiftedClock(), "entropy": SystemEntropy(), "hasher": QuickHasher()}
    yield build_auth(store=store, policy=policy_of(), **ports)
    await store.aclose()
