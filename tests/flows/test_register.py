"""Registering, alone and over an address or a name that somebody has.  Entering the code is in test_verify."""

from collections import Counter

import pytest

from authcore.entities import Account, AuditEvent, AuditKind, Identifier, MessageKind
from authcore.errors import (
    AccountUnverified,
    ChallengeEnded,
    CodeMismatch,
    InvalidCredentials,
    InvalidIdentifier,
    InvalidInput,
    InvalidPassword,
    UsernameTaken,
)
from tests.flows.people import (
    ADA,
    BOB,
    EVE,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    challenges,
    code_to,
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


def shape(writes):
    """What a commit looks like from outside: how many entities of each kind."""
    return Counter(type(entity).__name__ for entity in writes)


# --- alone ------------------------------------------------------------------------------------------------------------


def test_registration_stores_an_unverified_account(auth):
    """Account, identifiers, credential, challenge, message and trail are written, in one commit."""
    register(auth, username="Ada")
    assert [shape(writes) for writes in auth.store.commits] == [
        {
            "Account": 1,
            "Identifier": 2,
            "Credential": 1,
            "TwoStepSession": 1,
            "ChallengeSlot": 1,
            "Message": 1,
            "AuditEvent": 1,
            "Attempt": 3,
        }
    ]
    (account,) = kept(auth, Account)
    assert (account.email, account.username, account.phone) == (ADA, "Ada", None)
    assert account.verified_at is None
    assert not account.decoy


def test_identifiers_name_the_account(auth):
    """The canonical address and the canonical username both lead to the account."""
    register(auth, username="Ada")
    (account,) = kept(auth, Account)
    assert holder(auth, f"email:{ADA}") == holder(auth, "username:ada") == account


def test_code_goes_to_the_address(auth):
    """The code is sent to the address that was registered, and to nobody else."""
    register(auth)
    assert do(auth.deliver_due()) == 1
    (letter,) = auth.courier.letters
    assert (letter.kind, letter.destination, letter.purpose) == (MessageKind.CODE, ADA, "verify")


def test_phone_number_is_an_address_too(auth):
    """An account can be registered under a phone number."""
    challenge = do(auth.register(phone="+44 20 7946 0958", password=PASSWORD))
    do(auth.deliver_due())
    account = verify(auth, challenge, auth.courier.last_code())
    assert account.phone is not None
    assert account.email is None
    assert log_in(auth, "+442079460958").session.account_id == account.id


def test_trail_tells_of_registration(auth):
    """One event says that an account was registered."""
    register(auth)
    (event,) = kept(auth, AuditEvent)
    assert (event.kind, event.reason) == (AuditKind.REGISTERED, "")


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.org", "ada@example", "a b@example.org", "a@b@c.org"])
def test_malformed_address_is_refused(auth, email):
    """What is no address is refused before anything is hashed or stored."""
    assert isinstance(refusal(auth.register(email=email, password=PASSWORD)), InvalidIdentifier)
    assert not auth.store.commits
    assert not auth.hasher.runs


@pytest.mark.parametrize("contacts", [{}, {"email": ADA, "phone": "+442079460958"}])
def test_exactly_one_address_is_needed(auth, contacts):
    """Registering needs an email address or a phone number, and not both."""
    assert isinstance(refusal(auth.register(password=PASSWORD, **contacts)), InvalidInput)
    assert not auth.store.commits


def test_malformed_username_is_refused(auth):
    """What is no username is refused before anything is stored."""
    assert isinstance(refusal(auth.register(email=ADA, password=PASSWORD, username="a b")), InvalidIdentifier)
    assert not auth.store.commits


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "too_short"),
        ("x" * 257, "too_long"),
        ("password password", "common"),
        ("ada@example.org", "own_words"),
        ("lovelacelovelace", "own_words"),
    ],
)
def test_unfit_password_is_refused(auth, password, reason):
    """A password that breaks the policy is refused with the reason, and nothing is stored."""
    refused = refusal(auth.register(email=ADA, password=password, username="lovelace"))
    assert isinstance(refused, InvalidPassword)
    assert refused.reason == reason
    assert not auth.store.commits


# --- over what somebody has -------------------------------------------------------------------------------------------


def test_taken_address_answers_alike(auth):
    """A known address and an unknown one get the same answer, for the same hashing and the same writes."""
    join(auth, ADA, username="ada")
    seen = []
    for email in (ADA, BOB):
        auth.store.commits.clear()
        auth.hasher.runs.clear()
        challenge = register(auth, email, OTHER_PASSWORD, username=f"eve-{email[:3]}")
        commits = [shape(writes) for writes in auth.store.commits]
        seen.append((type(challenge), len(challenge.token), commits, dict(auth.hasher.runs)))
    assert seen[0] == seen[1]


