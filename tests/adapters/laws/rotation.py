"""Laws of tokens that follow one another: whatever is answered, a renewed token reaches its browser, and only there."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.adapters.laws.asserting import is_json, token_of
from tests.adapters.people import ADA, FROM_HERE, SESSION, bearer, cookie
from tests.adapters.sites import POLICY

ANSWERED = {
    ("GET", "/open"): 200,
    ("POST", "/change"): 200,
    ("GET", "/members"): 200,
    ("GET", "/auth/session"): 200,
    ("GET", "/no-such-page"): 404,
    ("GET", "/all"): 403,
    ("GET", "/refusing"): 409,
    ("GET", "/failing"): 503,
    ("GET", "/broken"): 500,
}


class Rotation:
    """To be inherited by the contract."""

    @pytest.fixture
    async def token(self, site):
        """A token that is due for rotation."""
        token = await site.token()
        site.clock.advance(POLICY.rotation)
        return token

    @pytest.mark.parametrize(("request_line", "status"), ANSWERED.items(), ids=[path for _, path in ANSWERED])
    async def test_renewed_token_is_set_on_every_answer(self, site, token, request_line, status):
        """Whatever a handler answers, even if it refuses or fails, the browser is given the renewed token."""
        reply = await site.send(*request_line, [cookie(session=token), FROM_HERE])
        assert reply.status == status
        newer = token_of(reply, SESSION)
        left = (POLICY.absolute - POLICY.rotation) // timedelta(seconds=1)
        line = f"{SESSION}={newer}; Max-Age={left}; Path=/; Secure; HttpOnly; SameSite=Lax"
        assert reply.all("set-cookie") == [line]
        again = await site.get("/members", cookie(session=newer))
        assert (again.status, again.all("set-cookie")) == (200, [])

    async def test_token_that_is_not_due_sets_nothing(self, site):
        """Until a rotation is due no cookie is set, and nothing is written."""
        token = await site.token()
        site.clock.advance(POLICY.rotation - timedelta(microseconds=1))
        site.store.calls.clear()
        reply = await site.get("/members", cookie(session=token))
        assert (reply.status, reply.all("set-cookie"), site.store.calls) == (200, [], ["caller"])

    async def test_parallel_requests_all_stay_in(self, site, token):
        """Requests that come with one due token at the same time are all answered, and all are given one session."""
        replies = await asyncio.gather(*(site.get("/members", cookie(session=token)) for _ in range(8)))
        assert {reply.status for reply in replies} == {200}
        assert len({site.auth.read_token(token_of(reply, SESSION)) for reply in replies}) == 1
        for reply in replies:
            assert (await site.get("/members", cookie(session=token_of(reply, SESSION)))).status == 200

    async def test_reuse_shuts_out_and_clears_nothing(self, site, token):
        """An older token that comes too late ends the session, and no answer deletes a cookie."""
        newer = token_of(await site.get("/members", cookie(session=token)), SESSION)
        assert (await site.get("/members", cookie(session=newer))).status == 200
        site.clock.advance(POLICY.grace)
        for held in (token, newer):
            reply = await site.get("/members", cookie(session=held))
            assert (reply.status, reply.all("set-cookie")) == (401, [])

    async def test_bearers_are_given_no_cookie(self, serve):
        """Where tokens travel in headers nothing is renewed unasked, and no cookie is set."""
        site = await serve(policy=replace(POLICY, bearer=True))
        token = await site.token()
        site.clock.advance(POLICY.rotation)
        reply = await site.get("/members", bearer(token))
        assert (reply.status, reply.all("set-cookie")) == (200, [])
        assert is_json(await site.get("/auth/session", bearer(token)))["account"]["email"] == ADA
