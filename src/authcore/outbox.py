"""Deciding about messages: what is to be sent, by whom, and what comes of it.

Nothing here performs I/O or reads a clock.

A message goes PENDING -> SENDING -> SENT, or back to PENDING after a fault, or FAILED after the last; what has lost its
point is DISCARDED.  A message in SENDING whose lease is over counts as PENDING: whether it was sent is unknown.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from authcore.decisions import Decision, accept
from authcore.entities import Account, Message, MessageKind, MessageState, TwoStepSession
from authcore.occasion import Occasion
from authcore.policy import Policy

__all__ = ["QUEUES", "code_message", "failed", "finished", "is_due", "lease", "notice"]

FRESH: Final = "outbox"
AGAIN: Final = "outbox-again"

QUEUES: Final = (FRESH, AGAIN)
"""Where deliverers look: what was never tried comes first, so that what keeps failing holds up nobody."""

_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(hours=1)


def code_message(occasion: Occasion, challenge: TwoStepSession) -> Message:
    """Return the message that brings a challenge's code; for a decoy, one that is never sent."""
    kind = MessageKind.DECOY if challenge.account_id is None else MessageKind.CODE
    return replace(
        _message(occasion, kind, account_id=challenge.account_id, destination=challenge.destination),
        session_id=challenge.id,
    )


def notice(occasion: Occasion, kind: MessageKind, *, account: Account, destination: str) -> Message:
    """Return a message that tells the owner of an account what happened."""
    return _message(occasion, kind, account_id=account.id, destination=destination)


def is_due(message: Message, *, now: datetime) -> bool:
    """Tell whether a message waits for a deliverer now."""
    if message.queue is None or message.due_at > now:
        return False
    return message.leased_until is None or message.leased_until <= now


def lease(message: Message | None, *, now: datetime, policy: Policy) -> Decision[Message | None]:
    """Decide whether this deliverer sends a message: only one of them gets to write this."""
    if message is None or not is_due(message, now=now):
        return accept(None)
    held = replace(
        message,
        updated_at=now,
        state=MessageState.SENDING,
        attempts=message.attempts + 1,
        leased_until=now + policy.message_lease,
    )
    return accept(held, [held])


def finished(message: Message, state: MessageState, *, now: datetime) -> Message:
    """Return a message that needs no more work."""
    return replace(message, updated_at=now, state=state, queue=None, leased_until=None)


def failed(message: Message, *, now: datetime, policy: Policy) -> Message:
    """Return a message that was surely not sent: to be tried again, later each time, until it is given up."""
    if message.attempts >= policy.message_attempts:
        return finished(message, MessageState.FAILED, now=now)
    pause = min(_FIRST_PAUSE * 2 ** (message.attempts - 1), _LONGEST_PAUSE)
    return replace(
        message, updated_at=now, state=MessageState.PENDING, queue=AGAIN, due_at=now + pause, leased_until=None
    )


def _message(occasion: Occasion, kind: MessageKind, *, account_id: str | None, destination: str) -> Message:
    return Message(
        id=occasion.ids.message,
        created_at=occasion.now,
        updated_at=occasion.now,
        kind=kind,
        destination=destination,
        account_id=account_id,
        queue=FRESH,
        due_at=occasion.now,
    )
