"""Realms for tests, servers that a test may harm, and a way to a server that counts and cuts."""

import asyncio
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis, RedisCluster

from authcore_redis import RedisStore
from authcore_redis.keys import Realm
from tests import services

PATIENCE = 30.0  # since a busy machine is no fault


def any_realm():
    """A realm that nobody else has."""
    return f"test-{secrets.token_hex(8)}"


class OwnRealm:
    """A realm that nobody else has, by the URL that a store is opened with."""

    def __init__(self, server):
        """Choose its name."""
        self._server, self._name = server, any_realm()
        self.url = f"{server}?realm={self._name}"

    async def emptied(self):
        """Leave nothing of it."""
        await forget(self._server, self._name)


@asynccontextmanager
async def opened(url, *, realm=None, **settings):
    """A store with a realm of its own, of which nothing is left afterwards."""
    realm = realm or any_realm()
    store = RedisStore(url, realm=realm, **{"patience": timedelta(seconds=PATIENCE)} | settings)
    try:
        yield store
    finally:
        await store.aclose()
        await forget(url, realm)


async def forget(url, realm):
    """Leave nothing of a realm."""
    made = Redis if "+cluster" not in url else RedisCluster
    async with made.from_url(url.replace("+cluster", "")) as client:
        await client.unlink(*Realm(realm).all())


@contextmanager
def private_servers(folder):
    """Yield what starts servers that a test may harm; the test is skipped where there is no program for that."""
    if not services.can_start("redis"):
        pytest.skip("redis: no redis-server on this machine that could be started")
    servers = []

    def start(*options, **settings):
        servers.append(PrivateServer(folder / f"{len(servers)}", *options, **settings))
        return servers[-1]

    try:
        yield start
    finally:
        for server in servers:
            server.resume()
            server.kill()


class PrivateServer:
    """A server of a test's own: it may be killed, and started again with what it has written to the disk."""

    def __init__(self, folder, *options, config=None):
        """Start it; a file of settings may come before the others."""
        folder.mkdir(exist_ok=True)
        self.port = services.free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        place += ["--repl-diskless-sync-delay", "0"]
        self._command = [shutil.which("redis-server"), *filter(None, [config]), *place, *options]
        self.start()

    def start(self):
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until(lambda: self._answers("ping") == "PONG")

    def kill(self):
        """Have it end at once, if it has not ended."""
        self._process.kill()
        self._process.wait()

    def pause(self):
        """Let it do nothing, though its port still listens."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def say(self, *words):
        """Return what it answers."""
        command = [shutil.which("redis-cli"), "-p", str(self.port), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def follows(self, primary):
        """Wait until it has all that its primary has."""
        until(lambda: "master_link_status:up" in self.say("info", "replication"))
        until(lambda: self._offset("slave_repl_offset") == primary._offset("master_repl_offset"))  # noqa: SLF001  a twin

    def _offset(self, name):
        return next(
            line.split(":")[1] for line in self.say("info", "replication").splitlines() if line.startswith(name)
        )

    def _answers(self, *words):
        with suppress(subprocess.CalledProcessError):
            return self.say(*words)
        return None


class PrivateCluster:
    """A Cluster of three nodes, of which the second has the slots of the realm `r`, and a replica of that one."""

    SLOTS = ((0, 5460), (10923, 16383), (5461, 10922))
    REALM = "tests"

    def __init__(self, start):
        """Start it, and wait until all nodes agree."""
        clustered = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"]
        self.nodes = [start(*clustered, "--cluster-port", f"{services.free_port()}") for _ in range(4)]
        self.other, self.home, _, self.replica = self.nodes
        self.ids = {node: node.say("cluster", "myid") for node in self.nodes}
        for epoch, (node, (first, last)) in enumerate(zip(self.nodes, self.SLOTS, strict=False), 1):
            node.say("cluster", "set-config-epoch", epoch)
            node.say("cluster", "addslotsrange", first, last)
        for node in self.nodes[1:]:
            bus = node.say("config", "get", "cluster-port").split()[-1]
            self.other.say("cluster", "meet", "127.0.0.1", node.port, bus)
        until(self._is_formed)
        self.replica.say("cluster", "replicate", self.ids[self.home])
        until(lambda: "master_link_status:up" in self.replica.say("info", "replication"))
        self.slot = int(self.home.say("cluster", "keyslot", Realm(self.REALM).format))

    def url(self, *nodes):
        """Where these nodes are."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)

    def move_slot(self, source, target):
        """Move the realm to another node, key by key, and yield before each step."""
        target.say("cluster", "setslot", self.slot, "importing", self.ids[source])
        source.say("cluster", "setslot", self.slot, "migrating", self.ids[target])
        while key := source.say("cluster", "getkeysinslot", self.slot, 1):
            yield key
            source.say("migrate", "127.0.0.1", target.port, key, 0, 5000)
        yield None
        for node in (target, source, *self.nodes[:3]):
            node.say("cluster", "setslot", self.slot, "node", self.ids[target])

    def swap(self):
        """Have the replica take over while its node is there, as an operator does: on a busy machine it may give up."""
        for _ in range(5):
            self.replica.say("cluster", "failover")
            if _holds(lambda: "role:master" in self.replica.say("info", "replication"), within=6):
                return
        raise TimeoutError

    def _is_formed(self):
        told = [node.say("cluster", "info") for node in self.nodes]
        return all("cluster_state:ok" in info and "cluster_known_nodes:4" in info for info in told)


