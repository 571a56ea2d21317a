"""Logging in: who may, who may not, and what the refusals tell.  Using the session is in test_authenticate."""

import base64
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from authcore.entities import AuditEvent, AuditKind, AuthenticationSession, Credential, Device
from authcore.errors import (
    AccountDeleted,
    AccountDisabled,
    AccountUnverified,
    AuthError,
    Contention,
    InvalidCredentials,
    InvalidIdentifier,
    InvalidPassword,
    SessionClosed,
    StoreFault,
)
from authcore.identifiers import IdentifierKind
from authcore.policy import Policy
from authcore.testing import SeededEntropy, build_auth
from tests.flows.broken_stores import BusyStore
from tests.flows.people import (
    ADA,
    BOB,
    EVE,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    change_password,
    do,
    join,
    kept,
    log_in,
    put,
    refusal,
    register,
    sessions,
    stored,
)


def attempt(auth, identifier=ADA, password=PASSWORD):
    """How a login is refused; None if it is not."""
    return refusal(auth.log_in(identifier=identifier, password=password))


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", [ADA, "ada@EXAMPLE.ORG", "ada", "ADA", " ada "])
def test_any_name_of_the_account_logs_in(auth, identifier):
    """Address and username log in, however they are written."""
    account = join(auth, username="Ada")
    assert log_in(auth, identifier).session.account_id == account.id


def test_session_begins_with_its_deadlines(auth):
    """The session tells when and how the person logged in, and has both deadlines."""
    join(auth)
    session = log_in(auth).session
    now = auth.clock.now()
    assert (session.auth_time, session.rotated_at, session.amr) == (now, now, ("pwd",))
    assert session.inactive_at == now + auth.policy.inactivity
    assert session.expires_at == now + auth.policy.absolute


def test_session_knows_its_device(auth):
    """Network and user agent are those of the request."""
    join(auth)
    device = Device(network="192.0.2.7", user_agent="Lynx")
    session = do(auth.log_in(identifier=ADA, password=PASSWORD, device=device)).session
    assert (session.network, session.user_agent) == ("192.0.2.7", "Lynx")
    assert kept(auth, AuditEvent)[-1].network == "192.0.2.7"


def test_each_login_opens_a_session_of_its_own(auth):
    """Two logins are two sessions, with two tokens."""
    join(auth)
    one, two = log_in(auth), log_in(auth)
    assert one.session.id != two.session.id
    assert one.token != two.token
    assert len(sessions(auth)) == 2


def test_id_of_a_session_is_160_random_bits(auth):
    """A session's id is 20 bytes as the entropy port gave them: what nobody can guess is all of it."""

    class Watched(SeededEntropy):
        drawn = ()

        def token_bytes(self, count, /):
            drawn = super().token_bytes(count)
            self.drawn = (*self.drawn, drawn)
            return drawn

    join(auth)
    entropy = Watched("login")
    session = log_in(replace(auth, entropy=entropy)).session
    octets = base64.urlsafe_b64decode(f"{session.id}=")
    assert len(octets) == 160 // 8
    assert octets in entropy.drawn


def test_login_is_in_the_trail_and_its_session_is_not(auth):
    """The trail tells who logged in, and shows only a digest of the session's id."""
    account = join(auth)
    session = log_in(auth).session
    event = kept(auth, AuditEvent)[-1]
    assert (event.kind, event.account_id) == (AuditKind.LOGGED_IN, account.id)
    assert event.session
    assert session.id not in repr(event)


def test_login_only_writes_session_and_trail(auth):
    """A login by today's parameters leaves account and credential alone, and is counted for its network."""
    join(auth)
    auth.store.commits.clear()
    log_in(auth)
    (writes,) = auth.store.commits
    assert sorted(type(entity).__name__ for entity in writes) == [
        "Attempt",
        "AuditEvent",
        "AuthenticationSession",
        "SessionRoster",
    ]


