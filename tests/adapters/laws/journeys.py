"""Laws of what people do, from registration to the end of their sessions."""

from datetime import timedelta

import pytest

from tests.adapters.laws.asserting import is_json, is_problem
from tests.adapters.people import ADA, BOB, CHALLENGE, OTHER_PASSWORD, PASSWORD, SESSION

LOGIN = {"identifier": ADA, "password": PASSWORD}


class Journeys:
    """To be inherited by the contract."""

    async def test_whole_journey(self, site):
        """Somebody registers, proves the address, logs in, uses a code, changes the password and logs out."""
        ada = site.browser()
        told = is_json(await ada.post("/auth/register", {"email": ADA, "username": "ada", "password": PASSWORD}), 202)
        assert told == {"purpose": "verify", "attempts_left": 5, "expires_at": "2030-01-01T00:10:00Z"}
        assert is_json(await ada.post("/auth/verify", {"code": await site.code(ADA)})) == {"purpose": "verify"}
        assert ada.cookies == {}
        opened = is_json(await ada.post("/auth/login", LOGIN))
        seen = is_json(await ada.get("/auth/session"))
        assert seen["session"] == opened["session"]
        assert {name: seen["account"][name] for name in ("username", "email", "phone", "verified")} == {
            "username": "ada",
            "email": ADA,
            "phone": None,
            "verified": True,
        }
        assert (seen["roles"], seen["permissions"]) == ([], [])
        is_json(await ada.post("/auth/two-step", {"purpose": "delete-data"}), 202)
        code = await site.code(ADA)
        answer = await ada.post("/auth/two-step/answer", {"purpose": "delete-data", "code": code})
        assert is_json(answer) == {"purpose": "delete-data"}
        change = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
        changed = is_json(await ada.post("/auth/password", change))
        assert changed["session"]["id"] != opened["session"]["id"]
        assert (await ada.post("/auth/logout")).status == 204
        assert ada.cookies == {}
        is_problem(await ada.get("/auth/session"), 401, "not_authenticated")

    async def test_session_tells_roles_and_permissions(self, site):
        """The session endpoint tells what the caller may do, as of now."""
        ada = await site.member()
        account = await site.auth.find_account(ADA)
        for role, permissions in (("writer", ["texts:write"]), ("admin", ["texts:*:7", "users"])):
            await site.auth.assign_role(account_id=account.id, role=role, permissions=permissions)
        seen = is_json(await ada.get("/auth/session"))
        assert seen["roles"] == ["admin", "writer"]
        assert seen["permissions"] == ["texts:*:7", "texts:write", "users"]
        await site.auth.withdraw_role(account_id=account.id, role="admin")
        assert is_json(await ada.get("/auth/session"))["permissions"] == ["texts:write"]

    async def test_phone_number_instead_of_email(self, site):
        """A phone number takes the place of an email address on the whole way."""
        bob = site.browser()
        is_json(await bob.post("/auth/register", {"phone": "+44 20 7946 0018", "password": PASSWORD}), 202)
        await site.settled()
        (letter,) = site.mailbox.letters
        is_json(await bob.post("/auth/verify", {"code": letter.code}))
        is_json(await bob.post("/auth/login", {"identifier": "+442079460018", "password": PASSWORD}))
        assert is_json(await bob.get("/auth/session"))["account"]["phone"] == letter.destination

    async def test_username_logs_in(self, site):
        """A username logs in as well, however it is spelt."""
        await site.enrol(username="Ada")
        is_json(await site.post("/auth/login", {"identifier": "ADA", "password": PASSWORD}))

    async def test_another_verification_code(self, site):
        """A second code can be had, and is another one."""
        ada = site.browser()
        await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})
        first = await site.code(ADA)
        assert is_json(await ada.post("/auth/verification"), 202)["purpose"] == "verify"
        second = await site.code(ADA)
        assert second != first
        is_problem(await ada.post("/auth/verify", {"code": first}), 422, "code_mismatch", attempts_left=4)
        is_json(await ada.post("/auth/verify", {"code": second}))

    async def test_older_challenge_gets_no_more_codes(self, site):
        """A challenge that another one has replaced takes no code, and gets no other one."""
        ada = site.browser()
        await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})
        older, code = ada.cookies[CHALLENGE], await site.code(ADA)
        await ada.post("/auth/verification")
        ada.cookies[CHALLENGE] = older
        is_problem(await ada.post("/auth/verify", {"code": code}), 410, "challenge_ended")
        is_problem(await ada.post("/auth/verification"), 410, "challenge_ended")

    async def test_wrong_codes_count_down_and_end_it_for_ever(self, site):
        """Each wrong code tells what is left; after the last one not even the right one is taken."""
        ada = site.browser()
        await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})
        right = await site.code(ADA)
        wrong = f"{(int(right) + 1) % 10**6:06}"
        for left in (4, 3, 2, 1):
            is_problem(await ada.post("/auth/verify", {"code": wrong}), 422, "code_mismatch", attempts_left=left)
        for code in (wrong, wrong, right):
            is_problem(await ada.post("/auth/verify", {"code": code}), 410, "attempts_exhausted")
        site.clock.advance(timedelta(minutes=9))
        is_problem(await ada.post("/auth/verify", {"code": right}), 410, "attempts_exhausted")
        is_problem(await ada.post("/auth/login", LOGIN), 401, "invalid_credentials")

    async def test_code_is_spent_once(self, site):
        """A right code is right once."""
        ada = site.browser()
        await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})
        code, kept = await site.code(ADA), dict(ada.cookies)
        is_json(await ada.post("/auth/verify", {"code": code}))
        ada.cookies.update(kept)
        is_problem(await ada.post("/auth/verify", {"code": code}), 410, "challenge_ended")

    async def test_code_of_another_challenge_is_wrong(self, site):
        """A code belongs to its own challenge: nobody verifies with somebody else's."""
        ada, bob = site.browser(), site.browser()
        await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})
        await bob.post("/auth/register", {"email": BOB, "password": PASSWORD})
        assert await site.code(ADA) != await site.code(BOB)
        reply = await ada.post("/auth/verify", {"code": await site.code(BOB)})
        is_problem(reply, 422, "code_mismatch", attempts_left=4)

    async def test_newer_two_step_code_ends_the_older(self, site):
        """Of two codes for the same purpose only the newer one counts."""
        ada = await site.member()
        await ada.post("/auth/two-step", {"purpose": "pay"})
        older, code = ada.cookies[CHALLENGE], await site.code(ADA)
        await ada.post("/auth/two-step", {"purpose": "pay"})
        ada.cookies[CHALLENGE] = older
        reply = await ada.post("/auth/two-step/answer", {"purpose": "pay", "code": code})
        is_problem(reply, 410, "challenge_ended")

    async def test_two_step_code_serves_its_purpose_alone(self, site):
        """A code that was asked for one purpose answers no other one, and no verification."""
        ada = await site.member()
        await ada.post("/auth/two-step", {"purpose": "pay"})
        code = await site.code(ADA)
        reply = await ada.post("/auth/two-step/answer", {"purpose": "delete", "code": code})
        is_problem(reply, 410, "challenge_ended")
        is_problem(await ada.post("/auth/verify", {"code": code}), 410, "challenge_ended")
        is_json(await ada.post("/auth/two-step/answer", {"purpose": "pay", "code": code}))

    @pytest.mark.parametrize("purpose", ["verify", "", "pay!", "päy", "-"])
    async def test_purpose_is_a_word_of_the_application(self, site, purpose):
        """A purpose that is reserved or no word is refused, asking and answering."""
        ada = await site.member()
        reason = "reserved" if purpose == "verify" else "malformed"
        reply = await ada.post("/auth/two-step", {"purpose": purpose})
        is_problem(reply, 422, "invalid_input", field="purpose", reason=reason)

    async def test_answer_from_another_session_is_refused(self, site):
        """A code counts in the session that asked for it: not in another one, of the same person or a stranger."""
        ada = await site.member()
        await ada.post("/auth/two-step", {"purpose": "pay"})
        code, challenge = await site.code(ADA), ada.cookies[CHALLENGE]
        twin = site.browser()
        await twin.post("/auth/login", LOGIN)
        for other in (twin, await site.member(BOB)):
            other.cookies[CHALLENGE] = challenge
            reply = await other.post("/auth/two-step/answer", {"purpose": "pay", "code": code})
            is_problem(reply, 410, "challenge_ended")
        is_json(await ada.post("/auth/two-step/answer", {"purpose": "pay", "code": code}))

    async def test_new_password_ends_every_session(self, site):
        """After a change of password the old sessions are dead, everywhere, and the new one is alive."""
        ada, elsewhere = await site.member(), site.browser()
        await elsewhere.post("/auth/login", LOGIN)
        old = ada.cookies[SESSION]
        await ada.post("/auth/password", {"current_password": PASSWORD, "new_password": OTHER_PASSWORD})
        assert ada.cookies[SESSION] != old
        is_json(await ada.get("/auth/session"))
        is_problem(await elsewhere.get("/auth/session"), 401, "invalid_token")
        elsewhere.cookies[SESSION] = old
        is_problem(await elsewhere.get("/auth/session"), 401, "invalid_token")
        is_problem(await elsewhere.post("/auth/login", LOGIN), 401, "invalid_credentials")
        is_json(await elsewhere.post("/auth/login", {"identifier": ADA, "password": OTHER_PASSWORD}))

    async def test_wrong_current_password_changes_nothing(self, site):
        """Who does not know the current password is refused, and nothing has changed."""
        ada = await site.member()
        change = {"current_password": OTHER_PASSWORD, "new_password": OTHER_PASSWORD}
        is_problem(await ada.post("/auth/password", change), 403, "password_mismatch")
        is_json(await ada.get("/auth/session"))
        is_json(await site.post("/auth/login", LOGIN))

    async def test_unfit_new_password_changes_nothing(self, site):
        """A new password that breaks the policy is refused with the reason, and nothing has changed."""
        ada = await site.member()
        reply = await ada.post("/auth/password", {"current_password": PASSWORD, "new_password": "short"})
        assert (reply.status, reply.json()["code"], reply.json()["reason"]) == (422, "invalid_password", "too_short")
        assert reply.json()["field"] == "new_password"
        is_json(await ada.get("/auth/session"))

    async def test_logging_out_twice(self, site):
        """Logging out ends the session for ever, and doing it again is no error."""
        ada = await site.member()
        token = dict(ada.cookies)
        assert (await ada.post("/auth/logout")).status == 204
        ada.cookies.update(token)
        assert (await ada.post("/auth/logout")).status == 204
        ada.cookies.update(token)
        is_problem(await ada.get("/auth/session"), 401, "invalid_token")

    async def test_logging_in_again_ends_the_session_before(self, site):
        """A browser that logs in again gets a new session, and the one that it had opens nothing any more."""
        ada = await site.member()
        before = dict(ada.cookies)
        is_json(await ada.post("/auth/login", LOGIN))
        is_json(await ada.get("/auth/session"))
        ada.cookies.update(before)
        is_problem(await ada.get("/auth/session"), 401, "invalid_token")

    async def test_failed_login_ends_nothing(self, site):
        """A wrong password leaves whoever is logged in logged in."""
        ada = await site.member()
        is_problem(await ada.post("/auth/login", {**LOGIN, "password": OTHER_PASSWORD}), 401, "invalid_credentials")
        is_json(await ada.get("/auth/session"))

    @pytest.mark.parametrize("change", ["disabled_at", "deleted_at"])
    async def test_state_of_an_account_is_told_after_the_right_password(self, site, change):
        """Who knows the password learns that the account is disabled or deleted; who does not, does not."""
        account = await site.enrol()
        await site.alter(account, **{change: site.clock.now()})
        is_problem(await site.post("/auth/login", LOGIN), 403, f"account_{change.removesuffix('_at')}")
        reply = await site.post("/auth/login", {**LOGIN, "password": OTHER_PASSWORD})
        is_problem(reply, 401, "invalid_credentials")

    async def test_unverified_account_is_told_by_username(self, site):
        """Who registered and did not prove the address yet learns so with username and right password."""
        await site.post("/auth/register", {"email": ADA, "username": "ada", "password": PASSWORD})
        reply = await site.post("/auth/login", {"identifier": "ada", "password": PASSWORD})
        is_problem(reply, 403, "account_unverified")
