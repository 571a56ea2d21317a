"""Proving an address by its code, and asking for another code.  Codes for other purposes are in test_two_step."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from authcore.entities import Account, AuditEvent, AuditKind, Identifier, MessageKind
from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidToken,
    SessionExpired,
)
from authcore.keyring import Keyring, RootKey
from authcore.policy import Policy
from authcore.testing import FakeClock, build_auth
from authcore.tokens import Reference, TokenKind, Tokens
from tests.flows.people import (
    ADA,
    BOB,
    OTHER_PASSWORD,
    challenges,
    code_to,
    derive,
    do,
    join,
    kept,
    log_in,
    put,
    refusal,
    register,
    sessions,
    stored,
    verify,
    wrong,
)

OLD, NEW = RootKey("old", bytes(range(32))), RootKey("new", bytes(range(32, 64)))
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def challenge(auth):
    """Ada has just registered."""
    return register(auth)


@pytest.fixture
def code(auth, challenge):
    """She has read her mail."""
    return code_to(auth)


def attempt(auth, challenge, code):
    """How an answer is refused; None if it is accepted."""
    return refusal(auth.verify_account(challenge=challenge.token, code=code))


# --- the right code ---------------------------------------------------------------------------------------------------


def test_right_code_proves_the_address(auth, challenge, code):
    """Account and address are verified, the challenge is spent, and one commit says so."""
    auth.clock.advance(timedelta(minutes=1))
    auth.store.commits.clear()
    account = verify(auth, challenge, code)
    assert account.verified_at == auth.clock.now()
    (address,) = kept(auth, Identifier)
    assert address.proven_at == auth.clock.now()
    assert stored(auth, challenge).ended_as == "spent"
    assert len(auth.store.commits) == 1


def test_right_code_logs_nobody_in(auth, challenge, code):
    """Verifying opens no session: whoever has the code may not have the password."""
    verify(auth, challenge, code)
    assert sessions(auth) == []


def test_trail_tells_of_the_code(auth, challenge, code):
    """The trail says that a code was refused and that one was accepted."""
    attempt(auth, challenge, wrong(code))
    verify(auth, challenge, code)
    assert [event.kind for event in kept(auth, AuditEvent)] == [
        AuditKind.REGISTERED,
        AuditKind.CODE_REFUSED,
        AuditKind.CODE_ACCEPTED,
    ]


@pytest.mark.parametrize("typed", ["{0}{1}", "{0} {1}", "{0}-{1}", " {0}{1} "])
def test_code_is_read_as_people_type_it(auth, challenge, code, typed):
    """Spaces and hyphens do not count."""
    assert attempt(auth, challenge, typed.format(code[:3], code[3:])) is None


def test_letters_count_in_either_case():
    """A code of letters is accepted in small ones."""
    auth = build_auth(policy=Policy(code_alphabet="ABCDEFGHJKLMNPQRSTUVWXYZ", code_length=8))
    challenge = register(auth)
    assert attempt(auth, challenge, code_to(auth).lower()) is None


def test_code_succeeds_once(auth, challenge, code):
    """The second time, the right code finds the challenge spent."""
    verify(auth, challenge, code)
    assert type(attempt(auth, challenge, code)) is ChallengeEnded


# --- wrong codes ------------------------------------------------------------------------------------------------------


def test_wrong_codes_are_counted_down(auth, challenge, code):
    """Each wrong code says how many are left, the last one that none is."""
    refusals = [attempt(auth, challenge, wrong(code)) for _ in range(5)]
    assert [each.attempts_left for each in refusals[:4]] == [4, 3, 2, 1]
    assert type(refusals[4]) is AttemptsExhausted


def test_exhausted_challenge_stays_exhausted(auth, challenge, code):
    """After the last wrong code, even the right one is refused, for ever, and nothing more is counted."""
    for _ in range(5):
        attempt(auth, challenge, wrong(code))
    for late in (code, wrong(code), code):
        assert type(attempt(auth, challenge, late)) is AttemptsExhausted
    kept_challenge = stored(auth, challenge)
    assert (kept_challenge.attempts, kept_challenge.ended_as) == (5, "exhausted")


def test_last_attempt_may_be_right(auth, challenge, code):
    """As many wrong codes as leave one attempt do not spoil the right one."""
    for _ in range(4):
        attempt(auth, challenge, wrong(code))
    assert attempt(auth, challenge, code) is None


def test_limit_is_that_of_the_policy_when_the_code_was_made():
    """A challenge keeps the limit that it was made with."""
    auth = build_auth(policy=Policy(code_attempts=1))
    challenge = register(auth)
    looser = replace(auth, policy=Policy())
    assert type(attempt(looser, challenge, wrong(code_to(auth)))) is AttemptsExhausted


@pytest.mark.parametrize("given", ["", " ", "-", "12345", "1234567", "x" * 65, "9" * 10_000, "١٢٣٤٥٦", "\ud800", "\0"])
def test_malformed_code_is_a_wrong_code(auth, challenge, given):
    """Whatever is no code is counted like a wrong one, and raises nothing else."""
    assert isinstance(attempt(auth, challenge, given), CodeMismatch)
    assert stored(auth, challenge).attempts == 1


# --- too many wrong codes, over all codes -----------------------------------------------------------------------------


@pytest.fixture
def capped(auth):
    """A world in which an account may give three wrong codes, two of them for one code."""
    return replace(auth, policy=Policy(code_attempts=2, challenge_failures=3))


def fail(auth, challenge, times):
    """Give wrong codes."""
    return [type(attempt(auth, challenge, wrong(derive(auth, challenge)))) for _ in range(times)]


def test_wrong_codes_are_capped_over_all_codes(capped):
    """At the cap the right code is refused like an exhausted one, and is not counted; a new code changes nothing."""
    first = register(capped)
    assert fail(capped, first, 2) == [CodeMismatch, AttemptsExhausted]
    second = again(capped, first)
    assert fail(capped, second, 1) == [CodeMismatch]
    assert type(attempt(capped, second, derive(capped, second))) is AttemptsExhausted
    third = again(capped, second)
    assert type(attempt(capped, third, derive(capped, third))) is AttemptsExhausted
    assert [each.attempts for each in challenges(capped)] == [2, 1, 0]


def test_cap_holds_for_a_new_registration(capped):
    """Registering the address anew gives no more guesses at it."""
    for _ in range(2):
        fail(capped, register(capped), 2)
    challenge = register(capped)
    assert type(attempt(capped, challenge, derive(capped, challenge))) is AttemptsExhausted


@pytest.mark.parametrize(("early", "expected"), [(-1, AttemptsExhausted), (0, type(None))], ids=["-1us", "0"])
def test_cap_is_lifted_when_the_window_is_over(capped, early, expected):
    """The wrong codes are forgotten when the first of them is as long ago as the policy says."""
    fail(capped, register(capped), 2)
    capped.clock.advance(timedelta(hours=1))
    fail(capped, register(capped), 2)
    window = capped.policy.challenge_window - timedelta(hours=1)
    capped.clock.advance(window - timedelta(minutes=1))
    challenge = register(capped)
    capped.clock.advance(timedelta(minutes=1, microseconds=early))
    assert type(attempt(capped, challenge, derive(capped, challenge))) is expected


def test_cap_answers_alike(capped):
    """Guessing up to the cap, and beyond it, tells nothing of the address."""
    join(capped, ADA)
    answers = []
    for email in (ADA, BOB):
        challenge = register(capped, email, OTHER_PASSWORD)
        seen = []
        for _ in range(4):
            seen += fail(capped, challenge, 3)
            challenge = again(capped, challenge)
        answers.append(seen)
    assert answers[0] == answers[1]
    assert answers[0].count(CodeMismatch) == 2


# --- the end of a challenge -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [0, 0.25, 0.999999])
def test_code_holds_until_its_deadline(second):
    """Just before the deadline the right code is accepted, whenever in a second the challenge was opened."""
    auth = build_auth(clock=FakeClock(datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=second)))
    challenge = register(auth)
    code = code_to(auth)
    auth.clock.advance(auth.policy.challenge - MICROSECOND)
    assert attempt(auth, challenge, code) is None


@pytest.mark.parametrize("late", [timedelta(0), MICROSECOND, timedelta(days=400)])
def test_code_does_not_hold_at_its_deadline(auth, challenge, code, late):
    """At the deadline, and ever after, the right code is refused: the token that it belongs to is over, too."""
    auth.clock.advance(auth.policy.challenge + late)
    assert type(attempt(auth, challenge, code)) is SessionExpired
    assert kept(auth, Account)[0].verified_at is None


def test_wrong_code_does_not_move_the_deadline(auth, challenge, code):
    """Guessing keeps no challenge open."""
    deadline = stored(auth, challenge).expires_at
    auth.clock.advance(timedelta(minutes=5))
    attempt(auth, challenge, wrong(code))
    assert stored(auth, challenge).expires_at == deadline


def test_removed_key_ends_challenges():
    """Once the key that a code was derived with is gone, no code answers the challenge."""
    auth = build_auth(keyring=Keyring([OLD]))
    challenge = register(auth)
    code = code_to(auth)
    without = replace(auth, keyring=Keyring([NEW]))
    assert isinstance(attempt(without, challenge, code), InvalidToken)
    session = challenge.session
    reference = Reference(id=session.id, issued_at=session.created_at, expires_at=session.expires_at)
    token = Tokens(without.keyring, auth.policy.issuer, auth.policy.audience).encode(TokenKind.TWO_STEP, reference)
    assert type(refusal(without.verify_account(challenge=token, code=code))) is ChallengeEnded


def test_new_key_leaves_challenges_open():
    """Putting a new key in front of the ring changes nothing for codes that are on their way."""
    auth = build_auth(keyring=Keyring([OLD]))
    challenge = register(auth)
    code = code_to(auth)
    assert attempt(replace(auth, keyring=Keyring([NEW, OLD])), challenge, code) is None


@pytest.mark.parametrize("field", ["disabled_at", "deleted_at"])
def test_dead_account_is_not_verified(auth, challenge, code, field):
    """A disabled or deleted account cannot be verified by a code that was sent before."""
    put(auth, kept(auth, Account)[0], **{field: auth.clock.now()})
    assert type(attempt(auth, challenge, code)) is ChallengeEnded
    assert kept(auth, Account)[0].verified_at is None


def test_code_for_an_address_that_was_released_proves_nothing(auth, challenge, code):
    """If the address belongs to nobody, or to somebody else by now, the code is spent for nothing."""
    put(auth, kept(auth, Identifier)[0], account_id=None)
    assert type(attempt(auth, challenge, code)) is ChallengeEnded
    assert kept(auth, Account)[0].verified_at is None


# --- whose challenge --------------------------------------------------------------------------------------------------


def test_code_of_one_challenge_fails_in_another(auth, challenge, code):
    """Each code answers the challenge that it was sent for, and no other."""
    other = register(auth, BOB, OTHER_PASSWORD)
    assert isinstance(attempt(auth, other, code), CodeMismatch)


def test_token_of_another_kind_is_no_challenge(auth):
    """The token of a session opens no challenge, and costs no read."""
    join(auth)
    session = log_in(auth)
    auth.store.reads.clear()
    assert isinstance(attempt(auth, session, "000000"), InvalidToken)
    assert not auth.store.reads


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\ud800", "é" * 10, "x" * 100_000])
def test_malformed_token_is_no_challenge(auth, token):
    """Whatever is no token is an InvalidToken, and costs no read."""
    assert isinstance(refusal(auth.verify_account(challenge=token, code="000000")), InvalidToken)
    assert not auth.store.reads


def test_tampered_token_is_no_challenge(auth, challenge, code):
    """A token with a changed character is none."""
    head, body, signature = challenge.token.split(".")
    for changed in (f"{head}.{body}.{signature[::-1]}", f"{head}.{body[::-1]}.{signature}", f"{head}.{body}."):
        assert isinstance(refusal(auth.verify_account(challenge=changed, code=code)), InvalidToken)


def test_foreign_token_is_no_challenge(auth, challenge, code):
    """A token for another audience or of another issuer is none, though the key is the same."""
    for policy in (Policy(audience="other"), Policy(issuer="other")):
        foreign = replace(auth, policy=policy)
        assert isinstance(attempt(foreign, challenge, code), InvalidToken)


# --- another code -----------------------------------------------------------------------------------------------------


def again(auth, challenge):
    """Ask for another code."""
    return do(auth.request_verification(challenge=challenge.token))


def test_another_code_verifies(auth, challenge):
    """Whoever lost a code asks for another one by the challenge, and verifies by that."""
    second = again(auth, challenge)
    assert verify(auth, second, code_to(auth)).email == ADA


def test_another_code_goes_to_the_same_address(auth, challenge):
    """The new code is sent where the old one was sent."""
    code_to(auth)
    again(auth, challenge)
    do(auth.deliver_due())
    assert [letter.destination for letter in auth.courier.letters] == [ADA, ADA]


def test_only_the_newest_code_verifies(auth, challenge, code):
    """Asking for another code ends the one before; a wrong guess at that one counts nothing against the new one."""
    second = again(auth, challenge)
    for late in (code, wrong(code)):
        assert type(attempt(auth, challenge, late)) is ChallengeEnded
    assert [each.attempts for each in challenges(auth)] == [0, 0]
    assert verify(auth, second, code_to(auth))


def test_another_code_begins_anew(auth, challenge, code):
    """After too many wrong codes another one can be asked for; it has a deadline and attempts of its own."""
    for _ in range(5):
        attempt(auth, challenge, wrong(code))
    auth.clock.advance(timedelta(minutes=9))
    second = again(auth, challenge)
    assert stored(auth, second).expires_at == auth.clock.now() + auth.policy.challenge
    assert attempt(auth, second, wrong(derive(auth, second))).attempts_left == 4


def test_another_code_needs_the_newest_challenge(auth, challenge):
    """A challenge that was replaced cannot ask, and ends nobody's code."""
    second = again(auth, challenge)
    assert type(refusal(auth.request_verification(challenge=challenge.token))) is ChallengeEnded
    assert attempt(auth, second, derive(auth, second)) is None


