"""Laws of throttles: who tries too often is told when to come again, in the same words whoever is meant."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import Throttle
from tests.adapters.laws.asserting import is_json, is_problem
from tests.adapters.people import ADA, EVE, OTHER_PASSWORD, PASSWORD, cookie
from tests.adapters.sites import POLICY

TWICE = Throttle(limit=2, window=timedelta(minutes=10))


class Throttles:
    """To be inherited by the contract."""

    @pytest.mark.parametrize("identifier", [ADA, EVE, "nobody"])
    async def test_wrong_passwords_are_throttled_alike(self, serve, identifier):
        """After too many wrong passwords nothing is tried, known or not, and the answer tells how long to wait."""
        site = await serve(policy=replace(POLICY, password_failures=TWICE))
        token = await site.token(username="ada")
        wrong, right = ({"identifier": identifier, "password": each} for each in (OTHER_PASSWORD, PASSWORD))
        for _ in range(2):
            is_problem(await site.post("/auth/login", wrong), 401, "invalid_credentials")
        site.clock.advance(timedelta(minutes=4))
        for login in (wrong, right):
            reply = await site.post("/auth/login", login)
            is_problem(reply, 429, "throttled", retry_after=360)
            assert (reply.one("retry-after"), reply.one("www-authenticate")) == ("360", None)
        is_json(await site.get("/auth/session", cookie(session=token)))

    async def test_current_password_is_throttled(self, serve):
        """Whoever holds a session does not guess at its password for ever, and stays logged in."""
        site = await serve(policy=replace(POLICY, password_failures=TWICE))
        ada = await site.member()
        guess = {"current_password": OTHER_PASSWORD, "new_password": OTHER_PASSWORD}
        codes = [(await ada.post("/auth/password", guess)).json()["code"] for _ in range(3)]
        assert codes == ["password_mismatch", "password_mismatch", "throttled"]
        is_json(await ada.get("/auth/session"))

    async def test_network_is_throttled(self, serve):
        """One network logs in, and registers, so often only; who is logged in there goes on."""
        site = await serve(policy=replace(POLICY, logins_per_network=TWICE, registrations_per_network=TWICE))
        ada = await site.member()
        login = {"identifier": ADA, "password": PASSWORD}
        assert [(await site.post("/auth/login", login)).status for _ in range(2)] == [200, 429]
        accounts = [{"email": f"{name}@example.org", "password": PASSWORD} for name in "abc"]
        replies = [await site.post("/auth/register", account) for account in accounts]
        assert [reply.status for reply in replies] == [202, 202, 429]
        is_problem(replies[-1], 429, "throttled", retry_after=600)
        is_json(await ada.get("/auth/session"))

    async def test_messages_are_throttled_overall(self, serve):
        """Once strangers, or members, had so many codes sent, asking for one is a 429 that says when to come again."""
        site = await serve(policy=replace(POLICY, messages_overall=TWICE))
        ada, registration = await site.member(), {"email": EVE, "password": PASSWORD}
        assert [(await site.post("/auth/register", registration)).status for _ in range(2)] == [202, 429]
        assert [(await ada.post("/auth/two-step", {"purpose": "pay"})).status for _ in range(3)] == [202, 202, 429]
        asking = (("/auth/two-step", {"purpose": "pay"}), ("/auth/resend", None), ("/auth/register", registration))
        for reply in [await ada.post(path, body) for path, body in asking]:
            is_problem(reply, 429, "throttled", retry_after=600)
            assert reply.one("retry-after") == "600"
        is_json(await ada.get("/auth/session"))
        is_json(await site.post("/auth/login", {"identifier": ADA, "password": PASSWORD}))

    @pytest.mark.parametrize("address", [ADA, EVE])
    async def test_one_mailbox_is_not_flooded(self, serve, address):
        """One address gets so many codes, known or not, whoever asks; a session may ask for another purpose's."""
        site = await serve(policy=replace(POLICY, codes_per_address=Throttle(limit=3, window=timedelta(minutes=10))))
        ada = await site.member()
        registration = {"email": address, "password": OTHER_PASSWORD}
        statuses = [(await site.post("/auth/register", registration)).status for _ in range(4)]
        assert statuses == ([202, 202, 429, 429] if address == ADA else [202, 202, 202, 429])
        assert (await ada.post("/auth/two-step", {"purpose": "pay"})).status == 202
