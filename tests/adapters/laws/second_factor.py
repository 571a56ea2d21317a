"""Laws of pending sessions over HTTP: what a browser with half a login is told, and how it gets in."""

from dataclasses import replace

import pytest

from tests.adapters.laws.asserting import is_json, is_problem, token_of
from tests.adapters.people import ADA, CHALLENGE, PASSWORD, SESSION, bearer
from tests.adapters.sites import POLICY

LOGIN = {"identifier": ADA, "password": PASSWORD}


class SecondFactor:
    """To be inherited by the contract."""

    @pytest.fixture
    async def strict(self, serve):
        """A site where everybody needs a second factor."""
        return await serve(policy=replace(POLICY, second_factor=True))

    @pytest.fixture
    async def pending(self, strict):
        """Ada's browser, after her password."""
        await strict.enrol()
        ada = strict.browser()
        opened = is_json(await ada.post("/auth/login", LOGIN))
        assert opened["session"]["requires_second_factor"] is True
        return ada

    async def test_pending_session_is_shut_out(self, strict, pending):
        """Every page and endpoint for members answers a pending session alike, and says what is missing."""
        for path in ("/members", "/all", "/auth/session", "/auth/sessions"):
            reply = await pending.get(path)
            is_problem(reply, 401, "second_factor_required")
            assert reply.one("www-authenticate") == 'Bearer realm="authcore"'
        is_problem(await pending.post("/auth/refresh"), 401, "second_factor_required")
        told = (await pending.get("/open")).json()
        assert told == {"who": "", "authenticated": False}
        assert strict.stage.ran == [""]

    async def test_code_lets_in(self, strict, pending):
        """The code that was sent opens a session under another cookie, and clears that of the challenge."""
        asked = is_json(await pending.post("/auth/second-factor"), 202)
        assert asked["purpose"] == "second-factor"
        half = pending.cookies[SESSION]
        reply = await pending.post("/auth/second-factor/answer", {"code": await strict.code(ADA)})
        session = is_json(reply)["session"]
        assert (session["requires_second_factor"], session["amr"]) == (False, ["pwd", "otp", "mfa"])
        assert token_of(reply, SESSION) != half
        assert CHALLENGE not in pending.cookies
        assert (await pending.get("/members")).json()["who"] == ADA
        stale = strict.browser(cookies={SESSION: half})
        is_problem(await stale.get("/members"), 401, "invalid_token")

    async def test_wrong_code_is_counted(self, strict, pending):
        """A wrong code is counted, and the session stays pending."""
        await pending.post("/auth/second-factor")
        right = await strict.code(ADA)
        wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
        reply = await pending.post("/auth/second-factor/answer", {"code": wrong})
        is_problem(reply, 422, "code_mismatch", attempts_left=POLICY.code_attempts - 1)
        is_problem(await pending.get("/members"), 401, "second_factor_required")

    async def test_code_is_asked_for_first(self, pending):
        """Who enters a code without having asked for one is told to ask."""
        is_problem(await pending.post("/auth/second-factor/answer", {"code": "000000"}), 410, "challenge_ended")

    async def test_code_is_sent_again(self, strict, pending):
        """The same code is sent again as often as the policy allows, and its cookie stays."""
        await pending.post("/auth/second-factor")
        code = await strict.code(ADA)
        for _ in range(POLICY.code_sendings - 1):
            assert is_json(await pending.post("/auth/resend"), 202)["purpose"] == "second-factor"
            assert await strict.code(ADA) == code
        is_problem(await pending.post("/auth/resend"), 409, "resend_limit")
        assert (await pending.post("/auth/second-factor/answer", {"code": code})).status == 200

    async def test_pending_session_logs_out(self, pending):
        """Who does not go on can leave: the cookies are gone."""
        assert (await pending.post("/auth/logout")).status == 204
        assert pending.cookies == {}

    async def test_whole_session_is_told_so(self, site):
        """Who needs no second factor is asked for none."""
        ada = await site.member()
        for path, payload in (("/auth/second-factor", None), ("/auth/second-factor/answer", {"code": "000000"})):
            is_problem(await ada.post(path, payload), 409, "second_factor_fulfilled")

    async def test_factor_is_turned_on_and_off(self, site):
        """Who turns it on enters a code at once, and at every login until it is turned off again."""
        ada = await site.member()
        password = {"current_password": PASSWORD}
        is_problem(await ada.post("/auth/second-factor/on", {"current_password": "wrong"}), 403, "password_mismatch")
        for again in (True, False):
            opened = is_json(await ada.post("/auth/second-factor/on", password))
            assert opened["session"]["requires_second_factor"] is True
            await ada.post("/auth/second-factor")
            await ada.post("/auth/second-factor/answer", {"code": await site.code(ADA)})
            assert is_json(await ada.get("/auth/session"))["account"]["second_factor"] is True
            opened = is_json(await ada.post("/auth/second-factor/off", password))
            assert opened["session"]["requires_second_factor"] is False
            assert is_json(await ada.get("/auth/session"))["account"]["second_factor"] is False
            if again:
                assert is_json(await ada.post("/auth/login", LOGIN))["session"]["requires_second_factor"] is False

    async def test_whole_way_without_cookies(self, serve):
        """With tokens in headers the same way leads in, and no cookie is set."""
        site = await serve(policy=replace(POLICY, second_factor=True, bearer=True))
        await site.enrol()
        half = is_json(await site.post("/auth/login", LOGIN))["token"]
        is_problem(await site.get("/members", bearer(half)), 401, "second_factor_required")
        asked = is_json(await site.post("/auth/second-factor", None, bearer(half)), 202)
        answer = {"code": await site.code(ADA), "challenge": asked["challenge"]}
        reply = await site.post("/auth/second-factor/answer", answer, bearer(half))
        whole = is_json(reply)["token"]
        assert reply.all("set-cookie") == []
        assert (await site.get("/members", bearer(whole))).json()["who"] == ADA
        is_problem(await site.get("/members", bearer(half)), 401, "invalid_token")
