"""Another address for an account: who gets a code, what a right one is worth, and who is told.

Two of them at once, and one beside something else, are in test_address_orders.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import Throttle
from authcore.entities import Account, AuditEvent, AuditKind, Identifier, Message, MessageKind, Tally
from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidCredentials,
    InvalidIdentifier,
    InvalidInput,
    InvalidToken,
    PasswordMismatch,
    ReauthenticationRequired,
    ResendLimit,
    SessionClosed,
    SessionRevoked,
    StateUnchanged,
    Throttled,
)
from authcore.policy import Policy
from authcore.ports import by_id
from authcore.testing import build_auth
from tests.flows.people import (
    ADA,
    BOB,
    EVE,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    change_password,
    derive,
    do,
    holder,
    join,
    kept,
    log_in,
    messages,
    put,
    refusal,
    register,
    stored,
    verify,
    wrong,
)

NEW = "countess@example.org"
PHONE = "+442079460018"


@pytest.fixture
def session(auth):
    """Ada is logged in."""
    join(auth, username="lovelace")
    return log_in(auth)


def ask(auth, session, password=PASSWORD, **address):
    """Ask for another address; returns the issued challenge."""
    return do(auth.request_address_change(token=session.token, password=password, **(address or {"email": NEW})))


def attempt(auth, session, password=PASSWORD, **address):
    """How asking for another address is refused; None if it is not."""
    flow = auth.request_address_change(token=session.token, password=password, **(address or {"email": NEW}))
    return refusal(flow)


def confirm(auth, session, challenge, code=None):
    """Enter the code, the right one unless told otherwise; returns the issued session that goes on."""
    code = code or derive(auth, challenge)
    return do(auth.confirm_address_change(token=session.token, challenge=challenge.token, code=code))


def answer(auth, session, challenge, code=None):
    """How a code is refused; None if it is accepted."""
    code = code or derive(auth, challenge)
    return refusal(auth.confirm_address_change(token=session.token, challenge=challenge.token, code=code))


def move(auth, session, **address):
    """Change the address, all the way."""
    return confirm(auth, session, ask(auth, session, **address))


def letters(auth):
    """What is sent now, to whom."""
    auth.courier.letters.clear()
    do(auth.deliver_due())
    return sorted((letter.kind.value, letter.destination) for letter in auth.courier.letters)


# --- asking -----------------------------------------------------------------------------------------------------------


def test_code_goes_to_the_new_address_alone(auth, session):
    """The code proves the new address, so it goes there and nowhere else, and nothing is changed by asking."""
    challenge = ask(auth, session)
    assert letters(auth) == [("code", NEW)]
    assert (challenge.session.purpose, challenge.session.session_id) == ("change-address", session.session.id)
    assert (holder(auth, f"email:{ADA}").email, holder(auth, f"email:{NEW}")) == (ADA, None)
    assert do(auth.authenticate(session.token))


def test_asking_needs_the_password(auth, session):
    """A session alone changes no address: a wrong password is counted, and no code is sent."""
    assert isinstance(attempt(auth, session, OTHER_PASSWORD), PasswordMismatch)
    assert letters(auth) == []


def test_wrong_passwords_are_throttled(session, auth):
    """Guessing at the password this way is counted with all other ways, and stopped before any hash."""
    strict = replace(auth, policy=Policy(password_failures=Throttle(limit=2, window=timedelta(hours=1))))
    assert [type(attempt(strict, session, OTHER_PASSWORD)) for _ in range(2)] == [PasswordMismatch] * 2
    auth.hasher.runs.clear()
    assert isinstance(attempt(strict, session), Throttled)
    assert not auth.hasher.runs


def test_codes_of_one_network_are_throttled(session, auth):
    """Nobody has codes sent to one stranger after the other: one network gets so many."""
    strict = replace(auth, policy=Policy(registrations_per_network=Throttle(limit=2, window=timedelta(hours=1))))
    assert [attempt(strict, session, email=f"{number}@example.org") for number in range(2)] == [None] * 2
    assert isinstance(attempt(strict, session), Throttled)


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        ({"email": "no address"}, "email", "no_at_sign"),
        ({"phone": "12"}, "phone", "not_international"),
        ({"email": NEW, "phone": PHONE}, "phone", "one_address_only"),
        ({"email": None}, "email", "missing"),
    ],
)
def test_one_address_is_asked_for(auth, session, given, field, reason):
    """What is no address, two at once and none are refused by name, and nothing is stored."""
    auth.store.commits.clear()
    refused = attempt(auth, session, **given)
    assert isinstance(refused, InvalidIdentifier)
    assert (refused.field, refused.reason) == (field, reason)
    assert auth.store.commits == []


@pytest.mark.parametrize("spelling", [ADA, "ADA@Example.ORG"])
def test_own_address_needs_no_code(auth, session, spelling):
    """The address that the account has proven, in whatever spelling, is its own already."""
    assert isinstance(attempt(auth, session, email=spelling), StateUnchanged)
    assert letters(auth) == []


def test_own_address_that_was_never_proven_can_be(auth, session):
    """A number that came with an import is shown, and not proven: its owner may prove it."""
    account = move(auth, session, phone=PHONE).session.account_id
    put(auth, do(auth.store.get(by_id(Identifier, f"phone:{PHONE}"))), proven_at=None)
    again = move(auth, log_in(auth), phone=PHONE)
    assert again.session.account_id == account
    assert do(auth.store.get(by_id(Identifier, f"phone:{PHONE}"))).proven_at == auth.clock.now()


def test_purpose_is_reserved(auth, session):
    """No application asks for such a code, to whatever address, nor answers one."""
    assert isinstance(refusal(auth.request_two_step(token=session.token, purpose="change-address")), InvalidInput)


# --- an address that is somebody else's -------------------------------------------------------------------------------


def rows(auth, session, **address):
    """What asking for an address stores, and what it answers, without the letters of ids and addresses."""
    auth.store.commits.clear()
    issued = ask(auth, session, **address)
    (writes,) = auth.store.commits
    return [type(entity).__name__ for entity in writes], issued.session.attempts, len(issued.token)


def test_taken_address_looks_like_a_free_one(auth, session):
    """Whoever asks for an address gets the same answer and leaves the same rows, be it free, taken or half taken."""
    join(auth, BOB, OTHER_PASSWORD)
    register(auth, EVE, OTHER_PASSWORD)
    free = rows(auth, session)
    assert [rows(auth, session, email=address) for address in (BOB, EVE)] == [free] * 2


def test_owner_of_a_taken_address_is_told(auth, session):
    """The owner gets word at the stored address, and no code, not even when it is asked for again."""
    join(auth, BOB, OTHER_PASSWORD)
    challenge = ask(auth, session, email="BOB@example.org")
    assert letters(auth) == [("already_registered", BOB)]
    do(auth.resend_code(challenge.token))
    assert letters(auth) == []
    assert messages(auth)[-1].kind is MessageKind.DECOY


@pytest.mark.parametrize("change", ["disabled_at", "deleted_at"])
def test_owner_who_cannot_log_in_is_told_nothing(auth, session, change):
    """An owner who is kept out is not told, and the address stays taken."""
    put(auth, join(auth, BOB, OTHER_PASSWORD), **{change: auth.clock.now()})
    challenge = ask(auth, session, email=BOB)
    assert letters(auth) == []
    assert isinstance(answer(auth, session, challenge), ChallengeEnded)


def test_not_even_the_right_code_takes_what_is_taken(auth, session):
    """A code that was guessed for somebody else's address is spent, and changes nothing."""
    bob = join(auth, BOB, OTHER_PASSWORD)
    challenge = ask(auth, session, email=BOB)
    before = {kind: kept(auth, kind) for kind in (Account, Identifier)}
    assert type(answer(auth, session, challenge)) is ChallengeEnded
    assert {kind: kept(auth, kind) for kind in before} == before
    assert holder(auth, f"email:{BOB}").id == bob.id
    assert do(auth.authenticate(session.token)).account.email == ADA


