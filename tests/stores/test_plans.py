"""No statement of the SQL stores reads a whole table: what each engine means to do, over tables with many rows."""

import asyncio
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import create_engine

from authcore_sqlalchemy import SqliteStore
from tests.stores import databases, plans

UNINDEXED = plans.Said("SELECT id FROM authcore_account WHERE epoch = 7", ())
UNORDERED = plans.Said("SELECT id FROM authcore_account ORDER BY epoch LIMIT 10", ())


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def run(request, tmp_path_factory):
    """Does something on a connection to a filled database of each engine, and takes back what it has written there."""
    opened = _sqlite(tmp_path_factory) if request.param == "sqlite" else _server(request, request.param)
    with opened as run:
        run(plans.filled, last=True)
        yield run


@contextmanager
def _sqlite(folders):
    path = folders.mktemp("plans") / "authcore.db"
    with closing(SqliteStore(path)):
        engine = create_engine(f"sqlite:///{path}")

        def run(work, *, last=False):
            with engine.connect() as connection:
                found = work(connection)
                if last:
                    connection.commit()
                return found

        yield run
        engine.dispose()


@contextmanager
def _server(request, name):
    with databases.made(request.getfixturevalue(f"{name}_url")) as database:

        async def done(work, last):
            engine = database.engine()
            async with engine.connect() as connection:
                found = await connection.run_sync(work)
                if last:
                    await connection.commit()
            await engine.dispose()
            return found

        yield lambda work, *, last=False: asyncio.run(done(work, last))


def scans(run, saying, **how):
    """What is scanned for what is said, with the statement that it is scanned for."""

    def explain(connection):
        told = {said.statement: plans.scanned(connection, said, **how) for said in saying(connection)}
        assert told
        return {statement: found for statement, found in told.items() if found}

    return run(explain)


def test_finding_scans_no_table(run):
    """Whatever is found, by any key, by its beginning or by its age, and for a request, is found by an index."""
    assert scans(run, plans.asked) == {}


def test_listing_stops_soon(run):
    """A page that begins at the first of a kind is read in order, and no further than it is long."""
    assert scans(run, plans.listed, ordered=True) == {}


def test_writing_scans_no_table(run):
    """Whatever is changed, guarded or removed, a hundred at a time, is found by its id."""
    assert scans(run, plans.written) == {}


def test_a_scan_is_seen(run):
    """What no index can find, or put in order, is recognised as a scan, so that the other tests say something."""
    assert scans(run, lambda _: [UNINDEXED])
    assert scans(run, lambda _: [UNORDERED], ordered=True)
