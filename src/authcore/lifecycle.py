"""Deciding about the life of an account: disabling, deleting, confirming, and the way back.

Nothing here performs I/O, reads a clock or draws randomness.  Each change raises the epoch: whatever was open before,
sessions and challenges, is over for ever, also where the change is taken back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Never

from authcore import accounts, audit, outbox
from authcore.accounts import Claim
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuditKind, Credential, Entity, Identifier, MessageKind
from authcore.errors import AccountErased, AccountNotFound, AccountUnverified, IdentifierTaken, StateUnchanged
from authcore.identifiers import CanonicalIdentifier, IdentifierKind, canonicalise
from authcore.occasion import Occasion

__all__ = [
    "confirm",
    "delete",
    "disable",
    "enable",
    "names_shown",
    "raised",
    "require_recovery",
    "require_second_factor",
    "restore",
    "visible",
]


def visible(account: Account | None) -> Account | None:
    """Return the account unless operators are to see none: neither a decoy nor a deleted one is there."""
    found = _real(account)
    return None if found is None or found.deleted_at is not None else found


def names_shown(account: Account | None) -> Sequence[CanonicalIdentifier]:
    """Return the names that an account shows: those it holds, or held until they were released."""
    if account is None:
        return ()
    shown = {
        IdentifierKind.EMAIL: account.email,
        IdentifierKind.PHONE: account.phone,
        IdentifierKind.USERNAME: account.username,
    }
    return [canonicalise(kind, text) for kind, text in shown.items() if text is not None]


def raised(account: Account, occasion: Occasion) -> Account:
    """Return an account under a new epoch: every session and open challenge of the one before is over."""
    return replace(account, updated_at=occasion.now, epoch=account.epoch + 1)


def disable(occasion: Occasion, *, account: Account | None) -> Decision[Account]:
    """Decide to keep somebody out, by any way in, until an operator lets them in again."""
    found = visible(account)
    if found is None or found.disabled_at is not None:
        return _refused(found)
    return _changed(occasion, replace(found, disabled_at=occasion.now), AuditKind.ACCOUNT_DISABLED)


def enable(occasion: Occasion, *, account: Account | None) -> Decision[Account]:
    """Decide to let somebody in again, by logging in anew."""
    found = visible(account)
    if found is None or found.disabled_at is None:
        return _refused(found)
    return _changed(occasion, replace(found, disabled_at=None), AuditKind.ACCOUNT_ENABLED)


def delete(occasion: Occasion, *, account: Account | None, held: Iterable[Identifier]) -> Decision[Account]:
    """Decide to hide an account from every look-up; it is kept, with its password and roles, and can be restored.

    It keeps its names as well: nobody takes a deleted person's place.  But whoever has not proven an address never held
    anything against anybody, so that such an account's names are free at once.
    """
    found = _real(account)
    if found is None or found.deleted_at is not None:
        return _refused(found)
    kept = found.verified_at is not None
    released = () if kept else [accounts.released(name, now=occasion.now) for name in held]
    return _changed(occasion, replace(found, deleted_at=occasion.now), AuditKind.ACCOUNT_DELETED, released)


def restore(occasion: Occasion, *, account: Account | None, claims: Iterable[Claim]) -> Decision[Account]:
    """Decide to show an account again, as it was but for its sessions, if all its names are still its own, or free.

    `claims` are those on the names that it shows.  Refused if one of them has another holder, proven or not, and for an
    account that was erased.
    """
    found = _real(account)
    if found is not None and found.erased_at is not None:
        return refuse(AccountErased())
    if found is None or found.deleted_at is None:
        return _refused(found)
    wanted = [claim for claim in claims if _holder_id(claim) != found.id]
    for claim in wanted:
        if _holder_id(claim) is not None:
            return refuse(IdentifierTaken(evidence={"field": claim.name.kind.value}))
    proven = found.verified_at is not None
    claimed = [accounts.claimed(claim, found, now=occasion.now, proven=proven) for claim in wanted]
    return _changed(occasion, replace(found, deleted_at=None), AuditKind.ACCOUNT_RESTORED, claimed)


def confirm(occasion: Occasion, *, account: Account | None, claim: Claim | None) -> Decision[Account]:
    """Decide that an account's address is proven, by an operator's word instead of a code.

    `claim` is the one on the address that its messages go to.  An account that is disabled stays so.
    """
    found = visible(account)
    if found is None or found.verified_at is not None:
        return _refused(found)
    if claim is None or claim.identifier is None or _holder_id(claim) != found.id:
        return refuse(IdentifierTaken(cause="not its own"))
    proven = replace(claim.identifier, updated_at=occasion.now, proven_at=occasion.now)
    return _changed(occasion, replace(found, verified_at=occasion.now), AuditKind.ACCOUNT_CONFIRMED, [proven])


def require_second_factor(occasion: Occasion, *, account: Account | None, required: bool) -> Decision[Account]:
    """Decide whether an account's password alone opens only pending sessions; its owner is told."""
    found = visible(account)
    if found is None or found.second_factor == required:
        return _refused(found)
    notice = outbox.notice(
        occasion, MessageKind.SECOND_FACTOR_CHANGED, account=found, destination=accounts.address_of(found)
    )
    changed, reason = replace(found, second_factor=required), "on" if required else "off"
    # An address that was not proven may be a stranger's.
    told = [] if found.verified_at is None else [notice]
    return _changed(occasion, changed, AuditKind.SECOND_FACTOR_CHANGED, told, reason=reason)


def require_recovery(
    occasion: Occasion, *, account: Account | None, credential: Credential | None, secret: str
) -> Decision[Account]:
    """Decide that no password opens an account until its owner has set a new one by recovery; the owner is told.

    `secret` is a hash that no password has.  Refused where no address is proven: nothing would open it again.
    """
    found = visible(account)
    if found is None:
        return refuse(AccountNotFound())
    if found.verified_at is None:
        return refuse(AccountUnverified())
    now, address = occasion.now, accounts.address_of(found)
    blanked = [] if credential is None else [accounts.password_credential(credential, found, secret, now=now)]
    notice = outbox.notice(occasion, MessageKind.PASSWORD_CHANGED, account=found, destination=address)
    return _changed(occasion, found, AuditKind.PASSWORD_CHANGED, [*blanked, notice], reason="required")


def _real(account: Account | None) -> Account | None:
    return None if account is None or account.decoy else account


def _refused(found: Account | None) -> Decision[Never]:
    return refuse(AccountNotFound() if found is None else StateUnchanged())


def _holder_id(claim: Claim) -> str | None:
    return None if claim.identifier is None else claim.identifier.account_id


def _changed(
    occasion: Occasion, changed: Account, kind: AuditKind, besides: Iterable[Entity] = (), *, reason: str = ""
) -> Decision[Account]:
    account = raised(changed, occasion)
    return accept(account, [account, *besides, audit.record(occasion, kind, account_id=account.id, reason=reason)])
