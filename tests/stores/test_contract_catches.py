"""The contract is tested, too: a store that is wrong on purpose breaks the laws that it is meant to break."""

import pytest
from hypothesis import Phase, settings

from authcore.testing.store_contract import HousekeepingContract
from tests.stores.broken import BROKEN

LAWS = {name.removeprefix("test_") for name in dir(HousekeepingContract) if name.startswith("test_")}
PLANTED = [(store, law) for store in BROKEN for law in store.breaks]


@pytest.fixture(autouse=True, scope="module")
def _unshrunk():
    """Be content with any example that breaks a law: nobody looks for the smallest."""
    name = settings.get_current_profile_name()
    settings.register_profile("unshrunk", settings(phases=[Phase.generate]))
    settings.load_profile("unshrunk")
    yield
    settings.load_profile(name)


@pytest.mark.parametrize(("store", "law"), PLANTED, ids=[f"{store.__name__}-{law}" for store, law in PLANTED])
async def test_broken_store_is_caught(store, law):
    """A store that is wrong in one way is caught by the law about it."""
    assert not await _holds(getattr(HousekeepingContract(), f"test_{law}"), store())


def test_every_law_is_needed():
    """For every law of the contract there is a store that breaks it: no law is empty."""
    assert {law for _, law in PLANTED} == LAWS


async def _holds(law, store):
    try:
        await law(store)
    except Exception:  # noqa: BLE001  what is broken may run into anything
        return False
    return True
