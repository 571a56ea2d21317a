"""Laws of handlers that want a code for their purpose: who has none, or not the right one, never gets in."""

from dataclasses import replace

import pytest

from tests.adapters.laws.asserting import is_json, is_problem
from tests.adapters.people import ADA, CHALLENGE, FROM_HERE, bearer, cookie
from tests.adapters.sites import POLICY

ANY_STORE = True


def _code(code):
    return "two-step-code", code


class Confirming:
    """To be inherited by the contract."""

    @pytest.fixture
    async def ada(self, site):
        """Ada has logged in, and asked for a code to pay."""
        ada = await site.member()
        await ada.post("/auth/two-step", {"purpose": "pay"})
        return ada

    async def test_right_code_lets_in_once(self, site, ada):
        """A right code lets one request into the handler, and no second one."""
        code = await site.code(ADA)
        reply = await ada.post("/paying", None, _code(code))
        assert (reply.status, reply.json()["who"]) == (200, ADA)
        is_problem(await ada.post("/paying", None, _code(code)), 410, "challenge_ended")
        assert site.stage.ran == [ADA]

    async def test_no_code_is_told_for_which_purpose(self, site, ada):
        """Who sends no code, or has asked for none, is told what to ask for."""
        is_problem(await ada.post("/paying"), 403, "two_step_required", purpose="pay")
        ada.cookies.pop(CHALLENGE)
        is_problem(await ada.post("/paying", None, _code("123456")), 403, "two_step_required", purpose="pay")
        assert site.stage.ran == []

    async def test_wrong_codes_are_counted(self, site, ada):
        """A wrong code is counted and refused, and the handler does not run."""
        right = await site.code(ADA)
        wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
        left = POLICY.code_attempts - 1
        is_problem(await ada.post("/paying", None, _code(wrong)), 422, "code_mismatch", attempts_left=left)
        assert site.stage.ran == []

    async def test_code_for_another_purpose_lets_nobody_in(self, site, ada):
        """A code that was asked for another purpose is of no use here."""
        await ada.post("/auth/two-step", {"purpose": "delete"})
        is_problem(await ada.post("/paying", None, _code(await site.code(ADA))), 410, "challenge_ended")

    async def test_nobody_is_told_to_log_in(self, site):
        """Who is not logged in is told that first, and nothing of a code."""
        is_problem(await site.send("POST", "/paying", [FROM_HERE, _code("1")]), 401, "not_authenticated")

    @pytest.mark.parametrize("codes", [["1", "2"], ["1" * 1025]], ids=["twice", "long"])
    async def test_malformed_headers_are_refused(self, ada, codes):
        """Two codes, or one without end, are a malformed request."""
        reply = await ada.post("/paying", None, *map(_code, codes))
        is_problem(reply, 400, "malformed_request", reason="two_step_code")

    async def test_bearers_name_the_challenge_in_a_header(self, serve):
        """Where no cookie is set, the challenge's token stands in a header of its own."""
        site = await serve(policy=replace(POLICY, bearer=True))
        token = await site.token()
        asked = is_json(await site.post("/auth/two-step", {"purpose": "pay"}, bearer(token)), 202)
        code = _code(await site.code(ADA))
        is_problem(await site.post("/paying", None, bearer(token), code), 403, "two_step_required", purpose="pay")
        named = ("two-step-challenge", asked["challenge"])
        assert (await site.post("/paying", None, bearer(token), code, named)).status == 200
        is_problem(await site.post("/paying", None, cookie(session=token), code, named), 401, "not_authenticated")
