"""Giving the password once more, and what it is asked for.  What is decided is tested in core/."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.audit import session_digest
from authcore.entities import AuditEvent, AuditKind
from authcore.errors import (
    InvalidToken,
    NotAuthenticated,
    PasswordMismatch,
    ReauthenticationRequired,
    SecondFactorRequired,
    Throttled,
)
from authcore.policy import Policy
from authcore.throttle import Throttle
from tests.flows.people import PASSWORD, code_to, do, join, kept, log_in, refusal, stored

FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def account(auth):
    """Ada has an account."""
    return join(auth)


@pytest.fixture
def session(auth, account):
    """She has logged in, a while ago."""
    session = log_in(auth)
    auth.clock.advance(FIVE_MINUTES)
    return session


def again(auth, session, password=PASSWORD):
    """Give the password once more."""
    return do(auth.reauthenticate(token=session.token, password=password))


def test_new_session_takes_the_place_of_the_old_one(auth, session):
    """The caller goes on in another session, as after a login just now, and the one before is over, in one commit."""
    auth.store.commits.clear()
    renewed = again(auth, session)
    assert len(auth.store.commits) == 1
    assert renewed.session.id != session.session.id
    assert renewed.session.auth_time == auth.clock.now() == session.session.auth_time + FIVE_MINUTES
    assert renewed.session.expires_at == auth.clock.now() + auth.policy.absolute
    assert do(auth.authenticate(renewed.token)).session.id == renewed.session.id
    assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
    assert stored(auth, session).ended_as == "superseded"


def test_other_devices_go_on(auth, session):
    """No other session of the account ends."""
    other = log_in(auth)
    again(auth, session)
    assert do(auth.authenticate(other.token))


def test_trail_tells_and_nobody_is_written_to(auth, session):
    """The trail tells of the new session; no letter is sent."""
    auth.courier.letters.clear()
    renewed = again(auth, session)
    event = next(each for each in kept(auth, AuditEvent) if each.kind is AuditKind.REAUTHENTICATED)
    assert event.session == session_digest(renewed.session.id)
    do(auth.deliver_due())
    assert auth.courier.letters == []


def test_wrong_password_is_counted_and_changes_nothing(auth, session):
    """A wrong password is counted against the account, as at a login; at the limit not even the right one is tried."""
    strict = replace(auth, policy=Policy(password_failures=Throttle(limit=2, window=timedelta(hours=1))))
    for _ in range(2):
        assert isinstance(refusal(strict.reauthenticate(token=session.token, password="wrong")), PasswordMismatch)
    auth.hasher.runs.clear()
    assert isinstance(refusal(strict.reauthenticate(token=session.token, password=PASSWORD)), Throttled)
    assert auth.hasher.runs["verify"] == 0
    assert do(auth.authenticate(session.token))


def test_it_never_goes_around_the_second_factor(auth, account, session):
    """Where a second factor is called for the new session is pending, whatever the old one had met, until its code."""
    strict = replace(auth, policy=Policy(second_factor=True))
    pending = log_in(strict)
    asked = do(strict.request_second_factor(pending.token))
    whole = do(strict.fulfil_second_factor(token=pending.token, challenge=asked.token, code=code_to(strict)))
    half = again(strict, whole)
    assert (half.session.requires_second_factor, half.session.amr) == (True, ("pwd",))
    assert isinstance(refusal(strict.authenticate(half.token)), SecondFactorRequired)
    assert isinstance(refusal(strict.authenticate(whole.token)), InvalidToken)
    asked = do(strict.request_second_factor(half.token))
    fresh = do(strict.fulfil_second_factor(token=half.token, challenge=asked.token, code=code_to(strict)))
    assert do(strict.authenticate(fresh.token)).session.auth_time == auth.clock.now()


def test_pending_session_is_raised_by_no_password(auth, account):
    """A session that lacks its second factor, or an account, is no session to give a password in."""
    pending = log_in(replace(auth, policy=Policy(second_factor=True)))
    anonymous = do(auth.open_anonymous())
    for session, kind in ((pending, SecondFactorRequired), (anonymous, NotAuthenticated)):
        assert isinstance(refusal(auth.reauthenticate(token=session.token, password=PASSWORD)), kind)


# --- where it is asked for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", ["revoke_session", "revoke_other_sessions"])
def test_others_are_ended_after_the_password(auth, session, flow):
    """Where the policy asks for a fresh login, whoever holds an old session ends no other one before the password."""
    strict = replace(auth, policy=Policy(fresh_for=FIVE_MINUTES))
    other = log_in(auth)
    named = {"session": session_digest(other.session.id)} if flow == "revoke_session" else {}
    refused = refusal(getattr(strict, flow)(session.token, **named))
    assert isinstance(refused, ReauthenticationRequired)
    assert refused.max_age == 300
    assert do(auth.authenticate(other.token))
    fresh = again(strict, session)
    assert refusal(getattr(strict, flow)(fresh.token, **named)) is None
    assert isinstance(refusal(auth.authenticate(other.token)), InvalidToken)


def test_own_session_ends_without_the_password(auth, session):
    """Whoever wants to leave gives no password."""
    strict = replace(auth, policy=Policy(fresh_for=FIVE_MINUTES))
    assert refusal(strict.revoke_session(session.token, session=session_digest(session.session.id))) is None
