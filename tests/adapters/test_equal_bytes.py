"""Every adapter, on every server, gives the very same answers: one recorded script, played on each of them."""

import pytest

from authcore import MemoryStore
from authcore.audit import session_digest
from authcore.web import ENDPOINTS
from tests.adapters import hosts
from tests.adapters.people import (
    ADA,
    BOB,
    CHALLENGE,
    FOREIGN_ORIGIN,
    FROM_HERE,
    JSON,
    OTHER_PASSWORD,
    PASSWORD,
    SESSION,
    bearer,
    cookie,
)
from tests.adapters.sites import open_site

OTHERS = [hosts.starlette_behind_uvicorn, hosts.sanic, hosts.sanic_as_asgi, hosts.sanic_behind_uvicorn]


class _Recorder:
    """Plays the script, and writes down what was asked and answered."""

    def __init__(self, site):
        self.site, self.browser, self.taken = site, site.browser(), []

    async def post(self, path, payload=None, *headers):
        self._take(f"POST {path} {payload}", await self.browser.post(path, payload, *headers))

    async def get(self, path, *headers):
        self._take(f"GET {path}", await self.browser.get(path, *headers))

    async def raw(self, method, path, headers=(), body=b""):
        reply = await self.site.send(method, path, headers, body)
        self._take(f"{method} {path} {headers} {body[:40]}", reply)

    def _take(self, asked, reply):
        self.taken.append((asked, *reply.own))


async def _play(site):
    """Play about a hundred requests, good and bad."""
    script = _Recorder(site)
    await _play_journey(script, site)
    await _play_sessions(script, site)
    await _play_second_factor(script, site)
    await _play_address(script, site)
    await _play_captchas(script)
    await _play_recovery(script, site)
    await _play_refusals(script)
    await _play_pages(script)
    return script.taken


async def _play_journey(script, site):
    await script.post("/auth/register", {"email": ADA, "username": "ada", "password": PASSWORD})
    await script.post("/auth/verification")
    await script.post("/auth/verify", {"code": "no code"})
    await script.post("/auth/verify", {"code": await site.code(ADA)})
    await script.post("/auth/register", {"email": ADA, "password": OTHER_PASSWORD})
    await script.post("/auth/register", {"email": BOB, "username": "ADA", "password": PASSWORD})
    await script.post("/auth/login", {"identifier": ADA, "password": OTHER_PASSWORD})
    await script.post("/auth/login", {"identifier": "ada", "password": PASSWORD}, ("user-agent", "Ünïcode/1.0"))
    await script.get("/auth/session")
    await script.post("/auth/two-step", {"purpose": "pay"})
    await script.post("/auth/two-step/answer", {"purpose": "delete", "code": "000000"})
    await script.post("/auth/two-step/answer", {"purpose": "pay", "code": await site.code(ADA)})
    await script.post("/auth/two-step/answer", {"purpose": "pay", "code": "000000"})
    await script.post("/auth/password", {"current_password": OTHER_PASSWORD, "new_password": PASSWORD})
    await script.post("/auth/password", {"current_password": PASSWORD, "new_password": "tiny"})
    await script.post("/auth/password", {"current_password": PASSWORD, "new_password": OTHER_PASSWORD})
    await script.get("/auth/session")


async def _play_sessions(script, site):
    await script.post("/auth/refresh")
    site.clock.advance(site.auth.policy.rotation)
    await script.get("/open")
    await script.get("/auth/session")
    site.clock.advance(site.auth.policy.rotation)
    await script.post("/auth/refresh")
    other = (await site.auth.log_in(identifier=ADA, password=OTHER_PASSWORD)).session
    await script.get("/auth/sessions")
    for session in (session_digest(other.id), session_digest(other.id), "unknown"):
        await script.post("/auth/sessions/revoke", {"session": session})
    await script.post("/auth/sessions/revoke-others")
    for password in (PASSWORD, OTHER_PASSWORD):
        await script.post("/auth/reauthenticate", {"current_password": password})
    await script.get("/auth/sessions")


async def _play_second_factor(script, site):
    await script.post("/auth/second-factor")
    await script.post("/auth/second-factor/answer", {"code": "no code"})
    await script.post("/auth/second-factor/on", {"current_password": PASSWORD})
    await script.post("/auth/second-factor/on", {"current_password": OTHER_PASSWORD})
    await script.get("/members")
    await script.post("/auth/second-factor/answer", {"code": "no code"})
    await script.post("/auth/second-factor")
    for _ in range(site.auth.policy.code_sendings):
        await script.post("/auth/resend")
    await script.post("/auth/second-factor/answer", {"code": "no code"})
    await script.post("/auth/second-factor/answer", {"code": await site.code(ADA)})
    await script.post("/paying")
    await script.post("/auth/two-step", {"purpose": "pay"})
    await script.post("/paying", None, ("two-step-code", "no code"))
    await script.post("/paying", None, ("two-step-code", await site.code(ADA)))
    await script.post("/auth/second-factor/off", {"current_password": OTHER_PASSWORD})
    await script.get("/auth/session")


