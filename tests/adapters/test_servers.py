"""The HTTP contract where the store is on a server: what people do, and what happens when they do it at once."""

import asyncio

import pytest

from authcore.opening import open_store
from tests.adapters import hosts
from tests.adapters.laws.isolation import Isolation
from tests.adapters.laws.journeys import Journeys
from tests.adapters.laws.rotation import Rotation
from tests.adapters.laws.second_factor import SecondFactor


class TestStarletteOverServers(Journeys, Isolation, Rotation, SecondFactor):
    """Starlette within the middleware keeps the contract over PostgreSQL, MariaDB and Redis."""

    adapter = staticmethod(hosts.starlette)
    kinds = ("postgresql", "mariadb", "redis")

    @pytest.fixture
    async def opened(self):
        """Every store that a test has made; they are closed once their sites are."""
        opened = []
        yield opened
        for store in opened:
            await store.aclose()

    @pytest.fixture
    def make_store(self, request, opened):
        """What opens a store over an empty database."""
        database = request.getfixturevalue(request.param)
        asyncio.run(database.emptied())

        def make():
            opened.append(open_store(database.url))
            return opened[-1]

        return make
