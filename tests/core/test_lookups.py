"""Reading what belongs together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from authcore import lookups
from authcore.accounts import Claim, password_id
from authcore.challenges import Challenged
from authcore.entities import (
    Account,
    ChallengeSlot,
    Credential,
    Entity,
    Identifier,
    TwoStepSession,
)
from authcore.identifiers import canonical_email
from authcore.memory import MemoryStore
from authcore.ports import Key
from authcore.testing import run_sync

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAME = canonical_email("Ada@example.org")
ACCOUNT = Account(id="a", version=1, created_at=NOW, updated_at=NOW, epoch=7, verified_at=NOW)
IDENTIFIER = Identifier(id=NAME.id, version=1, created_at=NOW, updated_at=NOW, kind=NAME.kind, form=1, account_id="a")
CREDENTIAL = Credential(
    id=password_id("a"),
    version=1,
    created_at=NOW,
    updated_at=NOW,
    account_id="a",
    kind="password",
    secret="h",
    changed_at=NOW,
)
CHALLENGE = TwoStepSession(
    id="c",
    version=1,
    created_at=NOW,
    updated_at=NOW,
    account_id="a",
    epoch=7,
    expires_at=NOW + timedelta(minutes=1),
    code_key="k",
    max_attempts=5,
    purpose="verify",
    destination="Ada@example.org",
)
NOBODYS = replace(CHALLENGE, account_id=None)
SLOT = ChallengeSlot(id="a:verify", version=1, created_at=NOW, updated_at=NOW, account_id="a", challenge_id="c")


class _Store(MemoryStore):
    """Keeps entities, and writes down what was looked for."""

    def __init__(self, *entities: Entity) -> None:
        super().__init__()
        run_sync(self.commit([replace(entity, version=0) for entity in entities]))
        self.asked: list[str] = []

    async def find(self, key: Key[Entity], /) -> Sequence[Entity]:
        self.asked.append(f"{key.kind.__name__} {key.field} {key.value}")
        return await super().find(key)


class TestClaims:
    """Who holds a name."""

    @pytest.mark.parametrize(
        ("stored", "identifier", "holder"),
        [
            ([], None, None),
            ([IDENTIFIER, ACCOUNT], IDENTIFIER, ACCOUNT),
            ([replace(IDENTIFIER, account_id=None), ACCOUNT], replace(IDENTIFIER, account_id=None), None),
            ([IDENTIFIER], IDENTIFIER, None),
            ([ACCOUNT], None, None),
            ([IDENTIFIER, replace(ACCOUNT, deleted_at=NOW)], IDENTIFIER, replace(ACCOUNT, deleted_at=NOW)),
        ],
    )
    def test_a_claim_is_what_is_stored(self, stored, identifier, holder):
        """A claim has the identifier of a name and the account that holds it, deleted or not, if there are any."""
        claim = run_sync(lookups.claim_on(_Store(*stored), NAME))
        assert claim == Claim(id=NAME.id, name=NAME, identifier=identifier, holder=holder)

    def test_a_claim_may_be_stored_elsewhere(self):
        """The claim of a decoy is read where it is stored, and the real one is not looked at."""
        store = _Store(IDENTIFIER, ACCOUNT)
        claim = run_sync(lookups.claim_on(store, NAME, stored_as="decoy:x"))
        assert claim == Claim(id="decoy:x", name=NAME, identifier=None, holder=None)
        assert store.asked == ["Identifier id decoy:x"]


class TestPasswords:
    """The password of an account."""

    @pytest.mark.parametrize(
        ("account", "stored", "found"),
        [
            (ACCOUNT, [CREDENTIAL], CREDENTIAL),
            (ACCOUNT, [], None),
            (replace(ACCOUNT, id="b"), [CREDENTIAL], None),
            (None, [CREDENTIAL], None),
        ],
    )
    def test_a_password_is_its_accounts(self, account, stored, found):
        """A credential is found by its account, if there are both."""
        assert run_sync(lookups.password_of(_Store(*stored), account)) == found


class TestChallenges:
    """What a challenge's token names."""

    @pytest.mark.parametrize(
        ("stored", "found"),
        [
            ([CHALLENGE, ACCOUNT, SLOT], Challenged(challenge=CHALLENGE, account=ACCOUNT, slot=SLOT)),
            ([CHALLENGE, ACCOUNT], Challenged(challenge=CHALLENGE, account=ACCOUNT)),
            ([CHALLENGE, SLOT], Challenged(challenge=CHALLENGE)),
            ([NOBODYS, ACCOUNT, SLOT], Challenged(challenge=NOBODYS)),
            ([ACCOUNT, SLOT], Challenged()),
            ([], Challenged()),
        ],
    )
    def test_the_subject_comes_from_the_challenge(self, stored, found):
        """Account and slot of a challenge are those that the challenge names, and nothing else decides them."""
        assert run_sync(lookups.challenged(_Store(*stored), "c")) == found

    @pytest.mark.parametrize(
        ("account", "purpose", "found"),
        [
            (ACCOUNT, "verify", SLOT),
            (ACCOUNT, "transfer", None),
            (replace(ACCOUNT, id="b"), "verify", None),
            (None, "verify", None),
        ],
    )
    def test_a_slot_is_of_one_account_for_one_purpose(self, account, purpose, found):
        """A slot is found by its account and its purpose, if there is one."""
        assert run_sync(lookups.slot_of(_Store(SLOT), account, purpose)) == found

    def test_the_destination_is_the_stored_one(self):
        """The claim is on the address that the code was sent to, whatever the account shows now."""
        claim = run_sync(lookups.destination_of(_Store(IDENTIFIER, ACCOUNT), CHALLENGE))
        assert (claim.name, claim.holder) == (NAME, ACCOUNT)

    def test_no_challenge_was_sent_nowhere(self):
        """Without a challenge nothing is looked for."""
        store = _Store(IDENTIFIER, ACCOUNT)
        assert run_sync(lookups.destination_of(store, None)) is None
        assert store.asked == []


class TestWanted:
    """The address that a challenge is to make an account's own."""

    @pytest.mark.parametrize("purpose", ["change-address", "verify", "pay"])
    def test_only_a_change_of_address_wants_one(self, purpose):
        """The claim on it is read for that purpose alone: a code of the application's gives nobody an address."""
        store = _Store(ACCOUNT, IDENTIFIER)
        claim = run_sync(lookups.wanted_address(store, replace(CHALLENGE, purpose=purpose)))
        assert (claim is not None) == (purpose == "change-address")
        assert claim is None or claim.holder == ACCOUNT
        assert run_sync(lookups.wanted_address(store, None)) is None
