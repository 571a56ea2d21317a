"""The floors: the least that a hand-written handler can ask of a server, by its driver and nothing else.

Each has what it needs already: connections that are its own, statements that are prepared, and the id to look for.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Final, TypeAlias, TypeVar

import asyncmy
import asyncpg  # type: ignore[import-untyped]  # it has no types
from redis.asyncio import Redis
from sqlalchemy import make_url

from authcore.entities import AuthenticationSession, to_record
from authcore.ports import Store, by_id
from benchmarks.stores import path_of, realm_of

__all__ = ["JOINED", "LookUp", "floor", "prepared"]

T = TypeVar("T")

LookUp: TypeAlias = Callable[[str], Awaitable[object]]
"""Reads the row, or the document, of the session with this id."""

_ROW: Final = "SELECT account_id, expires_at FROM authcore_authentication_session WHERE id = "

JOINED: Final = """
SELECT session.*, account.*, granted.*, role.*
FROM authcore_authentication_session AS session
LEFT JOIN authcore_account AS account ON account.id = session.account_id
LEFT JOIN authcore_grant AS granted ON granted.account_id = session.account_id AND granted.deleted_at IS NULL
LEFT JOIN authcore_role AS role ON role.id = granted.role
WHERE session.id = $1
"""
"""What the SQL stores ask for a request, as PostgreSQL takes it: the same rows, and all of their columns."""


@asynccontextmanager
async def floor(
    name: str, place: str, store: Store, ids: Collection[str], *, connections: int
) -> AsyncIterator[LookUp]:
    """Return the floor of a store; each request in flight has a connection to itself."""
    async with AsyncExitStack() as stack:
        if name == "sqlite":
            yield _sqlite(stack.enter_context(closing(sqlite3.connect(path_of(place)))))
        elif name == "redis":
            yield await _redis(stack, place, store, ids)
        elif name == "mariadb":
            yield await _mariadb(stack, place, connections)
        else:
            yield await prepared(stack, place, f"{_ROW}$1", connections)


async def prepared(stack: AsyncExitStack, place: str, statement: str, connections: int) -> LookUp:
    """Return what executes a statement of PostgreSQL's, prepared on each of so many connections of asyncpg's."""
    free = []
    for _ in range(connections):
        connection = await asyncpg.connect(place)
        stack.push_async_callback(connection.close)
        free.append(await connection.prepare(statement))

    async def look_up(session_id: str) -> object:
        with_statement = free.pop()
        try:
            return await with_statement.fetch(session_id)
        finally:
            free.append(with_statement)

    return look_up


async def _mariadb(stack: AsyncExitStack, place: str, connections: int) -> LookUp:
    url = make_url(place)
    free = []
    for _ in range(connections):
        connection = await asyncmy.connect(
            host=url.host,
            port=url.port,
            user=url.username,
            password=url.password or "",
            db=url.database,
            autocommit=True,
        )
        stack.push_async_callback(connection.ensure_closed)
        free.append(connection)

    async def look_up(session_id: str) -> object:
        connection = free.pop()
        try:
            async with connection.cursor() as cursor:
                await cursor.execute(f"{_ROW}%s", (session_id,))
                return await cursor.fetchone()
        finally:
            free.append(connection)

    return look_up


def _sqlite(connection: sqlite3.Connection) -> LookUp:
    async def look_up(session_id: str) -> object:
        return connection.execute(f"{_ROW}?", (session_id,)).fetchone()

    return look_up


async def _redis(stack: AsyncExitStack, place: str, store: Store, ids: Collection[str]) -> LookUp:
    """Keep each session as one text, under a key of its own."""
    server, realm = realm_of(place)
    client = await stack.enter_async_context(Redis.from_url(server))
    keys = {session_id: f"{{{realm}}}:floor:{session_id}" for session_id in ids}
    stack.push_async_callback(client.unlink, *keys.values())
    for session_id, key in keys.items():
        session = await store.get(by_id(AuthenticationSession, session_id))
        await client.set(key, json.dumps(None if session is None else to_record(session)))

    async def look_up(session_id: str) -> object:
        return await client.get(keys[session_id])

    return look_up
