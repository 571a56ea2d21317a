"""The store on PostgreSQL and on MariaDB: every law of the contract, and what is true of a server that many share."""

from contextlib import asynccontextmanager

import pytest

from authcore.testing.store_contract import HousekeepingContract
from authcore_sqlalchemy import SqlStore

SERVERS = ("postgresql", "mariadb")


@pytest.fixture(params=SERVERS)
def database(request):
    """A database on each server, one after another."""
    return request.getfixturevalue(request.param)


@asynccontextmanager
async def opened(database, **settings):
    """An empty store, closed in the end."""
    await database.emptied()
    store = SqlStore(database.url, **settings)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
async def store(database):
    """An empty store."""
    async with opened(database) as store:
        yield store


class TestPostgresql(HousekeepingContract):
    """A store on PostgreSQL."""

    @pytest.fixture
    async def store(self, postgresql):
        """An empty database."""
        async with opened(postgresql) as store:
            yield store


class TestMariadb(HousekeepingContract):
    """A store on MariaDB."""

    @pytest.fixture
    async def store(self, mariadb):
        """An empty database."""
        async with opened(mariadb) as store:
            yield store
