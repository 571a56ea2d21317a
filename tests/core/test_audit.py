"""Deciding what the trail says."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from authcore import audit
from authcore.entities import AuditEvent, AuditKind, Device, to_record
from authcore.occasion import Ids, Occasion
from authcore.policy import Policy

NOW = datetime(2030, 1, 1, tzinfo=UTC)
OCCASION = Occasion(
    now=NOW,
    device=Device(network="192.0.2.1", user_agent="agent"),
    policy=Policy(),
    ids=Ids(account="new-a", session="new-s", message="new-m", event="new-e"),
    code_key="k",
)


@pytest.mark.parametrize("kind", AuditKind)
def test_an_event_says_what_when_whom_and_where(kind):
    """An event names what happened, when, to whom, from where and why, and begins at version 0."""
    assert audit.record(OCCASION, kind, account_id="a", session_id="s", reason="why") == AuditEvent(
        id=f"new-e-{kind}",
        created_at=NOW,
        updated_at=NOW,
        kind=kind,
        account_id="a",
        session=audit.session_digest("s"),
        network="192.0.2.1",
        reason="why",
    )


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
