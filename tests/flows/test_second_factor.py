"""Pending sessions: what makes one, what little it is good for, and the one thing that makes it whole."""

import inspect
from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.auth import Auth
from authcore.entities import AuditEvent, AuditKind, SessionEnd
from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidInput,
    InvalidToken,
    PasswordMismatch,
    SecondFactorFulfilled,
    SecondFactorRequired,
    SecondFactorUnavailable,
    SessionClosed,
    SessionExpired,
    SessionRevoked,
)
from authcore.identifiers import IdentifierKind
from authcore.policy import Policy
from authcore.testing import build_auth
from tests.flows.people import (
    ADA,
    BOB,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    WatchedStore,
    change_password,
    code_to,
    derive,
    do,
    join,
    kept,
    log_in,
    put,
    refusal,
    stored,
    verify,
    wrong,
)

FOR_ALL = Policy(second_factor=True)


@pytest.fixture
def auth():
    """Every account needs a second factor."""
    return build_auth(policy=FOR_ALL, store=WatchedStore(), hasher=QuickHasher())


@pytest.fixture
def pending(auth):
    """Ada has given her password."""
    join(auth)
    return log_in(auth)


def ask(auth, session):
    """Ask for the code of the second factor."""
    return do(auth.request_second_factor(session.token))


def fulfil(auth, session, challenge, code=None):
    """Enter the code of the second factor, the right one unless told otherwise."""
    code = code or derive(auth, challenge)
    return do(auth.fulfil_second_factor(token=session.token, challenge=challenge.token, code=code))


def attempt(auth, session, challenge, code=None):
    """How a code is refused; None if it is accepted."""
    code = code or derive(auth, challenge)
    return refusal(auth.fulfil_second_factor(token=session.token, challenge=challenge.token, code=code))


# --- what makes a session pending -------------------------------------------------------------------------------------


def test_policy_makes_every_login_pending(auth, pending):
    """Where the policy asks for a second factor, a right password opens a pending session, and a short one."""
    assert pending.session.requires_second_factor
    assert pending.session.expires_at == auth.clock.now() + FOR_ALL.second_factor_time
    assert [event.kind for event in kept(auth, AuditEvent)][-1] is AuditKind.FIRST_FACTOR_MET


def test_account_may_ask_for_it_alone():
    """Where only the account asks for it, its own logins are pending, and nobody else's."""
    auth = build_auth(hasher=QuickHasher())
    put(auth, join(auth), second_factor=True)
    join(auth, BOB, OTHER_PASSWORD)
    assert log_in(auth).session.requires_second_factor
    assert not log_in(auth, BOB, OTHER_PASSWORD).session.requires_second_factor


def test_session_becomes_pending_when_the_policy_asks_for_more(auth):
    """A session that was opened by a password alone is not enough any more once every account needs two factors."""
    before = build_auth(store=auth.store, clock=auth.clock, hasher=auth.hasher, courier=auth.courier)
    join(before)
    session = log_in(before)
    assert isinstance(refusal(auth.authenticate(session.token)), SecondFactorRequired)
    assert do(before.authenticate(session.token)).account.email == ADA


def test_session_stays_pending_when_the_policy_asks_for_less(auth, pending):
    """A pending session is not made whole by a policy that would not have asked."""
    after = build_auth(store=auth.store, clock=auth.clock, hasher=auth.hasher, courier=auth.courier)
    assert isinstance(refusal(after.authenticate(pending.token)), SecondFactorRequired)


# --- what it is good for ----------------------------------------------------------------------------------------------

MEETS_THE_FACTOR = {"request_second_factor", "fulfil_second_factor", "log_out"}


def _flows_of_sessions():
    """Every flow that is given the token of a session, with texts for whatever else it needs."""
    for name, flow in inspect.getmembers(Auth, inspect.iscoroutinefunction):
        parameters = list(inspect.signature(flow).parameters.values())[1:]
        if any(parameter.name == "token" for parameter in parameters):
            needed = [p for p in parameters if p.default is p.empty and p.name != "token"]
            yield name, {p.name: True if p.annotation in {bool, "bool"} else f"a-{p.name}" for p in needed}


