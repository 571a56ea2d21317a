"""Visiting an ASGI application with nothing but the standard library: no server, no client, no store but memory."""

import asyncio
import json
from dataclasses import dataclass

from authcore import Policy
from authcore.testing import Mailbox, build_auth, run_sync

ADA, PASSWORD = "ada@example.org", "a long and quiet evening"
ORIGIN = "https://app.example.org"


@dataclass
class Reply:
    """What an application sent."""

    status: int = 0
    headers: tuple = ()
    body: bytes = b""

    async def hear(self, event):
        """Note one event."""
        self.status = event.get("status", self.status)
        self.headers = event.get("headers", self.headers)
        self.body += event.get("body", b"")

    @property
    def cookie(self):
        """The first cookie that was set, as a browser sends it back."""
        return next(value.partition(b";")[0] for name, value in self.headers if name.lower() == b"set-cookie")


async def _ask(app, method, path, payload=None, cookie=None):
    body = b"" if payload is None else json.dumps(payload).encode()
    headers = [(b"host", b"app.example.org"), (b"origin", ORIGIN.encode()), (b"content-type", b"application/json")]
    headers += [(b"content-length", str(len(body)).encode())] if body else []
    headers += [(b"cookie", cookie)] if cookie else []
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "https", "method": method}
    scope |= {"path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": headers}
    scope |= {"client": ("192.0.2.1", 50000), "server": ("app.example.org", 443)}
    events, reply = asyncio.Queue(), Reply()
    events.put_nowait({"type": "http.request", "body": body, "more_body": False})
    await app(scope, events.get, reply.hear)
    return reply


async def _journey(app):
    """Start an application, come as a stranger, log in, come again, and stop it."""
    said, heard = asyncio.Queue(), asyncio.Queue()
    lifespan = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, said.get, heard.put))
    said.put_nowait({"type": "lifespan.startup"})
    await heard.get()
    stranger = await _ask(app, "GET", "/me")
    login = await _ask(app, "POST", "/auth/login", {"identifier": ADA, "password": PASSWORD})
    member = await _ask(app, "GET", "/me", cookie=login.cookie)
    said.put_nowait({"type": "lifespan.shutdown"})
    await lifespan
    return [(reply.status, json.loads(reply.body)) for reply in (stranger, member)]


def visit(build):
    """Return what an application's page `/me` answers a stranger, and Ada once she has logged in: (status, JSON)."""
    mailbox = Mailbox()
    auth = build_auth(courier=mailbox, policy=Policy(origins=frozenset({ORIGIN})))
    challenge = run_sync(auth.register(email=ADA, password=PASSWORD))
    run_sync(auth.deliver_due())
    run_sync(auth.verify_account(challenge=challenge.token, code=mailbox.last_code()))
    return asyncio.run(_journey(build(auth)))
