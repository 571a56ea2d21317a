"""Deciding about challenges.  Nothing here performs I/O, reads a clock or draws randomness, and no code is ever stored.

A challenge is open until it ends, once: OPEN -> SPENT (the right code) | EXHAUSTED (too many wrong ones) |
EXPIRED (its deadline) | outdated (a newer one is in its slot, or the account has a newer epoch).

What anybody may ask for, about anybody, is never outdated: a newer challenge leaves an older one open, and once its
account has moved on a challenge is nobody's, which no code answers and nothing tells.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from authcore import accounts, audit, codes, guesses, outbox
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuditEvent, AuditKind, ChallengeSlot, Message, TwoStepSession
from authcore.errors import AttemptsExhausted, AuthError, ChallengeEnded, InvalidInput, ResendLimit
from authcore.occasion import Occasion

__all__ = [
    "CHANGE_ADDRESS",
    "RECOVER",
    "SECOND_FACTOR",
    "VERIFY",
    "Challenged",
    "answer",
    "askers",
    "check_purpose",
    "counted_as",
    "fill",
    "holds",
    "open_challenge",
    "outdated",
    "request",
    "resend",
    "slot_id",
    "subject",
]

VERIFY: Final = "verify"
"""The purpose of the code that proves an account's address."""

SECOND_FACTOR: Final = "second-factor"
"""The purpose of the code that makes a pending session whole."""

CHANGE_ADDRESS: Final = "change-address"
"""The purpose of the code that makes an address an account's own, in place of the one before."""

RECOVER: Final = "recover"
"""The purpose of the code that opens an account whose password was forgotten."""

_RESERVED: Final = frozenset({VERIFY, SECOND_FACTOR, RECOVER, CHANGE_ADDRESS})

_FOR_ANYBODY: Final = frozenset({RECOVER})
"""The purposes that a stranger may ask a code for, in the name of whoever he likes.

He must not keep the owner out by asking once more, so that a newer challenge does not end an older one; nor learn by
waiting what becomes of the account.
"""

_LONGEST_PURPOSE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenged:
    """A challenge as a token names it, with its account, and the account's slot for its purpose, as they are now."""

    challenge: TwoStepSession | None = None
    account: Account | None = None
    slot: ChallengeSlot | None = None


def check_purpose(purpose: str) -> None:
    """Raise InvalidInput unless an application may ask for codes for this purpose."""
    if not 0 < len(purpose) <= _LONGEST_PURPOSE or not purpose.isascii() or not purpose.replace("-", "").isalnum():
        raise InvalidInput("purpose", "malformed")
    if purpose in _RESERVED:
        raise InvalidInput("purpose", "reserved")


def counted_as(purpose: str) -> str:
    """Return what the codes for a purpose are counted as; all that applications may choose are counted together.

    Whoever asks chooses among those: a count for each would bound nothing.  What strangers can ask for has counts of
    its own, so that they use up nobody's second factor.
    """
    return purpose if purpose in _RESERVED else "two-step"


def askers(purpose: str) -> str:
    """Return whose messages the codes for a purpose are, taken all together.

    Those that anybody can ask for are counted apart: whoever uses them up locks no member out.
    """
    return "strangers" if purpose in {VERIFY, *_FOR_ANYBODY} else "members"


def open_challenge(
    occasion: Occasion,
    *,
    account: Account,
    purpose: str,
    destination: str,
    wanted_id: str | None = None,
    asked_by: str | None = None,
) -> TwoStepSession:
    """Return a new challenge for an account."""
    return TwoStepSession(
        id=occasion.ids.session,
        created_at=occasion.now,
        updated_at=occasion.now,
        account_id=account.id,
        epoch=account.epoch,
        expires_at=occasion.now + occasion.policy.challenge,
        code_key=occasion.code_key,
        max_attempts=occasion.policy.code_attempts,
        purpose=purpose,
        destination=destination,
        wanted_id=wanted_id,
        session_id=asked_by,
    )


def request(
    occasion: Occasion,
    *,
    account: Account,
    slot: ChallengeSlot | None,
    purpose: str,
    destination: str,
    wanted_id: str | None = None,
    asked_by: str | None = None,
    instead: Message | None = None,
) -> Decision[TwoStepSession]:
    """Decide to send a code to an account's stored address; for a decoy, to send none and look alike.

    `slot` is the account's slot for this purpose, if there is one already; what was in it ends.  Where anybody may ask
    none is needed.  `instead` is what is sent in place of the code, where nobody may have it.
    """
    challenge = open_challenge(
        occasion, account=account, purpose=purpose, destination=destination, wanted_id=wanted_id, asked_by=asked_by
    )
    # Where a newer challenge ends no older one the slot only counts guesses: strangers who ask race with no answer.
    filled = [] if purpose in _FOR_ANYBODY else [fill(slot, challenge, account=account)]
    writes = (
        challenge,
        *filled,
        instead or outbox.code_message(occasion, challenge, is_decoy=account.decoy),
        _event(occasion, AuditKind.CODE_REQUESTED, challenge),
    )
    return accept(challenge, writes)


