"""Laws of giving the password once more: what is answered, and what becomes of the session before."""

from dataclasses import replace
from datetime import timedelta

from tests.adapters.laws.asserting import is_json, is_problem, token_of
from tests.adapters.people import ADA, PASSWORD, SESSION, bearer
from tests.adapters.sites import POLICY

ANY_STORE = True
AGAIN = {"current_password": PASSWORD}
WITHIN = timedelta(minutes=5)


class Reauthentication:
    """To be inherited by the contract."""

    async def test_password_opens_a_new_session(self, site):
        """The answer is that of a login: a session under another cookie; the one before is over."""
        ada = await site.member()
        site.clock.advance(WITHIN)
        before = is_json(await ada.get("/auth/session"))["session"]
        old = ada.cookies[SESSION]
        reply = await ada.post("/auth/reauthenticate", AGAIN)
        session = is_json(reply)["session"]
        assert token_of(reply, SESSION) != old
        assert session["id"] != before["id"]
        assert session["auth_time"] > before["auth_time"]
        is_problem(await site.browser(cookies={SESSION: old}).get("/members"), 401, "invalid_token")
        assert [each["current"] for each in is_json(await ada.get("/auth/sessions"))["sessions"]] == [True]

    async def test_wrong_password_changes_nothing(self, site):
        """A wrong password is refused, and the session goes on; nobody is asked for none."""
        ada = await site.member()
        is_problem(await ada.post("/auth/reauthenticate", {"current_password": "wrong"}), 403, "password_mismatch")
        assert (await ada.get("/members")).status == 200
        is_problem(await site.post("/auth/reauthenticate", AGAIN), 401, "not_authenticated")

    async def test_second_factor_is_asked_for_again(self, serve):
        """Where a second factor is called for the new session is pending until its code."""
        site = await serve(policy=replace(POLICY, second_factor=True))
        await site.enrol()
        ada = site.browser()
        await ada.post("/auth/login", {"identifier": ADA, "password": PASSWORD})
        for _ in range(2):
            is_problem(await ada.get("/sensitive"), 401, "second_factor_required")
            await ada.post("/auth/second-factor")
            await ada.post("/auth/second-factor/answer", {"code": await site.code(ADA)})
            assert (await ada.get("/sensitive")).status == 200
            site.clock.advance(WITHIN)
            is_problem(await ada.get("/sensitive"), 401, "reauthentication_required", max_age=300)
            opened = is_json(await ada.post("/auth/reauthenticate", AGAIN))
            assert opened["session"]["requires_second_factor"] is True

    async def test_others_are_ended_after_the_password(self, serve):
        """Where the policy asks for it, an old login ends no other session before the password was given again."""
        site = await serve(policy=replace(POLICY, fresh_for=WITHIN))
        ada = await site.member()
        site.clock.advance(WITHIN)
        other = site.browser()
        await other.post("/auth/login", {"identifier": ADA, "password": PASSWORD})
        named = next(each["id"] for each in is_json(await ada.get("/auth/sessions"))["sessions"] if not each["current"])
        revoking = [("/auth/sessions/revoke", {"session": named}), ("/auth/sessions/revoke-others", None)]
        for path, payload in revoking:
            is_problem(await ada.post(path, payload), 401, "reauthentication_required", max_age=300)
        assert (await other.get("/members")).status == 200
        await ada.post("/auth/reauthenticate", AGAIN)
        for path, payload in revoking:
            assert (await ada.post(path, payload)).status == 200
        is_problem(await other.get("/members"), 401, "invalid_token")

    async def test_password_without_cookies(self, serve):
        """With tokens in headers the new one is in the body, and no cookie is set."""
        site = await serve(policy=replace(POLICY, bearer=True))
        token = await site.token()
        reply = await site.post("/auth/reauthenticate", AGAIN, bearer(token))
        newer = is_json(reply)["token"]
        assert reply.all("set-cookie") == []
        assert (await site.get("/sensitive", bearer(newer))).json()["who"] == ADA
        is_problem(await site.get("/sensitive", bearer(token)), 401, "invalid_token")
