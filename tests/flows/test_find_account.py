"""Finding accounts, as operators and scripts do.  What strangers are told is tested with the flows that tell them."""

import pytest

from authcore.errors import ConfigurationError, InvalidIdentifier
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


@pytest.mark.parametrize(
    "named", [{"email": "ADA@example.org"}, {"username": "Countess"}, {"identifier": ADA}, {"identifier": "countess"}]
)
def test_account_is_found_by_each_of_its_names(auth, named):
    """A name finds its account whether its kind is said or seen."""
    account = join(auth, username="countess")
    assert do(auth.find_account(**named)).id == account.id


def test_account_is_found_by_its_number(auth):
    """A telephone number finds the account that is registered under it."""
    challenge = do(auth.register(phone="+49 30 123456", password=OTHER_PASSWORD))
    for named in ({"phone": "+4930123456"}, {"identifier": "+49 (30) 123456"}):
        assert do(auth.find_account(**named)).id == challenge.session.account_id


def test_account_is_found_by_its_id(auth):
    """An id finds its account, compared exactly, and nothing that a decoy or a deleted account had."""
    account = join(auth)
    assert do(auth.find_account(account_id=account.id)).id == account.id
    assert do(auth.find_account(account_id=account.id.swapcase())) is None
    put(auth, account, deleted_at=auth.clock.now())
    assert do(auth.find_account(account_id=account.id)) is None


@pytest.mark.parametrize(("named", "field"), [({"email": "ada"}, "email"), ({"phone": "ada"}, "phone")])
def test_kind_that_is_said_counts(auth, named, field):
    """What is no name of the kind that was said is refused, though it be one of another kind."""
    assert refusal(auth.find_account(**named)).field == field


@pytest.mark.parametrize("named", [{}, {"email": ADA, "username": "ada"}, {"identifier": ADA, "account_id": "a"}])
def test_account_is_named_in_one_way(auth, named):
    """Naming nobody, or somebody twice, is a mistake of the program."""
    assert isinstance(refusal(auth.find_account(**named)), ConfigurationError)


@pytest.mark.parametrize("named", [{"email": ADA}, {"identifier": "countess"}])
def test_deleted_account_is_found_by_asking_for_it(auth, named):
    """An operator finds what was deleted, to restore it; nobody else does, and a decoy is never found."""
    account = join(auth, username="countess")
    do(auth.delete_account(account.id))
    assert do(auth.find_account(**named)) is None
    assert do(auth.find_account(**named, deleted=True)).id == account.id
    assert do(auth.find_account(account_id=account.id, deleted=True)).id == account.id