def test_wrong_codes_for_a_taken_address_look_alike(auth, session):
    """Wrong codes count down to the same end, whether there is a right one or not."""
    join(auth, BOB, OTHER_PASSWORD)
    told = []
    for address in (BOB, NEW):
        challenge = ask(auth, session, email=address)
        code = wrong(derive(auth, challenge))
        told.append([type(answer(auth, session, challenge, code)) for _ in range(auth.policy.code_attempts + 1)])
    assert told[0] == told[1]
    assert told[0][-2:] == [AttemptsExhausted] * 2


def test_unproven_registration_is_in_nobodys_way(auth, session):
    """Who registered an address and never proved it loses it, with the codes that would prove it."""
    challenge = register(auth, EVE, OTHER_PASSWORD, username="eve")
    move(auth, session, email=EVE)
    assert holder(auth, f"email:{EVE}").username == "lovelace"
    loser = holder(auth, "username:eve")
    assert (loser.email, loser.verified_at) == (None, None)
    assert isinstance(
        refusal(auth.verify_account(challenge=challenge.token, code=derive(auth, challenge))), ChallengeEnded
    )
    for flow in (auth.request_verification(challenge=challenge.token), auth.resend_code(challenge.token)):
        assert isinstance(refusal(flow), ChallengeEnded)
    assert isinstance(refusal(auth.log_in(identifier=EVE, password=OTHER_PASSWORD)), InvalidCredentials)
    (event,) = [event for event in kept(auth, AuditEvent) if event.kind is AuditKind.ADDRESS_LOST]
    assert (event.account_id, event.reason) == (loser.id, "email")


