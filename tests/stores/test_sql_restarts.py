"""A server that stops and comes back amid a load, and one that only reads: what was committed is there, no more."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import make_url

from authcore.entities import Account
from authcore.errors import Conflict, StoreFault
from authcore.ports import by_id
from authcore.testing.store_contract.samples import account, put, same
from authcore_sqlalchemy import SqlStore
from tests import services
from tests.adapters.waiting import until
from tests.stores.databases import Database, made

TASKS = 8
READ_ONLY = {
    "postgresql": ("ALTER DATABASE {} SET default_transaction_read_only = on",),
    "mariadb": (
        "CREATE USER reader@localhost",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO reader@localhost",
        "SET GLOBAL read_only = 1",
    ),
}


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request):
    """A server that a test may stop."""
    if not services.can_start(request.param):
        pytest.skip(f"{request.param}: no programs of it on this machine that could be started")
    server = services.PrivateServer(request.param)
    server.start()
    yield server
    server.remove()


@pytest.fixture
def primary():
    """A PostgreSQL that another one may follow."""
    if not services.can_start("postgresql"):
        pytest.skip("postgresql: no programs of it on this machine that could be started")
    server = services.PrivateServer("postgresql")
    server.start()
    yield server
    server.remove()


@pytest.fixture
def standby(primary):
    """The one that follows it, and a database that both have."""
    with made(primary.url) as database:
        server = primary.standby()
        server.start()
        followed = make_url(database.url).set(port=make_url(server.url).port)
        yield database, Database(followed.render_as_string(hide_password=False))
        server.remove()


@pytest.fixture
def database(server):
    """A database there."""
    with made(server.url) as database:
        yield database


async def _count_up(store, name, acknowledged, stopped):
    """Raise a number for as long as that is asked for, and keep what was acknowledged; returns the faults."""
    faults = 0
    while not stopped.is_set():
        try:
            read = await store.get(by_id(Account, name))
            await store.commit([replace(read, epoch=read.epoch + 1)])
            acknowledged[name] = read.epoch + 1
        except StoreFault:
            faults += 1
            await asyncio.sleep(0.01)
        except Conflict:
            pass  # a commit whose outcome was unknown had taken place
    return faults


async def test_server_may_stop_and_come_back_amid_a_load(server, database):
    """While it is away there are faults and nothing else; afterwards everything goes on, and no commit is lost."""
    store, acknowledged, stopped = SqlStore(database.url), {}, asyncio.Event()
    names = [f"{number}" for number in range(TASKS)]
    for name in names:
        await put(store, account(name, epoch=0))
    counting = [asyncio.create_task(_count_up(store, name, acknowledged, stopped)) for name in names]
    await until(lambda: len(acknowledged) == TASKS)
    await asyncio.to_thread(server.stop)
    before = dict(acknowledged)
    await asyncio.to_thread(server.start)
    await until(lambda: all(acknowledged[name] > before[name] for name in names))
    stopped.set()
    assert sum(await asyncio.gather(*counting)) > 0
    for name in names:
        kept = await same(store, account(name))
        # One more at most: that of the commit whose answer did not arrive.
        assert kept.epoch in {acknowledged[name], acknowledged[name] + 1}
        assert kept.version == kept.epoch + 1
    await store.aclose()


async def test_server_that_only_reads_is_a_fault(database):
    """Where nothing can be written, reads go on, and a commit is a fault that leaves nothing."""
    store = SqlStore(database.url)
    await put(store, account())
    await store.aclose()
    await database.execute(*(each.format(make_url(database.url).database) for each in READ_ONLY[database.kind]))
    reading = SqlStore(database.url.replace("root@", "reader@"))  # root may write even so
    for writes in ([account("bob")], [account(version=1)]):
        with pytest.raises(StoreFault):
            await reading.commit(writes)
    assert await same(reading, account("bob")) is None
    assert await same(reading, account()) == account(version=1)
    await reading.aclose()


async def test_standby_serves_once_it_is_promoted(primary, standby):
    """A standby answers what has reached it and stores nothing; once promoted it serves, through the same store."""
    first, follower = standby
    writing, store = SqlStore(first.url), SqlStore(follower.url)
    await put(writing, account())
    while await same(store, account()) is None:  # noqa: ASYNC110  a server tells nobody
        await asyncio.sleep(0.02)
    with pytest.raises(StoreFault):
        await store.commit([account("bob")])
    with pytest.raises(StoreFault):
        await store.commit([account(version=1, epoch=9)])
    assert await same(store, account()) == account(version=1)
    await writing.aclose()
    await asyncio.to_thread(primary.stop)
    await follower.execute("SELECT pg_promote()")
    await store.commit([account(version=1, epoch=9), account("bob")])
    assert await same(store, account()) == account(version=2, epoch=9)
    assert await same(store, account("bob")) == account("bob", version=1)
    await store.aclose()
    await asyncio.to_thread(primary.start)  # or the database could not be dropped
