"""Realms for tests, and servers that a test may harm."""

import secrets
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from authcore_redis import RedisStore
from authcore_redis.keys import Realm


@asynccontextmanager
async def opened(url, **settings):
    """A store with a realm of its own, which is gone afterwards."""
    realm = f"test-{secrets.token_hex(8)}"
    store = RedisStore(url, realm=realm, **settings)
    try:
        yield store
    finally:
        await store.aclose()
        async with Redis.from_url(url) as client:
            await client.unlink(*Realm(realm).all())
