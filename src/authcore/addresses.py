"""Deciding about changes of address: what an account wants to be reached at, and what makes it so.

Nothing here performs I/O, reads a clock or draws randomness.  An address of the kind that an account has takes the
place of the one before; one of the other kind stands beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from authcore import accounts, audit, challenges, outbox, registration, sessions, throttling
from authcore.accounts import Claim
from authcore.challenges import Challenged
from authcore.decisions import Decision, refuse
from authcore.entities import (
    Account,
    AuditKind,
    AuthenticationSession,
    ChallengeSlot,
    Entity,
    Identifier,
    MessageKind,
    TwoStepSession,
)
from authcore.errors import AttemptsExhausted, AuthError, ChallengeEnded, StateUnchanged
from authcore.identifiers import IdentifierKind
from authcore.lifecycle import names_shown, raised
from authcore.occasion import Occasion
from authcore.throttling import Failing

__all__ = ["PURPOSE", "change", "counted", "is_withheld", "request"]

PURPOSE: Final = challenges.CHANGE_ADDRESS


def request(
    occasion: Occasion, *, account: Account, session: AuthenticationSession, claim: Claim, slot: ChallengeSlot | None
) -> Decision[TwoStepSession]:
    """Decide to send a code to an address that an account wants for its own.

    Where it is somebody else's, its owner is told instead of whoever asked, who is answered alike, in as many rows.
    """
    refusal = _unfit(occasion, account=account, session=session, claim=claim)
    if refusal is not None:
        return refuse(refusal)
    owner = _owner(claim, account)
    return challenges.request(
        occasion,
        account=account,
        slot=slot,
        purpose=PURPOSE,
        destination=claim.name.display,
        wanted_id=claim.name.id,
        asked_by=session.id,
        instead=None if owner is None else registration.word_to_owner(occasion, owner),
    )


def counted(occasion: Occasion, answered: Decision[TwoStepSession], failing: Failing) -> Decision[TwoStepSession]:
    """Decide what becomes of an answer by what was guessed at its address before, by whomever; at the cap, nothing.

    Each account has its own cap; but whoever has many accounts would have as many, until one of them has proven an
    address that is somebody else's.
    """
    if not answered.writes:
        return answered
    if throttling.may_fail(failing, now=occasion.now) is not None:
        return refuse(AttemptsExhausted(cause="address"))
    if answered.outcome is None:
        return answered.also([throttling.failed(failing, now=occasion.now)])
    return answered.also(throttling.forgotten(failing, now=occasion.now))


def change(
    occasion: Occasion,
    answered: Decision[TwoStepSession],
    *,
    account: Account,
    session: AuthenticationSession,
    claim: Claim | None,
    held: Sequence[Identifier],
) -> Decision[AuthenticationSession]:
    """Decide what a right code is worth: the address is the account's, and the one before is free.

    `claim` is the claim on that address as it is now, and `held` are the account's own.  Every session and open
    challenge ends.  The caller goes on in a new session, opened under the new epoch in the same commit; every address
    that the account had proven before is told.
    """
    if answered.outcome is None:
        return answered.refused()
    if claim is None or _owner(claim, account) is not None:
        return refuse(ChallengeEnded(cause="identifier"), answered.writes)
    kind = claim.name.kind
    changed = _shown(account, kind, claim.name.display)
    opened = sessions.go_on_alone(occasion, account=changed, session=session)
    if opened.outcome is None:
        return opened
    changes = (
        accounts.claimed(claim, changed, now=occasion.now, proven=True),
        *_released(occasion, held, claim),
        *_dispossessed(occasion, account, claim),
        *outbox.notices(occasion, MessageKind.ADDRESS_CHANGED, account=changed, destinations=_proven(account, held)),
        audit.record(
            occasion,
            AuditKind.ADDRESS_CHANGED,
            account_id=account.id,
            actor=account.id,
            session_id=opened.outcome.id,
            reason=kind.value,
        ),
    )
    return opened.also([*answered.writes, *changes])


def is_withheld(asked: Challenged, claim: Claim | None) -> bool:
    """Tell whether nobody may have a challenge's code: somebody else has proven the address that it is to make its own.

    Or has, until it was erased.  `claim` is the claim on that address, if the challenge is for that.
    """
    if asked.challenge is None or asked.challenge.purpose != PURPOSE or asked.account is None:
        return False
    return claim is None or _owner(claim, asked.account) is not None


def _owner(claim: Claim, account: Account) -> Account | None:
    """Return who else has an address for good, if anybody does: then this account cannot have it."""
    return None if _holds(account, claim) or not accounts.is_taken(claim) else claim.holder


def _unfit(occasion: Occasion, *, account: Account, session: AuthenticationSession, claim: Claim) -> AuthError | None:
    """Return why an account cannot even ask for an address, or None: it has proven it, or its login is too old.

    The second factor is a code sent to the account's address: whoever has a session that has met it long ago, and the
    password, must not have that code sent elsewhere, and so be rid of the factor for ever (OWASP ASVS 7.5.1).
    """
    needs_factor = occasion.policy.second_factor or account.second_factor
    stale = sessions.stale(session, within=occasion.policy.second_factor_time, now=occasion.now)
    if needs_factor and stale is not None:
        return stale
    is_proven = claim.identifier is not None and claim.identifier.proven_at is not None
    return StateUnchanged() if is_proven and _holds(account, claim) else None


def _holds(account: Account, claim: Claim) -> bool:
    return claim.identifier is not None and claim.identifier.account_id == account.id


def _proven(account: Account, held: Iterable[Identifier]) -> list[str]:
    """Return the addresses that an account has proven; one that it has not may be a stranger's."""
    proven = {each.id for each in held if each.proven_at is not None}
    return [name.display for name in names_shown(account) if name.id in proven]


def _shown(account: Account, kind: IdentifierKind, address: str | None) -> Account:
    """Return an account that shows an address, in place of the one that it showed of this kind."""
    return replace(account, email=address) if kind is IdentifierKind.EMAIL else replace(account, phone=address)


def _released(occasion: Occasion, held: Iterable[Identifier], claim: Claim) -> list[Identifier]:
    """Return the account's claim on the address that it had of this kind, as it is once anybody may claim it."""
    return [
        replace(accounts.released(former, now=occasion.now), proven_at=None)
        for former in held
        if former.kind is claim.name.kind and former.id != claim.id
    ]


def _dispossessed(occasion: Occasion, account: Account, claim: Claim) -> list[Entity]:
    """Return the account that has registered this address without proving it, and its loss, if it is another one.

    Its codes end: they would go to whoever has proven the address now.  It stands beside that account from now on: its
    rows go on naming the address, and are to be erased with it.
    """
    holder = claim.holder
    if holder is None or holder.id == account.id:
        return []
    event = audit.record(
        occasion, AuditKind.ADDRESS_LOST, account_id=holder.id, actor=account.id, reason=claim.name.kind.value
    )
    lost = replace(_shown(holder, claim.name.kind, None), beside_id=account.id)
    return [raised(lost, occasion), event]
