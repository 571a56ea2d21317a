"""Deciding what the trail says."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from authcore import audit
from authcore.entities import AuditEvent, AuditKind, Device, to_record
from authcore.occasion import Ids, Occasion
from authcore.policy import Policy
from tests.core.test_principal import SESSION as WHOLE

NOW = datetime(2030, 1, 1, tzinfo=UTC)
OCCASION = Occasion(
    now=NOW,
    device=Device(network="192.0.2.1", user_agent="agent"),
    policy=Policy(),
    ids=Ids(account="new-a", session="new-s", message="new-m", event="new-e", salt="new-salt"),
    code_key="k",
)
EVENT = audit.record(OCCASION, AuditKind.LOGGED_IN, account_id="a", session_id="s")


@pytest.mark.parametrize("kind", AuditKind)
def test_an_event_says_what_when_whom_and_where(kind):
    """An event names what happened, when, to whom, by whom, from where and why, in today's form, and is not sealed."""
    event = audit.record(OCCASION, kind, account_id="a", actor="b", session_id="s", reason="why")
    assert event == AuditEvent(
        id=f"new-e-{kind}",
        created_at=NOW,
        updated_at=NOW,
        form=1,
        kind=kind,
        account_id="a",
        actor="b",
        session=audit.session_digest("s"),
        network="192.0.2.1",
        reason="why",
        count=1,
        salt=event.salt,
        commitment=event.commitment,
        batch="unsealed",
    )


def test_the_occasion_tells_first_on_whose_behalf():
    """What an operator does for an account is the operator's, whoever else might have done it."""
    asked = replace(OCCASION, actor="operator")
    assert audit.record(asked, AuditKind.SESSION_REVOKED, account_id="a", actor="a").actor == "operator"
    assert audit.record(asked, AuditKind.SESSION_REVOKED, account_id="a").actor == "operator"
    assert audit.record(OCCASION, AuditKind.CODE_REFUSED, account_id="a").actor is None


def test_an_event_may_concern_nobody():
    """What concerns no account and no session is recorded without either."""
    event = audit.record(OCCASION, AuditKind.CODE_REQUESTED, account_id=None)
    assert (event.account_id, event.session, event.reason) == (None, None, "")


def test_digest_known_answer():
    """The digest of a session never changes, lest a trail fall into two."""
    assert audit.session_digest("abc") == "ba7816bf8f01cfea414140de5dae2223"


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=27, max_size=27))
def test_no_session_id_is_shown(session_id):
    """No part of a session's id, and no fresh id of its occasion, stands in an event."""
    event = audit.record(OCCASION, AuditKind.LOGGED_IN, account_id="a", session_id=session_id)
    shown = " ".join(str(value) for value in to_record(event).values())
    assert session_id not in shown
    assert "new-s" not in shown
    assert len(event.session) == 32


@given(st.text(max_size=30), st.text(max_size=30))
def test_different_sessions_have_different_digests(one, other):
    """Two sessions share a digest only if they are one."""
    if one.encode(errors="replace") != other.encode(errors="replace"):
        assert audit.session_digest(one) != audit.session_digest(other)


def test_user_agents_are_not_recorded():
    """What a client says about itself does not reach the trail."""
    assert "agent" not in to_record(audit.record(OCCASION, AuditKind.LOGGED_IN, account_id="a")).values()


@given(st.ip_addresses().map(str), st.ip_addresses().map(str))
def test_a_commitment_holds_for_one_network_only(network, other):
    """An event is true with the network that was committed to, and with no other one."""
    event = audit.salted(replace(EVENT, network=network), "secret")
    assert audit.is_true_or_blank(event)
    assert audit.is_true_or_blank(replace(event, network=other)) is (other == network)


def test_blanking_leaves_nothing_personal():
    """A blanked event has neither network nor salt; all else of it, the commitment too, is as it was."""
    blank = audit.blanked(EVENT)
    assert (blank.network, blank.salt) == ("", "")
    assert replace(blank, network=EVENT.network, salt=EVENT.salt) == EVENT
    assert audit.is_true_or_blank(blank)


@pytest.mark.parametrize("half", [replace(EVENT, salt=""), replace(EVENT, network="")], ids=["salt", "network"])
def test_half_blanked_is_neither(half):
    """What lacks only its salt, or only its network, is not what was committed to, and not blanked either."""
    assert not audit.is_true_or_blank(half)


def test_salts_tell_nothing_of_each_other():
    """Two events of one occasion have salts of their own, neither of which is the secret that both are made of."""
    one, other = (audit.record(OCCASION, kind, account_id="a") for kind in (AuditKind.REGISTERED, AuditKind.LOGGED_IN))
    assert len({one.salt, other.salt, OCCASION.ids.salt}) == 3
    assert len({one.commitment, other.commitment}) == 2
    assert OCCASION.ids.salt not in " ".join(str(value) for value in to_record(one).values())


SESSION = replace(WHOLE, id="s", account_id="a")


def test_reuse_is_told_of_a_session():
    """That a token was used after its successor is an event of its session, by nobody, from where it was used."""
    told = audit.reuse(SESSION, now=NOW, device=OCCASION.device, name="e", salt="salt")
    digest = audit.session_digest("s")
    assert told == audit.salted(
        AuditEvent(
            id="e-session_reused",
            created_at=NOW,
            updated_at=NOW,
            kind=AuditKind.SESSION_REUSED,
            account_id="a",
            session=digest,
            network="192.0.2.1",
            salt="",
            commitment="",
        ),
        "salt",
    )
    assert audit.is_true_or_blank(told)


def test_displacement_is_told_of_a_session():
    """That a session made room is an event of that session, by whoever opened another one on the same account."""
    told = audit.displaced(OCCASION, SESSION)
    usual = audit.record(OCCASION, AuditKind.SESSION_DISPLACED, account_id="a", actor="a", session_id="s")
    named = replace(usual, id=f"new-e-session_displaced-{audit.session_digest('s')}")
    assert told == audit.salted(named, OCCASION.ids.salt)
