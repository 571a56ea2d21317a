"""The way to whoever keeps a realm: one server, or the node of a Cluster that has its slot.

Nothing is ever said twice, unless the server has answered that it did nothing the first time because it is another
node's.  How something is said to one of them stands elsewhere.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol, TypedDict
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError as NoConnection,
    MovedError,
    ReadOnlyError,
    TimeoutError as NoAnswer,
)

from authcore.errors import ConfigurationError
from authcore_redis.pools import BorrowedPool, Command, OwnPool, Pool

__all__ = ["Cluster", "Link", "Settings", "link_to"]

_CLUSTER: Final = "+cluster"
_PORT: Final = 6379
_REDIRECTIONS: Final = 5


class Link(Protocol):
    """The way to whoever keeps a realm."""

    async def say(self, commands: Sequence[Command]) -> list[object]:
        """Return what was answered to each command; an error of the server's is an answer, too.

        Raises what redis-py raises, and OSError, if an answer did not come.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections that are the link's own."""
        ...


class Settings(TypedDict):
    """How connections are made."""

    max_connections: int
    timeout: float
    socket_timeout: None
    socket_connect_timeout: float
    retry: Retry


def link_to(at: str | Redis, *, patience: timedelta, connections: int) -> Link:
    """Return the link to a server, or to a Cluster; ConfigurationError if it is named in no way that is known."""
    if isinstance(at, Redis):
        return BorrowedPool(at.connection_pool)
    if not isinstance(at, str):
        raise ConfigurationError("give a URL, or a client that is a redis.asyncio.Redis; a Cluster has a URL")
    seconds = patience.total_seconds()
    settings = Settings(
        max_connections=connections,
        timeout=seconds,
        socket_timeout=None,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        if urlsplit(at).scheme.endswith(_CLUSTER):
            return Cluster(at, settings)
        return _pool(at, settings)
    except ValueError:
        pass
    # Apart from the cause, whose text may hold a password.
    raise ConfigurationError("a URL begins with redis://, rediss:// or unix://, redis+cluster:// or rediss+cluster://")


class Cluster(Link):
    """The one node of a Cluster that has a realm's slot: nodes that are asked for it tell where it is."""

    def __init__(self, url: str, settings: Settings) -> None:
        """Connect to nothing yet; the URL names nodes, with commas between them."""
        parts = urlsplit(url)
        who, at, places = parts.netloc.rpartition("@")
        self._url = parts._replace(scheme=parts.scheme.removesuffix(_CLUSTER))
        self._who = who + at
        self._settings = settings
        self._seeds = [self._place(place) for place in places.split(",")]
        self._known = list(self._seeds)
        self._home: str | None = None
        self._pools: dict[str, Pool] = {}
        for place in self._seeds:
            self._pool(place)

    async def say(self, commands: Sequence[Command]) -> list[object]:
        """Say it to the node that has the slot; after an error that another node may be free of, look for it anew."""
        place = self._home or await self._find_any()
        ahead: list[Command] = []
        try:
            for _ in range(_REDIRECTIONS):
                answers = (await self._pool(place).say([*ahead, *commands]))[len(ahead) :]
                if not isinstance(answers[0], AskError):  # MovedError is one, too
                    break
                place = self._beside(place, answers[0])
                ahead = [] if isinstance(answers[0], MovedError) else [("ASKING",)]
        except (NoConnection, NoAnswer, OSError):
            self._leave(place)
            raise
        if isinstance(answers[0], AskError | ClusterDownError | ReadOnlyError):
            self._leave(place)
        elif not ahead:
            self._home = place
        return answers

    async def aclose(self) -> None:
        """Close the connections to all nodes."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _find_any(self) -> str:
        """Return a node that answers, and learn from it of the others."""
        failure: Exception = NoConnection("a Cluster without nodes")
        for place in tuple(self._known):
            try:
                (answer,) = await self._pool(place).say([("CLUSTER", "SLOTS")])
            except (NoConnection, NoAnswer, OSError) as error:
                failure = error
                continue
            if isinstance(answer, list):
                await self._learn([_place_of(node) for slots in answer for node in slots[2:]])
            return place
        raise failure

    async def _learn(self, nodes: Sequence[str]) -> None:
        self._known = list(dict.fromkeys((*filter(None, nodes), *self._seeds)))
        for place in self._pools.keys() - set(self._known):
            await self._pools.pop(place).forget()

    def _leave(self, place: str) -> None:
        """Ask this node last when the realm is looked for."""
        self._home = None
        self._known = [*(each for each in self._known if each != place), place]

    def _beside(self, place: str, redirection: AskError) -> str:
        """Where a node has sent us; it leaves the host out if it knows itself by no name."""
        host = redirection.host or place.rpartition(":")[0]
        return _joined(host, redirection.port)

    def _place(self, place: str) -> str:
        parts = urlsplit(f"//{place}")
        return _joined(parts.hostname or "localhost", parts.port or _PORT)

    def _pool(self, place: str) -> Pool:
        if place not in self._pools:
            self._pools[place] = _pool(self._url._replace(netloc=self._who + place).geturl(), self._settings)
        return self._pools[place]


def _pool(url: str, settings: Settings) -> Pool:
    return OwnPool(BlockingConnectionPool.from_url(url, **settings), patience=settings["timeout"])


def _place_of(node: Sequence[object]) -> str:
    """Where a node of CLUSTER SLOTS is; nowhere if it does not say."""
    host, port = node[:2]
    return _joined(host.decode(), int(str(port))) if isinstance(host, bytes) and host else ""


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