# --- who may not ------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(auth):
    """An account of every standing."""
    now = auth.clock.now()
    join(auth, ADA, username="ada")
    register(auth, BOB, PASSWORD, username="bob")
    put(auth, join(auth, "dis@example.org", username="disabled"), disabled_at=now)
    put(auth, join(auth, "del@example.org", username="deleted"), deleted_at=now)
    passwordless = join(auth, "key@example.org", username="passwordless")
    credential = next(each for each in kept(auth, Credential) if each.account_id == passwordless.id)
    put(auth, credential, account_id="nobody", secret="quick$1$00$none")
    register(auth, ADA, PASSWORD, username="decoy")


WRONG = [
    (ADA, OTHER_PASSWORD),
    (ADA, ""),
    ("ada", PASSWORD.upper()),
    ("ada", PASSWORD + " "),
    (BOB, PASSWORD),
    (BOB, OTHER_PASSWORD),
    ("bob", OTHER_PASSWORD),
    ("decoy", OTHER_PASSWORD),
    ("dis@example.org", OTHER_PASSWORD),
    ("del@example.org", OTHER_PASSWORD),
    ("key@example.org", PASSWORD),
    (EVE, PASSWORD),
    ("nobody", PASSWORD),
    ("+442079460958", PASSWORD),
]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("identifier", "password"), WRONG)
def test_refusals_look_alike(auth, identifier, password):
    """Whoever it is that may not log in, and why: one refusal, one run of the hasher, one more that is counted."""
    auth.hasher.runs.clear()
    auth.store.commits.clear()
    refused = attempt(auth, identifier, password)
    assert type(refused) is InvalidCredentials
    assert (str(refused), dict(refused.evidence)) == (InvalidCredentials.text, {})
    assert auth.hasher.runs == {"verify": 1}
    assert [sorted(type(entity).__name__ for entity in writes) for writes in auth.store.commits] == [
        ["Attempt", "Tally"]
    ]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("bob", AccountUnverified),
        ("decoy", AccountUnverified),
        ("dis@example.org", AccountDisabled),
        ("disabled", AccountDisabled),
        ("del@example.org", AccountDeleted),
        ("deleted", AccountDeleted),
    ],
)
def test_standing_is_told_after_the_right_password(auth, identifier, expected):
    """Whoever knows the password is told what is the matter with the account, and is not let in."""
    before = len(sessions(auth))
    assert type(attempt(auth, identifier)) is expected
    assert len(sessions(auth)) == before


def test_unproven_address_names_nobody(auth):
    """The right password with an address that was not proven is InvalidCredentials: else strangers could ask."""
    register(auth, ADA, username="ada")
    assert type(attempt(auth, ADA)) is InvalidCredentials
    assert type(attempt(auth, "ada")) is AccountUnverified


@pytest.mark.parametrize("identifier", ["", "a b", "@", "a" * 1000, "\ud800", "a\0b"])
def test_what_names_nobody_is_refused(auth, identifier):
    """What could be nobody's name is refused before anything is read or hashed."""
    assert isinstance(attempt(auth, identifier), InvalidIdentifier)
    assert not auth.hasher.runs
    assert not auth.store.reads


@pytest.mark.parametrize(
    ("password", "reason"), [("x" * 257, "too_long"), ("x" * 10**6, "too_long"), ("\ud800", "malformed")]
)
def test_what_is_nobodys_password_is_refused(auth, password, reason):
    """What could be nobody's password is refused before anything is read or hashed, known identifier or not."""
    join(auth)
    auth.hasher.runs.clear()
    auth.store.reads.clear()
    for identifier in (ADA, EVE):
        refused = attempt(auth, identifier, password)
        assert isinstance(refused, InvalidPassword)
        assert refused.reason == reason
    assert not auth.hasher.runs
    assert not auth.store.reads


