"""Deciding whose account an external identity means."""

from dataclasses import replace

import pytest

from authcore import external_identities
from authcore.entities import AuditEvent, AuditKind, Identifier, Message, MessageKind
from authcore.errors import AccountDisabled, AccountNotFound, AccountUnverified, IdentifierTaken
from authcore.identifiers import IdentifierKind, canonical_external
from tests.core.ada import BEFORE, DECOY, LIVE, NOW, OCCASION, PENDING, claim_on, identifier_of

NAME = canonical_external("https://id.example", "ada")
FREE, HERS = claim_on(name=NAME), claim_on(LIVE, name=NAME, proven_at=BEFORE)
RELEASED = replace(FREE, identifier=identifier_of(NAME, held_by=None))
STRANGER = replace(LIVE, id="b")


def of(writes, kind):
    """The one entity of a kind that is written."""
    (found,) = [entity for entity in writes if isinstance(entity, kind)]
    return found


@pytest.mark.parametrize(("claim", "version"), [(FREE, 0), (RELEASED, 2)], ids=["new", "released"])
def test_free_identity_is_linked(claim, version):
    """An identity that nobody has becomes the account's; owner and trail are told in the same commit."""
    decision = external_identities.link(OCCASION, account=LIVE, claim=claim)
    linked = of(decision.writes, Identifier)
    assert decision.settle() is linked
    assert (linked.id, linked.kind, linked.account_id) == (NAME.id, IdentifierKind.EXTERNAL, LIVE.id)
    assert (linked.version, linked.proven_at) == (version, NOW)
    told = of(decision.writes, Message)
    assert (told.kind, told.destination) == (MessageKind.EXTERNAL_IDENTITY_CHANGED, LIVE.email)
    event = of(decision.writes, AuditEvent)
    assert (event.kind, event.account_id) == (AuditKind.EXTERNAL_IDENTITY_LINKED, LIVE.id)


def test_linking_again_is_no_error():
    """An identity that the account has already stays as it is, and nothing is written."""
    decision = external_identities.link(OCCASION, account=LIVE, claim=HERS)
    assert (decision.settle(), decision.writes) == (HERS.identifier, ())


@pytest.mark.parametrize("holder", [STRANGER, replace(STRANGER, deleted_at=NOW)], ids=["live", "deleted"])
def test_identity_of_another_is_refused(holder):
    """An identity has one account, also while that one is deleted."""
    decision = external_identities.link(OCCASION, account=LIVE, claim=claim_on(holder, name=NAME))
    assert (type(decision.refusal), decision.writes) == (IdentifierTaken, ())
    assert decision.refusal.evidence == {"field": "external"}


@pytest.mark.parametrize(
    ("account", "refusal"),
    [
        (None, AccountNotFound),
        (DECOY, AccountNotFound),
        (replace(LIVE, deleted_at=NOW), AccountNotFound),
        (PENDING, AccountUnverified),
        (replace(LIVE, disabled_at=NOW), AccountDisabled),
    ],
    ids=["nobody", "decoy", "deleted", "unproven", "disabled"],
)
def test_unfit_accounts_are_refused(account, refusal):
    """Nothing is linked to an account that may not be used: who proves its address next may be somebody else."""
    decision = external_identities.link(OCCASION, account=account, claim=FREE)
    assert (type(decision.refusal), decision.writes) == (refusal, ())


def test_unlinking_ends_every_session():
    """Parted from an identity, an account has a new epoch, and the identity has no account."""
    decision = external_identities.unlink(OCCASION, account=LIVE, claim=HERS)
    assert decision.settle() is True
    parted = replace(HERS.identifier, updated_at=NOW, account_id=None, former_id=LIVE.id, proven_at=None)
    assert of(decision.writes, Identifier) == parted
    assert of(decision.writes, type(LIVE)).epoch == LIVE.epoch + 1
    assert of(decision.writes, Message).kind is MessageKind.EXTERNAL_IDENTITY_CHANGED
    event = of(decision.writes, AuditEvent)
    assert (event.kind, event.account_id) == (AuditKind.EXTERNAL_IDENTITY_UNLINKED, LIVE.id)


@pytest.mark.parametrize(
    "claim", [FREE, RELEASED, claim_on(STRANGER, name=NAME)], ids=["unknown", "released", "another's"]
)
def test_only_its_own_identity_is_unlinked(claim):
    """An identity that the account does not have is left alone."""
    decision = external_identities.unlink(OCCASION, account=LIVE, claim=claim)
    assert (decision.settle(), decision.writes) == (False, ())


@pytest.mark.parametrize("account", [None, replace(LIVE, deleted_at=NOW), replace(LIVE, decoy=True)])
def test_whoever_is_not_there_is_refused(account):
    """What is no account, or is deleted, has nothing to be parted from."""
    assert type(external_identities.unlink(OCCASION, account=account, claim=HERS).refusal) is AccountNotFound