@pytest.mark.parametrize(("name", "others"), [flow for flow in _flows_of_sessions() if flow[0] not in MEETS_THE_FACTOR])
def test_pending_session_is_good_for_nothing_else(auth, pending, name, others):
    """Every flow that takes a session's token refuses a pending one, and stores nothing."""
    named = dict(others)
    if "challenge" in named:
        named["challenge"] = ask(auth, pending).token
    if "token" in inspect.signature(getattr(auth, name)).parameters:
        named["token"] = pending.token
    auth.store.commits.clear()
    assert isinstance(refusal(getattr(auth, name)(**named)), SecondFactorRequired)
    assert auth.store.commits == []


def test_pending_session_can_be_closed(auth, pending):
    """Who does not go on can leave."""
    assert do(auth.log_out(pending.token)) is True
    assert stored(auth, pending).ended_as is SessionEnd.CLOSED


@pytest.mark.parametrize("moment", ["rotation", "second_factor_time", "inactivity", "absolute"])
def test_no_time_makes_it_whole(auth, pending, moment):
    """Whatever falls due, a pending session expires, and never becomes anything else."""
    auth.clock.advance(auth.policy.second_factor_time - timedelta(microseconds=1))
    assert isinstance(refusal(auth.refresh(pending.token)), SecondFactorRequired)
    auth.clock.advance(getattr(auth.policy, moment))
    assert isinstance(refusal(auth.refresh(pending.token)), SessionExpired)
    assert stored(auth, pending) == pending.session or stored(auth, pending).version == 1


# --- what makes it whole ----------------------------------------------------------------------------------------------


def test_right_code_opens_a_whole_session(auth, pending):
    """The right code ends the pending session and opens another one, by both factors, in one commit."""
    challenge = ask(auth, pending)
    auth.clock.advance(timedelta(seconds=20))
    auth.store.commits.clear()
    whole = fulfil(auth, pending, challenge, code_to(auth))
    assert whole.session.id != pending.session.id
    assert (whole.session.requires_second_factor, whole.session.amr) == (False, ("pwd", "otp", "mfa"))
    assert do(auth.authenticate(whole.token)).account.email == ADA
    assert isinstance(refusal(auth.request_second_factor(pending.token)), SessionClosed)
    assert AuditKind.LOGGED_IN in [event.kind for event in kept(auth, AuditEvent)]


def test_whole_session_needs_no_second_factor(auth, pending):
    """Who has met it is told so, and asked for nothing."""
    whole = fulfil(auth, pending, ask(auth, pending))
    assert isinstance(refusal(auth.request_second_factor(whole.token)), SecondFactorFulfilled)
    assert isinstance(attempt(auth, whole, ask(auth, log_in(auth))), SecondFactorFulfilled)


def test_code_lifts_once(auth, pending):
    """A right code that is entered again lifts nothing."""
    challenge = ask(auth, pending)
    fulfil(auth, pending, challenge)
    assert isinstance(attempt(auth, pending, challenge), SessionClosed)
    assert isinstance(attempt(auth, log_in(auth), challenge), ChallengeEnded)


def test_code_of_another_attempt_lifts_nothing(auth, pending):
    """The code that one pending session asked for does nothing for another one of the same account."""
    challenge = ask(auth, log_in(auth))
    assert isinstance(attempt(auth, pending, challenge), ChallengeEnded)
    assert stored(auth, challenge).attempts == 0


def test_code_of_another_account_lifts_nothing(auth, pending):
    """The code of somebody else's pending session does nothing for this one."""
    join(auth, BOB, OTHER_PASSWORD)
    challenge = ask(auth, log_in(auth, BOB, OTHER_PASSWORD))
    assert isinstance(attempt(auth, pending, challenge), ChallengeEnded)


