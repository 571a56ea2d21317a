"""Bad input, to every endpoint of the table and to guarded pages, on every host: refused in our words, with no trace.

What is bad is told in `bad_input`.  Single answers, to the byte, are the HTTP contract's.
"""

import asyncio
import json
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from authcore import errors
from authcore.errors import AuthError
from authcore.memory import MemoryStore
from authcore.tokens import TokenKind
from authcore.web import BODY_LIMIT, ENDPOINTS
from authcore_asgi import AuthMiddleware, requires_authentication
from tests.adapters import bad_input, hosts
from tests.adapters.bad_input import Held
from tests.adapters.people import BOB, CAPTCHA, CHALLENGE, EVE, ORIGIN, PASSWORD, SESSION
from tests.adapters.sanic_pages import opened
from tests.adapters.sites import POLICY, Site, Stage, open_site
from tests.adapters.waiting import LONGEST_WAIT
from tests.adapters.websockets import Handshake
from tests.flows.broken_stores import everything

IN_PROCESS = (hosts.starlette, hosts.sanic_as_asgi)
ON_SOCKETS = (hosts.starlette_behind_uvicorn, hosts.sanic)
CODES = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AuthError)}
BODIES = {
    bad_input.unreadable_bodies: "malformed_request",
    bad_input.large_bodies: "request_too_large",
    bad_input.unusable_bodies: "invalid_input",
}
"""What is answered to each kind of bad body."""
SHAPELESS = {*BODIES.values(), "unsupported_media_type"}
DENIAL = "websocket.http.response"


@pytest.fixture(params=[*IN_PROCESS, *ON_SOCKETS], ids=lambda host: host.__name__)
def host(request):
    """Where the site runs."""
    return request.param


@pytest.fixture
def store():
    """What the site keeps."""
    return MemoryStore()


@pytest.fixture
async def site(host, store, no_second_look):
    """A site on this host."""
    async with open_site(host, store) as site:
        yield site


@pytest.fixture
async def targets(site):
    """Good requests of somebody who is logged in and has asked for a code."""
    return bad_input.targets(await _held(site))


async def _held(site):
    """Return the tokens of somebody who is logged in, of somebody who is half-way in, of a challenge and a captcha."""
    await site.enrol(EVE)
    account = await site.auth.find_account(EVE)
    await site.auth.require_second_factor(account.id)
    session, pending = await site.token(), (await site.auth.log_in(identifier=EVE, password=PASSWORD)).token
    challenge, _ = await site.challenge(BOB)
    captcha = site.auth.open_captcha().token
    return Held(session=session, pending=pending, challenge=challenge, captcha=captcha)


async def test_targets_are_good(site, targets):
    """Unspoilt, each of these requests is read: what is refused below is refused for its badness."""
    for sent in targets:
        reply = await site.send(sent.method, sent.path, sent.headers, sent.body)
        assert reply.status < 400 or reply.json()["code"] not in SHAPELESS, sent
        assert reply.status != 403 or reply.json()["code"] == "permission_denied", sent


@pytest.mark.parametrize("host", ON_SOCKETS, indirect=True, ids=lambda host: host.__name__)
async def test_large_body_is_not_awaited(site):
    """A body that is longer than it may be is refused as soon as that is known, and nobody waits for its end."""
    lines = ["POST /auth/login HTTP/1.1", "host: app.example.org", f"origin: {ORIGIN}", "content-length: 1000000"]
    async with asyncio.timeout(LONGEST_WAIT):
        reader, writer = await asyncio.open_connection(*site.base.removeprefix("http://").split(":"))
        writer.write("\r\n".join([*lines, "", ""]).encode() + b" " * (BODY_LIMIT + 1))
        assert b" 413 " in await reader.readline()
        assert b'"request_too_large"' in await reader.readuntil(b"}")
        writer.close()


