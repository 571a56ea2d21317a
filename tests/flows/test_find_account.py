"""Finding accounts, as operators and scripts do.  What strangers are told is tested with the flows that tell them."""

import pytest

from authcore.errors import InvalidIdentifier
from tests.flows.people import ADA, BOB, OTHER_PASSWORD, do, join, put, refusal, register


@pytest.mark.parametrize("identifier", [ADA, "ADA@Example.org"])
def test_account_is_found_by_its_address(auth, identifier):
    """Any spelling of an account's address finds it."""
    account = join(auth)
    assert do(auth.find_account(identifier)).id == account.id


def test_account_is_found_before_it_is_proven(auth):
    """An operator sees an account that still awaits its code."""
    challenge = register(auth, ADA)
    assert do(auth.find_account(ADA)).id == challenge.session.account_id


def test_nobody_is_found(auth):
    """An identifier that names nobody finds nothing."""
    join(auth)
    assert do(auth.find_account(BOB)) is None


def test_decoys_are_not_found(auth):
    """A decoy is no account: nobody can be given a role by its name."""
    join(auth)
    register(auth, ADA, OTHER_PASSWORD, username="eve")
    assert do(auth.find_account("eve")) is None


def test_deleted_accounts_are_not_found(auth):
    """A deleted account is hidden."""
    put(auth, join(auth), deleted_at=auth.clock.now())
    assert do(auth.find_account(ADA)) is None


def test_malformed_identifier_is_refused(auth):
    """What could name nobody is refused."""
    assert isinstance(refusal(auth.find_account("a b")), InvalidIdentifier)
