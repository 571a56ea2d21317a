"""Codes for purposes of the application, asked for and answered by one session.  Verifying is in test_verify."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.entities import AuditEvent, AuditKind
from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidInput,
    InvalidToken,
    SessionClosed,
    SessionExpired,
    SessionRevoked,
)
from authcore.policy import Policy
from tests.flows.people import (
    ADA,
    BOB,
    OTHER_PASSWORD,
    challenges,
    change_password,
    code_to,
    derive,
    do,
    join,
    kept,
    log_in,
    put,
    refusal,
    register,
    stored,
    wrong,
)


@pytest.fixture
def session(auth):
    """Ada is logged in."""
    join(auth)
    return log_in(auth)


def ask(auth, session, purpose="delete"):
    """Ask for a code."""
    return do(auth.request_two_step(token=session.token, purpose=purpose))


def attempt(auth, session, challenge, code, purpose="delete"):
    """How an answer is refused; None if it is accepted."""
    return refusal(auth.answer_two_step(token=session.token, challenge=challenge.token, purpose=purpose, code=code))


# --- asking -----------------------------------------------------------------------------------------------------------


def test_code_goes_to_the_callers_own_address(auth, session):
    """The code is sent to the stored address of whoever asks, with its purpose."""
    ask(auth, session)
    do(auth.deliver_due())
    letter = auth.courier.letters[-1]
    assert (letter.destination, letter.purpose) == (ADA, "delete")
    assert letter.expires_at == auth.clock.now() + auth.policy.challenge


@pytest.mark.parametrize("purpose", ["a", "A1-b", "x" * 20])
def test_purpose_is_a_short_word(auth, session, purpose):
    """ASCII letters, digits and hyphens make a purpose, up to twenty of them."""
    assert ask(auth, session, purpose).session.purpose == purpose


@pytest.mark.parametrize("purpose", ["", "-", "x" * 21, "a b", "é", "a\n", "a_b", "verify", "١"])
def test_other_purposes_are_refused(auth, session, purpose):
    """Anything else is refused, and so is what is reserved for verifying, both when asking and when answering."""
    challenge = ask(auth, session)
    auth.store.commits.clear()
    assert isinstance(refusal(auth.request_two_step(token=session.token, purpose=purpose)), InvalidInput)
    assert isinstance(attempt(auth, session, challenge, "000000", purpose), InvalidInput)
    assert not auth.store.commits


def test_newer_code_ends_older_ones(auth, session):
    """A newer code for the same purpose ends the one before; for another purpose it does not."""
    first, other, second = ask(auth, session), ask(auth, session, "pay"), ask(auth, session)
    assert type(attempt(auth, session, first, derive(auth, first))) is ChallengeEnded
    assert attempt(auth, session, other, derive(auth, other), "pay") is None
    assert attempt(auth, session, second, derive(auth, second)) is None


def test_newer_code_leaves_other_people_alone(auth, session):
    """Asking for a code ends nobody else's."""
    join(auth, BOB, OTHER_PASSWORD)
    bobs = log_in(auth, BOB, OTHER_PASSWORD)
    challenge = ask(auth, bobs)
    ask(auth, session)
    assert attempt(auth, bobs, challenge, derive(auth, challenge)) is None


def test_stranger_gets_no_code(auth, session):
    """A token that does not count gets no code, and nothing is stored."""
    challenge = ask(auth, session)
    do(auth.log_out(session.token))
    before = len(challenges(auth))
    for token in ("", "x", challenge.token, session.token):
        assert isinstance(refusal(auth.request_two_step(token=token, purpose="delete")), InvalidToken)
    assert len(challenges(auth)) == before


# --- answering --------------------------------------------------------------------------------------------------------


def test_right_code_is_accepted_once(auth, session):
    """The right code returns the spent challenge, and afterwards finds it spent."""
    challenge = ask(auth, session)
    code = code_to(auth)
    spent = do(auth.answer_two_step(token=session.token, challenge=challenge.token, purpose="delete", code=code))
    assert (spent.id, spent.ended_as, spent.purpose) == (challenge.session.id, "spent", "delete")
    assert type(attempt(auth, session, challenge, code)) is ChallengeEnded
    assert kept(auth, AuditEvent)[-1].kind is AuditKind.CODE_ACCEPTED


def test_wrong_codes_are_counted_down(auth, session):
    """Wrong codes are counted until the challenge is exhausted; then the right one is refused, too."""
    challenge = ask(auth, session)
    code = derive(auth, challenge)
    refusals = [attempt(auth, session, challenge, wrong(code)) for _ in range(5)] + [
        attempt(auth, session, challenge, code)
    ]
    assert [type(each) for each in refusals] == [CodeMismatch] * 4 + [AttemptsExhausted] * 2
    assert stored(auth, challenge).attempts == 5