def test_kinds_of_identifier_can_be_left_out(auth):
    """Where the policy allows addresses only, a username logs nobody in, known or not."""
    join(auth, username="ada")
    strict = replace(auth, policy=Policy(login_with=frozenset({IdentifierKind.EMAIL})))
    assert type(attempt(strict, "ada")) is type(attempt(strict, "nobody")) is InvalidCredentials
    assert attempt(strict, ADA) is None


def test_password_is_compared_in_its_normal_form(auth):
    """The same password typed on another keyboard, composed or not, is the same."""
    join(auth, ADA, "é" * 5 + " is not a word")
    assert attempt(auth, ADA, "e\u0301" * 5 + " is not a word") is None


# --- rehashing --------------------------------------------------------------------------------------------------------


def test_old_hash_is_replaced_at_login(auth):
    """A login with a hash of old parameters writes one of today's, once."""
    account = join(auth)
    newer = replace(auth, hasher=QuickHasher(2))
    log_in(newer)
    (credential,) = [each for each in kept(auth, Credential) if each.account_id == account.id]
    assert credential.secret.startswith("quick$2$")
    assert newer.hasher.runs == {"verify": 1, "hash": 1}
    log_in(newer)
    assert newer.hasher.runs == {"verify": 2, "hash": 1}
    assert log_in(newer)


def test_rehash_changes_nothing_else(auth):
    """A rehash is no change of password: `changed_at` stays, and so does every session."""
    join(auth)
    session = log_in(auth)
    (before,) = kept(auth, Credential)
    log_in(replace(auth, hasher=QuickHasher(2)))
    assert stored(auth, before).changed_at == before.changed_at
    assert do(auth.authenticate(session.token))


def test_wrong_password_rehashes_nothing(auth):
    """An old hash that was not matched stays, for one run of the hasher."""
    join(auth)
    newer = replace(auth, hasher=QuickHasher(2))
    (before,) = kept(auth, Credential)
    assert attempt(newer, ADA, OTHER_PASSWORD)
    assert stored(auth, before) == before
    assert newer.hasher.runs == {"verify": 1}


def test_refused_account_is_not_rehashed(auth):
    """Whoever is not let in changes nothing, even with the right password."""
    put(auth, join(auth), disabled_at=auth.clock.now())
    (before,) = kept(auth, Credential)
    attempt(replace(auth, hasher=QuickHasher(2)))
    assert stored(auth, before) == before


def test_rehash_is_compare_and_swap(auth):
    """A password that was changed while an old one was being rehashed is not brought back."""
    join(auth)
    session = log_in(auth)

    class Interrupting(QuickHasher):
        def hash(self, password, salt, /):
            if not self.runs["hash"]:
                change_password(auth, session)
            return super().hash(password, salt)

    newer = replace(auth, hasher=Interrupting(2))
    assert isinstance(attempt(newer), InvalidCredentials)
    assert attempt(auth, ADA, PASSWORD)
    assert newer.hasher.runs["verify"] == 2


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(auth):
    """A world in which every commit loses the race, with Ada in it."""
    join(auth)
    store = BusyStore()
    store._kept, store._owned = auth.store._kept, auth.store._owned  # noqa: SLF001
    return replace(auth, store=store)


def test_contention_ends_the_loop(busy):
    """Who loses every race is told so after as many attempts as the policy allows, and nothing is stored."""
    before = sessions(busy)
    assert isinstance(attempt(busy), Contention)
    assert busy.store.tried == busy.policy.flow_attempts
    assert sessions(busy) == before


def test_contention_ends_the_loop_in_time(busy):
    """Patience bounds the loop as well: no attempt begins when it has run out."""
    hasty = replace(busy, policy=Policy(flow_attempts=100, flow_patience=timedelta(seconds=1)))
    before = busy.clock.now()
    assert isinstance(attempt(hasty), Contention)
    assert timedelta(seconds=1) <= busy.clock.now() - before < timedelta(seconds=1.25)
    assert busy.store.tried < 100


