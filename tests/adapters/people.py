"""The people of the adapters' tests: what they are called, and a browser for each of them."""

import json
from dataclasses import dataclass, field

ORIGIN = "https://app.example.org"
OTHER_ORIGIN = "https://www.example.org"
FOREIGN_ORIGIN = "https://evil.example.net"

SESSION = "__Host-authcore"
CHALLENGE = "__Host-authcore-two-step"
CAPTCHA = "__Host-authcore-captcha"

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.org"
PASSWORD = "a loom that weaves algebra"
OTHER_PASSWORD = "nine silver herons at dusk"

JSON = ("content-type", "application/json")
FROM_HERE = ("origin", ORIGIN)


def cookie(**named):
    """Return the Cookie header for a session's, a challenge's and a captcha's token."""
    names = {"session": SESSION, "challenge": CHALLENGE, "captcha": CAPTCHA}
    return "cookie", "; ".join(f"{names[name]}={value}" for name, value in named.items())


def bearer(token):
    """Return the Authorization header of a token."""
    return "authorization", f"Bearer {token}"


@dataclass
class Browser:
    """Somebody's browser: it keeps the cookies of one site, and says from which page it sends."""

    site: object
    origin: str = ORIGIN
    cookies: dict = field(default_factory=dict)
    replies: list = field(default_factory=list)

    async def post(self, path, payload=None, *headers):
        """Send JSON, or nothing, as a page of the site does."""
        body, kind = (b"", ()) if payload is None else (json.dumps(payload).encode(), (JSON,))
        return await self._send("POST", path, [("origin", self.origin), *kind, *headers], body)

    async def get(self, path, *headers):
        """Fetch something."""
        return await self._send("GET", path, headers)

    async def _send(self, method, path, headers, body=b""):
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        reply = await self.site.send(method, path, [*headers, *([("cookie", pairs)] if pairs else [])], body)
        for line in reply.all("set-cookie"):
            self._keep(line)
        self.replies.append(reply)
        return reply

    def _keep(self, line):
        pair, *attributes = line.split("; ")
        name, _, value = pair.partition("=")
        self.cookies.pop(name, None)
        if "Max-Age=0" not in attributes:
            self.cookies[name] = value