def test_code_of_another_purpose_lifts_nothing(auth, pending):
    """A code that verifies an address is no second factor, though the same person has it."""
    challenge = do(auth.register(email=BOB, password=OTHER_PASSWORD))
    assert isinstance(attempt(auth, pending, challenge), ChallengeEnded)
    whole = fulfil(auth, pending, ask(auth, pending))
    pay = do(auth.request_two_step(token=whole.token, purpose="pay"))
    assert isinstance(attempt(auth, log_in(auth), pay), ChallengeEnded)


@pytest.mark.parametrize("purpose", ["second-factor", "verify"])
def test_purposes_of_authcore_are_reserved(auth, pending, purpose):
    """No application asks for a code of the purpose that lifts, nor answers one."""
    whole = fulfil(auth, pending, ask(auth, pending))
    for flow in (
        auth.request_two_step(token=whole.token, purpose=purpose),
        auth.answer_two_step(token=whole.token, challenge="x", purpose=purpose, code="1"),
    ):
        assert isinstance(refusal(flow), InvalidInput)


def test_token_of_one_kind_is_no_token_of_the_other(auth, pending):
    """A challenge's token is no session's, and the other way round."""
    challenge = ask(auth, pending)
    code = derive(auth, challenge)
    for token, other in ((challenge.token, challenge.token), (pending.token, pending.token)):
        flow = auth.fulfil_second_factor(token=token, challenge=other, code=code)
        assert type(refusal(flow)) is InvalidToken


def test_wrong_codes_are_counted_and_end_the_challenge(auth, pending):
    """Every wrong code counts, over all pending sessions of the account, and the last one ends its challenge."""
    challenge = ask(auth, pending)
    for left in range(auth.policy.code_attempts - 1, 0, -1):
        refused = attempt(auth, pending, challenge, wrong(derive(auth, challenge)))
        assert (type(refused), refused.attempts_left) == (CodeMismatch, left)
    assert isinstance(attempt(auth, pending, challenge, wrong(derive(auth, challenge))), AttemptsExhausted)
    assert isinstance(attempt(auth, pending, challenge), AttemptsExhausted)


def test_guesses_are_capped_over_all_attempts():
    """Neither a new code nor a new login gives new guesses beyond the account's cap."""
    auth = build_auth(policy=Policy(second_factor=True, code_attempts=2, challenge_failures=5), hasher=QuickHasher())
    join(auth)
    for _ in range(5):
        session = log_in(auth)
        challenge = ask(auth, session)
        attempt(auth, session, challenge, wrong(derive(auth, challenge)))
    session = log_in(auth)
    challenge = ask(auth, session)
    assert isinstance(attempt(auth, session, challenge), AttemptsExhausted)


@pytest.mark.parametrize("change", [{"epoch": 99}, {"disabled_at": "now"}, {"deleted_at": "now"}], ids=str)
def test_change_of_the_account_ends_what_is_half_done(auth, pending, change):
    """Whatever ends the account's sessions ends its pending ones and their codes."""
    challenge = ask(auth, pending)
    now = auth.clock.now()
    account = do(auth.find_account(ADA))
    put(auth, account, **{name: now if value == "now" else value for name, value in change.items()})
    assert isinstance(attempt(auth, pending, challenge), SessionRevoked)


# --- choosing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def freely():
    """Accounts may choose, and Ada is logged in by her password alone."""
    auth = build_auth(store=WatchedStore(), hasher=QuickHasher())
    join(auth)
    return auth, log_in(auth)


def choose(auth, session, *, required, password=PASSWORD):
    """Turn the second factor on or off."""
    return do(auth.change_second_factor(token=session.token, password=password, required=required))


def test_turning_it_on_asks_for_it_at_once(freely):
    """Every session ends, and the caller goes on in a pending one: so it is seen at once whether codes arrive."""
    auth, session = freely
    other = log_in(auth)
    pending = choose(auth, session, required=True)
    assert pending.session.requires_second_factor
    for ended in (session, other):
        assert isinstance(refusal(auth.authenticate(ended.token)), InvalidToken)
    assert fulfil(auth, pending, ask(auth, pending)).session.amr == ("pwd", "otp", "mfa")
    assert log_in(auth).session.requires_second_factor