def test_whoever_lost_an_address_can_register_another(auth, session):
    """An account that has lost the only address it had claims nothing against anybody, its username neither."""
    register(auth, EVE, OTHER_PASSWORD, username="eve")
    move(auth, session, email=EVE)
    account = join(auth, BOB, OTHER_PASSWORD, username="eve")
    assert holder(auth, "username:eve").id == account.id


# --- what a right code is worth ---------------------------------------------------------------------------------------


def test_new_address_logs_in_and_the_old_one_is_free(auth, session):
    """The new address names the account and is proven; the old one names nobody, and whoever proves it may have it."""
    account = move(auth, session).session.account_id
    assert log_in(auth, NEW).session.account_id == account
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=PASSWORD)), InvalidCredentials)
    assert do(auth.find_account(ADA)) is None
    assert do(auth.find_account(NEW)).email == NEW
    released = do(auth.store.get(by_id(Identifier, f"email:{ADA}")))
    assert (released.account_id, released.proven_at) == (None, None)
    assert join(auth, ADA, OTHER_PASSWORD).id != account


def test_way_back_is_a_change_like_any_other(auth, session):
    """An address that was given up can be had again, by proving it again."""
    account = move(auth, move(auth, session), email=ADA).session.account_id
    assert holder(auth, f"email:{ADA}").id == account
    assert holder(auth, f"email:{NEW}") is None


def test_address_of_the_other_kind_is_added(auth, session):
    """A phone number stands beside an email address, each changes alone, and both log in."""
    with_both = move(auth, session, phone="+44 20 7946 0018")
    account = stored(auth, do(auth.find_account(ADA)))
    assert (account.email, account.phone) == (ADA, PHONE)
    moved = move(auth, with_both)
    assert holder(auth, f"phone:{PHONE}") == holder(auth, f"email:{NEW}")
    assert log_in(auth, PHONE).session.account_id == moved.session.account_id


def test_caller_goes_on_in_a_new_session(auth, session):
    """The caller is given another session, no better and no longer than the one before, which is superseded."""
    auth.clock.advance(auth.policy.inactivity / 2)
    successor = move(auth, session)
    assert successor.session.id != session.session.id
    before = session.session
    assert (successor.session.amr, successor.session.auth_time) == (before.amr, before.auth_time)
    assert successor.session.expires_at == before.expires_at
    assert do(auth.authenticate(successor.token)).account.email == NEW
    assert type(refusal(auth.authenticate(session.token))) is SessionClosed
    assert stored(auth, session).ended_as == "superseded"


def test_old_sessions_and_open_codes_are_over(auth, session):
    """Every other session and every open code of the account is over for ever, by one commit."""
    others = [log_in(auth) for _ in range(3)]
    pay = do(auth.request_two_step(token=others[0].token, purpose="pay"))
    challenge = ask(auth, session)
    auth.store.commits.clear()
    successor = confirm(auth, session, challenge)
    assert len(auth.store.commits) == 1
    assert [type(refusal(auth.authenticate(other.token))) for other in others] == [SessionRevoked] * 3
    assert isinstance(refusal(auth.resend_code(pay.token)), ChallengeEnded)
    do(auth.disable_account(successor.session.account_id))
    do(auth.enable_account(successor.session.account_id))
    assert isinstance(refusal(auth.authenticate(others[0].token)), InvalidToken)


def test_old_address_is_told(auth, session):
    """Word of the change goes to the stored address that the account had, without a code."""
    challenge = ask(auth, session)
    do(auth.deliver_due())
    confirm(auth, session, challenge)
    assert letters(auth) == [("address_changed", ADA)]


