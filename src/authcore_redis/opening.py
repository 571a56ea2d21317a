"""Opening the store that a URL names; `authcore.opening` asks for it.  What a store does is told by the store."""

from urllib.parse import parse_qs, urlsplit

from authcore.errors import ConfigurationError
from authcore_redis.store import RedisStore

__all__ = ["open_redis"]


def open_redis(url: str, /) -> RedisStore:
    """Return the store of a realm: `redis://host/0?realm=shop`, or that of `authcore` where no realm is named."""
    parts = urlsplit(url)
    settings = parse_qs(parts.query, keep_blank_values=True)
    realm = settings.pop("realm", ["authcore"])
    if settings or len(realm) != 1:
        raise ConfigurationError("The URL of a Redis store has one setting of its own, ?realm=NAME, and no other.")
    return RedisStore(parts._replace(query="").geturl(), realm=realm[0])
