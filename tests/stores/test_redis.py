"""The Redis store: every law of the contract, and what is true of a server that many processes share."""

import pytest

from authcore.testing.store_contract import HousekeepingContract
from tests.stores.redis_servers import opened


class TestRedis(HousekeepingContract):
    """A realm of its own on a server that others use, too."""

    @pytest.fixture
    async def store(self, redis_url):
        """An empty realm."""
        async with opened(redis_url) as store:
            yield store
