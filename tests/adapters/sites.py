"""A site: a sample application behind one adapter, and the ways of sending it requests."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx2

from authcore import Policy
from authcore.entities import Account
from authcore.ports import by_id
from authcore.testing import Recorder, build_auth
from tests.adapters.people import ADA, FROM_HERE, JSON, ORIGIN, OTHER_ORIGIN, PASSWORD, Browser
from tests.adapters.stores import WatchedStore
from tests.adapters.waiting import LONGEST_WAIT, until

POLICY = Policy(origins=frozenset({ORIGIN, OTHER_ORIGIN}))

_OF_THE_SERVER = {"date", "server", "connection", "keep-alive", "alt-svc", "content-length", "transfer-encoding"}


@dataclass(frozen=True)
class Reply:
    """What came back: every header as text, in order, with names in lower case."""

    status: int
    headers: tuple
    body: bytes

    @property
    def own(self):
        """Everything but what is the server's own business; equal for equal answers of any adapter."""
        return self.status, sorted(pair for pair in self.headers if pair[0] not in _OF_THE_SERVER), self.body

    def all(self, name):
        """Return the values of a header, in order."""
        return [value for key, value in self.headers if key == name]

    def one(self, name):
        """Return the value of a header that is there once, or None if it is absent."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} is there more than once: {values}"
        return values[0] if values else None

    def json(self):
        """Return the body's JSON."""
        return json.loads(self.body)


@dataclass
class Stage:
    """What a test and the handlers of the sample application share: who ran, and a gate at which some wait."""

    ran: list = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, who):
        """Note that somebody is here, and wait for the gate."""
        self.ran.append(who)
        await self.gate.wait()


class Site:
    """One running application; `auth` has the same parts as the one inside it."""

    def __init__(self, auth, stage, transport, base, *, recorder=None):
        """Begin with everything in place."""
        self.auth, self.stage, self.recorder = auth, stage, recorder
        self.store, self.mailbox, self.clock = auth.store, auth.courier, auth.clock
        self._transport, self.base = transport, base

    async def send(self, method, path, headers=(), body=b""):
        """Send one request with these headers, texts or octets, and no others but Host and Content-Length."""
        octets = [(_octets(name), _octets(value)) for name, value in headers]
        request = httpx2.Request(method, f"{self.base}{path}", headers=octets, content=body)
        async with asyncio.timeout(LONGEST_WAIT):
            response = await self._transport.handle_async_request(request)
            content = await response.aread()
            await response.aclose()
        raw = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw)
        return Reply(response.status_code, raw, content)

    async def post(self, path, payload=None, *headers):
        """Send JSON, or nothing, from a page of the site."""
        body, kind = (b"", ()) if payload is None else (json.dumps(payload).encode(), (JSON,))
        return await self.send("POST", path, [FROM_HERE, *kind, *headers], body)

    async def get(self, path, *headers):
        """Fetch something."""
        return await self.send("GET", path, headers)

    def browser(self, **settings):
        """Return a new browser."""
        return Browser(self, **settings)

    async def code(self, address):
        """Return the newest code that went to an address, once the background has delivered everything."""
        await until(lambda: not self.store.unsent)
        return self.mailbox.last_code(address)

    async def settled(self):
        """Have everything in the outbox delivered, at once."""
        async with asyncio.timeout(LONGEST_WAIT):
            while self.store.unsent:
                await self.auth.deliver_due()
                await asyncio.sleep(0)

    async def token(self, address=ADA, *, password=PASSWORD, username=None):
        """Return the token of a new session of somebody with a proven address, without any request."""
        await self.enrol(address, password=password, username=username)
        return (await self.auth.log_in(identifier=address, password=password)).token

    async def enrol(self, address=ADA, *, password=PASSWORD, username=None):
        """Return a new account with a proven address."""
        kind = "phone" if address.startswith("+") else "email"
        challenge = await self.auth.register(**{kind: address}, password=password, username=username)
        await self.settled()
        return await self.auth.verify_account(challenge=challenge.token, code=self.mailbox.last_code(address))

    async def challenge(self, address=ADA):
        """Return the token of a registration's challenge, and its code, without any request."""
        issued = await self.auth.register(email=address, password=PASSWORD)
        await self.settled()
        return issued.token, self.mailbox.last_code(address)

    async def member(self, address=ADA, *, username=None):
        """Return the browser of somebody who has logged in."""
        await self.enrol(address, username=username)
        browser = self.browser()
        reply = await browser.post("/auth/login", {"identifier": address, "password": PASSWORD})
        assert reply.status == 200
        browser.replies.clear()
        return browser

    async def alter(self, account, **changes):
        """Change an account as an operator would."""
        current = await self.store.get(by_id(Account, account.id))
        await self.store.commit([replace(current, **changes)])


@asynccontextmanager
async def open_site(adapter, store, **parts):
    """Start a site over a store; `parts` go to `build_auth`, and `offload` replaces the adapter's own."""
    offload = {"offload": parts.pop("offload")} if "offload" in parts else {}
    auth = replace(build_auth(store=WatchedStore(store), **{"policy": POLICY, **parts}), **offload)
    stage = Stage()
    async with adapter(auth, stage) as (transport, base):
        yield Site(auth, stage, transport, base)


@asynccontextmanager
async def open_recorded_site(adapter, store, **parts):
    """Start a site whose `recorder` watches what it does; it hashes where it stands."""
    recorder, stage = Recorder(build_auth(store=store, **{"policy": POLICY, **parts})), Stage()
    async with adapter(recorder.auth, stage) as (transport, base):
        yield Site(recorder.auth, stage, transport, base, recorder=recorder)


def _octets(value):
    return value if isinstance(value, bytes) else value.encode("utf-8")