@pytest.mark.parametrize("spoil", BODIES, ids=lambda spoil: spoil.__name__)
async def test_bad_bodies(site, store, targets, spoil):
    """A body that is no plain JSON object of the endpoint's own text fields, or too large, is refused."""
    cases = [case for sent in targets if sent.fields for case in spoil(sent)]
    await _refused(site, store, cases, codes={BODIES[spoil]})


async def test_bad_content_types(site, store, targets):
    """A body that is said to be anything but plain JSON is refused."""
    cases = [case for sent in targets if sent.fields for case in bad_input.bad_types(sent)]
    await _refused(site, store, cases, codes={"unsupported_media_type"})


async def test_bad_origins(site, store, targets):
    """With our cookies, whatever may change something is refused to every page but our own."""
    cases = [case for sent in targets if sent.method == "POST" for case in bad_input.bad_origins(sent)]
    await _refused(site, store, cases, codes={"cross_site_request"})


async def test_bad_cookies(site, store, targets):
    """A cookie of ours that is there twice, or cannot be ours, is refused wherever it would count."""
    cases = [
        *(case for sent in targets if sent.reads_session for case in bad_input.bad_cookies(sent, SESSION)),
        *(case for sent in targets if sent.challenge for case in bad_input.bad_cookies(sent, CHALLENGE)),
        *(case for sent in targets if sent.captcha for case in bad_input.bad_cookies(sent, CAPTCHA)),
    ]
    await _refused(site, store, cases, codes={"malformed_request"})


async def test_bad_authorizations(site, store, targets):
    """An Authorization header that cannot be read, or a second one, is refused even beside a good cookie."""
    cases = [case for sent in targets if sent.reads_session for case in bad_input.bad_authorizations(sent)]
    await _refused(site, store, cases, codes={"malformed_request"})


async def test_other_methods(site, store, targets):
    """An endpoint is asked by its own method only."""
    cases = [case for sent in targets[: len(ENDPOINTS)] for case in bad_input.other_methods(sent)]
    await _refused(site, store, cases, codes={"method_not_allowed"})


async def test_bad_tokens(site, store, targets):
    """A token that says anything but what we would have signed, or says it of no live session, is refused."""
    for_sessions, for_challenges, for_captchas = _bad_tokens(site, *_tokens(targets))
    cases = [
        *_each(for_sessions, bad_input.with_session, [sent for sent in targets if sent.needs_session]),
        *_each(for_challenges, bad_input.with_challenge, [sent for sent in targets if sent.challenge]),
        *_each(for_captchas, bad_input.with_captcha, [sent for sent in targets if sent.captcha]),
    ]
    await _refused(site, store, cases, codes={"invalid_token", "challenge_ended"})


async def test_bad_input_where_tokens_are_in_headers(host, store, no_second_look):
    """With tokens in headers and bodies instead of cookies, whatever is bad is refused as well."""
    async with open_site(host, store, policy=replace(POLICY, bearer=True)) as site:
        held = await _held(site)
        targets = bad_input.bearer_targets(held)
        for_sessions, for_challenges, for_captchas = _bad_tokens(site, held.session, held.challenge, held.captcha)
        cases = [
            *(case for sent in targets if sent.fields for spoil in BODIES for case in spoil(sent)),
            *(case for sent in targets if sent.reads_session for case in bad_input.bad_authorizations(sent)),
            *_each(for_sessions, bad_input.as_bearer, [sent for sent in targets if sent.needs_session]),
            *_each(for_challenges, bad_input.without_cookies, [sent for sent in targets if sent.challenge]),
            *_each(for_captchas, bad_input.without_captcha_cookie, [sent for sent in targets if sent.captcha]),
        ]
        await _refused(site, store, cases, codes={*SHAPELESS, "invalid_token", "challenge_ended"})


