"""Changing a password, and what ends with it.  Two changes at once are in test_orders."""

import pytest

from authcore.entities import AuditEvent, AuditKind, Credential, MessageKind
from authcore.errors import (
    InvalidCredentials,
    InvalidPassword,
    InvalidToken,
    PasswordMismatch,
    SessionClosed,
    SessionRevoked,
)
from tests.flows.people import (
    ADA,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    change_password,
    do,
    join,
    kept,
    log_in,
    put,
    refusal,
    register,
    stored,
)


@pytest.fixture
def session(auth):
    """Ada is logged in."""
    join(auth, username="lovelace")
    return log_in(auth)


def attempt(auth, session, current=PASSWORD, new=NEW_PASSWORD):
    """How a change is refused; None if it is not."""
    return refusal(auth.change_password(token=session.token, current=current, new=new))


def test_new_password_opens_and_the_old_one_does_not(auth, session):
    """Afterwards the new password logs in, and the old one is a wrong one."""
    change_password(auth, session)
    assert log_in(auth, ADA, NEW_PASSWORD)
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=PASSWORD)), InvalidCredentials)


def test_caller_goes_on_in_a_new_session(auth, session):
    """The caller is given another session, which counts; the one before was superseded."""
    successor = change_password(auth, session)
    assert successor.session.id != session.session.id
    assert do(auth.authenticate(successor.token)).account.email == ADA
    assert type(refusal(auth.authenticate(session.token))) is SessionClosed
    assert stored(auth, session).ended_as == "superseded"


def test_all_other_sessions_end(auth, session):
    """No session of before counts any more, on any device; one write has ended them all."""
    others = [log_in(auth) for _ in range(3)]
    auth.store.commits.clear()
    change_password(auth, session)
    assert [type(refusal(auth.authenticate(other.token))) for other in others] == [SessionRevoked] * 3
    (writes,) = auth.store.commits
    assert sorted(type(entity).__name__ for entity in writes) == [
        "Account",
        "AuditEvent",
        "AuthenticationSession",
        "AuthenticationSession",
        "Credential",
        "Message",
        "SessionRoster",
    ]


def test_owner_is_told(auth, session):
    """A letter without a code goes to the stored address."""
    auth.courier.letters.clear()
    change_password(auth, session)
    do(auth.deliver_due())
    assert [(letter.kind, letter.destination, letter.code) for letter in auth.courier.letters] == [
        (MessageKind.PASSWORD_CHANGED, ADA, None)
    ]


def test_change_is_in_the_trail(auth, session):
    """One event tells of it."""
    change_password(auth, session)
    assert kept(auth, AuditEvent)[-1].kind is AuditKind.PASSWORD_CHANGED


def test_credential_tells_when(auth, session):
    """The credential says when its password was changed."""
    auth.clock.advance(auth.policy.challenge)
    change_password(auth, session)
    (credential,) = kept(auth, Credential)
    assert credential.changed_at == auth.clock.now()


def test_successor_ends_no_later(auth, session):
    """The new session is as good as new, but it ends when the one before would have, whoever changes the password."""
    auth.clock.advance(auth.policy.inactivity / 2)
    successor = change_password(auth, session).session
    assert successor.inactive_at == auth.clock.now() + auth.policy.inactivity
    assert (successor.expires_at, successor.auth_time) == (session.session.expires_at, session.session.auth_time)


@pytest.mark.parametrize("current", [OTHER_PASSWORD, "", PASSWORD + " "])
def test_wrong_current_password_changes_nothing(auth, session, current):
    """A wrong current password is PasswordMismatch, and is counted; nothing else is stored, or ended."""
    auth.store.commits.clear()
    assert type(attempt(auth, session, current)) is PasswordMismatch
    assert [[type(entity).__name__ for entity in writes] for writes in auth.store.commits] == [["Tally"]]
    assert do(auth.authenticate(session.token))


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("short", "too_short"),
        ("x" * 257, "too_long"),
        ("password password", "common"),
        ("ada@example.org", "own_words"),
        ("lovelacelovelace", "own_words"),
    ],
)
def test_unfit_new_password_changes_nothing(auth, session, new, reason):
    """A new password that breaks the policy is refused with the reason, and nothing is stored or ended."""
    auth.store.commits.clear()
    refused = attempt(auth, session, new=new)
    assert isinstance(refused, InvalidPassword)
    assert refused.reason == reason
    assert not auth.store.commits


def test_wrong_password_is_told_before_an_unfit_one(auth, session):
    """Whoever does not know the current password learns nothing about what a new one may be."""
    assert type(attempt(auth, session, OTHER_PASSWORD, "short")) is PasswordMismatch


def test_change_needs_a_session_that_counts(auth, session):
    """A token of another kind, or of a session that is over, changes nothing, for no run of the hasher."""
    challenge = register(auth, "bob@example.org")
    do(auth.log_out(session.token))
    auth.hasher.runs.clear()
    for issued in (challenge, session):
        assert isinstance(attempt(auth, issued), InvalidToken)
    assert not auth.hasher.runs


def test_dead_account_changes_nothing(auth, session):
    """A disabled account cannot change its password."""
    put(auth, do(auth.find_account(ADA)), disabled_at=auth.clock.now())
    assert type(attempt(auth, session)) is SessionRevoked


def test_old_token_cannot_change_again(auth, session):
    """The token that was used for the change is dead."""
    change_password(auth, session)
    assert isinstance(attempt(auth, session, NEW_PASSWORD, OTHER_PASSWORD), InvalidToken)


def test_passwords_can_be_changed_again(auth, session):
    """A second change works like the first, and leaves no way back to either."""
    change_password(auth, change_password(auth, session), NEW_PASSWORD, OTHER_PASSWORD)
    for password in (PASSWORD, NEW_PASSWORD):
        assert isinstance(refusal(auth.log_in(identifier=ADA, password=password)), InvalidCredentials)
    assert log_in(auth, ADA, OTHER_PASSWORD)


def test_hashing_is_bounded(auth, session):
    """A change costs one check and one hash."""
    auth.hasher.runs.clear()
    change_password(auth, session)
    assert auth.hasher.runs == {"verify": 1, "hash": 1}
