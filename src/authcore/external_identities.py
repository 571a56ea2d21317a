"""Deciding about external identities: whose account is meant by what an identity provider says of somebody.

Nothing here performs I/O, reads a clock or draws randomness.
"""

from dataclasses import replace

from authcore import accounts, audit, outbox
from authcore.accounts import Claim
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuditKind, Entity, Identifier, MessageKind
from authcore.errors import AccountNotFound, IdentifierTaken
from authcore.lifecycle import raised, visible
from authcore.occasion import Occasion

__all__ = ["link", "unlink"]


def link(occasion: Occasion, *, account: Account | None, claim: Claim) -> Decision[Identifier]:
    """Decide that an external identity is an account's from now on; its owner is told.

    Refused for an account that may not be used: above all for one whose address is not proven, since whoever proves it
    next may be somebody else.  An identity that the account has already stays as it is.
    """
    found = visible(account)
    if found is None:
        return refuse(AccountNotFound())
    refusal = accounts.standing(found)
    if refusal is not None:
        return refuse(refusal)
    if claim.identifier is not None and claim.identifier.account_id == found.id:
        return accept(claim.identifier)
    if claim.identifier is not None and claim.identifier.account_id is not None:
        return refuse(IdentifierTaken(evidence={"field": claim.name.kind.value}))
    linked = accounts.claimed(claim, found, now=occasion.now, proven=True)
    return accept(linked, [linked, *_told(occasion, AuditKind.EXTERNAL_IDENTITY_LINKED, found)])


def unlink(occasion: Occasion, *, account: Account | None, claim: Claim) -> Decision[bool]:
    """Decide to part an account from an external identity, and tell whether it had it; its owner is told.

    Every session ends: one of them may have been opened by whoever is behind that identity.
    """
    found = visible(account)
    if found is None:
        return refuse(AccountNotFound())
    if claim.identifier is None or claim.identifier.account_id != found.id:
        return accept(outcome=False)
    released = replace(accounts.released(claim.identifier, now=occasion.now), proven_at=None)
    told = _told(occasion, AuditKind.EXTERNAL_IDENTITY_UNLINKED, found)
    return accept(outcome=True, writes=[released, raised(found, occasion), *told])


def _told(occasion: Occasion, kind: AuditKind, account: Account) -> tuple[Entity, Entity]:
    return (
        outbox.notice(
            occasion,
            MessageKind.EXTERNAL_IDENTITY_CHANGED,
            account=account,
            destination=accounts.address_of(account),
        ),
        audit.record(occasion, kind, account_id=account.id),
    )
