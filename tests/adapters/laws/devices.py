"""Laws of one person's sessions on several devices: each sees all, ends any of its own, and nobody else's."""

from dataclasses import replace
from datetime import timedelta

from authcore.audit import session_digest
from tests.adapters.laws.asserting import is_json, is_problem, token_of
from tests.adapters.people import ADA, BOB, OTHER_PASSWORD, PASSWORD, SESSION, bearer
from tests.adapters.sites import POLICY

LOGIN = {"identifier": ADA, "password": PASSWORD}


async def _listed(browser):
    return is_json(await browser.get("/auth/sessions"))["sessions"]


async def _second_device(site):
    site.clock.advance(timedelta(seconds=1))
    other = site.browser()
    await other.post("/auth/login", LOGIN, ("user-agent", "Telephone"))
    return other


class Devices:
    """To be inherited by the contract."""

    async def test_sessions_are_listed_with_their_devices(self, site):
        """The newest comes first, each with its device, and the one that asks is marked; no id opens anything."""
        ada = await site.member()
        await _second_device(site)
        seen = await _listed(ada)
        assert [(each["user_agent"], each["current"]) for each in seen] == [("Telephone", False), ("", True)]
        for each in seen:
            is_problem(await site.browser(cookies={SESSION: each["id"]}).get("/members"), 401, "invalid_token")

    async def test_session_is_ended_from_another_device(self, site):
        """A session that is ended elsewhere is over at once, and the one that ended it goes on."""
        ada = await site.member()
        telephone = await _second_device(site)
        named = next(each["id"] for each in await _listed(ada) if not each["current"])
        reply = await ada.post("/auth/sessions/revoke", {"session": named})
        assert is_json(reply)["session"]["id"] == named
        is_problem(await telephone.get("/members"), 401, "invalid_token")
        assert (await ada.get("/members")).status == 200
        assert [each["current"] for each in await _listed(ada)] == [True]
        is_problem(await ada.post("/auth/sessions/revoke", {"session": named}), 409, "state_unchanged")

    async def test_nobody_ends_a_strangers_session(self, site):
        """The session of somebody else is unknown, as is any that never was, and it goes on."""
        ada = await site.member()
        token = await site.token(BOB, password=OTHER_PASSWORD)
        theirs = session_digest(site.auth.read_token(token).id)
        for named in (theirs, "0" * 32, "", "x"):
            reply = await ada.post("/auth/sessions/revoke", {"session": named})
            is_problem(reply, 422, "invalid_input", field="session", reason="unknown")
        assert (await site.browser(cookies={SESSION: token}).get("/members")).status == 200

    async def test_all_others_are_ended_at_once(self, site):
        """Every other session is over, and the caller goes on under another cookie."""
        ada = await site.member()
        telephone, before = await _second_device(site), ada.cookies[SESSION]
        reply = await ada.post("/auth/sessions/revoke-others")
        assert is_json(reply)["session"]["requires_second_factor"] is False
        assert token_of(reply, SESSION) != before
        assert (await ada.get("/members")).status == 200
        for shut_out in (telephone, site.browser(cookies={SESSION: before})):
            is_problem(await shut_out.get("/members"), 401, "invalid_token")

    async def test_disabled_account_is_shut_out_at_once(self, site):
        """An account that is disabled is out on every device, and is not let in again by being enabled."""
        ada = await site.member()
        account = await site.auth.find_account(ADA)
        await site.auth.disable_account(account.id)
        is_problem(await ada.get("/members"), 401, "invalid_token")
        is_problem(await site.post("/auth/login", LOGIN), 403, "account_disabled")
        await site.auth.enable_account(account.id)
        is_problem(await ada.get("/members"), 401, "invalid_token")
        assert (await site.post("/auth/login", LOGIN)).status == 200

    async def test_erased_account_is_nobodys(self, site):
        """An account that is erased is out on every device, as if its sessions had ended, and unknown to logins."""
        ada = await site.member()
        account = await site.auth.find_account(ADA)
        await site.auth.erase_account(account.id)
        is_problem(await ada.get("/members"), 401, "invalid_token")
        is_problem(await site.post("/auth/login", LOGIN), 401, "invalid_credentials")

    async def test_token_is_refreshed_by_asking(self, serve):
        """Who holds a token asks for the next one: until it is due it is the same, and then the older one is over."""
        site = await serve(policy=replace(POLICY, bearer=True))
        token = await site.token()
        same = is_json(await site.post("/auth/refresh", None, bearer(token)))["token"]
        assert site.auth.read_token(same) == site.auth.read_token(token)
        site.clock.advance(POLICY.rotation)
        newer = is_json(await site.post("/auth/refresh", None, bearer(token)))["token"]
        assert site.auth.read_token(newer).generation == 2
        assert (await site.get("/members", bearer(newer))).status == 200
        site.clock.advance(POLICY.grace)
        is_problem(await site.get("/members", bearer(token)), 401, "invalid_token")
        is_problem(await site.get("/members", bearer(newer)), 401, "invalid_token")
