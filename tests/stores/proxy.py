"""A wire between a store and its server: it counts round trips, and is cut or falls silent on command."""

import asyncio
from contextlib import asynccontextmanager, suppress

from sqlalchemy import make_url

_CHUNK = 65536


class Wire:
    """What passes by: what clients have `said`, and in `turns` how often one spoke after its server had, or waited."""

    def __init__(self, host, port):
        """Remember where the server is."""
        self.turns = 0
        self.said = bytearray()
        self.is_silent = False
        self._server, self._tasks, self._writers = (host, port), set(), set()
        self._word, self._spoken, self._cut_at, self._forwards = None, 0, 0, False

    def cut_at(self, word, time=1, *, forwards):
        """Break off once a client says a word, and has spoken `time` times then: before the server hears, or after."""
        self._word, self._spoken, self._cut_at, self._forwards = word, 0, time, forwards

    def cut(self):
        """Break off every connection."""
        for writer in self._writers:
            writer.close()

    async def serve(self, reader, writer):
        """Pass on what comes from a client, and what its server answers."""
        there, here = await asyncio.open_connection(*self._server), (reader, writer)
        self._writers |= {writer, there[1]}
        heard = {"from": "server"}

        def asked(data):
            turned = heard["from"] == "server"
            self.turns += turned
            self.said += data
            heard["from"] = "client"
            if self._word is not None and (self._spoken or self._word in data):
                self._spoken += turned
            return self._forwards or self._spoken < self._cut_at or self._word is None

        def answered(data):
            heard["from"] = "server"
            return self._word is None or self._spoken < self._cut_at

        pumps = [
            asyncio.create_task(self._pump(here[0], there[1], asked)),
            asyncio.create_task(self._pump(there[0], here[1], answered)),
        ]
        self._tasks |= {*pumps}
        await asyncio.wait(pumps)

    async def _pump(self, reader, writer, may_pass):
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                if not may_pass(data):
                    self._word = None
                    self.cut()
                    break
                if not self.is_silent:
                    writer.write(data)
                    await writer.drain()
        writer.close()


@asynccontextmanager
async def wired(database_url):
    """Lay a wire to a database's server; gives it, and the URL of the database by that way."""
    url = make_url(database_url)
    wire = Wire(url.host, url.port)
    serving = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = serving.sockets[0].getsockname()[1]
    try:
        yield wire, url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    finally:
        serving.close()
        wire.cut()
        if wire._tasks:  # noqa: SLF001  they are the wire's
            await asyncio.wait(wire._tasks)  # noqa: SLF001
