"""A place for each scene: what one side writes, the other never sees."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.servers import places_of

__all__ = ["place_of"]


@asynccontextmanager
async def place_of(store: str) -> AsyncIterator[str]:
    """Make a place for one scene; in a thread, for what makes it runs an event loop of its own."""
    making = places_of([store])
    places = await asyncio.to_thread(making.__enter__)
    try:
        yield places[store]
    finally:
        await asyncio.to_thread(making.__exit__, None, None, None)
