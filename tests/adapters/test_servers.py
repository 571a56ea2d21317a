"""The HTTP contract where the store is on a server."""

import asyncio

import pytest

from authcore.opening import open_store
from tests.adapters import hosts
from tests.adapters.contract import OverStores


class TestStarletteOverServers(OverStores):
    """Starlette within the middleware keeps, over each of them, the laws that a store could break."""

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
