"""Presenting a session's token: who it shows, until when, and what it costs.  Roles are in test_roles."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from authcore.errors import InvalidToken, NotAuthenticated, SessionClosed, SessionExpired, SessionRevoked
from authcore.keyring import Keyring, RootKey
from authcore.policy import Policy
from authcore.principal import Principal
from authcore.testing import build_auth
from authcore.tokens import Reference, TokenKind, Tokens
from tests.flows.people import ADA, PASSWORD, do, join, log_in, put, refusal, register, stored


@pytest.fixture
def session(auth):
    """Ada is logged in, and nothing is counted yet."""
    join(auth, username="Ada")
    issued = log_in(auth)
    auth.store.reads.clear()
    auth.store.commits.clear()
    return issued


def attempt(auth, token):
    """How a token is refused; None if it is not."""
    return refusal(auth.authenticate(token))


def test_token_shows_who_presents_it(auth, session):
    """A good token shows the account, by its session."""
    principal = do(auth.authenticate(session.token))
    assert type(principal) is Principal
    assert (principal.display_name, principal.account.email) == ("Ada", ADA)
    assert principal.session == stored(auth, session)
    assert principal.is_authenticated


def test_good_token_costs_one_read(auth, session):
    """A good token is one call of `caller`, no other read of the flow's own, and no write."""
    reads = []

    class OneTrip(type(auth.store)):
        async def caller(self, session_id, /):
            reads.append("caller")
            return await auth.store.caller(session_id)

        async def find(self, key, /):
            reads.append("find")
            raise AssertionError

        async def commit(self, writes, unchanged=()):
            raise AssertionError

    assert do(replace(auth, store=OneTrip()).authenticate(session.token))
    assert reads == ["caller"]


def forged(auth, session, **changes):
    """A token that only the holder of the key could make."""
    kind = changes.pop("kind", TokenKind.AUTHENTICATION)
    tokens = Tokens(auth.keyring, changes.pop("issuer", "authcore"), changes.pop("audience", "authcore"))
    entity = session.session
    reference = Reference(id=entity.id, issued_at=entity.created_at, expires_at=entity.expires_at)
    return tokens.encode(kind, replace(reference, **changes))


