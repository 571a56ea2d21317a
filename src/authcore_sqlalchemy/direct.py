"""Reading by the driver's own call, over a connection of the pool: for what every request reads.

Nothing of what SQLAlchemy does for each statement is done here.  What is asked, and what the answer means, stands
elsewhere.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.util import greenlet_spawn

from authcore.entities import Scalar
from authcore_sqlalchemy.dialects import Server

if TYPE_CHECKING:  # it needs greenlet, which is there where there is such an engine
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["DirectReads"]


class DirectReads:
    """Asks an engine of the store's own; each answer is awaited no longer than `longest`, from the first step on.

    It raises whatever the driver does.  A connection on which something went wrong, or which nobody waits for any more,
    is closed: what comes over it late must not be taken for somebody else's answer.
    """

    def __init__(self, engine: "AsyncEngine", server: Server, *, longest: timedelta) -> None:
        """Remember whom to ask, and how; nothing is connected yet."""
        self._pool = engine.sync_engine.pool
        self._fetch = server.fetch
        self._longest = longest.total_seconds()
        self._under_way = 0
        self._done = asyncio.Event()

    async def rows(self, text: str, *values: Scalar) -> Sequence[Sequence[Scalar]]:
        """Return what a statement is answered, which is one round trip."""
        self._under_way += 1
        try:
            async with asyncio.timeout(self._longest):
                connection = await greenlet_spawn(self._pool.connect)
                try:
                    rows = await self._fetch(connection.driver_connection, text, values)
                except Exception as error:
                    # What was connected before is asked no more either: a server that has gone leaves no one behind.
                    self._pool._invalidate(connection, error)  # noqa: SLF001  as SQLAlchemy does, which tells no way to
                    raise
                except BaseException:
                    connection.invalidate()
                    raise
                connection.close()
                return rows
        finally:
            self._under_way -= 1
            self._done.set()

    async def finish(self) -> None:
        """Wait until nothing is being read any more."""
        while self._under_way:
            self._done.clear()
            await self._done.wait()
