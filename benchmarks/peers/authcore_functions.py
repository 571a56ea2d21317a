"""authcore without a framework: checking a permission, reading a token."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import jwt

from authcore import MemoryStore, PermissionSet
from authcore.tokens import Reference, TokenKind, Tokens
from benchmarks.measuring import Side
from benchmarks.peers.scenes import SIZES, checking, grants_of
from benchmarks.population import auth_over
from benchmarks.timing import looped

__all__ = ["checks", "tokens"]


@asynccontextmanager
async def checks() -> AsyncIterator[Mapping[str, Side]]:
    """Check a permission against sets of several sizes."""
    yield checking({size: PermissionSet.of(grants_of(size)).implies for size in SIZES})


@asynccontextmanager
async def tokens() -> AsyncIterator[Mapping[str, Side]]:
    """Read tokens that nobody has read before, and one that somebody has; and decode that by PyJWT."""
    auth = auth_over(MemoryStore())
    reading = Tokens(auth.keyring, auth.policy.issuer, auth.policy.audience)
    now = datetime.now(UTC)

    def new(number: int) -> list[str]:
        return [
            reading.encode(
                TokenKind.AUTHENTICATION,
                Reference(id=secrets.token_urlsafe(20), issued_at=now, expires_at=now + timedelta(hours=1)),
            )
            for _ in range(number)
        ]

    (good,) = new(1)
    key: Any = auth.keyring.derive(auth.keyring.newest_kid, f"token/{TokenKind.AUTHENTICATION}")
    decode = partial(
        jwt.decode,
        key=key,
        algorithms=["HS256"],
        issuer=auth.policy.issuer,
        audience=auth.policy.audience,
    )
    yield {
        "new": looped(partial(_each, auth.read_token), new),
        "seen before": looped(partial(_each, auth.read_token), partial(_copies, good)),
        "PyJWT": looped(partial(_each, decode), partial(_copies, good)),
    }


def _each(function: Callable[[str], object], tokens: Iterable[str]) -> None:
    for token in tokens:
        function(token)


def _copies(token: str, number: int) -> list[str]:
    """Return the same text as often as it comes out of a header: each time as an object of its own."""
    return [token[:1] + token[1:] for _ in range(number)]
