"""Deciding about messages: what is to be sent, by whom, and what comes of it.

Nothing here performs I/O or reads a clock.

A message goes PENDING -> SENDING -> SENT, or back to PENDING after a fault, or FAILED after the last; what has lost its
point is DISCARDED.  A message in SENDING whose lease is over counts as PENDING: whether it was sent is unknown.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from authcore.decisions import Decision, accept
from authcore.entities import Account, Message, MessageKind, MessageState, TwoStepSession
from authcore.occasion import Occasion
from authcore.policy import Policy

__all__ = ["code_message", "failed", "finished", "is_due", "lease", "notice", "notices", "queues"]

_FIRST_PAUSE: Final = timedelta(seconds=5)
_GROWTH: Final = 4


def queues(policy: Policy) -> tuple[str, ...]:
    """Return where deliverers look, what was never tried first."""
    return tuple(map(_queue, range(policy.message_attempts + 1)))


def code_message(occasion: Occasion, challenge: TwoStepSession, *, is_decoy: bool) -> Message:
    """Return the message that brings a challenge's code; for a decoy, one that is never sent."""
    kind = MessageKind.DECOY if is_decoy else MessageKind.CODE
    return replace(
        _message(occasion, kind, account_id=challenge.account_id, destination=challenge.destination),
        session_id=challenge.id,
    )


def notice(occasion: Occasion, kind: MessageKind, *, account: Account, destination: str) -> Message:
    """Return a message that tells the owner of an account what happened."""
    return _message(occasion, kind, account_id=account.id, destination=destination)


def notices(occasion: Occasion, kind: MessageKind, *, account: Account, destinations: Iterable[str]) -> list[Message]:
    """Return as many messages of one kind: what one address might keep to itself is told at the others."""
    told = [notice(occasion, kind, account=account, destination=destination) for destination in destinations]
    return [replace(message, id=f"{message.id}-{number}") for number, message in enumerate(told)]


def is_due(message: Message, *, now: datetime) -> bool:
    """Tell whether a message waits for a deliverer now."""
    if message.queue is None or message.due_at > now:
        return False
    return message.leased_until is None or message.leased_until <= now


def lease(message: Message | None, *, now: datetime, policy: Policy) -> Decision[Message | None]:
    """Decide whether this deliverer sends a message: only one of them gets to write this.

    What was tried often enough, and never came to a known end, is given up.
    """
    if message is None or not is_due(message, now=now):
        return accept(None)
    if message.attempts >= policy.message_attempts:
        return accept(None, [finished(message, MessageState.FAILED, now=now)])
    held = replace(
        message,
        updated_at=now,
        state=MessageState.SENDING,
        queue=_queue(message.attempts + 1),
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
    pause = _FIRST_PAUSE * _GROWTH ** (message.attempts - 1)
    return replace(message, updated_at=now, state=MessageState.PENDING, due_at=now + pause, leased_until=None)


def _queue(attempts: int) -> str:
    """Name the queue of what was tried so often.

    All that wait in one queue wait equally long, so the oldest, which is found first, is due first: what keeps failing
    holds up nothing that would not.
    """
    return f"outbox-{attempts}"


def _message(occasion: Occasion, kind: MessageKind, *, account_id: str | None, destination: str) -> Message:
    return Message(
        id=occasion.ids.message,
        created_at=occasion.now,
        updated_at=occasion.now,
        kind=kind,
        destination=destination,
        account_id=account_id,
        queue=_queue(0),
        due_at=occasion.now,
    )
