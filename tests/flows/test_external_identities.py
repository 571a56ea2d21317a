"""Linking accounts with external identities.  What is decided is tested in core/."""

import pytest

from authcore.entities import MessageKind
from authcore.errors import AccountUnverified, IdentifierTaken, InvalidCredentials, InvalidIdentifier, InvalidToken
from tests.flows.people import ADA, BOB, PASSWORD, do, join, log_in, messages, refusal, register

GOOGLE = "https://accounts.google.com"


@pytest.fixture
def account(auth):
    """Ada has an account."""
    return join(auth)


def link(auth, account, subject="1843", issuer=GOOGLE):
    """Link; returns why not, or None."""
    return refusal(auth.link_external_identity(account.id, issuer=issuer, subject=subject))


def found(auth, subject="1843", issuer=GOOGLE):
    """The id of whoever has an identity."""
    account = do(auth.find_account(external=(issuer, subject)))
    return account and account.id


def test_linked_account_is_found(auth, account):
    """An account is found by each identity that was linked, compared exactly, and by no other."""
    assert link(auth, account) is link(auth, account, "1852") is None
    assert found(auth) == found(auth, "1852") == account.id
    assert found(auth, issuer="https://id.example") is found(auth, "18430") is None


def test_linking_again_is_no_error(auth, account):
    """Linking twice changes nothing, and tells nobody twice."""
    assert link(auth, account) is link(auth, account) is None
    assert [message.kind for message in messages(auth)].count(MessageKind.EXTERNAL_IDENTITY_CHANGED) == 1


def test_identity_has_one_account(auth, account):
    """An identity that somebody has is refused to anybody else, also while that account is deleted."""
    bob = join(auth, BOB)
    link(auth, account)
    assert isinstance(link(auth, bob), IdentifierTaken)
    do(auth.delete_account(account.id))
    assert found(auth) is None
    assert isinstance(link(auth, bob), IdentifierTaken)
    do(auth.restore_account(account.id))
    assert found(auth) == account.id


def test_unlinked_identity_is_free(auth, account):
    """Parted from an identity, an account is not found by it, its sessions end, and somebody else may have it."""
    bob = join(auth, BOB)
    link(auth, account)
    session = log_in(auth)
    assert do(auth.unlink_external_identity(account.id, issuer=GOOGLE, subject="1843")) is True
    assert do(auth.unlink_external_identity(account.id, issuer=GOOGLE, subject="1843")) is False
    assert found(auth) is None
    assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
    assert link(auth, bob) is None
    assert found(auth) == bob.id


def test_linking_ends_no_session(auth, account):
    """Whoever links another identity stays logged in."""
    session = log_in(auth)
    link(auth, account)
    assert do(auth.authenticate(session.token))


def test_unproven_account_is_refused(auth):
    """Nothing is linked before the address is proven, lest whoever proves it find a stranger's identity there."""
    challenge = register(auth)
    account = do(auth.find_account(account_id=challenge.session.account_id))
    assert isinstance(link(auth, account), AccountUnverified)
    assert found(auth) is None


@pytest.mark.parametrize("typed", [f"external:{GOOGLE}#1843", f"{GOOGLE}#1843", "1843"])
def test_nobody_logs_in_by_typing_it(auth, account, typed):
    """An external identity is no name for a login form."""
    link(auth, account)
    refused = refusal(auth.log_in(identifier=typed, password=PASSWORD))
    assert isinstance(refused, InvalidCredentials | InvalidIdentifier)


def test_malformed_identity_is_refused(auth, account):
    """What no provider may say is refused before anything is read."""
    auth.store.reads.clear()
    assert isinstance(link(auth, account, "s", "a b"), InvalidIdentifier)
    assert not auth.store.reads
    assert do(auth.find_account(ADA)).id == account.id