def test_wrong_codes_are_capped_for_each_purpose(auth, session):
    """Too many wrong codes for one purpose, over all codes, close that purpose and no other."""
    capped = replace(auth, policy=Policy(code_attempts=2, challenge_failures=2))
    for _ in range(2):
        challenge = ask(capped, session)
        attempt(capped, session, challenge, wrong(derive(capped, challenge)))
    other = log_in(capped)
    challenge = ask(capped, other)
    assert type(attempt(capped, other, challenge, derive(capped, challenge))) is AttemptsExhausted
    challenge = ask(capped, other, "pay")
    assert attempt(capped, other, challenge, derive(capped, challenge), "pay") is None


def test_right_code_forgets_wrong_ones(auth, session):
    """A right code for a purpose lifts what was counted for it."""
    capped = replace(auth, policy=Policy(code_attempts=2, challenge_failures=2))
    for _ in range(3):
        challenge = ask(capped, session)
        code = derive(capped, challenge)
        assert isinstance(attempt(capped, session, challenge, wrong(code)), CodeMismatch)
        assert attempt(capped, session, challenge, code) is None


def test_success_elsewhere_leaves_a_count_alone(auth, session):
    """Neither a right code for another purpose, nor the right password, lifts what was counted for a purpose."""
    capped = replace(auth, policy=Policy(code_attempts=2, challenge_failures=2))
    for number in range(2):
        challenge = ask(capped, session)
        assert isinstance(attempt(capped, session, challenge, wrong(derive(capped, challenge))), CodeMismatch)
        paying = ask(capped, session, f"pay-{number}")
        assert attempt(capped, session, paying, derive(capped, paying), f"pay-{number}") is None
        log_in(capped)
    challenge = ask(capped, session)
    assert type(attempt(capped, session, challenge, derive(capped, challenge))) is AttemptsExhausted


def test_code_is_bound_to_its_purpose(auth, session):
    """A code for one purpose answers no other, and is not counted there."""
    challenge = ask(auth, session)
    assert type(attempt(auth, session, challenge, derive(auth, challenge), "pay")) is ChallengeEnded
    assert stored(auth, challenge).attempts == 0


def test_code_is_bound_to_its_session(auth, session):
    """A code that one session asked for is of no use to another one, of the same account or of somebody else."""
    join(auth, BOB, OTHER_PASSWORD)
    challenge = ask(auth, session)
    for other in (log_in(auth), log_in(auth, BOB, OTHER_PASSWORD)):
        assert type(attempt(auth, other, challenge, derive(auth, challenge))) is ChallengeEnded
    assert stored(auth, challenge).attempts == 0


def test_verifying_code_is_of_no_other_use(auth, session):
    """The code of a registration answers no purpose of the application, and a code for one verifies nobody."""
    registered = register(auth, BOB, OTHER_PASSWORD)
    assert isinstance(attempt(auth, session, registered, derive(auth, registered), "delete"), ChallengeEnded)
    challenge = ask(auth, session)
    answered = refusal(auth.verify_account(challenge=challenge.token, code=derive(auth, challenge)))
    assert type(answered) is ChallengeEnded
    assert stored(auth, challenge).attempts == 0


def test_token_kinds_are_not_confused(auth, session):
    """A session's token is no challenge, and a challenge's token no session."""
    challenge = ask(auth, session)
    code = derive(auth, challenge)
    for token, answered in ((session.token, session.token), (challenge.token, challenge.token)):
        flow = auth.answer_two_step(token=token, challenge=answered, purpose="delete", code=code)
        assert isinstance(refusal(flow), InvalidToken)
    assert stored(auth, challenge).attempts == 0


def test_answer_needs_a_session_that_counts(auth, session):
    """Once the session is logged out, its code is of no use, and is not even counted."""
    challenge = ask(auth, session)
    do(auth.log_out(session.token))
    assert isinstance(attempt(auth, session, challenge, derive(auth, challenge)), SessionClosed)
    assert stored(auth, challenge).attempts == 0


def test_change_of_password_ends_open_codes(auth, session):
    """After a change of password neither the old session nor the new one can use a code of before."""
    challenge = ask(auth, session)
    successor = change_password(auth, session)
    assert isinstance(attempt(auth, session, challenge, derive(auth, challenge)), InvalidToken)
    assert type(attempt(auth, successor, challenge, derive(auth, challenge))) is ChallengeEnded


def test_disabling_ends_open_codes(auth, session):
    """The code of an account that was disabled meanwhile is of no use."""
    challenge = ask(auth, session)
    put(auth, do(auth.find_account(ADA)), disabled_at=auth.clock.now())
    assert isinstance(attempt(auth, session, challenge, derive(auth, challenge)), SessionRevoked)


@pytest.mark.parametrize(
    ("early", "expected"), [(-1, type(None)), (0, SessionExpired), (1, SessionExpired)], ids=["-1us", "0", "+1us"]
)
def test_code_holds_until_its_deadline(auth, session, early, expected):
    """The code holds until just before its deadline, and not at it."""
    challenge = ask(auth, session)
    auth.clock.advance(auth.policy.challenge + timedelta(microseconds=early))
    assert type(attempt(auth, session, challenge, derive(auth, challenge))) is expected
