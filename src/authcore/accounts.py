"""Deciding about accounts, their identifiers and credentials.

Nothing here performs I/O, reads a clock or draws randomness.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from authcore import audit, challenges, outbox
from authcore.challenges import Challenged
from authcore.decisions import Decision, accept, refuse
from authcore.entities import (
    Account,
    AuditKind,
    ChallengeSlot,
    Credential,
    Entity,
    Identifier,
    Message,
    MessageKind,
    TwoStepSession,
)
from authcore.errors import (
    AccountDeleted,
    AccountDisabled,
    AccountUnverified,
    AuthError,
    ChallengeEnded,
    UsernameTaken,
)
from authcore.identifiers import CANONICAL_FORM, CanonicalIdentifier, IdentifierKind
from authcore.occasion import Occasion

__all__ = [
    "Claim",
    "address_of",
    "awaits_proof",
    "decoy_id",
    "is_taken",
    "names_for_login",
    "password_id",
    "register",
    "request_verification",
    "standing",
    "verify",
]

PASSWORD: Final = "password"  # noqa: S105  a kind of credential, not a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A name that somebody gave, and who holds it: `id` is where the claim on it is stored."""

    id: str
    name: CanonicalIdentifier
    identifier: Identifier | None
    holder: Account | None


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
    return claim.holder is not None and not awaits_proof(claim.holder)


def names_for_login(claim: Claim) -> Account | None:
    """Return the account that may log in by this name.

    An unproven address names nobody: otherwise a stranger who registers somebody's address, and then logs in with the
    password just chosen, would learn from the answer whether the address was known before.
    """
    if claim.identifier is None:
        return None
    proven = claim.name.kind is IdentifierKind.USERNAME or claim.identifier.proven_at is not None
    return claim.holder if proven else None


def decoy_id(name: CanonicalIdentifier) -> str:
    """Return where the claim of a decoy is stored: beside the real one, which it must not touch."""
    return f"decoy:{name.id}"


def password_id(account_id: str) -> str:
    """Return the id of an account's password credential."""
    return f"{PASSWORD}:{account_id}"


def address_of(account: Account) -> str:
    """Return the stored address that messages to an account go to."""
    return account.email or account.phone or ""


def register(
    occasion: Occasion,
    *,
    contact: Claim,
    taken_by: Account | None,
    username: Claim | None,
    held: Iterable[Identifier],
    credential: Credential | None,
    slot: ChallengeSlot | None,
    secret: str,
) -> Decision[TwoStepSession]:
    """Decide to register an account, or a decoy where the address is taken; both look alike, and write alike.

    `contact` is the claim to take: the real one, or a decoy's if `taken_by` names who has the address.  Whoever has
    registered this address before without proving it is replaced, password, username and codes: otherwise a stranger
    could register an address first, and wait for its owner to prove it for him.  A username is held no better: only an
    account that has proven its address keeps it from others.
    """
    pending = contact.holder
    if username is not None and is_taken(username):
        return refuse(UsernameTaken())
    account = _pending_account(occasion, pending, contact=contact, username=username, decoy=taken_by is not None)
    challenge = challenges.open_challenge(
        occasion, account=account, purpose=challenges.VERIFY, destination=contact.name.display
    )
    writes: list[Entity] = [
        account,
        *_dispossessed(username, pending, now=occasion.now),
        _claimed(contact, account, now=occasion.now),
        *_renamed(username, account, held, now=occasion.now),
        password_credential(credential, account, secret, now=occasion.now),
        challenge,
        challenges.fill(slot, challenge, account=account),
        _first_message(occasion, challenge, taken_by),
        audit.record(
            occasion,
            AuditKind.REGISTERED,
            account_id=account.id,
            session_id=challenge.id,
            reason="" if taken_by is None else "identifier_taken",
        ),
    ]
    return accept(challenge, writes)


