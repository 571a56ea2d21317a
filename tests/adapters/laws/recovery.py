"""Laws of recovery: who has forgotten a password sets a new one, and nobody learns from it who has an account."""

from dataclasses import replace
from datetime import timedelta

from authcore import Throttle
from authcore.entities import MessageKind
from authcore.imported_accounts import AccountRecord
from tests.adapters.laws.asserting import is_json, is_problem
from tests.adapters.laws.neutrality import known_people, masked
from tests.adapters.people import ADA, BOB, CHALLENGE, EVE, OTHER_PASSWORD, PASSWORD, SESSION
from tests.adapters.sites import POLICY

ANSWER = "/auth/recovery/answer"


async def _forgot(site, address=ADA):
    """Return the browser of somebody who has asked for a code."""
    browser = site.browser()
    is_json(await browser.post("/auth/recovery", {"identifier": address}), 202)
    return browser


class Recovery:
    """To be inherited by the contract."""

    async def test_forgotten_password_is_replaced(self, site):
        """Somebody asks for a code, sets a new password by it, and logs in; every session from before is over."""
        ada = await site.member()
        before = dict(ada.cookies)
        asked = is_json(await ada.post("/auth/recovery", {"identifier": ADA}), 202)
        assert asked == {"purpose": "recover", "attempts_left": 5, "expires_at": "2030-01-01T00:10:00Z"}
        answer = {"code": await site.code(ADA), "new_password": OTHER_PASSWORD}
        assert is_json(await ada.post(ANSWER, answer)) == {"purpose": "recover"}
        assert ada.cookies == before
        is_problem(await ada.get("/auth/session"), 401, "invalid_token")
        is_problem(await ada.post("/auth/login", {"identifier": ADA, "password": PASSWORD}), 401, "invalid_credentials")
        is_json(await ada.post("/auth/login", {"identifier": ADA, "password": OTHER_PASSWORD}))

    async def test_recovery_without_cookies(self, serve):
        """With tokens in bodies the challenge goes along as a field, and no session comes of it."""
        site = await serve(policy=replace(POLICY, bearer=True))
        await site.enrol()
        asked = is_json(await site.post("/auth/recovery", {"identifier": ADA}), 202)
        answer = {"code": await site.code(ADA), "new_password": OTHER_PASSWORD, "challenge": asked["challenge"]}
        reply = await site.post(ANSWER, answer)
        assert is_json(reply) == {"purpose": "recover"}
        assert reply.all("set-cookie") == []

    async def test_nobody_is_logged_in_by_it(self, site):
        """Recovering sets no session's cookie, and a second factor is asked for at the login after it."""
        account = await site.enrol()
        await site.auth.require_second_factor(account.id)
        ada = await _forgot(site)
        is_json(await ada.post(ANSWER, {"code": await site.code(ADA), "new_password": OTHER_PASSWORD}))
        assert SESSION not in ada.cookies
        opened = is_json(await ada.post("/auth/login", {"identifier": ADA, "password": OTHER_PASSWORD}))
        assert opened["session"]["requires_second_factor"]
        is_problem(await ada.get("/auth/session"), 401, "second_factor_required")

    async def test_recovery_code_is_taken_once(self, site):
        """A code sets one password."""
        await site.enrol()
        ada = await _forgot(site)
        answer, kept = {"code": await site.code(ADA), "new_password": OTHER_PASSWORD}, dict(ada.cookies)
        is_json(await ada.post(ANSWER, answer))
        ada.cookies.update(kept)
        is_problem(await ada.post(ANSWER, {**answer, "new_password": PASSWORD}), 410, "challenge_ended")

    async def test_unfit_password_spends_no_code(self, site):
        """Who chooses an unfit password is told so, and chooses another one with the same code."""
        await site.enrol(username="lovelace-of-london")
        ada = await _forgot(site)
        code = await site.code(ADA)
        for password, reason in (("tiny", "too_short"), ("lovelace of london", "own_words")):
            reply = await ada.post(ANSWER, {"code": code, "new_password": password})
            is_problem(reply, 422, "invalid_password", field="new_password", reason=reason)
        is_json(await ada.post(ANSWER, {"code": code, "new_password": OTHER_PASSWORD}))

    async def test_code_counts_in_the_browser_that_asked(self, site):
        """The code of the owner's mailbox is of no use to somebody else who has asked as well."""
        await site.enrol()
        eve, ada = await _forgot(site), await _forgot(site)
        code = await site.code(ADA)
        is_problem(
            await eve.post(ANSWER, {"code": code, "new_password": PASSWORD}), 422, "code_mismatch", attempts_left=4
        )
        is_problem(await site.post(ANSWER, {"code": code, "new_password": PASSWORD}), 410, "challenge_ended")
        is_json(await ada.post(ANSWER, {"code": code, "new_password": OTHER_PASSWORD}))

    async def test_username_is_no_address(self, site):
        """A username is refused as what no code can be sent to, whether somebody has it or not."""
        await site.enrol(username="ada")
        replies = [await site.post("/auth/recovery", {"identifier": name}) for name in ("ada", "nobody")]
        for reply in replies:
            is_problem(reply, 422, "invalid_identifier", field="identifier", reason="no_address")
        assert replies[0].own == replies[1].own

    async def test_recovery_does_not_tell_who_is_known(self, site):
        """Asking, asking for the code again, and every guess get the same answers, whoever is named, in any state."""
        named = [name for name in await known_people(site) if "@" in name or name.startswith("+")]
        times = {"created_at": site.clock.now(), "updated_at": site.clock.now()}
        record = AccountRecord(origin="elsewhere", id="1", email="passwordless@example.org", verified=True, **times)
        await site.auth.import_account(record)
        site.mailbox.letters.clear()
        answers = {}
        for name in (EVE, "+442079460018", "passwordless@example.org", *named):
            eve = await _forgot(site, name)
            await eve.post("/auth/resend")
            for _ in range(6):
                await eve.post(ANSWER, {"code": "no code", "new_password": OTHER_PASSWORD})
            await eve.post("/auth/resend")
            await eve.post("/auth/recovery", {"identifier": name})
            await eve.post(ANSWER, {"code": "no code", "new_password": "tiny"})
            await eve.post("/auth/verify", {"code": "no code"})
            answers[name] = [masked(reply) for reply in eve.replies]
        assert answers == dict.fromkeys(answers, answers[EVE])
        assert {reply[0] for reply in answers[EVE]} == {202, 422, 410}
        await site.settled()
        coded = {letter.destination for letter in site.mailbox.letters if letter.kind is MessageKind.CODE}
        assert coded == {"proven@example.org", "+15005550006", "passwordless@example.org", "decoy@example.org"}

    async def test_standing_is_not_told_by_recovery(self, site):
        """Who asked before an account was disabled is answered on as a stranger is, even with the right code."""
        account = await site.enrol()
        ada, eve = await _forgot(site), await _forgot(site, EVE)
        code = await site.code(ADA)
        await site.auth.disable_account(account.id)
        for browser in (ada, eve):
            await browser.post("/auth/resend")
            await browser.post(ANSWER, {"code": code, "new_password": OTHER_PASSWORD})
        assert [masked(reply) for reply in ada.replies] == [masked(reply) for reply in eve.replies]
        assert ada.replies[-1].status == 422

    async def test_recovery_is_throttled(self, serve):
        """One network asks so often only, and is told when to come again, whoever is named."""
        site = await serve(policy=replace(POLICY, recoveries_per_network=Throttle(limit=2, window=timedelta(hours=1))))
        await site.enrol()
        statuses = [(await site.post("/auth/recovery", {"identifier": name})).status for name in (ADA, BOB)]
        assert statuses == [202, 202]
        for name in (ADA, BOB):
            reply = await site.post("/auth/recovery", {"identifier": name})
            is_problem(reply, 429, "throttled", retry_after=3600)
            assert reply.one("retry-after") == "3600"

    async def test_mailbox_is_not_flooded(self, site):
        """However often somebody asks, some letters are sent, and no answer tells when they are no more."""
        await site.enrol()
        site.mailbox.letters.clear()
        browsers = [await _forgot(site) for _ in range(8)]
        await site.settled()
        assert len(site.mailbox.letters) == 5
        assert len({str(masked(browser.replies[0])) for browser in browsers}) == 1
        assert all(CHALLENGE in browser.cookies for browser in browsers)