def test_taken_address_answers_alike_again(auth):
    """Registering a second time gives a known and an unknown address away just as little."""
    join(auth, ADA)
    seen = []
    for email in (ADA, BOB):
        register(auth, email, OTHER_PASSWORD, username=f"x-{email[:3]}")
        auth.store.commits.clear()
        auth.hasher.runs.clear()
        register(auth, email, NEW_PASSWORD, username=f"y-{email[:3]}")
        seen.append(([shape(writes) for writes in auth.store.commits], dict(auth.hasher.runs)))
    assert seen[0] == seen[1]
    assert seen[0][0][0]["Identifier"] == 3


def test_taken_address_is_left_alone(auth):
    """Registering over an account changes nothing of it: its password, its names and its sessions stay."""
    account = join(auth, username="ada")
    session = log_in(auth)
    before = stored(auth, account)
    register(auth, ADA, OTHER_PASSWORD, username="eve")
    assert stored(auth, account) == before
    assert do(auth.authenticate(session.token)).account == before
    assert log_in(auth, ADA, PASSWORD)
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD)), InvalidCredentials)


def test_owner_is_told_at_the_stored_address(auth):
    """Word goes to the owner, at the address as it is stored and not as the stranger wrote it; no code goes out."""
    join(auth, ADA)
    auth.courier.letters.clear()
    register(auth, "ada@EXAMPLE.org", OTHER_PASSWORD)
    do(auth.deliver_due())
    assert [(letter.kind, letter.destination, letter.code) for letter in auth.courier.letters] == [
        (MessageKind.ALREADY_REGISTERED, ADA, None)
    ]


@pytest.mark.parametrize("field", ["disabled_at", "deleted_at"])
def test_owner_of_a_dead_account_is_not_told(auth, field):
    """Nothing is sent to a disabled or deleted account, and its address stays taken."""
    account = join(auth, ADA)
    put(auth, account, **{field: auth.clock.now()})
    auth.courier.letters.clear()
    register(auth, ADA, OTHER_PASSWORD)
    do(auth.deliver_due())
    assert auth.courier.letters == []
    assert holder(auth, f"email:{ADA}").id == account.id


def test_decoy_has_no_code(auth):
    """The right code of a decoy's challenge is wrong: it could be derived, and it proves nothing."""
    join(auth, ADA)
    decoy = register(auth, ADA, OTHER_PASSWORD)
    derived = derive(auth, decoy)
    assert isinstance(refusal(auth.verify_account(challenge=decoy.token, code=derived)), CodeMismatch)
    assert not any(account.decoy and account.verified_at for account in kept(auth, Account))


def test_decoy_counts_guesses_alike(auth):
    """Guessing at a decoy's challenge is answered as guessing at a real one, until both are exhausted."""
    join(auth, ADA)
    answers = []
    for email in (ADA, BOB):
        challenge = register(auth, email, OTHER_PASSWORD)
        guess = wrong(derive(auth, challenge))
        refusals = [refusal(auth.verify_account(challenge=challenge.token, code=guess)) for _ in range(7)]
        answers.append([(type(each), dict(each.evidence)) for each in refusals])
    assert answers[0] == answers[1]


def test_login_to_a_decoy_answers_alike(auth):
    """Whoever logs in with what was just registered learns nothing of the address, by address or by username."""
    join(auth, ADA, username="ada")
    answers = []
    for email, username in ((ADA, "eve-1"), (BOB, "eve-2")):
        register(auth, email, OTHER_PASSWORD, username=username)
        for identifier in (email, username):
            for password in (OTHER_PASSWORD, NEW_PASSWORD):
                auth.hasher.runs.clear()
                refused = refusal(auth.log_in(identifier=identifier, password=password))
                answers.append((email, type(refused), dict(auth.hasher.runs)))
    known = [answer[1:] for answer in answers if answer[0] == ADA]
    assert known == [answer[1:] for answer in answers if answer[0] == BOB]
    assert [kind for kind, _ in known] == [
        InvalidCredentials,
        InvalidCredentials,
        AccountUnverified,
        InvalidCredentials,
    ]


def test_username_of_an_unproven_account_can_be_taken(auth):
    """Who has not proven an address holds no username either: the next one gets it, and may prove it."""
    register(auth, ADA, username="ada")
    account = join(auth, BOB, OTHER_PASSWORD, username="Ada")
    assert holder(auth, "username:ada").id == account.id
    assert [each.username for each in kept(auth, Account)] == [None, "Ada"]
    assert isinstance(refusal(auth.log_in(identifier="ada", password=PASSWORD)), InvalidCredentials)


def test_account_can_be_proven_without_its_username(auth):
    """Who has lost a username to somebody else still proves the address, and logs in by that."""
    challenge = register(auth, ADA, username="ada")
    register(auth, BOB, OTHER_PASSWORD, username="ada")
    verify(auth, challenge, derive(auth, challenge))
    assert log_in(auth, ADA)
    assert holder(auth, "username:ada").email == BOB


def test_taken_username_is_refused(auth):
    """A username that a verified account holds is refused, and nothing is stored but that it was tried."""
    join(auth, ADA, username="ada")
    auth.store.commits.clear()
    refused = refusal(auth.register(email=BOB, password=OTHER_PASSWORD, username="ADA"))
    assert isinstance(refused, UsernameTaken)
    assert [shape(writes) for writes in auth.store.commits] == [{"Attempt": 3}]


