"""Deciding what a message says when it is sent.  Nothing here performs I/O, reads a clock or draws randomness."""

from datetime import datetime

from authcore import challenges, codes
from authcore.challenges import Challenged
from authcore.entities import Letter, Message, MessageKind
from authcore.policy import Policy

__all__ = ["letter_of"]


def letter_of(
    message: Message, asked: Challenged, *, key: bytes | None, now: datetime, policy: Policy
) -> Letter | None:
    """Return what to send, or None if there is no point in it (any more): a decoy, or a code that no longer holds.

    `asked` is the challenge that the message belongs to, if it does, and `key` the derivation key that it names.
    """
    if message.kind is MessageKind.DECOY:
        return None
    if message.kind is not MessageKind.CODE:
        return Letter(id=message.id, kind=message.kind, destination=message.destination, created_at=message.created_at)
    challenge, account = asked.challenge, asked.account
    # A challenge may have become nobody's since its message was written: then no code answers it.
    if challenge is None or key is None or account is None or account.decoy or not challenges.holds(asked, now=now):
        return None
    return Letter(
        id=message.id,
        kind=message.kind,
        destination=message.destination,
        created_at=message.created_at,
        purpose=challenge.purpose,
        code=codes.code_of(challenge, key=key, policy=policy),
        expires_at=challenge.expires_at,
    )
