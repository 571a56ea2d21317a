"""Deciding about accounts: which of them may be used, and whose name it is."""

from dataclasses import replace

import pytest

from authcore import accounts
from authcore.entities import Credential
from authcore.errors import (
    AccountDeleted,
    AccountDisabled,
    AccountUnverified,
)
from authcore.identifiers import IdentifierKind, canonical_phone
from tests.core.ada import BEFORE, EMAIL, LIVE, NOW, PENDING, USERNAME, claim_on, identifier_of


class TestStanding:
    """Whether an account may be used."""

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({}, None),
            ({"disabled_at": NOW}, AccountDisabled),
            ({"verified_at": None}, AccountUnverified),
            ({"verified_at": None, "disabled_at": NOW}, AccountUnverified),
            ({"deleted_at": NOW}, AccountDeleted),
            ({"deleted_at": NOW, "verified_at": None, "disabled_at": NOW}, AccountDeleted),
        ],
    )
    def test_standing_has_an_order(self, changes, refusal):
        """An account is deleted before it is unverified, and unverified before it is disabled."""
        found = accounts.standing(replace(LIVE, **changes))
        assert found is None if refusal is None else type(found) is refusal

    @pytest.mark.parametrize(
        ("account", "awaits"),
        [
            (None, False),
            (LIVE, False),
            (PENDING, True),
            (replace(PENDING, disabled_at=NOW), True),
            (replace(PENDING, deleted_at=NOW), False),
        ],
    )
    def test_pending_accounts_await_proof(self, account, awaits):
        """An account awaits its proof while it is unverified and not deleted."""
        assert accounts.awaits_proof(account) is awaits

    @pytest.mark.parametrize(
        ("holder", "is_taken"),
        [
            (None, False),
            (PENDING, False),
            (LIVE, True),
            (replace(LIVE, deleted_at=NOW), True),
            (replace(LIVE, disabled_at=NOW), True),
            # Whose names have just been released, as whoever read the claim before cannot know.
            (replace(PENDING, deleted_at=NOW), False),
        ],
    )
    def test_names_are_taken_by_proof(self, holder, is_taken):
        """A name is taken once its holder has proven it, and stays so whatever becomes of the account."""
        assert accounts.is_taken(claim_on(holder)) is is_taken


class TestNames:
    """Names and what is stored under them."""

    @pytest.mark.parametrize(
        ("claim", "named"),
        [
            (claim_on(), None),
            (claim_on(PENDING), None),
            (claim_on(LIVE, proven_at=NOW), LIVE),
            (claim_on(LIVE, name=USERNAME), LIVE),
            (claim_on(PENDING, name=USERNAME), PENDING),
            (
                accounts.Claim(
                    id=EMAIL.id, name=EMAIL, identifier=identifier_of(held_by=None, proven_at=NOW), holder=None
                ),
                None,
            ),
        ],
    )
    def test_unproven_addresses_name_nobody(self, claim, named):
        """An address names its holder at login once it is proven; a username always does."""
        assert accounts.account_for_login(claim) is named

    @pytest.mark.parametrize("name", [EMAIL, USERNAME, canonical_phone("+4930123456")])
    def test_decoys_are_stored_beside(self, name):
        """The claim of a decoy is stored under an id that no name has, and another one for each name."""
        assert accounts.decoy_id(name) == f"decoy:{name.id}"
        assert accounts.decoy_id(name).partition(":")[0] not in set(IdentifierKind)

    @pytest.mark.parametrize(
        ("changes", "address"),
        [({}, "Ada@example.org"), ({"email": None, "phone": "+4930123456"}, "+4930123456"), ({"email": None}, "")],
    )
    def test_messages_go_to_the_stored_address(self, changes, address):
        """Messages go to the account's email address, or else to its telephone number."""
        assert accounts.address_of(replace(LIVE, **changes)) == address

    @pytest.mark.parametrize(("kind", "address"), [("email", "Ada@example.org"), ("phone", "+4930123456")])
    def test_messages_go_to_no_other_kind_of_address(self, kind, address):
        """Where one kind of address is asked for, an account that has none of it has no address."""
        both = replace(LIVE, phone="+4930123456")
        assert accounts.address_of(both, {IdentifierKind(kind)}) == address
        assert accounts.address_of(replace(both, **{kind: None}), {IdentifierKind(kind)}) == ""

    def test_whoever_claims_a_released_name_takes_all_of_it(self):
        """A name that was released is its new holder's alone: it does not remember any more whose it was."""
        free = identifier_of(held_by=None, former_id="b")
        claim = accounts.Claim(id=EMAIL.id, name=EMAIL, identifier=free, holder=None)
        assert accounts.claimed(claim, LIVE, now=NOW, proven=True) == replace(
            free, updated_at=NOW, account_id="a", former_id=None, proven_at=NOW
        )

    def test_words_of_an_account_are_its_names(self):
        """The words that an account shows are its names as they were given, and nothing for a name that it lacks."""
        named = replace(LIVE, username="Ada", phone="+4930123456")
        assert accounts.words_of(named) == ["Ada@example.org", "Ada", "+4930123456"]
        assert accounts.words_of(replace(LIVE, email=None, username=None, phone=None)) == []


class TestPasswords:
    """Where the hash of a password is kept."""

    def test_the_first_password_makes_a_credential(self):
        """The first password of an account is kept under the account's own id for it."""
        assert accounts.password_credential(None, LIVE, "hash", now=NOW) == Credential(
            id="password:a",
            created_at=NOW,
            updated_at=NOW,
            account_id="a",
            kind="password",
            secret="hash",
            changed_at=NOW,
        )

    def test_another_password_takes_its_place(self):
        """A new password replaces the one before at its version, and says when."""
        former = replace(accounts.password_credential(None, LIVE, "old", now=BEFORE), version=4)
        assert accounts.password_credential(former, LIVE, "new", now=NOW) == replace(
            former, updated_at=NOW, secret="new", changed_at=NOW
        )