def request_verification(occasion: Occasion, asked: Challenged) -> Decision[TwoStepSession]:
    """Decide to send another code for a registration, to whoever holds the challenge of that very registration.

    Nobody else gets one: a code that anybody could ask for would let the owner of an address prove it for a stranger
    who registered it with a password of his own.
    """
    challenge, account = asked.challenge, asked.account
    refusal = challenges.outdated(asked)
    if refusal is not None or challenge is None or account is None:
        return refuse(refusal or ChallengeEnded())
    if challenge.purpose != challenges.VERIFY or not awaits_proof(account):
        return refuse(ChallengeEnded(cause="nothing to prove"))
    return challenges.request(
        occasion, account=account, slot=asked.slot, purpose=challenges.VERIFY, destination=challenge.destination
    )


def verify(
    answered: Decision[TwoStepSession], *, account: Account | None, claim: Claim | None, now: datetime
) -> Decision[Account]:
    """Decide what a right code proves: that its account may use the address it was sent to.

    `claim` is the claim on that address as it is now.
    """
    if answered.outcome is None:
        return answered.refused()
    if account is None or not awaits_proof(account) or account.disabled_at is not None:
        return refuse(ChallengeEnded(cause="standing"), answered.writes)
    if claim is None or claim.identifier is None or claim.identifier.account_id != account.id:
        return refuse(ChallengeEnded(cause="identifier"), answered.writes)
    verified = replace(account, updated_at=now, verified_at=now)
    proven = replace(claim.identifier, updated_at=now, proven_at=now)
    return accept(verified, [*answered.writes, verified, proven])


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


def _first_message(occasion: Occasion, challenge: TwoStepSession, taken_by: Account | None) -> Message:
    """The code for whoever registers; or, where the address is taken, word to its owner, at the stored address."""
    if taken_by is None:
        return outbox.code_message(occasion, challenge, is_decoy=False)
    kind = MessageKind.ALREADY_REGISTERED if standing(taken_by) is None else MessageKind.DECOY
    return outbox.notice(occasion, kind, account=taken_by, destination=address_of(taken_by))


def _pending_account(
    occasion: Occasion, pending: Account | None, *, contact: Claim, username: Claim | None, decoy: bool
) -> Account:
    account = pending or Account(
        id=occasion.ids.account, created_at=occasion.now, updated_at=occasion.now, epoch=0, decoy=decoy
    )
    shown = contact.name.display
    return replace(
        account,
        updated_at=occasion.now,
        username=None if username is None else username.name.display,
        email=shown if contact.name.kind is IdentifierKind.EMAIL else None,
        phone=shown if contact.name.kind is IdentifierKind.PHONE else None,
        epoch=account.epoch + 1,
    )


def _claimed(claim: Claim, account: Account, *, now: datetime) -> Identifier:
    """Return the claim as it is once the account holds it: new, or taken over where it was released."""
    if claim.identifier is not None:
        return replace(claim.identifier, updated_at=now, account_id=account.id, form=CANONICAL_FORM, proven_at=None)
    return Identifier(
        id=claim.id,
        created_at=now,
        updated_at=now,
        kind=claim.name.kind,
        form=CANONICAL_FORM,
        account_id=account.id,
    )


def _dispossessed(username: Claim | None, account: Account | None, *, now: datetime) -> list[Account]:
    """Return the pending account that loses a username to this registration, if it is another one."""
    holder = None if username is None else username.holder
    if holder is None or (account is not None and account.id == holder.id):
        return []
    return [replace(holder, updated_at=now, username=None)]


def _renamed(
    username: Claim | None, account: Account, held: Iterable[Identifier], *, now: datetime
) -> list[Identifier]:
    """Return the new claim on a username, and the release of the one before."""
    wanted = None if username is None else username.id
    released = [
        replace(identifier, updated_at=now, account_id=None)
        for identifier in held
        if identifier.kind is IdentifierKind.USERNAME and identifier.id != wanted
    ]
    return released if username is None else [_claimed(username, account, now=now), *released]
