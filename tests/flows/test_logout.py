"""Logging out.  What else ends sessions is in test_change_password and test_authenticate."""

from datetime import timedelta

import pytest

from authcore.entities import AuditEvent, AuditKind
from authcore.errors import SessionClosed
from tests.flows.people import change_password, do, join, kept, log_in, refusal, register, stored


@pytest.fixture
def session(auth):
    """Ada is logged in."""
    join(auth)
    return log_in(auth)


def test_logout_ends_the_session(auth, session):
    """Afterwards the token shows nobody, and the session says when and how it ended."""
    assert do(auth.log_out(session.token)) is True
    assert type(refusal(auth.authenticate(session.token))) is SessionClosed
    ended = stored(auth, session)
    assert (ended.ended_as, ended.ended_at) == ("closed", auth.clock.now())


def test_second_logout_is_no_error(auth, session):
    """Logging out twice tells that the session was over, and writes nothing."""
    do(auth.log_out(session.token))
    auth.store.commits.clear()
    assert do(auth.log_out(session.token)) is False
    assert not auth.store.commits


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\ud800", "x" * 10**6])
def test_bad_token_is_no_error(auth, token):
    """Whoever presents no token of ours is logged out already, and nothing is read."""
    assert do(auth.log_out(token)) is False
    assert not auth.store.reads


def test_challenge_cannot_be_logged_out(auth):
    """A token of another kind ends nothing."""
    challenge = register(auth)
    assert do(auth.log_out(challenge.token)) is False
    assert stored(auth, challenge).ended_at is None


def test_logout_ends_no_other_session(auth, session):
    """The other sessions of the account go on."""
    other = log_in(auth)
    do(auth.log_out(session.token))
    assert do(auth.authenticate(other.token))


def test_logout_is_in_the_trail(auth, session):
    """One event tells of it."""
    do(auth.log_out(session.token))
    assert kept(auth, AuditEvent)[-1].kind is AuditKind.LOGGED_OUT


def test_session_that_was_ended_by_a_change_of_password_was_not_open(auth, session):
    """Logging out tells that a session was over if a change of password had ended it."""
    other = log_in(auth)
    change_password(auth, session)
    assert do(auth.log_out(other.token)) is False


def test_session_that_was_inactive_was_not_open(auth, session):
    """Logging out tells that a session was over if its inactivity deadline had passed."""
    auth.clock.advance(auth.policy.inactivity)
    assert do(auth.log_out(session.token)) is False


def test_session_that_expired_was_not_open(auth, session):
    """Logging out tells that a session was over if its absolute deadline had passed."""
    auth.clock.advance(auth.policy.absolute + timedelta(seconds=1))
    assert do(auth.log_out(session.token)) is False