def until(holds):
    """Wait for something that another process does."""
    assert _holds(holds, within=PATIENCE)


def _holds(holds, *, within):
    give_up_at = time.monotonic() + within
    while not (held := holds()) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    return held


class Proxy:
    """The way to a server: `turns` counts how often something was asked after something was answered.

    While `cut` is "request", a connection breaks before its request is passed on; while it is "answer", once the server
    has answered, before that is passed on.
    """

    def __init__(self, url):
        """Lead to a server."""
        self.lead_to(url)
        self.turns = 0
        self.cut = None
        self.cuts = 0
        self._tasks = set()

    def lead_to(self, url):
        """Lead to another server from now on."""
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port or 6379)

    @asynccontextmanager
    async def open(self):
        """Yield the URL of this end."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        asked = False
        try:
            answers, requests = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return

        async def ask():
            nonlocal asked
            while data := await reader.read(65536):
                if self.cut == "request":
                    self.cuts += 1
                    break
                self.turns += not asked
                asked = True
                requests.write(data)
            requests.close()
            writer.close()

        async def answer():
            nonlocal asked
            while data := await answers.read(65536):
                if self.cut == "answer":
                    self.cuts += 1
                    break
                asked = False
                writer.write(data)
            requests.close()
            writer.close()

        with suppress(OSError):
            await asyncio.gather(ask(), answer(), return_exceptions=True)


@asynccontextmanager
async def answering(line, *, info=""):
    """A server that knows no script, and answers whoever wants to run one by this line; yields its URL.

    It tells `info` of itself.  The line may name its port.
    """
    answers = {b"GET": b"$-1", b"INFO": f"${len(info)}\r\n{info}".encode()}

    async def serve(reader, writer):
        with suppress(OSError, asyncio.IncompleteReadError):
            while count := (await reader.readline())[1:]:
                words = []
                for _ in range(int(count)):
                    words.append(await reader.readexactly(int((await reader.readline())[1:])))
                    await reader.readexactly(2)
                name = b"EVAL" if words[0].startswith(b"EVAL") else words[0]
                writer.write(answers.get(name, b"+OK") + b"\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answers[b"EVAL"] = line.format(port=port).encode()
    try:
        yield f"redis://127.0.0.1:{port}?protocol=2"
    finally:
        server.close()
