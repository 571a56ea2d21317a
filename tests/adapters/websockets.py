"""Websockets without a server: the ASGI events of one connection, sent and received by hand."""

import asyncio

from tests.adapters.people import ORIGIN


class Handshake:
    """One websocket's connection to an ASGI application; `sent` is what the application said."""

    def __init__(self, app, path, *headers, extensions=()):
        """Prepare a handshake with these headers."""
        octets = [(name.encode(), value.encode()) for name, value in headers]
        self._app = app
        self._scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "2",
            "scheme": "wss",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"app.example.org"), *octets],
            "client": ("192.0.2.1", 1234),
            "server": ("app.example.org", 443),
            "subprotocols": [],
            "extensions": {name: {} for name in extensions},
        }
        self._events = asyncio.Queue()
        self.sent = []

    async def run(self, *texts):
        """Connect, send these texts, leave once answered, and return the types of what the application said."""
        self._events.put_nowait({"type": "websocket.connect"})
        for text in texts:
            self._events.put_nowait({"type": "websocket.receive", "text": text})

        async def send(event):
            self.sent.append(event)
            if event["type"] != "websocket.accept":  # who leaves earlier may not be told anything any more
                self._events.put_nowait({"type": "websocket.disconnect", "code": 1000})

        async with asyncio.timeout(20):
            await self._app(self._scope, self._events.get, send)
        return [event["type"] for event in self.sent]

    @property
    def texts(self):
        """What the application sent over the websocket."""
        return [event["text"] for event in self.sent if event["type"] == "websocket.send"]


def from_here(*headers):
    """Return the headers of a handshake that a page of the site begins."""
    return [("origin", ORIGIN), *headers]
