"""docs/audit.md against the code: its inventory is what flows really write, and its blocks run."""

import re
from contextlib import suppress
from dataclasses import fields
from functools import cache

import pytest

from authcore import AuditHead, Policy, audit
from authcore.audit import session_digest
from authcore.bootstrap import FirstAdministrator
from authcore.entities import OPERATOR, AuditEvent, AuditKind
from authcore.errors import AuthError, CodeMismatch, InvalidToken
from authcore.imported_accounts import AccountRecord, RoleRecord
from authcore.refusals import COUNTED
from authcore.sealing import AuditFlaw
from authcore.testing import FakeClock, build_auth
from tests.flows.furnished import furnished
from tests.flows.meetings import calls, meeting
from tests.flows.people import do, join, kept, log_in, refusal
from tests.flows.rows import FLOWS
from tests.readme.blocks import ROOT, blocks

PAGE = ROOT / "docs" / "audit.md"
TEXT = PAGE.read_text("utf-8")

KEPT_ALONE = {"AuthenticationSession", "Attempt", "Tally", "Message"}
"""What may be written without an event, as the page says: rotations and sessions of nobody, counts, deliveries."""

WITHOUT_EVENT = {"be nobody", "identify", "refresh", "show a successor"}
"""The flows of the table that write nothing but that."""


def _table(title):
    """The rows of the table with this first title, by their first cell."""
    [found] = re.findall(rf"^\| {title} \|.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()]
    return {row[0].strip("`"): row[1:] for row in rows}


EVENTS = _table("kind")


@cache
def written():
    """Events of every flow there is, each run alone."""
    events = [each for each in furnished().store._kept.values() if isinstance(each, AuditEvent)]  # noqa: SLF001
    for name in FLOWS:
        scenario = meeting((name, name))
        with suppress(AuthError):
            do(scenario.flows[name](scenario.auth))
        events += kept(scenario.auth, AuditEvent)
    auth = build_auth()
    moment = FakeClock().now()
    account = join(auth)
    for change in (auth.disable_account, auth.enable_account, auth.delete_account, auth.restore_account):
        do(change(account.id))
    do(auth.require_second_factor(account.id))
    do(auth.require_second_factor(account.id, required=False))
    do(auth.create_first_administrator(FirstAdministrator(email="root@example.org", password="a loom that weaves")))
    do(auth.import_role(RoleRecord(name="weaver", permissions=("weave",), created_at=moment, updated_at=moment)))
    record = AccountRecord(origin="old", id="1", email="eve@example.org", created_at=moment, updated_at=moment)
    do(auth.import_account(record))
    captcha = auth.open_captcha().token
    right = do(auth.draw_captcha(captcha)).content.decode()
    assert isinstance(refusal(auth.answer_captcha(captcha, code="0")), CodeMismatch)
    do(auth.answer_captcha(captcha, code=right))
    do(auth.log_out(do(auth.open_anonymous()).token))
    stolen = do(auth.open_anonymous())
    auth.clock.advance(auth.policy.rotation)
    do(auth.identify(do(auth.identify(stolen.token)).renewed.token))
    auth.clock.advance(auth.policy.grace)
    auth.note_refusal(refusal(auth.identify(stolen.token)))
    auth.note_refusal(InvalidToken())
    do(auth.record_refusals())
    crowded = build_auth(policy=Policy(sessions_per_account=1))
    member = join(crowded)
    log_in(crowded)
    shown = session_digest(log_in(crowded).session.id)
    do(crowded.revoke_session_of(member.id, session=shown))
    events += [*kept(auth, AuditEvent), *kept(crowded, AuditEvent)]
    do(auth.erase_account(account.id))
    return [*events, *(event for event in kept(auth, AuditEvent) if event.kind is AuditKind.ACCOUNT_ERASED)]


def _actor(event):
    known = {None: "nobody", OPERATOR: "operator", event.account_id or "": "the account"}
    return known.get(event.actor, "another account")


def test_every_kind_is_in_the_table():
    """The table lists every kind of event, and nothing else."""
    assert set(EVENTS) == {kind.value for kind in AuditKind}


@pytest.mark.parametrize("kind", AuditKind)
def test_events_are_as_the_table_says(kind):
    """Who did it, whether there is a subject and a session, and why: all that is written, and nothing else."""
    _, actor, subject, session, reason = EVENTS[kind]
    events = [event for event in written() if event.kind is kind]
    assert {_actor(event) for event in events} == set(actor.split(", "))
    assert {"none" if event.account_id is None else "account" for event in events} == set(subject.split(", "))
    assert {event.session is None for event in events} == {each == "none" for each in session.split(", ")}
    listed = {each.strip("`") if each.startswith("`") else "" for each in reason.split(", ")}
    if "none" in reason or reason.startswith("`"):
        assert {event.reason for event in events} == listed
    else:
        assert all(event.reason for event in events)


def test_every_event_has_a_network_and_a_commitment_to_it():
    """Every event names the network that it came from, if only as unknown, as it was committed to; or is blanked."""
    assert all(audit.is_true_or_blank(event) for event in written())
    assert {event.kind for event in written() if not event.network} == {AuditKind.ACCOUNT_ERASED}


@pytest.mark.parametrize("name", FLOWS)
def test_every_outcome_has_an_event(name):
    """What a flow commits has an event in the same commit, but for the four things that the page names."""
    for commit in (call for call in calls(name) if call.is_commit):
        kinds = {kind.__name__ for kind, _ in commit.writes}
        assert ("AuditEvent" in kinds) is (name not in WITHOUT_EVENT)
        assert "AuditEvent" in kinds or kinds <= KEPT_ALONE


def test_counted_refusals_are_those_of_the_code():
    """The page lists every code that is counted."""
    counted = TEXT.partition("Some are counted besides: ")[2].partition("In any one minute")[0]
    assert set(re.findall(r"`([a-z_]+)`", counted)) == COUNTED


def test_flaws_are_those_of_the_code():
    """The page explains every flaw."""
    assert set(_table("flaw")) == {flaw.value for flaw in AuditFlaw}


def test_fields_are_those_of_events():
    """The page tells of every field of an event that is not the store's."""
    told = {name for cell in _table("field") for name in re.findall(r"[a-z_]+", cell)}
    assert told == {each.name for each in fields(AuditEvent)} - {"id", "version", "updated_at", "deleted_at"}


async def test_blocks_run():
    """What was refused is counted, the trail is kept, a head is exported, and the trail is verified by it."""
    scope = {}
    for block in blocks(PAGE, "python"):
        exec(block, scope)  # noqa: S102  the page's own words
    auth = build_auth()
    with pytest.raises(InvalidToken):
        await scope["called_by"](auth, "x", "192.0.2.1")
    await scope["keep_trail"](auth)
    head = await scope["export_head"](auth)
    assert AuditHead.parse(head).sequence == 1
    assert await scope["verify"](auth, head) == []
    assert await scope["verify"](build_auth(), head) == ["removed AuditSeal 999999999999998"]


def test_operators_may_say_who_they_are():
    """The call that the page shows leaves the operator's own account as the actor."""
    auth = build_auth()
    account = join(auth)
    do(auth.disable_account(account.id, by="the operator's account"))
    [event] = [each for each in kept(auth, AuditEvent) if each.kind is AuditKind.ACCOUNT_DISABLED]
    assert event.actor == "the operator's account"
