"""AuthX: verifying an access token, which asks no database."""

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from authx import AuthX, AuthXConfig, RequestToken

from benchmarks.measuring import Side
from benchmarks.timing import looped

__all__ = ["tokens"]


@asynccontextmanager
async def tokens() -> AsyncIterator[Mapping[str, Side]]:
    """Verify one good token, as its dependencies do with the one that they have found in a header."""
    auth = AuthX(AuthXConfig(JWT_SECRET_KEY=secrets.token_urlsafe(32)))
    token = auth.create_access_token(uid="ada")
    found = RequestToken(token=token, type="access", location="headers")

    def loop(tokens: Iterable[RequestToken]) -> None:
        for each in tokens:
            auth.verify_token(each)

    yield {"good": looped(loop, lambda number: [found] * number)}
