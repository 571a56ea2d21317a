"""Somebody who goes everywhere, rightly and wrongly, and notes every answer, and every secret on the way.

Whoever adds an endpoint adds a step to `go_everywhere`: a law sees to it that every row of the table was visited.
"""

import base64
import json
from dataclasses import dataclass, field

from authcore.codes import CAPTCHA_KEY, CODE_KEY
from authcore.entities import Credential, Session
from authcore.errors import StoreFault
from authcore.recovery import NAME_KEY
from authcore.refusals import REFUSALS_KEY
from authcore.sealing import AUDIT_KEY
from authcore.tokens import TokenKind
from authcore.web import ENDPOINTS
from tests.adapters.people import (
    ADA,
    CAPTCHA,
    CHALLENGE,
    FOREIGN_ORIGIN,
    FROM_HERE,
    JSON,
    OTHER_PASSWORD,
    PASSWORD,
    SESSION,
)

NEW_ADDRESS = "countess@example.org"
NO_PASSWORD = "seven wrong umbrellas in a row"
MEMBERS = {SESSION: "token", CHALLENGE: "challenge", CAPTCHA: "captcha"}
"""Where each token travels with `Policy.bearer`, by the name of the cookie in which it travels otherwise."""

ROWS = {f"/auth{row.path}": row for row in ENDPOINTS}


