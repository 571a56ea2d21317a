"""Seeing and ending sessions from elsewhere.  What is decided is tested in core/."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.audit import session_digest
from authcore.entities import AuthenticationSession, Device, TwoStepSession
from authcore.errors import (
    AccountNotFound,
    AuthError,
    ChallengeEnded,
    InvalidInput,
    InvalidToken,
    NotAuthenticated,
    SecondFactorRequired,
    StateUnchanged,
)
from authcore.policy import Policy
from tests.flows.people import ADA, BOB, PASSWORD, code_to, do, join, log_in, put, refusal, stored


@pytest.fixture(params=[0, 5], ids=["asking", "recalling"])
def revocation_within(request):
    """Whether each request asks the store, or goes by what was read before: in one process nobody can tell."""
    return timedelta(minutes=request.param)


@pytest.fixture
def account(auth):
    """Ada has an account."""
    return join(auth)


@pytest.fixture
def laptop(auth, account):
    """She is logged in."""
    return log_in(auth)


@pytest.fixture
def phone(auth, laptop):
    """She is logged in on a second device, later."""
    auth.clock.advance(seconds(60))
    device = Device(network="192.0.2.7", user_agent="Phone")
    return do(auth.log_in(identifier=ADA, password=PASSWORD, device=device))


def seconds(count):
    """So much later, and less than any deadline."""
    return Policy().grace * count / Policy().grace.total_seconds()


def listed(auth, session):
    """What its holder sees from a session."""
    return do(auth.list_sessions(session.token))


def revoke(auth, session, other):
    """Revoke another session from one; returns the refusal, or None."""
    return refusal(auth.revoke_session(session.token, session=session_digest(other.session.id)))


# --- seeing -----------------------------------------------------------------------------------------------------------


def test_own_sessions_are_listed(auth, laptop, phone):
    """Somebody sees the sessions that count, newest first, each with its device, and which of them is in use."""
    newer, older = listed(auth, laptop)
    assert (newer.session.id, newer.current, newer.session.user_agent) == (phone.session.id, False, "Phone")
    assert (older.session.id, older.current) == (laptop.session.id, True)
    assert [each.current for each in listed(auth, phone)] == [True, False]


def test_others_are_not_listed(auth, laptop):
    """Nobody sees another's sessions, nor those that are over."""
    join(auth, BOB)
    bobs = log_in(auth, BOB)
    over = log_in(auth)
    do(auth.log_out(over.token))
    assert [each.session.id for each in listed(auth, bobs)] == [bobs.session.id]
    assert [each.session.id for each in listed(auth, laptop)] == [laptop.session.id]


def test_last_use_is_seen(auth, laptop, phone):
    """A session that was renewed shows when."""
    auth.clock.advance(auth.policy.rotation)
    renewed = do(auth.refresh(laptop.token))
    uses = {each.session.id: each.last_used_at for each in listed(auth, renewed)}
    assert uses[laptop.session.id] == auth.clock.now() > uses[phone.session.id] == phone.session.rotated_at


def pending(auth):
    """A session that lacks its second factor."""
    return log_in(replace(auth, policy=Policy(second_factor=True)))


@pytest.mark.parametrize("flow", ["list_sessions", "revoke_other_sessions", "revoke_session"])
@pytest.mark.parametrize(
    ("opened", "refused"),
    [
        (pending, SecondFactorRequired),
        (lambda auth: do(auth.open_anonymous()), NotAuthenticated),
    ],
    ids=["pending", "anonymous"],
)
def test_nobody_else_sees_or_ends_sessions(auth, laptop, flow, opened, refused):
    """A pending or an anonymous session is nobody's: it sees and ends none."""
    session = opened(auth)
    named = {"session": session_digest(laptop.session.id)} if flow == "revoke_session" else {}
    assert isinstance(refusal(getattr(auth, flow)(session.token, **named)), refused)
    assert do(auth.authenticate(laptop.token))


# --- ending one -------------------------------------------------------------------------------------------------------


def test_revoked_session_is_over(auth, laptop, phone):
    """A session that its holder has ended from elsewhere is over, and no other one is."""
    assert revoke(auth, laptop, phone) is None
    assert isinstance(refusal(auth.authenticate(phone.token)), InvalidToken)
    assert [each.session.id for each in listed(auth, laptop)] == [laptop.session.id]


def test_second_time_is_refused(auth, laptop, phone):
    """A session ends once; but logging out of one that is over is no error."""
    revoke(auth, laptop, phone)
    assert isinstance(revoke(auth, laptop, phone), StateUnchanged)
    assert do(auth.log_out(phone.token)) is False
    assert stored(auth, phone).ended_as == "revoked"


def test_pending_session_is_ended(auth, laptop):
    """Whoever entered her password elsewhere is stopped before the code."""
    other = pending(auth)
    assert revoke(auth, laptop, other) is None
    assert isinstance(refusal(auth.request_second_factor(other.token)), InvalidToken)


