"""The Redis store in a Cluster: every law of the contract, and what is true while nodes come, go and change roles."""

import asyncio
from dataclasses import replace

import anyio
import pytest
from anyio.lowlevel import checkpoint

from authcore.entities import Grant
from authcore.errors import Conflict, StoreFault
from authcore.ports import by_owner
from authcore.testing.store_contract import HousekeepingContract
from authcore.testing.store_contract.samples import account, at, conflicts, grant, ids, put, same, session
from authcore_redis import RedisStore
from tests import services
from tests.stores.redis_servers import PATIENCE, PrivateCluster, Proxy, answering, any_realm, opened, private_servers


class TestRedisCluster(HousekeepingContract):
    """A realm of its own, which is on one of three nodes."""

    @pytest.fixture
    async def store(self, redis_cluster_url):
        """An empty realm."""
        async with opened(redis_cluster_url) as store:
            yield store


@pytest.fixture
def cluster(tmp_path):
    """A Cluster that a test may harm."""
    with private_servers(tmp_path) as start:
        yield PrivateCluster(start)


@pytest.fixture
async def store(cluster):
    """A store that was told of a node that does not have the realm."""
    store = RedisStore(cluster.url(cluster.other), realm=cluster.REALM)
    yield store
    await store.aclose()


async def test_any_node_tells_where_the_realm_is(redis_cluster_url):
    """A realm of any name is found, whichever node has it, and no other one is asked for it again."""
    for _ in range(10):
        async with opened(redis_cluster_url) as store:
            await put(store, account(), grant("a"))
            await store.check()
            assert await same(store, account()) == account(version=1)
            assert await conflicts(store, [account()])


async def test_nodes_that_are_away_are_passed_over(cluster):
    """Of the nodes that a URL names, one that answers is enough."""
    away = f"redis+cluster://127.0.0.1:{services.free_port()},127.0.0.1:{cluster.other.port}"
    store = RedisStore(away, realm=cluster.REALM)
    await put(store, account())
    assert await same(store, account()) == account(version=1)
    await store.aclose()


async def test_cluster_that_is_away_is_a_fault():
    """Where no node answers, every call is a fault."""
    store = RedisStore(f"redis+cluster://127.0.0.1:{services.free_port()}")
    with pytest.raises(StoreFault):
        await same(store, account())
    await store.aclose()


async def test_each_call_is_one_round_trip(cluster):
    """Once the realm's node is known, no other one is asked, and nothing is asked twice."""
    proxy = Proxy(cluster.home.url)
    async with proxy.open() as url:
        store = RedisStore(url.replace("redis://", "redis+cluster://"), realm=cluster.REALM)
        await put(store, account(), session())
        await store.caller("session")
        before = proxy.turns
        await put(store, account(version=1))
        await store.caller("session")
        assert proxy.turns - before == 2
        await store.aclose()


async def test_nodes_that_send_around_in_circles_are_a_fault():
    """Who is sent on and on gives up."""
    async with answering("-MOVED 1 :{port}") as url:
        store = RedisStore(url.replace("redis://", "redis+cluster://"))
        with pytest.raises(StoreFault, match="MovedError"):
            await put(store, account())
        await store.aclose()


async def test_server_that_is_no_cluster_will_do(redis_url):
    """A URL of a Cluster may lead to a server that is none."""
    realm = any_realm()
    async with opened(redis_url, realm=realm):  # which removes what is stored
        store = RedisStore(redis_url.replace("redis://", "redis+cluster://"), realm=realm)
        await put(store, account())
        assert await same(store, account()) == account(version=1)
        await store.aclose()


async def test_password_that_is_wrong_is_told(cluster):
    """A Cluster that lets nobody in is not one that is away."""
    for node in cluster.nodes:
        node.say("config", "set", "requirepass", "other")
    store = RedisStore(cluster.url(cluster.other).replace("://", "://:wrong@"))
    with pytest.raises(StoreFault, match="AuthenticationError") as caught:
        await same(store, account())
    assert "wrong" not in f"{caught.value}{caught.value.__cause__}"
    await store.aclose()


async def test_other_nodes_are_learnt(cluster, store):
    """Once a node has told of the others, it may go."""
    await put(store, account())
    cluster.other.kill()
    assert await same(store, account()) == account(version=1)
    await _insist(put, store, account(version=1))


async def test_realm_may_move_to_another_node(cluster, store):
    """While the realm moves, key by key, a commit is whole or a fault; afterwards it is found where it is."""
    await put(store, account(epoch=0))
    done = faults = 0
    for _ in cluster.move_slot(cluster.home, cluster.nodes[2]):
        try:
            read = await same(store, account())
            await put(store, replace(read, epoch=read.epoch + 1), grant(f"{done}"))
        except StoreFault:
            faults += 1
        else:
            done += 1
    read = await _insist(same, store, account())
    assert done <= read.epoch <= done + faults
    assert len(await store.find(by_owner(Grant, "ada"))) == read.epoch
    await put(store, replace(read, epoch=99))
    assert await same(store, account()) == account(version=read.version + 1, epoch=99)


async def test_replica_may_take_over(cluster, store):
    """When the node of the realm dies, calls fault until its replica has taken over; then the same store goes on."""
    await put(store, account(), grant("a"))
    cluster.replica.follows(cluster.home)
    cluster.home.kill()
    with pytest.raises(StoreFault):
        await same(store, account())
    assert await _insist(same, store, account()) == account(version=1)
    await _insist(put, store, account(version=1))
    assert await ids(store, by_owner(Grant, "ada")) == ["a"]


async def test_roles_may_be_swapped_under_load(cluster, store):
    """While a replica and its node swap their roles on purpose, no commit is lost and none is doubled."""
    await put(store, account(epoch=0))
    told = {"done": 0, "faults": 0, "is_over": False}

    async def raise_again_and_again():
        while not told["is_over"]:
            try:
                read = await same(store, account())
                await put(store, replace(read, epoch=read.epoch + 1))
                told["done"] += 1
            except StoreFault:
                told["faults"] += 1
                await checkpoint()
            except Conflict:
                await checkpoint()

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(raise_again_and_again)
        await asyncio.to_thread(cluster.swap)
        before = told["done"]
        with anyio.move_on_after(PATIENCE):
            while told["done"] < before + 20:
                await checkpoint()
        told["is_over"] = True
    assert told["done"] >= before + 20
    read = await same(store, account())
    assert told["done"] <= read.epoch <= told["done"] + told["faults"]
    assert at(read.version, account(epoch=read.epoch)) == read


async def _insist(call, *args):
    """Ask again until it is no fault: somebody else's work goes on meanwhile."""
    with anyio.fail_after(PATIENCE):
        while True:
            try:
                return await call(*args)
            except StoreFault:
                await asyncio.to_thread(services.free_port)