@pytest.mark.parametrize("host", IN_PROCESS, indirect=True, ids=lambda host: host.__name__)
async def test_huge_headers(site, store, targets):
    """Headers that are larger than any client's, and that a server let through, are refused."""
    session, *_ = _tokens(targets)
    huge = {"100 kB": "A" * 100_000, "100 kB of segments": f"{session}." * 400}
    readers = [sent for sent in targets if sent.reads_session]
    cases = [
        *(case for sent in readers for case in bad_input.huge_cookies(sent)),
        *(case for sent in readers for case in bad_input.huge_authorizations(sent)),
        *_each(huge, bad_input.with_session, readers),
        *_each(huge, bad_input.with_challenge, [sent for sent in targets if sent.challenge]),
        *_each(huge, bad_input.with_captcha, [sent for sent in targets if sent.captcha]),
    ]
    await _refused(site, store, cases, codes={"malformed_request"})


async def test_bad_handshakes_under_asgi(auth):
    """A handshake with bad cookies, headers or tokens opens no websocket, and is answered with the problem."""
    app = AuthMiddleware(Starlette(routes=[WebSocketRoute("/guarded", guarded)]), auth=auth)
    for name, sent in await _bad_handshakes(Site(auth, Stage(), None, "")):
        handshake = Handshake(app, "/guarded", *_texts(sent.headers), extensions=[DENIAL])
        assert await handshake.run() == [f"{DENIAL}.start", f"{DENIAL}.body"], name
        start, body = handshake.sent
        assert 400 <= start["status"] < 500, name
        assert json.loads(body["body"])["code"] in CODES, name


async def test_bad_handshakes_under_sanic():
    """A handshake with bad cookies, headers or tokens reaches no handler of a guarded websocket."""
    async with opened(hosts.in_process) as site:
        for name, sent in await _bad_handshakes(site):
            handshake = Handshake(site.app, "/guarded", *_texts(sent.headers))
            await handshake.run()
            assert (handshake.texts, site.app.ctx.ran) == ([], []), name


async def _bad_handshakes(site):
    held = await _held(site)
    good = bad_input.to_websocket(held)
    tokens, *_ = _bad_tokens(site, held.session, held.challenge, held.captcha)
    return [
        *bad_input.bad_origins(good),
        *bad_input.bad_cookies(good, SESSION),
        *bad_input.huge_cookies(good),
        *bad_input.bad_authorizations(good),
        *bad_input.huge_authorizations(good),
        *_each(tokens, bad_input.with_session, [good]),
    ]


def _texts(headers):
    return [(name, value if isinstance(value, str) else value.decode("latin-1")) for name, value in headers]


@requires_authentication
async def guarded(websocket: WebSocket):
    """Greet members only."""
    await websocket.accept()


async def _refused(site, store, cases, *, codes):
    """Assert that each case is answered by a problem with one of these codes, and that nothing at all is stored."""
    assert cases
    assert codes <= CODES
    await site.settled()
    before = everything(store)
    for name, sent in cases:
        reply = await site.send(sent.method, sent.path, sent.headers, sent.body)
        case = f"{sent.method} {sent.path}: {name}: {reply}"
        assert 400 <= reply.status < 500, case
        assert (reply.one("content-type"), reply.one("cache-control")) == ("application/problem+json", "no-store"), case
        assert reply.all("set-cookie") == [], case
        assert (reply.json()["status"], reply.json()["code"] in codes) == (reply.status, True), case
        assert everything(store) == before, case


def _bad_tokens(site, session, challenge, captcha):
    """Return what is no session's token, what is no challenge's, and what is no captcha's."""
    return (
        bad_input.bad_tokens(site.auth, TokenKind.AUTHENTICATION, session, challenge),
        bad_input.bad_tokens(site.auth, TokenKind.TWO_STEP, challenge, captcha),
        bad_input.bad_tokens(site.auth, TokenKind.CAPTCHA, captcha, challenge),
    )


def _tokens(targets):
    pairs = dict(pair.split("=", 1) for pair in dict(targets[0].headers)["cookie"].split("; "))
    return pairs[SESSION], pairs[CHALLENGE], pairs[CAPTCHA]


def _each(tokens, place, targets):
    return [(name, place(sent, token)) for sent in targets for name, token in tokens.items()]