def test_taken_username_tells_nothing_of_the_address(auth):
    """UsernameTaken is raised for a known address and an unknown one alike, for the same hashing."""
    join(auth, ADA, username="ada")
    join(auth, BOB)
    seen = []
    for email in (BOB, EVE):
        auth.hasher.runs.clear()
        seen.append(
            (type(refusal(auth.register(email=email, password=OTHER_PASSWORD, username="ada"))), dict(auth.hasher.runs))
        )
    assert seen == [(UsernameTaken, {"hash": 1})] * 2


# --- again ------------------------------------------------------------------------------------------------------------


def test_second_registration_replaces_the_first(auth):
    """Before the code was entered, registering again replaces password and username; there is one account still."""
    register(auth, ADA, OTHER_PASSWORD, username="eve")
    challenge = register(auth, ADA, PASSWORD, username="ada")
    verify(auth, challenge, code_to(auth))
    (account,) = kept(auth, Account)
    assert account.username == "ada"
    assert log_in(auth, ADA, PASSWORD)
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD)), InvalidCredentials)


def test_second_registration_voids_the_first_code(auth):
    """The code of the first registration proves nothing after the second."""
    first = register(auth, ADA, OTHER_PASSWORD)
    code = code_to(auth)
    register(auth, ADA, PASSWORD)
    assert isinstance(refusal(auth.verify_account(challenge=first.token, code=code)), ChallengeEnded)
    assert kept(auth, Account)[0].verified_at is None


def test_second_registration_releases_the_username(auth):
    """The username of the first registration is free again, for anybody."""
    register(auth, ADA, username="first")
    register(auth, ADA, username="second")
    assert holder(auth, "username:first") is None
    account = join(auth, BOB, OTHER_PASSWORD, username="first")
    assert holder(auth, "username:first").id == account.id


def test_second_registration_may_drop_or_keep_the_username(auth):
    """Registering again with the same username keeps it; with none releases it."""
    register(auth, ADA, username="ada")
    register(auth, ADA, OTHER_PASSWORD, username="Ada")
    assert holder(auth, "username:ada").username == "Ada"
    register(auth, ADA, OTHER_PASSWORD)
    assert holder(auth, "username:ada") is None
    assert kept(auth, Account)[0].username is None


def test_identifiers_are_never_removed(auth):
    """A released identifier is still stored, without an owner, and with a higher version."""
    register(auth, ADA, username="ada")
    register(auth, ADA)
    (username,) = [claim for claim in kept(auth, Identifier) if claim.id == "username:ada"]
    assert username.account_id is None
    assert username.version == 2


# --- a stranger registers somebody's address --------------------------------------------------------------------------


def test_stranger_who_registers_first_gains_nothing(auth):
    """A stranger registers Ada's address; then Ada registers and proves it: the stranger's password opens nothing."""
    register(auth, ADA, OTHER_PASSWORD, username="eve")
    challenge = register(auth, ADA, PASSWORD, username="ada")
    verify(auth, challenge, code_to(auth))
    for identifier in (ADA, "ada", "eve"):
        assert isinstance(refusal(auth.log_in(identifier=identifier, password=OTHER_PASSWORD)), InvalidCredentials)


def test_stranger_who_registers_in_between_gains_nothing(auth):
    """A stranger registers Ada's address while she waits for her code: her challenge is over, whatever she enters."""
    mine = register(auth, ADA, PASSWORD)
    first = code_to(auth)
    theirs = register(auth, ADA, OTHER_PASSWORD)
    second = code_to(auth)
    for code in (first, second):
        assert isinstance(refusal(auth.verify_account(challenge=mine.token, code=code)), ChallengeEnded)
    assert isinstance(refusal(auth.verify_account(challenge=theirs.token, code=first)), CodeMismatch)
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD)), InvalidCredentials)


def test_stranger_who_registers_in_between_gains_nothing_from_a_new_code(auth):
    """Ada asks for a new code, as she is told to: she gets none for the stranger's registration, and proves nothing."""
    mine = register(auth, ADA, PASSWORD)
    register(auth, ADA, OTHER_PASSWORD, username="eve")
    assert type(refusal(auth.request_verification(challenge=mine.token))) is ChallengeEnded
    refusal(auth.verify_account(challenge=mine.token, code=code_to(auth)))
    for identifier in (ADA, "eve"):
        refused = refusal(auth.log_in(identifier=identifier, password=OTHER_PASSWORD))
        assert isinstance(refused, InvalidCredentials | AccountUnverified)


def test_codes_that_no_longer_hold_are_not_sent(auth):
    """What was replaced before it was sent is not sent: one code goes out, and it is one that proves something."""
    register(auth, ADA, OTHER_PASSWORD)
    challenge = register(auth, ADA, PASSWORD)
    do(auth.deliver_due())
    assert len(messages(auth)) == len(challenges(auth)) == 2
    assert [letter.code for letter in auth.courier.letters] == [derive(auth, challenge)]
