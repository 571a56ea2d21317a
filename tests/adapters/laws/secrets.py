"""Laws of what never leaves: passwords, codes, tokens, session ids, hashes and keys, whatever is done."""

import base64
import json
import logging
from dataclasses import replace
from http import HTTPStatus

import pytest

from authcore.entities import Attempt, AuditEvent, AuthenticationSession, Credential, Tally, to_record
from authcore.ports import by_owner
from tests.adapters.laws.asserting import is_json, is_problem
from tests.adapters.people import ADA, PASSWORD, SESSION
from tests.adapters.sites import POLICY
from tests.adapters.travelling import (
    MEMBERS,
    ROWS,
    codes,
    go_everywhere,
    hashes,
    keys,
    passwords,
    session_ids,
    tokens,
)

CLIENTS = ("httpx2", "httpcore2")


BOTH_WAYS = pytest.mark.parametrize("bearer", [False, True], ids=["cookies", "bearer"])

NEVER_ID = (AuditEvent, Attempt, Tally)
"""What outlives sessions, and is read by people: no full id of one stands there."""


def _known(ada):
    """Every secret of a journey."""
    kinds = (passwords(), codes(ada), tokens(ada), session_ids(ada), hashes(ada), keys(ada))
    assert min(map(len, kinds)) > 2
    return set().union(*kinds)


def _answers(ada):
    """All that was said, and where; pictures and sounds of captchas show their code to whoever looks."""
    return [f"{path} {_told(reply)}" for path, reply in ada.visits if not path.startswith("/auth/captcha/")]


def _lines(caplog):
    """All that any logger has said, with its traceback, if it has one."""
    write = logging.Formatter("%(name)s %(message)s").format
    return [write(record) for record in caplog.records if not record.name.startswith(CLIENTS)]


def _told(reply):
    """Return all that an answer says, but for the tokens where they belong."""
    said = {name: [value for key, value in reply.headers if key == name] for name, _ in reply.headers}
    said["set-cookie"] = [line.partition("=")[2].partition(";")[2] for line in said.get("set-cookie", [])]
    body = reply.body.decode("utf-8", "replace")
    if reply.one("content-type") == "application/json":
        body = json.dumps({name: value for name, value in reply.json().items() if name not in MEMBERS.values()})
    return f"{said} {body}"


class Secrets:
    """To be inherited by the contract."""

    @BOTH_WAYS
    async def test_answers_hold_no_secret(self, serve, bearer):
        """No URL, header or body holds a password, a code, a session's id, a hash or a key.

        Tokens are where they belong: in Set-Cookie, or by policy in the one member of the body.
        """
        ada = await go_everywhere(await serve(policy=replace(POLICY, bearer=bearer)))
        assert _found(_known(ada), _answers(ada)) == []

    @BOTH_WAYS
    async def test_logs_hold_no_secret(self, serve, bearer, caplog):
        """No log of whatever logger, at any level, holds any of them, nor does a traceback."""
        caplog.set_level(logging.DEBUG)
        ada, lines = await go_everywhere(await serve(policy=replace(POLICY, bearer=bearer))), _lines(caplog)
        assert {"authcore.security", "authcore.web", "authcore.faults"} <= {line.split()[0] for line in lines}
        assert _found(_known(ada), lines) == []

    async def test_rows_hold_no_secret(self, site):
        """No row that was ever stored holds a password, a code, a token or a key; a hash stands with its credential.

        Ids of sessions stand where sessions are found by them, and nowhere in what is kept after them.
        """
        ada = await go_everywhere(site)
        rows = [(type(entity), " ".join(map(str, to_record(entity).values()))) for entity in site.store.written]
        assert _found(passwords() | tokens(ada) | keys(ada), [row for _, row in rows]) == []
        assert _found(hashes(ada), [row for kind, row in rows if kind is not Credential]) == []
        assert _found(session_ids(ada), [row for kind, row in rows if kind in NEVER_ID]) == []
        assert codes(ada).isdisjoint(word for _, row in rows for word in row.split())

    async def test_whole_table_is_visited(self, site):
        """The journey on which secrets are looked for leads to every endpoint, and each of them answers and refuses."""
        ada = await go_everywhere(site)
        for is_meant in (
            lambda status: status < HTTPStatus.BAD_REQUEST,
            lambda status: status >= HTTPStatus.BAD_REQUEST,
        ):
            assert ROWS.keys() - {path for path, reply in ada.visits if is_meant(reply.status)} == set()

    async def test_cookies_hold_no_personal_data(self, site):
        """A token holds a reference and times: no address, no name, no account."""
        ada = await site.member(username="ada")
        account = await site.auth.find_account(ADA)
        payload = ada.cookies[SESSION].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert set(claims) == {"iss", "aud", "jti", "gen", "iat", "exp"}
        assert not {account.id, ADA, "ada"} & {str(value) for value in claims.values()}

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


def _found(secrets, texts):
    return [(secret, text) for text in texts for secret in secrets if secret in text]