def resend(occasion: Occasion, asked: Challenged, *, is_withheld: bool = False) -> Decision[TwoStepSession]:
    """Decide to send the very same code again: it is derived anew, and holds no longer than before.

    For a decoy, and where the code is withheld, none is sent, and it looks alike.
    """
    challenge, account = asked.challenge, asked.account
    refusal = outdated(asked)
    if refusal is not None or challenge is None or account is None or not guesses.is_open(challenge, now=occasion.now):
        return refuse(refusal or ChallengeEnded(cause="over"))
    if challenge.sendings >= occasion.policy.code_sendings:
        return refuse(ResendLimit())
    sent = replace(challenge, updated_at=occasion.now, sendings=challenge.sendings + 1)
    message = outbox.code_message(occasion, challenge, is_decoy=account.decoy or is_withheld)
    return accept(sent, [sent, message, _event(occasion, AuditKind.CODE_REQUESTED, challenge)])


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


def subject(challenge: TwoStepSession, account: Account | None) -> Account | None:
    """Return whose challenge it is by now, if it is anybody's.

    Where a stranger may have asked, what an account may not use any more, and what never was an account's, is that of
    a decoy: both look like a challenge that still awaits its code.
    """
    if challenge.purpose not in _FOR_ANYBODY or challenge.account_id is None:
        return account
    if account is not None and account.epoch == challenge.epoch and accounts.standing(account) is None:
        return account
    return accounts.nobody(challenge.account_id, epoch=challenge.epoch, now=challenge.created_at)


def holds(asked: Challenged, *, now: datetime) -> bool:
    """Tell whether a challenge still awaits its code."""
    return asked.challenge is not None and guesses.is_open(asked.challenge, now=now) and outdated(asked) is None


def outdated(asked: Challenged) -> AuthError | None:
    """Return what has happened to the account that makes a challenge count no more, or None."""
    challenge, account, slot = asked.challenge, asked.account, asked.slot
    if challenge is None or account is None:
        return ChallengeEnded(cause="unknown")
    if account.epoch != challenge.epoch:
        return ChallengeEnded(cause="epoch")
    is_newest = slot is not None and slot.challenge_id == challenge.id
    return None if is_newest or challenge.purpose in _FOR_ANYBODY else ChallengeEnded(cause="superseded")


def answer(
    occasion: Occasion, asked: Challenged, *, purpose: str, asked_by: str | None, given: str, key: bytes | None
) -> Decision[TwoStepSession]:
    """Decide whether a code answers a challenge; a wrong one is counted, and the last wrong one ends it for ever.

    Wrong codes are counted in the account's slot as well: at the cap no code is judged, old or new, right or wrong.

    `asked_by` is the authentication session that presents the code, and `key` the derivation key that the challenge
    names, or None if it was removed from the keyring.  Nothing ever answers a decoy's challenge.
    """
    challenge, account, slot = asked.challenge, asked.account, asked.slot
    if challenge is None:
        return refuse(ChallengeEnded(cause="unknown"))
    refusal = _unanswerable(challenge, purpose=purpose, asked_by=asked_by, now=occasion.now) or outdated(asked)
    if refusal is not None or account is None or key is None:
        return refuse(refusal or ChallengeEnded(cause="key"))
    slot = _thawed(slot or fill(None, challenge, account=account), occasion)
    if slot.failures >= occasion.policy.challenge_failures:
        return refuse(AttemptsExhausted(cause="slot"))
    is_right = codes.matches(given, codes.code_of(challenge, key=key, policy=occasion.policy))
    return _accepted(occasion, challenge, slot) if is_right and not account.decoy else _count(occasion, challenge, slot)


def _unanswerable(challenge: TwoStepSession, *, purpose: str, asked_by: str | None, now: datetime) -> AuthError | None:
    if challenge.purpose != purpose or challenge.session_id != asked_by:
        return ChallengeEnded(cause="another purpose or session")
    return guesses.closed(challenge, now=now)


def _thawed(slot: ChallengeSlot, occasion: Occasion) -> ChallengeSlot:
    """Return the slot as it counts now: failures are forgotten when the first of them is long ago."""
    if slot.failing_since is None or occasion.now < slot.failing_since + occasion.policy.challenge_window:
        return slot
    return replace(slot, failures=0, failing_since=None)


def _accepted(occasion: Occasion, challenge: TwoStepSession, slot: ChallengeSlot) -> Decision[TwoStepSession]:
    spent = guesses.spent(challenge, now=occasion.now)
    cleared = replace(slot, updated_at=occasion.now, failures=0, failing_since=None)
    return accept(spent, [spent, cleared, _event(occasion, AuditKind.CODE_ACCEPTED, challenge)])


def _count(occasion: Occasion, challenge: TwoStepSession, slot: ChallengeSlot) -> Decision[TwoStepSession]:
    now = occasion.now
    counted, mismatch = guesses.counted(challenge, now=now)
    failed = replace(slot, updated_at=now, failures=slot.failures + 1, failing_since=slot.failing_since or now)
    return refuse(mismatch, [counted, failed, _event(occasion, AuditKind.CODE_REFUSED, challenge)])


def _event(occasion: Occasion, kind: AuditKind, challenge: TwoStepSession) -> AuditEvent:
    # Whoever has no session has not shown who he is, whatever he may have registered.
    actor = None if challenge.session_id is None else challenge.account_id
    return audit.record(
        occasion,
        kind,
        account_id=challenge.account_id,
        actor=actor,
        session_id=challenge.id,
        reason=challenge.purpose,
    )
