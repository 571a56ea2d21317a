"""Waiting for something that happens elsewhere, and never for a time to pass."""

import asyncio

LONGEST_WAIT = 20


async def until(condition):
    """Wait until something holds; TimeoutError if it never does."""
    async with asyncio.timeout(LONGEST_WAIT):
        while not condition():  # noqa: ASYNC110  what is waited for sets no event
            await asyncio.sleep(0.001)
