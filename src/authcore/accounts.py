"""Deciding about accounts, their identifiers and credentials.

Nothing here performs I/O, reads a clock or draws randomness.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from authcore.entities import Account, Credential, Identifier
from authcore.errors import AccountDeleted, AccountDisabled, AccountUnverified, AuthError, InvalidIdentifier
from authcore.identifiers import (
    ADDRESSES,
    CANONICAL_FORM,
    CanonicalIdentifier,
    IdentifierKind,
    canonical_email,
    canonical_phone,
)

__all__ = [
    "Claim",
    "account_for_login",
    "address_given",
    "address_of",
    "awaits_proof",
    "claimed",
    "decoy_id",
    "is_taken",
    "nobody",
    "password_credential",
    "password_id",
    "released",
    "standing",
    "words_of",
]

PASSWORD: Final = "password"  # noqa: S105  a kind of credential, not a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A name that somebody gave, and who holds it: `id` is where the claim on it is stored."""

    id: str
    name: CanonicalIdentifier
    identifier: Identifier | None
    holder: Account | None


def address_given(*, email: str | None, phone: str | None) -> CanonicalIdentifier:
    """Return the one address that was given, for a code to prove; raises InvalidIdentifier unless it is exactly one."""
    if email is not None and phone is not None:
        raise InvalidIdentifier("phone", "one_address_only")
    if phone is not None:
        return canonical_phone(phone)
    if email is None:
        raise InvalidIdentifier("email", "missing")
    return canonical_email(email)


def standing(account: Account) -> AuthError | None:
    """Return why an account may not be used, or None if it may: deleted, then unverified, then disabled."""
    if account.deleted_at is not None:
        return AccountDeleted()
    if account.verified_at is None:
        return AccountUnverified()
    return AccountDisabled() if account.disabled_at is not None else None


def awaits_proof(account: Account | None) -> bool:
    """Tell whether an account is there, and has not proven its address yet."""
    return account is not None and isinstance(standing(account), AccountUnverified)


def is_taken(claim: Claim) -> bool:
    """Tell whether a name belongs to somebody for good: whoever has not proven an address does not hold it yet."""
    return claim.holder is not None and claim.holder.verified_at is not None


def account_for_login(claim: Claim) -> Account | None:
    """Return the account that may log in by this name.

    An unproven address names nobody: otherwise a stranger who registers somebody's address, and then logs in with the
    password just chosen, would learn from the answer whether the address was known before.
    """
    if claim.identifier is None:
        return None
    proven = claim.name.kind is IdentifierKind.USERNAME or claim.identifier.proven_at is not None
    return claim.holder if proven else None


def claimed(claim: Claim, account: Account, *, now: datetime, proven: bool) -> Identifier:
    """Return a claim as it is once the account holds it: new, or taken over where it was released."""
    proven_at = now if proven and claim.name.kind is not IdentifierKind.USERNAME else None
    if claim.identifier is not None:
        return replace(
            claim.identifier,
            updated_at=now,
            account_id=account.id,
            former_id=None,
            form=CANONICAL_FORM,
            proven_at=proven_at,
        )
    return Identifier(
        id=claim.id,
        created_at=now,
        updated_at=now,
        kind=claim.name.kind,
        form=CANONICAL_FORM,
        account_id=account.id,
        proven_at=proven_at,
    )


def released(identifier: Identifier, *, now: datetime) -> Identifier:
    """Return a claim that nobody holds any more; it remembers who held it last, so that it can be erased with them."""
    return replace(identifier, updated_at=now, account_id=None, former_id=identifier.account_id)


def decoy_id(name: CanonicalIdentifier) -> str:
    """Return where the claim of a decoy is stored: beside the real one, which it must not touch."""
    return f"decoy:{name.id}"


def nobody(account_id: str, *, epoch: int, now: datetime) -> Account:
    """Return a decoy that is never stored: whose things look like an account's, and are nobody's."""
    return Account(id=account_id, created_at=now, updated_at=now, epoch=epoch, decoy=True)


def password_id(account_id: str) -> str:
    """Return the id of an account's password credential."""
    return f"{PASSWORD}:{account_id}"


def address_of(account: Account, kinds: Collection[IdentifierKind] = ADDRESSES) -> str:
    """Return the stored address that messages to an account go to, of one of these kinds, or an empty text."""
    email = account.email if IdentifierKind.EMAIL in kinds else None
    phone = account.phone if IdentifierKind.PHONE in kinds else None
    return email or phone or ""


def words_of(account: Account) -> list[str]:
    """Return the names that an account shows: none of them makes a good password for it."""
    return [word for word in (account.email, account.username, account.phone) if word is not None]


def password_credential(credential: Credential | None, account: Account, secret: str, *, now: datetime) -> Credential:
    """Return the account's password credential with a new hash."""
    if credential is not None:
        return replace(credential, updated_at=now, secret=secret, changed_at=now)
    return Credential(
        id=password_id(account.id),
        created_at=now,
        updated_at=now,
        account_id=account.id,
        kind=PASSWORD,
        secret=secret,
        changed_at=now,
    )
