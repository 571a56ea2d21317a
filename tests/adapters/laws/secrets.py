"""Laws of what never leaves: passwords, codes, tokens, session ids and hashes, in answers and in logs."""

import base64
import json
import logging

from authcore.entities import AuthenticationSession, Credential, TwoStepSession
from authcore.ports import by_owner
from tests.adapters.laws.asserting import is_json, is_problem
from tests.adapters.people import ADA, CHALLENGE, EVE, OTHER_PASSWORD, PASSWORD, SESSION

CLIENTS = ("httpx2", "httpcore2")


def _session_id(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"]


async def _travel(site):
    """Go everywhere, rightly and wrongly, and return the browser and what it must keep to itself."""
    ada, secrets = site.browser(), {PASSWORD, OTHER_PASSWORD}
    await ada.post("/auth/register", {"email": ADA, "username": "ada", "password": PASSWORD})
    secrets |= {ada.cookies[CHALLENGE], _session_id(ada.cookies[CHALLENGE]), await site.code(ADA)}
    await ada.post("/auth/verify", {"code": "no code"})
    await ada.post("/auth/verify", {"code": await site.code(ADA)})
    await ada.post("/auth/login", {"identifier": ADA, "password": OTHER_PASSWORD})
    await ada.post("/auth/login", {"identifier": ADA, "password": PASSWORD})
    secrets |= {ada.cookies[SESSION], _session_id(ada.cookies[SESSION])}
    await ada.post("/auth/two-step", {"purpose": "pay"})
    code = await site.code(ADA)
    secrets |= {ada.cookies[CHALLENGE], _session_id(ada.cookies[CHALLENGE]), code}
    await ada.post("/auth/two-step/answer", {"purpose": "pay", "code": code, "password": PASSWORD})
    await ada.post("/auth/two-step/answer", {"purpose": "pay", "code": code})
    for path in ("/auth/session", "/members", "/all", "/open", "/refusing", "/failing", "/broken"):
        await ada.get(path)
    await ada.post("/auth/password", {"current_password": OTHER_PASSWORD, "new_password": OTHER_PASSWORD})
    await ada.post("/auth/password", {"current_password": PASSWORD, "new_password": OTHER_PASSWORD})
    secrets |= {ada.cookies[SESSION], _session_id(ada.cookies[SESSION])}
    await ada.post("/auth/address", {"email": EVE, "current_password": PASSWORD})
    await ada.post("/auth/address", {"email": EVE, "current_password": OTHER_PASSWORD})
    secrets |= {ada.cookies[CHALLENGE], _session_id(ada.cookies[CHALLENGE]), await site.code(EVE)}
    await ada.post("/auth/address/answer", {"code": await site.code(EVE)})
    secrets |= {ada.cookies[SESSION], _session_id(ada.cookies[SESSION])}
    account = await site.auth.find_account(EVE)
    for kind in (AuthenticationSession, TwoStepSession):
        secrets |= {session.id for session in await site.store.find(by_owner(kind, account.id))}
    secrets |= {credential.secret for credential in await site.store.find(by_owner(Credential, account.id))}
    site.store.fault = RuntimeError("a store that breaks")
    await ada.get("/auth/session")
    site.store.fault = None
    await ada.post("/auth/logout")
    await ada.post("/auth/recovery", {"identifier": ADA})
    code = await site.code(ADA)
    secrets |= {ada.cookies[CHALLENGE], _session_id(ada.cookies[CHALLENGE]), code}
    await ada.post("/auth/recovery/answer", {"code": "no code", "new_password": PASSWORD})
    await ada.post("/auth/recovery/answer", {"code": code, "new_password": PASSWORD})
    return ada, secrets


class Secrets:
    """To be inherited by the contract."""

    async def test_answers_hold_no_secret(self, site):
        """No body and no header holds a password, a code, a session's id or a hash; tokens are in Set-Cookie alone."""
        ada, secrets = await _travel(site)
        assert len(secrets) > 12
        for reply in ada.replies:
            told = reply.body.decode("utf-8", "replace") + repr(
                [pair for pair in reply.headers if pair[0] != "set-cookie"]
            )
            assert [secret for secret in secrets if secret in told] == []

    async def test_cookies_hold_no_personal_data(self, site):
        """A token holds a reference and times: no address, no name, no account."""
        ada = await site.member(username="ada")
        account = await site.auth.find_account(ADA)
        payload = ada.cookies[SESSION].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert set(claims) == {"iss", "aud", "jti", "gen", "iat", "exp"}
        assert not {account.id, ADA, "ada"} & {str(value) for value in claims.values()}

    async def test_logs_hold_no_secret(self, site, caplog):
        """No log, at any level, holds a password, a code, a token, a session's id or a hash."""
        caplog.set_level(logging.DEBUG)
        _, secrets = await _travel(site)
        lines = [
            logging.Formatter("%(name)s %(message)s").format(record)
            for record in caplog.records
            if not record.name.startswith(CLIENTS)
        ]
        assert any(line.startswith("authcore") for line in lines)
        assert [(secret, line) for line in lines for secret in secrets if secret in line] == []

    async def test_user_agents_are_harmless(self, site):
        """A user agent of any octets and any length is no reason to refuse, and breaks no line."""
        await site.enrol()
        for agent in (b"\xff" * 5, b"a" * 3000, "a\u2028b\u202ec".encode(), b""):
            sent = [("user-agent", agent)]
            is_json(await site.post("/auth/login", {"identifier": ADA, "password": PASSWORD}, *sent))
            is_problem(await site.get("/auth/session", *sent), 401, "not_authenticated")
        account = await site.auth.find_account(ADA)
        sessions = await site.store.find(by_owner(AuthenticationSession, account.id))
        assert all(len(session.user_agent) <= 255 and session.user_agent.isprintable() for session in sessions)
