"""The examples as a newcomer starts them: each with the very command that its first line tells."""

import asyncio
import os
import re
import socket
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2

from tests.adapters.sites import Reply

ROOT = Path(__file__).parents[2]
APPS = sorted(page.stem for page in (ROOT / "examples").glob("*_app.py"))
EXAMPLES = {name: ROOT / "examples" / f"{name}.py" for name in (*APPS, "script")}
"""One for each framework, and one for none; others have pages of their own."""

ORIGIN = "http://localhost:8000"
KEYS = {"AUTHCORE_KEYS": "k1:" + "00112233445566778899aabbccddeeff" * 2}


def command_of(name):
    """Return the command that an example's docstring tells."""
    return re.search(r"run `([^`]+)`", EXAMPLES[name].read_text("utf-8").splitlines()[0])[1].split()


class Running:
    """One example, served: what it has written, and requests to it; as a site it serves a Browser."""

    def __init__(self, process, port, client):
        """Begin with a server that is still starting."""
        self._process, self._client, self.port = process, client, port
        self._written = ""

    async def told(self, pattern):
        """Return the first group of what the server has written, once it has."""
        async with asyncio.timeout(60):
            while not (found := re.search(pattern, self._written)):
                line = await self._process.stdout.readline()
                assert line, f"the server has ended: {self._written}"
                self._written += line.decode()
        self._written = self._written[found.end() :]
        return found[1]

    async def send(self, method, path, headers=(), body=b""):
        """Send one request."""
        reply = await self._client.request(
            method, f"http://127.0.0.1:{self.port}{path}", headers=[("host", "localhost"), *headers], content=body
        )
        raw = tuple((name.decode().lower(), value.decode()) for name, value in reply.headers.raw)
        return Reply(reply.status_code, raw, reply.content)


@asynccontextmanager
async def running(name):
    """Run an example on the server that it names, at a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", *command_of(name), "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=os.environ | KEYS, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with httpx2.AsyncClient() as client:
            site = Running(process, port, client)
            await site.told("(running on|Starting worker)")
            yield site
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()