def test_turning_it_off_needs_it(freely):
    """Only a whole session can turn it off, and pending ones are over by that."""
    auth, session = freely
    pending = choose(auth, session, required=True)
    assert isinstance(
        refusal(auth.change_second_factor(token=pending.token, password=PASSWORD, required=False)), SecondFactorRequired
    )
    half = log_in(auth)
    whole = choose(auth, fulfil(auth, pending, ask(auth, pending)), required=False)
    assert do(auth.authenticate(whole.token)).account.second_factor is False
    assert isinstance(refusal(auth.request_second_factor(half.token)), SessionRevoked)
    assert not log_in(auth).session.requires_second_factor


def test_choosing_needs_the_password(freely):
    """A session alone does not change factors: the password is asked for once more."""
    auth, session = freely
    flow = auth.change_second_factor(token=session.token, password=OTHER_PASSWORD, required=True)
    assert isinstance(refusal(flow), PasswordMismatch)
    assert do(auth.authenticate(session.token)).account.second_factor is False


def test_owner_is_told_and_the_trail_tells(freely):
    """A change of factors is told to the owner, and stands in the trail."""
    auth, session = freely
    choose(auth, session, required=True)
    do(auth.deliver_due())
    assert [letter.kind for letter in auth.courier.letters][-1] == "second_factor_changed"
    assert [event.reason for event in kept(auth, AuditEvent) if event.kind is AuditKind.SECOND_FACTOR_CHANGED] == ["on"]


def test_changing_the_password_keeps_the_factors(auth, pending):
    """Whoever has met both factors stays whole when the password changes."""
    whole = fulfil(auth, pending, ask(auth, pending))
    assert change_password(auth, whole).session.amr == whole.session.amr


# --- where its code may go --------------------------------------------------------------------------------------------

BY_PHONE = Policy(second_factor=True, second_factor_by=frozenset({IdentifierKind.PHONE}))


def test_account_without_a_phone_stays_out(auth):
    """Where mail is no second factor, whoever has no phone number is sent nothing, and lifts nothing by any code."""
    join(auth)
    strict = replace(auth, policy=BY_PHONE)
    pending = log_in(strict)
    auth.courier.letters.clear()
    assert isinstance(refusal(strict.request_second_factor(pending.token)), SecondFactorUnavailable)
    do(strict.deliver_due())
    assert auth.courier.letters == []
    assert isinstance(refusal(strict.authenticate(pending.token)), SecondFactorRequired)


def test_account_with_a_phone_gets_in(auth):
    """Whoever registered with a phone number gets in under a policy for the second level."""
    challenge = do(auth.register(phone="+4930123456", password=PASSWORD))
    verify(auth, challenge, code_to(auth, "+4930123456"))
    strict = replace(auth, policy=Policy.aal2())
    pending = log_in(strict, "+4930123456")
    asked = do(strict.request_second_factor(pending.token))
    code = code_to(strict, "+4930123456")
    whole = do(strict.fulfil_second_factor(token=pending.token, challenge=asked.token, code=code))
    assert do(strict.authenticate(whole.token)).session.amr == ("pwd", "otp", "mfa")


def test_factor_that_could_not_be_met_is_not_chosen(auth):
    """Nobody turns on a factor whose code could be sent nowhere: the session goes on, and nothing is changed."""
    join(auth)
    session = log_in(replace(auth, policy=Policy()))
    strict = replace(auth, policy=replace(BY_PHONE, second_factor=False))
    choose = strict.change_second_factor(token=session.token, password=PASSWORD, required=True)
    assert isinstance(refusal(choose), SecondFactorUnavailable)
    assert do(strict.authenticate(session.token)).account.second_factor is False