async def _play_address(script, site):
    for payload in ({"email": ADA}, {"email": BOB, "phone": "+15005550006"}, {}, {"email": "nobody"}, {"email": BOB}):
        await script.post("/auth/address", {**payload, "current_password": OTHER_PASSWORD})
    await script.post("/auth/address/answer", {"code": "no code"})
    await script.post("/auth/address/answer", {"code": await site.code(BOB)})
    await script.post("/auth/address/answer", {"code": "no code"})
    await script.get("/auth/session")


async def _play_captchas(script):
    await script.get("/auth/captcha/picture")
    await script.post("/auth/captcha")
    for path in ("picture", "sound", *["picture"] * script.site.auth.policy.captcha.renderings):
        await script.get(f"/auth/captcha/{path}")
    await script.post("/posting")
    for code in ("no code", script.taken[-2][-1].decode(), "no code", "no code"):
        await script.post("/posting", None, ("captcha-code", code))


async def _play_recovery(script, site):
    for name in ("ada", BOB, ADA):
        await script.post("/auth/recovery", {"identifier": name})
    await script.post("/auth/recovery/answer", {"code": "no code", "new_password": PASSWORD})
    await script.post("/auth/recovery/answer", {"code": await site.code(ADA), "new_password": "tiny"})
    await script.post("/auth/recovery/answer", {"code": await site.code(ADA), "new_password": PASSWORD})
    await script.post("/auth/recovery/answer", {"code": "no code", "new_password": PASSWORD})
    await script.get("/auth/session")
    await script.post("/auth/login", {"identifier": ADA, "password": PASSWORD})


async def _play_refusals(script):
    token = script.browser.cookies[SESSION]
    for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS"):
        await script.raw(method, "/auth/login")
    for body in (b"", b"[]", b'{"a":NaN}', b'{"a":1,"a":2}', b"\xff", b"x" * 20_000, b'{"x":1}'):
        await script.raw("POST", "/auth/login", [FROM_HERE, JSON], body)
    await script.raw("POST", "/auth/login", [FROM_HERE, ("content-type", "text/plain")], b"{}")
    await script.raw("POST", "/auth/login", [FROM_HERE, ("authorization", "Basic YTpi")])
    await script.raw("POST", "/auth/login", [FROM_HERE, ("authorization", "Basic !")])
    await script.raw("POST", "/auth/login", [("origin", FOREIGN_ORIGIN), JSON], b"{}")
    await script.raw("POST", "/auth/logout", [cookie(session=token)])
    await script.raw("POST", "/auth/logout", [FROM_HERE])
    for value in ("", "garbage", token[:-1], f'"{token}"', "é"):
        await script.raw("GET", "/auth/session", [cookie(session=value)])
    await script.raw("GET", "/auth/session", [cookie(session=token), cookie(session=token)])
    await script.raw("GET", "/auth/session", [bearer(token), bearer(token)])
    await script.raw("GET", "/auth/session")


async def _play_pages(script):
    await script.get("/auth/openapi.json")
    for path in ("/open", "/members", "/any", "/all", "/editors", "/staff", "/refusing", "/failing", "/health"):
        await script.get(path)
        await script.raw("GET", path)
    script.site.store.fault = RuntimeError("broken")
    await script.get("/auth/session")
    script.site.store.fault = None
    await script.post("/open")
    await script.post("/auth/logout")
    await script.get("/members")


async def _record(adapter):
    async with open_site(adapter, MemoryStore()) as site:
        return await _play(site)


@pytest.fixture
async def recorded():
    """What Starlette answers, without a server."""
    return await _record(hosts.starlette)


@pytest.mark.parametrize("adapter", OTHERS, ids=lambda adapter: adapter.__name__)
async def test_answers_are_equal_to_the_byte(recorded, adapter):
    """Status, headers and body of every answer are equal, apart from what is the server's own business."""
    for expected, found in zip(recorded, await _record(adapter), strict=True):
        assert found == expected


async def test_answers_are_repeatable(recorded):
    """The same script with the same seed gives the same answers again: the comparison compares."""
    assert await _record(hosts.starlette) == recorded


async def test_script_goes_everywhere(recorded):
    """The script comes to every endpoint, and meets every status that one answers with."""
    asked = {line.split(" ", 2)[1] for line, *_ in recorded}
    assert {f"/auth{row.path}" for row in ENDPOINTS} <= asked
    assert {status for _, status, *_ in recorded} == {
        200,
        201,
        202,
        204,
        400,
        401,
        403,
        405,
        409,
        410,
        413,
        415,
        422,
        429,
        500,
        503,
    }
    assert any(CHALLENGE in str(headers) for _, _, headers, _ in recorded)
