"""Clients of the applications that README and docs show."""

import asyncio
import contextlib

import httpx2


@contextlib.asynccontextmanager
async def client_of(app):
    """A client of an application whose lifespan has begun, as a server would begin it."""
    said, heard = asyncio.Queue(), asyncio.Queue()
    lifespan = asyncio.ensure_future(app({"type": "lifespan", "asgi": {"version": "3.0"}}, said.get, heard.put))
    await said.put({"type": "lifespan.startup"})
    assert (await heard.get())["type"] == "lifespan.startup.complete"
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost:8000") as client:
        yield client
    await said.put({"type": "lifespan.shutdown"})
    await lifespan
