"""Deciding about registrations: who becomes an account, and what proves it.  Nothing here performs I/O.

A registration is pending until its address is proven; until then it holds neither the address nor the username against
anybody.  Where an address is taken already a decoy is registered beside it, so that strangers cannot tell.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from authcore import accounts, audit, challenges, outbox
from authcore.accounts import Claim
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
from authcore.errors import ChallengeEnded, UsernameTaken
from authcore.identifiers import IdentifierKind
from authcore.occasion import Occasion

__all__ = ["register", "request_verification", "verify", "word_to_owner"]


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
    if username is not None and accounts.is_taken(username):
        return refuse(UsernameTaken())
    account = _pending_account(occasion, pending, contact=contact, username=username, taken_by=taken_by)
    challenge = challenges.open_challenge(
        occasion, account=account, purpose=challenges.VERIFY, destination=contact.name.display
    )
    writes: list[Entity] = [
        account,
        *_dispossessed(username, pending, now=occasion.now),
        accounts.claimed(contact, account, now=occasion.now, proven=False),
        *_renamed(username, account, held, now=occasion.now),
        accounts.password_credential(credential, account, secret, now=occasion.now),
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
    if challenge.purpose != challenges.VERIFY or not accounts.awaits_proof(account):
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
    if account is None or not accounts.awaits_proof(account) or account.disabled_at is not None:
        return refuse(ChallengeEnded(cause="standing"), answered.writes)
    if claim is None or claim.identifier is None or claim.identifier.account_id != account.id:
        return refuse(ChallengeEnded(cause="identifier"), answered.writes)
    verified = replace(account, updated_at=now, verified_at=now)
    proven = replace(claim.identifier, updated_at=now, proven_at=now)
    return accept(verified, [*answered.writes, verified, proven])


def word_to_owner(occasion: Occasion, owner: Account) -> Message:
    """Return what tells somebody, at the stored address, that a stranger wanted it; or nothing, who cannot log in."""
    kind = MessageKind.ALREADY_REGISTERED if accounts.standing(owner) is None else MessageKind.DECOY
    return outbox.notice(occasion, kind, account=owner, destination=accounts.address_of(owner))


def _first_message(occasion: Occasion, challenge: TwoStepSession, taken_by: Account | None) -> Message:
    """The code for whoever registers; or, where the address is taken, word to its owner, at the stored address."""
    if taken_by is None:
        return outbox.code_message(occasion, challenge, is_decoy=False)
    return word_to_owner(occasion, taken_by)


def _pending_account(
    occasion: Occasion,
    pending: Account | None,
    *,
    contact: Claim,
    username: Claim | None,
    taken_by: Account | None,
) -> Account:
    account = pending or Account(
        id=occasion.ids.account,
        created_at=occasion.now,
        updated_at=occasion.now,
        epoch=0,
        decoy=taken_by is not None,
    )
    shown = contact.name.display
    return replace(
        account,
        updated_at=occasion.now,
        username=None if username is None else username.name.display,
        beside_id=None if taken_by is None else taken_by.id,
        email=shown if contact.name.kind is IdentifierKind.EMAIL else None,
        phone=shown if contact.name.kind is IdentifierKind.PHONE else None,
        epoch=account.epoch + 1,
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
        accounts.released(identifier, now=now)
        for identifier in held
        if identifier.kind is IdentifierKind.USERNAME and identifier.id != wanted
    ]
    return released if username is None else [accounts.claimed(username, account, now=now, proven=False), *released]