def test_another_code_needs_this_registration(auth, challenge):
    """After somebody has registered the address anew, the challenge of before cannot ask for a code."""
    register(auth, ADA, OTHER_PASSWORD)
    assert type(refusal(auth.request_verification(challenge=challenge.token))) is ChallengeEnded


def test_verified_account_gets_no_other_code(auth, challenge, code):
    """Once the address is proven there is nothing to ask for."""
    verify(auth, challenge, code)
    before = len(challenges(auth))
    assert type(refusal(auth.request_verification(challenge=challenge.token))) is ChallengeEnded
    assert len(challenges(auth)) == before


def test_another_code_needs_a_challenge_that_verifies(auth):
    """Neither a session's token nor the challenge of another purpose gets a code for verifying."""
    join(auth)
    session = log_in(auth)
    asked = do(auth.request_two_step(token=session.token, purpose="pay"))
    assert isinstance(refusal(auth.request_verification(challenge=session.token)), InvalidToken)
    assert type(refusal(auth.request_verification(challenge=asked.token))) is ChallengeEnded
    assert attempt(auth, asked, derive(auth, asked))


def test_dead_challenge_gets_no_other_code(auth, challenge):
    """After its deadline a challenge is over for this, too: whoever comes so late registers again."""
    auth.clock.advance(auth.policy.challenge)
    assert isinstance(refusal(auth.request_verification(challenge=challenge.token)), InvalidToken)


def test_request_answers_alike(auth):
    """Asking again tells nothing of the address: real and decoy get the same answer, for the same writes."""
    join(auth, ADA)
    seen = []
    for email in (ADA, BOB):
        challenge = register(auth, email, OTHER_PASSWORD)
        auth.store.commits.clear()
        second = again(auth, challenge)
        shapes = [Counter(type(entity).__name__ for entity in writes) for writes in auth.store.commits]
        verdict = attempt(auth, second, wrong(derive(auth, second)))
        seen.append((len(second.token), shapes, type(verdict), verdict.attempts_left))
    assert seen[0] == seen[1]


def test_request_for_a_decoy_sends_no_code(auth):
    """The owner of a taken address is sent no code, however often a stranger asks, and no code answers."""
    join(auth, ADA)
    auth.courier.letters.clear()
    second = again(auth, register(auth, ADA, OTHER_PASSWORD))
    do(auth.deliver_due())
    assert [letter.kind for letter in auth.courier.letters] == [MessageKind.ALREADY_REGISTERED]
    assert isinstance(attempt(auth, second, derive(auth, second)), CodeMismatch)
