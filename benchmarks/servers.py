"""Where the stores of a run are: a database or a realm of its own for each, which is gone in the end."""

import asyncio
import secrets
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from authcore_redis.keys import Realm
from tests.services import url_of
from tests.stores.databases import made

__all__ = ["STORES", "Places", "places_of"]

STORES: Final = ("memory", "sqlite", "postgresql", "mariadb", "redis")

Places = Mapping[str, str]
"""The URL of each store, as `authcore.opening` takes it; of one in memory, nothing."""


@contextmanager
def places_of(stores: Collection[str]) -> Iterator[Places]:
    """Make a place for each of some stores, unless its server is missing; they are removed again."""
    with ExitStack() as stack:
        made_ones = {store: _place(store, stack) for store in stores}
        yield {store: place for store, place in made_ones.items() if place is not None}


def _place(store: str, stack: ExitStack) -> str | None:
    if store == "memory":
        return ""
    if store == "sqlite":
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        return f"sqlite:///{Path(folder) / 'bench.db'}"
    server = url_of(store)
    if server is None:
        return None
    if store == "redis":
        realm = f"bench-{secrets.token_hex(8)}"
        stack.callback(lambda: asyncio.run(_forget(server, realm)))
        return f"{server}?realm={realm}"
    return stack.enter_context(made(server)).url


async def _forget(server: str, realm: str) -> None:
    async with Redis.from_url(server) as client:
        await client.unlink(*Realm(realm).all())