@dataclass
class Traveller:
    """Keeps tokens, be it in cookies or by themselves, and everything that came back."""

    site: object
    tokens: dict = field(default_factory=dict)
    visits: list = field(default_factory=list)
    """What was asked, and how it was answered: path and reply."""
    seen: set = field(default_factory=set)
    """Every token that was ever given out."""

    async def go(self, path, payload=None, *headers, method=None):
        """Send a request with all that a client of this site would send along, and keep what it would keep."""
        row = ROWS.get(path)
        method = method or (row.method if row else "GET")
        if self.site.auth.policy.bearer:
            payload, headers = self._carrying(row, payload, headers)
        else:
            pairs = "; ".join(f"{name}={token}" for name, token in self.tokens.items())
            headers = [*headers, *([("cookie", pairs)] if pairs else [])]
        origin = [] if any(name == "origin" for name, _ in headers) else [FROM_HERE]
        body = b"" if payload is None else json.dumps(payload).encode()
        kind = [] if payload is None else [JSON]
        reply = await self.site.send(method, path, [*origin, *kind, *headers], body)
        self.visits.append((path, reply))
        self._keep(reply)
        return reply

    def _carrying(self, row, payload, headers):
        known = dict(self.tokens)
        if row is not None and row.challenge and CHALLENGE in known:
            payload = {**(payload or {}), "challenge": known[CHALLENGE]}
        sent = [("authorization", f"Bearer {known[SESSION]}")] if SESSION in known else []
        sent += [("captcha-token", known[CAPTCHA])] if CAPTCHA in known else []
        return payload, [*headers, *sent]

    def _keep(self, reply):
        kept = {}
        for line in reply.all("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            kept[name] = None if "Max-Age=0" in line else value
        if self.site.auth.policy.bearer and reply.one("content-type") == "application/json":
            answer = reply.json()
            kept = {name: answer[member] for name, member in MEMBERS.items() if member in answer}
        for name, token in kept.items():
            self.tokens.pop(name, None)
            if token is not None:
                self.tokens[name] = token
                self.seen.add(token)


async def go_everywhere(site):
    """Visit every endpoint, and pages of the application, with success and without; return the traveller."""
    ada = Traveller(site)
    await _join(ada)
    await _log_in(ada)
    await _reauthenticate(ada)
    await _confirm(ada)
    await _use_a_second_factor(ada)
    await _see_pages(ada)
    await _change_password(ada)
    await _move(ada)
    await _be_refused(ada)
    await ada.go("/auth/login", {"identifier": ADA, "password": OTHER_PASSWORD})
    await _fail(ada)
    await ada.go("/auth/logout")
    await _recover(ada)
    await site.settled()
    return ada


async def _join(ada):
    account = {"email": ADA, "username": "ada", "password": PASSWORD}
    await ada.go("/auth/register", {**account, "password": "short"})
    await ada.go("/auth/captcha")
    await ada.go("/auth/captcha/picture")
    await ada.go("/auth/captcha/sound")
    await ada.go("/posting", None, ("captcha-code", "000000"), method="POST")
    await ada.go("/auth/register", account)
    await ada.go("/auth/verify", {"code": "no code"})
    await ada.go("/auth/resend")
    await ada.go("/auth/verification")
    await ada.go("/auth/verify", {"code": await ada.site.code(ADA)})
    await ada.go("/auth/verification")
    await ada.go("/auth/register", {**account, "email": "eve@example.org"})
    await Traveller(ada.site, seen=ada.seen, visits=ada.visits).go(
        "/auth/register", {"email": ADA, "password": OTHER_PASSWORD}
    )


async def _log_in(ada):
    for password in (NO_PASSWORD, PASSWORD):
        await ada.go("/auth/login", {"identifier": ADA, "password": password})
    other = Traveller(ada.site, seen=ada.seen, visits=ada.visits)
    await other.go("/auth/login", {"identifier": "ada", "password": PASSWORD})
    await ada.go("/auth/refresh")
    await ada.go("/auth/session")
    sessions = (await ada.go("/auth/sessions")).json()["sessions"]
    (elsewhere,) = (each["id"] for each in sessions if not each["current"])
    for _ in range(2):
        await ada.go("/auth/sessions/revoke", {"session": elsewhere})
    await other.go("/auth/session")
    await ada.go("/auth/sessions/revoke-others")


async def _reauthenticate(ada):
    for password in (NO_PASSWORD, PASSWORD):
        await ada.go("/auth/reauthenticate", {"current_password": password})


async def _confirm(ada):
    await ada.go("/auth/two-step", {"purpose": "verify"})
    await ada.go("/auth/two-step", {"purpose": "pay"})
    await ada.go("/auth/two-step/answer", {"purpose": "pay", "code": "no code"})
    code = await ada.site.code(ADA)
    await ada.go("/auth/two-step/answer", {"purpose": "pay", "code": code, "password": PASSWORD})
    await ada.go("/auth/two-step/answer", {"purpose": "pay", "code": code})


async def _use_a_second_factor(ada):
    for password in (NO_PASSWORD, PASSWORD):
        await ada.go("/auth/second-factor/on", {"current_password": password})
    await ada.go("/auth/session")
    await ada.go("/auth/second-factor")
    await ada.go("/auth/second-factor/answer", {"code": "no code"})
    await ada.go("/auth/second-factor/answer", {"code": await ada.site.code(ADA)})
    for password in (NO_PASSWORD, PASSWORD):
        await ada.go("/auth/second-factor/off", {"current_password": password})


async def _see_pages(ada):
    for path in ("/members", "/all", "/open", "/staff", "/refusing", "/failing", "/broken", "/nowhere"):
        await ada.go(path)
    await ada.go("/auth/openapi.json")


async def _change_password(ada):
    ada.site.clock.advance(ada.site.auth.policy.rotation)
    await ada.go("/auth/refresh")
    for current in (NO_PASSWORD, PASSWORD):
        await ada.go("/auth/password", {"current_password": current, "new_password": OTHER_PASSWORD})


async def _move(ada):
    for password in (NO_PASSWORD, OTHER_PASSWORD):
        await ada.go("/auth/address", {"email": NEW_ADDRESS, "current_password": password})
    for code in ("no code", await ada.site.code(NEW_ADDRESS)):
        await ada.go("/auth/address/answer", {"code": code})


async def _recover(ada):
    await ada.go("/auth/recovery", {"identifier": "eve@example.org"})
    await ada.go("/auth/recovery", {"identifier": NEW_ADDRESS})
    for code in ("no code", await ada.site.code(NEW_ADDRESS)):
        await ada.go("/auth/recovery/answer", {"code": code, "new_password": PASSWORD})


async def _be_refused(ada):
    """Ask everything as a page of another site, by another method, with a broken body, and as nobody."""
    nobody = Traveller(ada.site, visits=ada.visits, seen=ada.seen)
    for path, row in ROWS.items():
        await ada.go(path, {"password": PASSWORD}, ("origin", FOREIGN_ORIGIN), method="PUT")
        if row.method == "POST":
            await ada.go(path, {"password": PASSWORD}, ("origin", FOREIGN_ORIGIN))
            await ada.go(path, {"password": [PASSWORD], "unknown": PASSWORD})
        await nobody.go(path)


async def _fail(ada):
    for fault in (StoreFault("the disk is full"), RuntimeError("a store that breaks")):
        ada.site.store.fault = fault
        for path, body in (("/auth/session", None), ("/auth/login", {"identifier": ADA, "password": PASSWORD})):
            await ada.go(path, body)
        await ada.go("/open")
        ada.site.store.fault = None


# --- what must not be told --------------------------------------------------------------------------------------------


def passwords():
    """What was given as a password."""
    return {PASSWORD, OTHER_PASSWORD, NO_PASSWORD}


def codes(ada):
    """Every code that was sent, and those of the captchas that were shown."""
    shown = [
        reply.body.decode() for path, reply in ada.visits if path == "/auth/captcha/picture" and reply.status == 200
    ]
    return {letter.code for letter in ada.site.mailbox.letters if letter.code is not None} | set(shown)


def tokens(ada):
    """Every token that was given out, and its signature."""
    return ada.seen | {token.rpartition(".")[2] for token in ada.seen}


def session_ids(ada):
    """The full id of every session that was stored or named by a token."""
    stored = {entity.id for entity in ada.site.store.written if isinstance(entity, Session)}
    return stored | {_claims(token)["jti"] for token in ada.seen}


def hashes(ada):
    """Every hash of a password."""
    return {entity.secret for entity in ada.site.store.written if isinstance(entity, Credential)}


def keys(ada):
    """The root secret, and the keys that are derived from it, in every form in which bytes are commonly written."""
    ring = ada.site.auth.keyring
    purposes = (CODE_KEY, CAPTCHA_KEY, NAME_KEY, AUDIT_KEY, REFUSALS_KEY, *(f"token/{kind}" for kind in TokenKind))
    derived = [ring.derive(root.kid, purpose) for root in ring.keys for purpose in purposes]
    return {form for key in (*derived, *(root.secret for root in ring.keys)) for form in _written(key)}


def _written(key):
    encoded = base64.b64encode(key).decode()
    return {key.hex(), encoded.rstrip("="), encoded.replace("+", "-").replace("/", "_").rstrip("="), repr(key)[2:-1]}


def _claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