def test_every_address_of_before_is_told(auth, session):
    """Who has two addresses is told at both, whichever of them has changed, and who adds one at the other one."""
    challenge = ask(auth, session, phone=PHONE)
    do(auth.deliver_due())
    with_both = confirm(auth, session, challenge)
    assert letters(auth) == [("address_changed", ADA)]
    challenge = ask(auth, with_both)
    do(auth.deliver_due())
    confirm(auth, with_both, challenge)
    assert letters(auth) == [("address_changed", PHONE), ("address_changed", ADA)]


def test_change_is_in_the_trail(auth, session):
    """One event tells of it, and of which kind of address."""
    move(auth, session, phone=PHONE)
    (event,) = [event for event in kept(auth, AuditEvent) if event.kind is AuditKind.ADDRESS_CHANGED]
    assert (event.account_id, event.reason) == (session.session.account_id, "phone")


def test_restored_account_has_the_new_address(auth, session):
    """After a deletion and the way back an account has the address that it had last, and no other one."""
    account = move(auth, session).session.account_id
    do(auth.delete_account(account))
    stranger = join(auth, ADA, OTHER_PASSWORD)
    assert do(auth.restore_account(account)).email == NEW
    assert (holder(auth, f"email:{NEW}").id, holder(auth, f"email:{ADA}").id) == (account, stranger.id)


# --- codes that are not for this --------------------------------------------------------------------------------------


def test_code_is_spent_once(auth, session):
    """A right code is right once, in the new session as well."""
    challenge = ask(auth, session)
    successor = confirm(auth, session, challenge)
    assert isinstance(answer(auth, session, challenge), InvalidToken)
    assert isinstance(answer(auth, successor, challenge), ChallengeEnded)


def test_code_of_another_session_is_refused(auth, session):
    """A code counts in the session that asked for it, and in no other one of the same account or a stranger."""
    challenge = ask(auth, session)
    join(auth, BOB, OTHER_PASSWORD)
    for other in (log_in(auth), log_in(auth, BOB, OTHER_PASSWORD)):
        assert type(answer(auth, other, challenge)) is ChallengeEnded
    assert stored(auth, challenge).attempts == 0


def test_code_of_another_purpose_is_refused(auth, session):
    """A code of the application, or of a registration, gives nobody an address; nor does this one serve for those."""
    pay = do(auth.request_two_step(token=session.token, purpose="pay"))
    eve = register(auth, EVE, OTHER_PASSWORD)
    challenge = ask(auth, session)
    for other in (pay, eve):
        assert type(answer(auth, session, other)) is ChallengeEnded
    code = derive(auth, challenge)
    for flow in (
        auth.verify_account(challenge=challenge.token, code=code),
        auth.answer_two_step(token=session.token, challenge=challenge.token, purpose="pay", code=code),
        auth.request_verification(challenge=challenge.token),
    ):
        assert isinstance(refusal(flow), ChallengeEnded)


def test_newer_code_ends_the_older(auth, session):
    """Of two addresses that were asked for one after the other only the last one can be proven."""
    older = ask(auth, session)
    newer = ask(auth, session, email=EVE)
    assert type(answer(auth, session, older)) is ChallengeEnded
    assert confirm(auth, session, newer)


def test_wrong_codes_are_counted(auth, session):
    """A wrong code leaves fewer guesses, and changes nothing."""
    challenge = ask(auth, session)
    refused = answer(auth, session, challenge, wrong(derive(auth, challenge)))
    assert isinstance(refused, CodeMismatch)
    assert refused.attempts_left == auth.policy.code_attempts - 1
    assert holder(auth, f"email:{NEW}") is None


@pytest.mark.parametrize("wanted", [NEW, EVE], ids=["free", "taken"])
def test_guesses_at_an_address_are_capped_over_all_accounts(auth, session, wanted):
    """Whoever has many accounts gets no more guesses at the codes of one address, whosever it is, than one account."""
    join(auth, BOB, OTHER_PASSWORD)
    join(auth, EVE)
    capped = replace(auth, policy=replace(auth.policy, code_attempts=2, challenge_failures=3))
    bob, by_bob = log_in(auth, BOB, OTHER_PASSWORD), {"password": OTHER_PASSWORD, "email": wanted}
    first, second = ask(capped, session, email=wanted), ask(capped, bob, **by_bob)
    guesses = [(session, first), (session, first), (bob, second), (bob, second)]
    told = [type(answer(capped, who, challenge, "no code")) for who, challenge in guesses]
    assert told == [CodeMismatch, AttemptsExhausted, CodeMismatch, AttemptsExhausted]
    assert stored(auth, second).attempts == 1
    assert isinstance(answer(capped, bob, second), AttemptsExhausted)
    elsewhere = ask(capped, bob, password=OTHER_PASSWORD, email="bob@example.com")
    assert isinstance(answer(capped, bob, elsewhere, "no code"), CodeMismatch)
    auth.clock.advance(capped.policy.challenge_window)
    session = log_in(auth)
    assert isinstance(answer(capped, session, ask(capped, session, email=wanted), "no code"), CodeMismatch)