def test_contention_costs_one_hash(busy):
    """However often the loop goes round, the password is checked once."""
    busy.hasher.runs.clear()
    attempt(busy)
    assert busy.hasher.runs == {"verify": 1}


def test_loop_waits_longer_each_time(busy):
    """Losing again makes it wait longer, and chance keeps two losers apart."""
    pauses = []
    sleep = busy.clock.sleep

    async def remember(seconds):
        pauses.append(seconds)
        await sleep(seconds)

    busy.clock.sleep = remember
    attempt(busy)
    caps = [min(0.002 * 2**turn, 0.25) for turn in range(len(pauses))]
    assert all(0 < pause <= cap for pause, cap in zip(pauses, caps, strict=True))
    assert all(one <= two for one, two in pairwise(caps))
    assert len(set(pauses)) == len(pauses)


def test_store_fault_is_not_retried(auth):
    """A fault in a commit leaves open whether it took place: it is passed on, and nothing is tried again."""
    tried = Counter()

    class Faulty(type(auth.store)):
        async def commit(self, writes, unchanged=()):
            tried["commit"] += 1
            raise StoreFault

    join(auth)
    store = Faulty()
    store._kept, store._owned = auth.store._kept, auth.store._owned  # noqa: SLF001
    assert isinstance(attempt(replace(auth, store=store)), StoreFault)
    assert tried == {"commit": 1}


def test_fault_of_a_read_is_no_refusal(auth):
    """A store that cannot answer is a fault, and never a wrong password."""

    class Unreadable(type(auth.store)):
        async def find(self, key, /):
            raise StoreFault

    refused = attempt(replace(auth, store=Unreadable()))
    assert isinstance(refused, StoreFault)
    assert not isinstance(refused, AuthError)


def test_real_hasher_logs_in():
    """The whole of it works with Argon2, too."""
    auth = build_auth()
    join(auth)
    assert log_in(auth).session.amr == ("pwd",)
    assert isinstance(attempt(auth, ADA, OTHER_PASSWORD), InvalidCredentials)
    assert len(kept(auth, AuthenticationSession)) == 1


def test_session_ids_cannot_be_guessed(auth):
    """A session's id is made of 160 bits drawn from the entropy port, and nothing else (OWASP ASVS 7.2.3)."""
    join(auth)
    assert len(base64.urlsafe_b64decode(log_in(auth).session.id + "=")) * 8 == 160


# --- in place of another session --------------------------------------------------------------------------------------


def test_former_session_ends(auth):
    """Logging in again on a device ends the session that it presented, in the same commit, whoever it belonged to."""
    join(auth)
    join(auth, BOB)
    former = log_in(auth, BOB)
    issued = do(auth.log_in(identifier=ADA, password=PASSWORD, former=former.token))
    assert issued.session.id != former.session.id
    assert type(refusal(auth.authenticate(former.token))) is SessionClosed
    assert do(auth.authenticate(issued.token)).display_name == ADA


def test_former_session_outlives_a_failed_login(auth):
    """Who gives a wrong password stays logged in as before."""
    join(auth)
    former = log_in(auth)
    assert refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD, former=former.token))
    assert do(auth.authenticate(former.token)).display_name == ADA


@pytest.mark.parametrize("former", ["", "garbage", "a.b.c"])
def test_bad_former_token_keeps_nobody_out(auth, former):
    """Whatever a client had before, the right password lets it in."""
    join(auth)
    assert do(auth.log_in(identifier=ADA, password=PASSWORD, former=former)).token


def test_former_session_that_is_over_stays_as_it_was(auth):
    """A session that was logged out is not ended once more."""
    join(auth)
    former = log_in(auth)
    do(auth.log_out(former.token))
    before = stored(auth, former.session)
    do(auth.log_in(identifier=ADA, password=PASSWORD, former=former.token))
    assert stored(auth, former.session) == before
