"""What the log tells: every event of the trail, every refusal and fault, and no secret at all."""

import logging

import pytest

from authcore.entities import AuditEvent
from authcore.errors import Conflict, InvalidCredentials, InvalidToken, StoreFault
from authcore.logbook import log_fault
from tests.flows.people import (
    ADA,
    BOB,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    change_password,
    code_to,
    do,
    join,
    kept,
    log_in,
    refusal,
    register,
    wrong,
)


@pytest.fixture
def lines(caplog):
    """The lines of the log, as they are written."""
    caplog.set_level(logging.INFO, logger="authcore.security")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "authcore.security"]


def test_every_event_is_a_line(auth, lines):
    """Each event of the trail is told once, in its order, with the digest of its session."""
    join(auth)
    session = log_in(auth)
    change_password(auth, session)
    events = kept(auth, AuditEvent)
    told = [line for line in lines() if not line.startswith("refused")]
    assert [line.split()[0] for line in told] == [event.kind.value for event in events]
    assert all(f"session={event.session}" in line for event, line in zip(events, told, strict=True))


@pytest.mark.parametrize(
    ("flow", "line"),
    [
        (lambda auth: auth.log_in(identifier=BOB, password=PASSWORD), "refused: invalid_credentials cause=''"),
        (lambda auth: auth.authenticate("x"), "refused: invalid_token cause='not a token'"),
        (
            lambda auth: auth.assign_role(account_id="x", role="r", permissions=["a"]),
            "refused: account_not_found cause=''",
        ),
    ],
    ids=["login", "token", "role"],
)
def test_every_refusal_is_a_line(auth, lines, flow, line):
    """What is refused is told with its code, and with its cause, which no client learns."""
    assert isinstance(refusal(flow(auth)), Exception)
    assert lines() == [line]


def test_what_was_not_stored_is_not_told(auth, lines):
    """A flow that gives up after lost races has told no event."""
    challenge = register(auth)
    code = code_to(auth)
    before = len(lines())

    async def conflict(*_):
        raise Conflict

    auth.store.commit = conflict
    assert refusal(auth.verify_account(challenge=challenge.token, code=code)).code == "unavailable"
    assert len(lines()) == before


def test_no_line_holds_a_secret(auth, caplog):
    """No password, code, token, address or full session id stands in any line of any logger."""
    caplog.set_level(logging.DEBUG)
    challenge = register(auth)
    code = code_to(auth)
    refusal(auth.verify_account(challenge=challenge.token, code=wrong(code)))
    do(auth.verify_account(challenge=challenge.token, code=code))
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD)), InvalidCredentials)
    session = log_in(auth)
    newer = change_password(auth, session)
    assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
    secrets = {
        *(PASSWORD, OTHER_PASSWORD, NEW_PASSWORD, ADA, code, wrong(code), challenge.token, session.token, newer.token),
        *(challenge.session.id, session.session.id, newer.session.id),
    }
    assert caplog.text
    assert not [secret for secret in secrets if secret in caplog.text]


def test_no_text_begins_a_line_of_its_own(auth, lines):
    """A name with a line break in it stays within its line (OWASP ASVS 16.4.1)."""
    account = join(auth)
    do(auth.assign_role(account_id=account.id, role="\N{LATIN SMALL LETTER E WITH ACUTE}ditor", permissions=["a"]))
    assert lines()[-1].endswith(r"reason='\xe9ditor'")
    assert all("\n" not in line for line in lines())


def test_fault_is_one_line(caplog):
    """A fault is told with where, what and privately why, and with the kind of what it came from, but not its text."""
    fault = StoreFault("the disk\nis full")
    fault.__cause__ = ValueError("INSERT INTO t VALUES ('a secret')")
    log_fault("GET /\x1b", fault)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("authcore.faults", "WARNING")
    assert record.getMessage() == r"'GET /\x1b': StoreFault cause='the disk\nis full' source=ValueError"
    assert record.exc_info is None
