"""A store for Redis and Valkey, on redis-py.  It keeps what flows commit, and decides nothing."""

from importlib.util import find_spec

if find_spec("redis") is None:
    raise ModuleNotFoundError('authcore_redis needs redis-py: pip install "authcore[redis]"', name="redis")

from authcore_redis.store import RedisStore

__all__ = ["RedisStore"]