BAD = {
    "empty": lambda auth, session: "",
    "text": lambda auth, session: "hello",
    "dots": lambda auth, session: "..",
    "long": lambda auth, session: "x" * 10**6,
    "not ASCII": lambda auth, session: "é.é.é",
    "surrogate": lambda auth, session: "\ud800",
    "null": lambda auth, session: "\0" * 10,
    "no signature": lambda auth, session: session.token.rpartition(".")[0] + ".",
    "other signature": lambda auth, session: session.token[:-6] + session.token[-6:].swapcase(),
    "two tokens": lambda auth, session: session.token + "." + session.token,
    "padding": lambda auth, session: session.token + "=",
    "alg none": lambda auth, session: "eyJhbGciOiJub25lIn0." + session.token.split(".")[1] + ".",
    "challenge": lambda auth, session: register(auth, "bob@example.org").token,
    "other kind": lambda auth, session: forged(auth, session, kind=TokenKind.TWO_STEP),
    "other issuer": lambda auth, session: forged(auth, session, issuer="elsewhere"),
    "other audience": lambda auth, session: forged(auth, session, audience="elsewhere"),
    "over": lambda auth, session: forged(auth, session, expires_at=auth.clock.now()),
    "other keyring": lambda auth, session: forged(
        build_auth(keyring=Keyring([RootKey("test", bytes(range(32)))])), session
    ),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_bad_token_costs_no_read(auth, session, make):
    """Whatever was not made here, or is over, is an InvalidToken that tells nothing, and reads nothing."""
    token = make(auth, session)
    auth.store.reads.clear()
    refused = attempt(auth, token)
    assert isinstance(refused, InvalidToken)
    assert (str(refused), refused.code, dict(refused.evidence)) == (InvalidToken.text, "invalid_token", {})
    assert not auth.store.reads


@pytest.mark.parametrize("changes", [{"id": "unknown"}, {"generation": 2}])
def test_token_of_what_is_not_there(auth, session, changes):
    """A signed token of an unknown session, or of another generation, is an InvalidToken."""
    assert isinstance(attempt(auth, forged(auth, session, **changes)), InvalidToken)


AROUND = pytest.mark.parametrize(
    ("microseconds", "expected"),
    [(-1, type(None)), (0, SessionExpired), (1, SessionExpired)],
    ids=["-1us", "0", "+1us"],
)


@AROUND
def test_inactivity_deadline(auth, session, microseconds, expected):
    """A session that is not renewed counts until just before its inactivity deadline, and not at it."""
    auth.clock.advance(auth.policy.inactivity + timedelta(microseconds=microseconds))
    assert type(attempt(auth, session.token)) is expected


@AROUND
def test_absolute_deadline(auth, session, microseconds, expected):
    """However active, a session counts until just before its absolute deadline, and not at it."""
    put(auth, session, inactive_at=session.session.expires_at + timedelta(days=1))
    auth.clock.advance(auth.policy.absolute + timedelta(microseconds=microseconds))
    assert type(attempt(auth, session.token)) is expected


def test_absolute_deadline_is_judged_from_the_row_too(auth, session):
    """If the stored deadline is earlier than the token's, it is the stored one that counts."""
    put(auth, session, expires_at=auth.clock.now())
    assert type(attempt(auth, session.token)) is SessionExpired


def test_use_extends_nothing(auth, session):
    """Being used moves no deadline."""
    for _ in range(3):
        auth.clock.advance(auth.policy.inactivity / 4)
        do(auth.authenticate(session.token))
    assert stored(auth, session).inactive_at == session.session.inactive_at
    auth.clock.advance(auth.policy.inactivity / 4)
    assert isinstance(attempt(auth, session.token), SessionExpired)


@pytest.mark.parametrize("field", ["disabled_at", "deleted_at"])
def test_dead_account_ends_its_sessions(auth, session, field):
    """Nobody uses a session of an account that was disabled or deleted, and the refusal does not say which."""
    put(auth, do(auth.find_account(ADA)), **{field: auth.clock.now()})
    refused = attempt(auth, session.token)
    assert type(refused) is SessionRevoked
    assert str(refused) == InvalidToken.text


def test_unverified_account_has_no_session(auth, session):
    """A session does not count while its account is unverified, however that came about."""
    put(auth, do(auth.find_account(ADA)), verified_at=None)
    assert type(attempt(auth, session.token)) is SessionRevoked


@pytest.mark.parametrize("step", [-1, 1])
def test_other_epoch_ends_sessions(auth, session, step):
    """A session of another epoch than its account's does not count."""
    account = do(auth.find_account(ADA))
    put(auth, account, epoch=account.epoch + step)
    assert type(attempt(auth, session.token)) is SessionRevoked


def test_deleted_session_is_unknown(auth, session):
    """A session that was deleted is as if it never were."""
    put(auth, session, deleted_at=auth.clock.now())
    assert type(attempt(auth, session.token)) is InvalidToken


def test_ended_session_stays_ended(auth, session):
    """No passing of time and no new login brings an ended session back."""
    do(auth.log_out(session.token))
    log_in(auth)
    assert type(attempt(auth, session.token)) is SessionClosed


def test_session_of_nobody_shows_nobody(auth, session):
    """A session without an account authenticates nobody."""
    put(auth, session, account_id=None)
    assert isinstance(attempt(auth, session.token), NotAuthenticated)


def test_removed_key_ends_sessions_and_a_new_one_does_not(auth):
    """Rotating the keyring logs nobody out; removing the old key at last does."""
    old, new = RootKey("old", bytes(range(32))), RootKey("new", bytes(range(32, 64)))
    auth = replace(auth, keyring=Keyring([old]))
    join(auth)
    session = log_in(auth)
    assert attempt(replace(auth, keyring=Keyring([new, old])), session.token) is None
    assert isinstance(attempt(replace(auth, keyring=Keyring([new])), session.token), InvalidToken)


def test_key_goes_through_its_states_and_logs_nobody_out(auth):
    """Known, signing, verifying, retired: each step reads the tokens of its neighbours, until the last has expired."""
    k1, k2 = RootKey("k1", bytes(range(32))), RootKey("k2", bytes(range(32, 64)))
    steps = [Keyring([k1]), Keyring([k1, k2]), Keyring([k2, k1]), Keyring([k2], retired=["k1"])]
    states = [{kid: state.value for kid, state in ring.states.items()} for ring in steps]
    assert states == [
        {"k1": "signing"},
        {"k1": "signing", "k2": "verifying"},
        {"k2": "signing", "k1": "verifying"},
        {"k2": "signing", "k1": "retired"},
    ]
    stages = [replace(auth, keyring=ring) for ring in steps]
    join(stages[0])
    for before, after in pairwise(stages[:-1]):
        token, newer = log_in(before).token, log_in(after).token
        assert attempt(after, token) is None  # a server that is ahead
        assert attempt(before, newer) is None  # and one that is behind
    last = log_in(stages[1]).token
    assert attempt(stages[-1], log_in(stages[2]).token) is None
    assert attempt(stages[-1], last).cause == "retired"
    auth.clock.advance(auth.policy.absolute)
    assert isinstance(attempt(stages[2], last), InvalidToken)  # nothing is lost that would not have ended


def test_token_holds_no_account_data(auth, session):
    """A token names a session and its times: no account, no address, no password."""
    import base64  # noqa: PLC0415  only here
    import json  # noqa: PLC0415  only here

    head, body, _ = (base64.urlsafe_b64decode(part + "==") for part in session.token.split("."))
    assert set(json.loads(body)) == {"iss", "aud", "jti", "gen", "iat", "exp"}
    assert set(json.loads(head)) == {"alg", "kid", "typ"}
    for word in (ADA, "Ada", PASSWORD, session.session.account_id):
        assert word.encode() not in head + body


def test_shorter_policy_is_no_way_around(auth, session):
    """A policy that was changed later leaves the deadlines of open sessions as they are stored."""
    longer = replace(auth, policy=Policy(inactivity=timedelta(days=20)))
    auth.clock.advance(auth.policy.inactivity)
    assert isinstance(attempt(longer, session.token), SessionExpired)
