"""Reading by the driver's own call, over connections of a pool.

Nothing of what SQLAlchemy does for each statement is done here.  What is asked, and what the answer means, stands
elsewhere.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from authcore_sqlalchemy.dialects import Server
from authcore_sqlalchemy.questions import Row

if TYPE_CHECKING:  # it needs greenlet, which is there where there is such an engine
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["DirectReads"]

_FRESH: Final = 60  # seconds; what has been silent for longer the pool is to look at


class DirectReads:
    """Asks an engine of the store's own; each answer is awaited no longer than `longest`, from the first step on.

    A connection that was used stays at hand, as long as nobody else waits for one.  Whatever the driver raises is
    raised here.  A connection on which something went wrong, or for whose answer nobody waits any more, is closed: what
    comes over it late must not be taken for the answer to something else.
    """

    def __init__(self, engine: "AsyncEngine", server: Server, *, longest: timedelta) -> None:
        """Remember whom to ask, and how; nothing is connected yet."""
        self._pool = engine.sync_engine.pool
        self._fetch = server.fetch
        self._longest = longest.total_seconds()
        self._at_hand: list[tuple[PoolProxiedConnection, float]] = []
        self._wanted = 0
        self._under_way = 0
        self._done = asyncio.Event()

    async def rows(self, text: str, values: Row) -> Sequence[Row]:
        """Return what a statement is answered, which is one round trip."""
        self._under_way += 1
        try:
            async with asyncio.timeout(self._longest):
                return await self._asked(text, values)
        finally:
            self._under_way -= 1
            self._done.set()

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """Leave the pool something for whoever takes a connection from there himself."""
        if self._at_hand:
            self._at_hand.pop(0)[0].close()
        self._wanted += 1
        try:
            yield
        finally:
            self._wanted -= 1

    async def finish(self) -> None:
        """Wait until nothing is being read any more, and keep nothing at hand."""
        while self._under_way:
            self._done.clear()
            await self._done.wait()
        self._leave()

    async def _asked(self, text: str, values: Row) -> Sequence[Row]:
        connection = self._taken() or await self._connected()
        try:
            rows = await self._fetch(connection.driver_connection, text, values)
        except Exception as error:
            # What was connected before is not asked any more either: a server that has gone is missed only once.
            self._pool._invalidate(connection, error)  # noqa: SLF001  as SQLAlchemy does, which tells no other way
            self._leave()
            raise
        except BaseException:
            connection.invalidate()
            raise
        if self._wanted:
            connection.close()
        else:
            self._at_hand.append((connection, asyncio.get_running_loop().time()))
        return rows

    def _taken(self) -> PoolProxiedConnection | None:
        """Return the connection at hand that was used last, if it was used of late."""
        if not self._at_hand:
            return None
        connection, since = self._at_hand.pop()
        if asyncio.get_running_loop().time() - since < _FRESH:
            return connection
        connection.close()
        self._leave()
        return None

    async def _connected(self) -> PoolProxiedConnection:
        self._wanted += 1
        try:
            return await greenlet_spawn(self._pool.connect)
        finally:
            self._wanted -= 1

    def _leave(self) -> None:
        """Leave to the pool all that is at hand."""
        while self._at_hand:
            self._at_hand.pop()[0].close()