def test_session_in_use_may_end_itself(auth, laptop):
    """Ending the session in use is logging out."""
    assert revoke(auth, laptop, laptop) is None
    assert isinstance(refusal(auth.authenticate(laptop.token)), InvalidToken)


def test_sessions_of_others_are_unknown(auth, laptop):
    """What names another's session, or none, is refused alike."""
    join(auth, BOB)
    bobs = log_in(auth, BOB)
    digest = session_digest(laptop.session.id)
    refusals = [
        refusal(auth.revoke_session(bobs.token, session=named)) for named in (digest, laptop.session.id, "", "x")
    ]
    assert [(type(each), each.reason) for each in refusals] == [(InvalidInput, "unknown")] * 4
    assert do(auth.authenticate(laptop.token))


# --- ending all -------------------------------------------------------------------------------------------------------


def test_others_end_and_the_caller_goes_on(auth, laptop, phone):
    """All sessions end, the one in use too; its holder goes on in a new one."""
    challenge = do(auth.request_two_step(token=phone.token, purpose="pay"))
    code = code_to(auth)
    renewed = do(auth.revoke_other_sessions(phone.token))
    for over in (laptop, phone):
        assert isinstance(refusal(auth.authenticate(over.token)), InvalidToken)
    assert [each.session.id for each in listed(auth, renewed)] == [renewed.session.id]
    answer = auth.answer_two_step(token=renewed.token, challenge=challenge.token, purpose="pay", code=code)
    assert isinstance(refusal(answer), ChallengeEnded)


def test_new_session_ends_no_later(auth, laptop):
    """The new session has the factors of the one before, and its end: a stolen one cannot be kept alive for ever."""
    auth.clock.advance(seconds(60))
    renewed = do(auth.revoke_other_sessions(laptop.token)).session
    expected = (("pwd",), laptop.session.expires_at, laptop.session.auth_time)
    assert (renewed.amr, renewed.expires_at, renewed.auth_time) == expected


def test_operator_ends_all(auth, account, laptop, phone):
    """An operator ends every session of an account, which may log in anew."""
    do(auth.revoke_sessions(account.id))
    for over in (laptop, phone):
        assert isinstance(refusal(auth.authenticate(over.token)), AuthError)
    assert do(auth.authenticate(log_in(auth).token))


def test_operator_ends_one(auth, account, laptop, phone):
    """An operator ends one session of an account, by the name that its owner sees, and no other one."""
    digest = session_digest(phone.session.id)
    assert do(auth.revoke_session_of(account.id, session=digest)).ended_as == "revoked"
    assert isinstance(refusal(auth.authenticate(phone.token)), InvalidToken)
    assert do(auth.authenticate(laptop.token))
    assert isinstance(refusal(auth.revoke_session_of(account.id, session=digest)), StateUnchanged)


def test_operator_ends_no_session_of_another_account(auth, account, laptop):
    """A session is ended in the account that was named, or not at all; so is nobody's, and that of a deleted one."""
    bob = join(auth, BOB)
    digest = session_digest(laptop.session.id)
    assert isinstance(refusal(auth.revoke_session_of(bob.id, session=digest)), InvalidInput)
    assert isinstance(refusal(auth.revoke_session_of("nobody", session=digest)), AccountNotFound)
    assert do(auth.authenticate(laptop.token))
    do(auth.delete_account(account.id))
    assert isinstance(refusal(auth.revoke_session_of(account.id, session=digest)), AccountNotFound)


# --- for operators ----------------------------------------------------------------------------------------------------


def test_sessions_of_an_account(auth, account, laptop, phone):
    """An operator sees all sessions of an account by kind, ended ones too, newest first."""
    do(auth.log_out(laptop.token))
    challenge = do(auth.request_two_step(token=phone.token, purpose="pay"))
    found = do(auth.sessions_of(account.id, AuthenticationSession))
    assert [each.id for each in found] == [phone.session.id, laptop.session.id]
    newest, registration = do(auth.sessions_of(account.id, TwoStepSession))
    assert (newest.id, newest.purpose, registration.purpose) == (challenge.session.id, "pay", "verify")


def test_no_sessions_are_an_empty_list(auth, account):
    """None is no error."""
    assert do(auth.sessions_of(account.id, AuthenticationSession)) == ()
    assert do(auth.sessions_of("nobody", TwoStepSession)) == ()


def test_deleted_sessions_are_hidden(auth, account, laptop, phone):
    """A deleted session is in no list."""
    put(auth, phone, deleted_at=auth.clock.now())
    assert [each.id for each in do(auth.sessions_of(account.id, AuthenticationSession))] == [laptop.session.id]
    assert [each.session.id for each in listed(auth, laptop)] == [laptop.session.id]
