"""What the tests of several stores share: a database of their own on each server, made once for a run."""

import pytest


@pytest.fixture(scope="session")
def postgresql(postgresql_url):
    """A database on PostgreSQL with authcore's tables in it."""
    from tests.stores import databases  # noqa: PLC0415  it needs the drivers

    with databases.made(postgresql_url) as database:
        yield database


@pytest.fixture(scope="session")
def mariadb(mariadb_url):
    """A database on MariaDB with authcore's tables in it."""
    from tests.stores import databases  # noqa: PLC0415  it needs the drivers

    with databases.made(mariadb_url) as database:
        yield database
