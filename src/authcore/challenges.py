"""Deciding about challenges.  Nothing here performs I/O, reads a clock or draws randomness.

A challenge is open until it ends, once: OPEN -> SPENT (the right code) | EXHAUSTED (too many wrong ones) |
EXPIRED (its deadline) | outdated (a newer one is in its slot, or the account has a newer epoch).
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from authcore import audit, codes, outbox
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuditEvent, AuditKind, ChallengeSlot, SessionEnd, TwoStepSession
from authcore.errors import AttemptsExhausted, AuthError, ChallengeEnded, CodeMismatch, InvalidInput
from authcore.occasion import Occasion

__all__ = ["VERIFY", "answer", "check_purpose", "fill", "is_open", "open_challenge", "request", "slot_id"]

VERIFY: Final = "verify"
"""The purpose of the code that proves an account's address; no application may use it for its own."""

_LONGEST_PURPOSE: Final = 20


def check_purpose(purpose: str) -> None:
    """Raise InvalidInput unless an application may ask for codes for this purpose."""
    if not 0 < len(purpose) <= _LONGEST_PURPOSE or not purpose.isascii() or not purpose.replace("-", "").isalnum():
        raise InvalidInput("purpose", "malformed")
    if purpose == VERIFY:
        raise InvalidInput("purpose", "reserved")


def open_challenge(
    occasion: Occasion, *, account: Account | None, purpose: str, destination: str, asked_by: str | None = None
) -> TwoStepSession:
    """Return a new challenge; without an account it is a decoy, which no code ever answers."""
    return TwoStepSession(
        id=occasion.ids.session,
        created_at=occasion.now,
        updated_at=occasion.now,
        account_id=None if account is None else account.id,
        epoch=0 if account is None else account.epoch,
        expires_at=occasion.now + occasion.policy.challenge,
        code_key=occasion.code_key,
        max_attempts=occasion.policy.code_attempts,
        purpose=purpose,
        destination=destination,
        session_id=asked_by,
    )


def request(
    occasion: Occasion,
    *,
    account: Account | None,
    slot: ChallengeSlot | None,
    purpose: str,
    destination: str,
    asked_by: str | None = None,
) -> Decision[TwoStepSession]:
    """Decide to send a code to an account's stored address; without an account, to send none and look alike.

    `slot` is the account's slot for this purpose, if there is one already; what was in it ends.
    """
    challenge = open_challenge(occasion, account=account, purpose=purpose, destination=destination, asked_by=asked_by)
    event = audit.record(
        occasion, AuditKind.CODE_REQUESTED, account_id=challenge.account_id, session_id=challenge.id, reason=purpose
    )
    filled = [] if account is None else [fill(slot, challenge, account=account)]
    return accept(challenge, [challenge, *filled, outbox.code_message(occasion, challenge), event])


def slot_id(account_id: str, purpose: str) -> str:
    """Return the id of an account's slot for one purpose."""
    return f"{account_id}:{purpose}"


def fill(slot: ChallengeSlot | None, challenge: TwoStepSession, *, account: Account) -> ChallengeSlot:
    """Return the slot with a new challenge in it: whatever was in it before counts no more."""
    if slot is not None:
        return replace(slot, updated_at=challenge.created_at, challenge_id=challenge.id)
    return ChallengeSlot(
        id=slot_id(account.id, challenge.purpose),
        created_at=challenge.created_at,
        updated_at=challenge.created_at,
        account_id=account.id,
        challenge_id=challenge.id,
    )


def is_open(challenge: TwoStepSession, *, now: datetime) -> bool:
    """Tell whether a challenge still awaits its code."""
    return challenge.deleted_at is None and challenge.ended_at is None and now < challenge.expires_at


def answer(
    occasion: Occasion,
    *,
    challenge: TwoStepSession | None,
    account: Account | None,
    slot: ChallengeSlot | None,
    purpose: str,
    asked_by: str | None,
    given: str,
    key: bytes | None,
) -> Decision[TwoStepSession]:
    """Decide whether a code answers a challenge; a wrong one is counted, and the last wrong one ends it for ever.

    `account` is the challenge's owner as it is now and `slot` the owner's slot for the challenge's purpose, `asked_by`
    the authentication session that presents the code, and `key` the derivation key that the challenge names, or None
    if it was removed from the keyring.
    """
    if challenge is None or key is None:
        return refuse(ChallengeEnded(cause="unknown"))
    refusal = _unanswerable(challenge, purpose=purpose, asked_by=asked_by, now=occasion.now)
    refusal = refusal or _outdated(challenge, account, slot)
    if refusal is not None:
        return refuse(refusal)
    is_right = codes.matches(given, codes.code_of(challenge, key=key, policy=occasion.policy))
    if is_right and account is not None and not account.decoy:
        spent = replace(_end(challenge, SessionEnd.SPENT, now=occasion.now), attempts=challenge.attempts + 1)
        return accept(spent, [spent, _answered(occasion, AuditKind.CODE_ACCEPTED, challenge)])
    return _count(occasion, challenge)


def _unanswerable(challenge: TwoStepSession, *, purpose: str, asked_by: str | None, now: datetime) -> AuthError | None:
    if challenge.purpose != purpose or challenge.session_id != asked_by:
        return ChallengeEnded(cause="another purpose or session")
    if challenge.ended_as is SessionEnd.EXHAUSTED:
        return AttemptsExhausted()
    if not is_open(challenge, now=now):
        return ChallengeEnded(cause=str(challenge.ended_as or "expired"))
    return None


def _outdated(challenge: TwoStepSession, account: Account | None, slot: ChallengeSlot | None) -> AuthError | None:
    """Tell whether something has happened to the account that a challenge cannot know of; decoys have none."""
    if account is None:
        return None
    if account.epoch != challenge.epoch:
        return ChallengeEnded(cause="epoch")
    return None if slot is not None and slot.challenge_id == challenge.id else ChallengeEnded(cause="superseded")


def _count(occasion: Occasion, challenge: TwoStepSession) -> Decision[TwoStepSession]:
    counted = replace(challenge, updated_at=occasion.now, attempts=challenge.attempts + 1)
    event = _answered(occasion, AuditKind.CODE_REFUSED, challenge)
    left = counted.max_attempts - counted.attempts
    if left > 0:
        return refuse(CodeMismatch(attempts_left=left), [counted, event])
    return refuse(AttemptsExhausted(), [_end(counted, SessionEnd.EXHAUSTED, now=occasion.now), event])


def _end(challenge: TwoStepSession, ended_as: SessionEnd, *, now: datetime) -> TwoStepSession:
    return replace(challenge, updated_at=now, ended_at=now, ended_as=ended_as)


def _answered(occasion: Occasion, kind: AuditKind, challenge: TwoStepSession) -> AuditEvent:
    return audit.record(
        occasion, kind, account_id=challenge.account_id, session_id=challenge.id, reason=challenge.purpose
    )
