"""Laws of tokens that do not count: whatever is wrong with one, the answer is the same, to the byte."""

import base64
import json
from datetime import timedelta

import pytest

from authcore import Keyring, RootKey
from authcore.testing import SeededEntropy, build_auth
from tests.adapters.laws.asserting import CLEARED, is_json, is_problem
from tests.adapters.people import ADA, EVE, FROM_HERE, JSON, OTHER_PASSWORD, PASSWORD, cookie
from tests.adapters.sites import POLICY


def _part(**members):
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def _claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def _foreign(site, **parts):
    """A token of a twin of this site that differs in one part."""
    twin = build_auth(
        clock=site.clock, entropy=SeededEntropy("twin"), courier=site.mailbox, **{"policy": POLICY, **parts}
    )
    challenge = await twin.register(email=ADA, password=PASSWORD)
    await twin.deliver_due()
    await twin.verify_account(challenge=challenge.token, code=site.mailbox.last_code(ADA))
    return (await twin.log_in(identifier=ADA, password=PASSWORD)).token


async def _broken(site, good):
    """Return tokens that no honest client ever has, by what is wrong with them."""
    header, payload, signature = good.split(".")
    other_key = Keyring([RootKey("test", bytes(range(32)))])
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    challenge, _ = await site.challenge(EVE)
    return {
        "empty": "",
        "garbage": "garbage",
        "dots": "..",
        "signature": f"{header}.{payload}.{flipped}",
        "no signature": f"{header}.{payload}.",
        "cut off": good[:-1],
        "longer": f"{good}A",
        "other claims": f"{header}.{_part(**{**_claims(good), 'gen': 2})}.{signature}",
        "no algorithm": f"{_part(alg='none', typ='authn+jwt', kid='test')}.{payload}.",
        "key of its own": f"{_part(alg='HS256', typ='authn+jwt', kid='test', jwk={})}.{payload}.{signature}",
        "unknown key": f"{_part(alg='HS256', kid='other', typ='authn+jwt')}.{payload}.{signature}",
        "huge": "A" * 4000,
        "huge token": f"{header}.{payload * 8}.{signature}",
        "other kind": challenge,
        "other secret": await _foreign(site, keyring=other_key),
        "other issuer": await _foreign(site, policy=type(POLICY)(issuer="another", origins=POLICY.origins)),
        "other audience": await _foreign(site, policy=type(POLICY)(audience="another", origins=POLICY.origins)),
    }


async def _ended(site):
    """Return tokens that counted once, by what has happened to their sessions."""
    log_in = {"identifier": ADA, "password": PASSWORD}
    account = await site.auth.find_account(ADA)
    closed = (await site.auth.log_in(**log_in)).token
    await site.auth.log_out(closed)
    superseded = (await site.auth.log_in(**log_in)).token
    other = (await site.auth.log_in(**log_in)).token
    await site.auth.change_password(token=superseded, current=PASSWORD, new=OTHER_PASSWORD)
    disabled = (await site.auth.log_in(identifier=ADA, password=OTHER_PASSWORD)).token
    await site.alter(account, disabled_at=site.clock.now())
    return {
        "closed": closed,
        "superseded": superseded,
        "older epoch": other,
        "disabled account": disabled,
        "unknown session": await _foreign(site),
    }