def test_right_code_forgets_what_was_guessed_at_an_address(auth, session):
    """Who has proven an address leaves no count behind for the next one who wants it."""
    challenge = ask(auth, session)
    answer(auth, session, challenge, wrong(derive(auth, challenge)))
    assert [tally.failures for tally in kept(auth, Tally)] == [1]
    confirm(auth, session, challenge)
    assert [tally.failures for tally in kept(auth, Tally)] == [0]


def test_code_is_sent_again(auth, session):
    """The same code is sent again as often as the policy allows, to the new address."""
    challenge = ask(auth, session)
    do(auth.deliver_due())
    for _ in range(auth.policy.code_sendings - 1):
        do(auth.resend_code(challenge.token))
        assert letters(auth) == [("code", NEW)]
    assert isinstance(refusal(auth.resend_code(challenge.token)), ResendLimit)


def test_code_does_not_outlive_the_password(auth, session):
    """After a change of password no code asked for before gives an address."""
    challenge = ask(auth, session)
    assert type(answer(auth, change_password(auth, session), challenge)) is ChallengeEnded


# --- the second factor ------------------------------------------------------------------------------------------------


@pytest.fixture
def whole():
    """Every account needs a second factor, and Ada has met hers."""
    auth = build_auth(policy=Policy(second_factor=True), hasher=QuickHasher())
    verify(auth, challenge := register(auth), derive(auth, challenge))
    return auth, fulfil(auth, log_in(auth))


def fulfil(auth, pending):
    """Meet the second factor."""
    challenge = do(auth.request_second_factor(pending.token))
    code = derive(auth, challenge)
    return do(auth.fulfil_second_factor(token=pending.token, challenge=challenge.token, code=code))


def test_second_factor_moves_only_for_whoever_has_just_met_it(whole):
    """A session that met the factor long ago sends its codes nowhere else, even with the password; a new login does."""
    auth, session = whole
    auth.clock.advance(auth.policy.second_factor_time)
    for address in ({"email": NEW}, {"phone": PHONE}):
        assert isinstance(attempt(auth, session, **address), ReauthenticationRequired)
    assert not [message for message in kept(auth, Message) if message.destination in {NEW, PHONE}]
    assert move(auth, fulfil(auth, log_in(auth))).session.amr == ("pwd", "otp", "mfa")


def test_second_factor_goes_to_the_new_address_afterwards(whole):
    """The session that goes on is whole; the next login has its code sent to the new address."""
    auth, session = whole
    auth.clock.advance(auth.policy.second_factor_time - timedelta(microseconds=1))
    assert do(auth.authenticate(move(auth, session).token)).account.email == NEW
    assert do(auth.request_second_factor(log_in(auth, NEW).token)).session.destination == NEW


def test_second_factor_of_a_phone_moves_to_an_email_address(whole):
    """Messages and codes go to the email address where there is one, also where it was added to a phone number."""
    auth, _ = whole
    challenge = do(auth.register(phone=PHONE, password=OTHER_PASSWORD))
    verify(auth, challenge, derive(auth, challenge))
    session = fulfil(auth, log_in(auth, PHONE, OTHER_PASSWORD))
    confirm(auth, session, ask(auth, session, OTHER_PASSWORD, email=NEW))
    assert [message.destination for message in kept(auth, Message)][-1] == PHONE
    pending = log_in(auth, PHONE, OTHER_PASSWORD)
    assert do(auth.request_second_factor(pending.token)).session.destination == NEW


def test_login_by_a_password_alone_is_not_asked_again(auth, session):
    """Where the password is all there is, giving it once more is enough, however long ago the login is."""
    auth.clock.advance(auth.policy.inactivity / 2)
    assert move(auth, session)
