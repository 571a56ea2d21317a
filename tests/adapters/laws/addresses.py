"""Laws of changes of address over HTTP: what proves one, what ends with it, and what it does not tell."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.entities import MessageKind
from tests.adapters.laws.asserting import is_json, is_problem, token_of
from tests.adapters.laws.neutrality import known_people, masked
from tests.adapters.people import ADA, BOB, CHALLENGE, EVE, OTHER_PASSWORD, PASSWORD, SESSION, bearer
from tests.adapters.sites import POLICY

LOGIN = {"identifier": ADA, "password": PASSWORD}
WANTED = {"email": EVE, "current_password": PASSWORD}


class Addresses:
    """To be inherited by the contract."""

    async def test_address_is_changed_by_a_code(self, site):
        """A code that came to the new address makes it the account's own; every other session ends, the old is told."""
        ada, elsewhere = await site.member(), site.browser()
        await elsewhere.post("/auth/login", LOGIN)
        before = ada.cookies[SESSION]
        asked = is_json(await ada.post("/auth/address", WANTED), 202)
        assert (asked["purpose"], asked["attempts_left"]) == ("change-address", POLICY.code_attempts)
        assert is_json(await ada.get("/auth/session"))["account"]["email"] == ADA
        code = await site.code(EVE)
        site.mailbox.letters.clear()
        reply = await ada.post("/auth/address/answer", {"code": code})
        assert is_json(reply).keys() == {"session"}
        assert token_of(reply, SESSION) != before
        assert CHALLENGE not in ada.cookies
        assert is_json(await ada.get("/auth/session"))["account"]["email"] == EVE
        for stale in (elsewhere, site.browser(cookies={SESSION: before})):
            is_problem(await stale.get("/auth/session"), 401, "invalid_token")
        await site.settled()
        assert [(each.kind, each.destination) for each in site.mailbox.letters] == [(MessageKind.ADDRESS_CHANGED, ADA)]
        is_problem(await site.post("/auth/login", LOGIN), 401, "invalid_credentials")
        is_json(await site.post("/auth/login", {**LOGIN, "identifier": EVE}))

    async def test_phone_number_is_added(self, site):
        """An account with an email address gets a phone number besides, and logs in by either."""
        ada = await site.member()
        await ada.post("/auth/address", {"phone": "+44 20 7946 0018", "current_password": PASSWORD})
        is_json(await ada.post("/auth/address/answer", {"code": await site.code("+442079460018")}))
        account = is_json(await ada.get("/auth/session"))["account"]
        assert (account["email"], account["phone"]) == (ADA, "+442079460018")
        for name in (ADA, "+442079460018"):
            is_json(await site.post("/auth/login", {**LOGIN, "identifier": name}))

    async def test_changing_needs_the_password(self, site):
        """Who does not know the current password is sent nowhere, and nothing has changed."""
        ada = await site.member()
        site.mailbox.letters.clear()
        reply = await ada.post("/auth/address", {**WANTED, "current_password": OTHER_PASSWORD})
        is_problem(reply, 403, "password_mismatch")
        await site.settled()
        assert site.mailbox.letters == []

    @pytest.mark.parametrize("email", [ADA, "ADA@Example.org"])
    async def test_own_address_is_told(self, site, email):
        """The caller's own address, however it is spelt, is a 409."""
        ada = await site.member()
        is_problem(await ada.post("/auth/address", {**WANTED, "email": email}), 409, "state_unchanged")

    async def test_asking_does_not_tell_who_is_known(self, site):
        """A taken address gets the answers of a free one, to the byte but for the token's letters, up to the end."""
        known = [name for name in await known_people(site) if name.endswith("@example.org")]
        await site.enrol()
        answers = {}
        for name in ("stranger@example.org", *known):
            ada = site.browser()
            await ada.post("/auth/login", LOGIN)
            ada.replies.clear()
            await ada.post("/auth/address", {**WANTED, "email": name})
            await ada.post("/auth/resend")
            for _ in range(POLICY.code_attempts + 1):
                await ada.post("/auth/address/answer", {"code": "no code"})
            answers[name] = [masked(reply) for reply in ada.replies]
        assert answers == dict.fromkeys(answers, answers["stranger@example.org"])
        assert {reply[0] for reply in answers["stranger@example.org"]} == {202, 422, 410}
        await site.settled()
        told = {each.destination for each in site.mailbox.letters if each.kind is MessageKind.ALREADY_REGISTERED}
        assert "proven@example.org" in told

    async def test_taken_address_stays_its_owners(self, site):
        """The owner of the address gets word and no code, and goes on as before."""
        await site.enrol(BOB)
        ada = await site.member()
        site.mailbox.letters.clear()
        await ada.post("/auth/address", {**WANTED, "email": BOB})
        await ada.post("/auth/resend")
        await site.settled()
        told = [(each.kind, each.destination) for each in site.mailbox.letters]
        assert told == [(MessageKind.ALREADY_REGISTERED, BOB)]
        is_json(await site.post("/auth/login", {"identifier": BOB, "password": PASSWORD}))

    async def test_code_counts_in_its_own_session(self, site):
        """The code that one session asked for changes nothing in another one, of the same person or a stranger."""
        ada = await site.member()
        await ada.post("/auth/address", WANTED)
        code, challenge = await site.code(EVE), ada.cookies[CHALLENGE]
        twin = site.browser()
        await twin.post("/auth/login", LOGIN)
        for other in (twin, await site.member(BOB)):
            other.cookies[CHALLENGE] = challenge
            is_problem(await other.post("/auth/address/answer", {"code": code}), 410, "challenge_ended")
        is_json(await ada.post("/auth/address/answer", {"code": code}))

    async def test_code_of_another_purpose_changes_nothing(self, site):
        """A code of the application's gives nobody an address, and this one is no code of the application's."""
        ada = await site.member()
        await ada.post("/auth/two-step", {"purpose": "pay"})
        code = await site.code(ADA)
        is_problem(await ada.post("/auth/address/answer", {"code": code}), 410, "challenge_ended")
        await ada.post("/auth/address", WANTED)
        answer = {"purpose": "change-address", "code": await site.code(EVE)}
        is_problem(
            await ada.post("/auth/two-step/answer", answer), 422, "invalid_input", field="purpose", reason="reserved"
        )

    async def test_second_factor_is_moved_by_a_fresh_login_alone(self, serve):
        """Where a second factor is called for, a login that is long ago is not enough, even with the password."""
        site = await serve(policy=replace(POLICY, second_factor=True))
        await site.enrol()
        ada = site.browser()
        for wait in (POLICY.second_factor_time, timedelta(0)):
            await ada.post("/auth/login", LOGIN)
            await ada.post("/auth/second-factor")
            await ada.post("/auth/second-factor/answer", {"code": await site.code(ADA)})
            site.clock.advance(wait)
            reply = await ada.post("/auth/address", WANTED)
            if wait:
                is_problem(reply, 401, "reauthentication_required", max_age=900)
        is_json(reply, 202)
        opened = is_json(await ada.post("/auth/address/answer", {"code": await site.code(EVE)}))
        assert opened["session"]["amr"] == ["pwd", "otp", "mfa"]

    async def test_change_without_cookies(self, serve):
        """With tokens in headers the same way leads to another address, and no cookie is set."""
        site = await serve(policy=replace(POLICY, bearer=True))
        await site.enrol()
        token = is_json(await site.post("/auth/login", LOGIN))["token"]
        asked = is_json(await site.post("/auth/address", WANTED, bearer(token)), 202)
        answer = {"code": await site.code(EVE), "challenge": asked["challenge"]}
        reply = await site.post("/auth/address/answer", answer, bearer(token))
        assert reply.all("set-cookie") == []
        newer = is_json(reply)["token"]
        assert is_json(await site.get("/auth/session", bearer(newer)))["account"]["email"] == EVE
        is_problem(await site.get("/auth/session", bearer(token)), 401, "invalid_token")