class Tokens:
    """To be inherited by the contract."""

    async def test_bad_tokens_are_refused_alike(self, site):
        """Garbage, forgeries, tokens of other kinds and of ended sessions: one 401, equal to the byte."""
        good = await site.token()
        broken = await _broken(site, good)
        expected = await site.get("/auth/session", cookie(session="x"))
        is_problem(expected, 401, "invalid_token")
        for kind, token in {**broken, **await _ended(site)}.items():
            reply = await site.get("/auth/session", cookie(session=token))
            assert reply.own == expected.own, kind
            assert (await site.get("/members", cookie(session=token))).own == expected.own, kind

    async def test_broken_token_costs_no_read(self, site):
        """A token that was not made here is found out without the store."""
        broken = await _broken(site, await site.token())
        await site.settled()
        site.store.calls.clear()
        for kind, token in broken.items():
            is_problem(await site.get("/auth/session", cookie(session=token)), 401, "invalid_token")
            assert site.store.calls == [], kind

    @pytest.mark.parametrize(
        "path", ["/auth/two-step", "/auth/two-step/answer", "/auth/password", "/auth/address", "/auth/address/answer"]
    )
    async def test_bad_token_changes_nothing(self, site, path):
        """An endpoint that needs a session refuses a bad token alike, and commits nothing."""
        payload = {
            "/auth/two-step": {"purpose": "pay"},
            "/auth/two-step/answer": {"purpose": "pay", "code": "000000"},
            "/auth/password": {"current_password": PASSWORD, "new_password": OTHER_PASSWORD},
            "/auth/address": {"email": "someone@example.org", "current_password": PASSWORD},
            "/auth/address/answer": {"code": "000000"},
        }[path]
        await site.token()
        ended = await _ended(site)
        await site.settled()
        site.store.calls.clear()
        replies = [
            await site.post(path, payload, cookie(session=token, challenge=ended["closed"]))
            for token in ("garbage", *ended.values())
        ]
        is_problem(replies[0], 401, "invalid_token")
        assert [reply.own for reply in replies] == [replies[0].own] * len(replies)
        assert "commit" not in site.store.calls

    async def test_bad_challenges_are_refused_alike(self, site):
        """A challenge cookie with garbage or another kind of token is refused alike; without one, one asks again."""
        token = await site.token()
        for value in ("", "garbage", token, "A" * 4000):
            for path, payload in (("/auth/verify", {"code": "000000"}), ("/auth/verification", None)):
                is_problem(await site.post(path, payload, cookie(challenge=value)), 401, "invalid_token")
                is_problem(await site.post(path, payload), 410, "challenge_ended")

    @pytest.mark.parametrize("value", ["é", "\u2028", b"\xff\xfe", b"\x80"])
    async def test_octets_of_no_token_are_refused(self, site, value):
        """A session's cookie with octets that no cookie has is a malformed request, on every path alike."""
        octets = value.encode() if isinstance(value, str) else value
        for path in ("/auth/session", "/members", "/open"):
            reply = await site.get(path, ("cookie", b"__Host-authcore=" + octets))
            is_problem(reply, 400, "malformed_request", reason="malformed_cookie")

    @pytest.mark.parametrize(("after", "counts"), [(-1, True), (0, False), (1, False)])
    @pytest.mark.parametrize("limit", ["inactivity", "absolute"])
    async def test_session_ends_on_time(self, serve, limit, after, counts):
        """A session counts until the second before its deadline, and from that on no more."""
        policy = type(POLICY)(inactivity=timedelta(days=30 if limit == "absolute" else 1))
        site = await serve(policy=policy)
        token = await site.token()
        site.clock.advance(getattr(policy, limit) + timedelta(seconds=after))
        reply = await site.get("/auth/session", cookie(session=token))
        assert reply.status == (200 if counts else 401)

    @pytest.mark.parametrize(("after", "status"), [(-1, 200), (0, 401), (1, 401)])
    async def test_code_ends_on_time(self, site, after, status):
        """A code counts until the second before its deadline, and from that on no more."""
        ada = site.browser()
        await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})
        code = await site.code(ADA)
        site.clock.advance(POLICY.challenge + timedelta(seconds=after))
        assert (await ada.post("/auth/verify", {"code": code})).status == status

    async def test_logging_out_with_a_bad_token(self, site):
        """Logging out with a token that does not count is no error, and clears the cookies."""
        await site.token()
        for token in (await _ended(site)).values():
            reply = await site.send("POST", "/auth/logout", [FROM_HERE, JSON, cookie(session=token)])
            assert (reply.status, len(reply.all("set-cookie"))) == (204, 2)
            assert reply.all("set-cookie")[0].endswith(CLEARED)

    async def test_session_id_is_no_token(self, site):
        """What the session endpoint shows of a session opens nothing."""
        ada = await site.member()
        shown = is_json(await ada.get("/auth/session"))["session"]["id"]
        is_problem(await site.get("/auth/session", cookie(session=shown)), 401, "invalid_token")
        assert shown != _claims(ada.cookies["__Host-authcore"])["jti"]
        assert await site.store.caller(shown) == await site.store.caller("nobody's")
