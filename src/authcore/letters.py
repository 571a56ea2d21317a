"""Deciding what a message says when it is sent.  Nothing here performs I/O, reads a clock or draws randomness."""

from datetime import datetime

from authcore import challenges, codes
from authcore.entities import Letter, Message, MessageKind, TwoStepSession
from authcore.policy import Policy

__all__ = ["letter_of"]


def letter_of(
    message: Message, *, challenge: TwoStepSession | None, key: bytes | None, now: datetime, policy: Policy
) -> Letter | None:
    """Return what to send, or None if there is no point in it (any more): a decoy, or a code that no longer holds.

    `challenge` is the one that the message belongs to, and `key` the derivation key that it names.
    """
    if message.kind is MessageKind.DECOY:
        return None
    if message.kind is not MessageKind.CODE:
        return Letter(id=message.id, kind=message.kind, destination=message.destination)
    if challenge is None or key is None or not challenges.is_open(challenge, now=now):
        return None
    return Letter(
        id=message.id,
        kind=message.kind,
        destination=message.destination,
        purpose=challenge.purpose,
        code=codes.code_of(challenge, key=key, policy=policy),
        expires_at=challenge.expires_at,
    )
