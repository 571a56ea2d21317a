"""Deciding what the trail says.  Nothing here performs I/O, reads a clock or draws randomness."""

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime
from typing import Final

from authcore.entities import AuditEvent, AuditKind, AuthenticationSession, Device
from authcore.occasion import Occasion

__all__ = [
    "blanked",
    "displaced",
    "is_true_or_blank",
    "record",
    "reuse",
    "salted",
    "session_digest",
]

_DIGEST_LENGTH: Final = 32


def record(
    occasion: Occasion,
    kind: AuditKind,
    *,
    account_id: str | None,
    actor: str | None = None,
    session_id: str | None = None,
    reason: str = "",
) -> AuditEvent:
    """Return the event that says what happened, to whom, by whom, from where.

    `actor` is the account that has shown itself; where the occasion tells on whose behalf it came about, that counts.
    """
    event = AuditEvent(
        # One occasion may have several things to tell, each of its own kind.
        id=f"{occasion.ids.event}-{kind}",
        created_at=occasion.now,
        updated_at=occasion.now,
        kind=kind,
        account_id=account_id,
        actor=occasion.actor or actor,
        session=None if session_id is None else session_digest(session_id),
        network=occasion.device.network,
        reason=reason,
        salt="",
        commitment="",
    )
    return salted(event, occasion.ids.salt)


def reuse(session: AuthenticationSession, *, now: datetime, device: Device, name: str, salt: str) -> AuditEvent:
    """Return the event of this name that says that a token was used after its successor."""
    digest = session_digest(session.id)
    event = AuditEvent(
        id=f"{name}-{AuditKind.SESSION_REUSED}",
        created_at=now,
        updated_at=now,
        kind=AuditKind.SESSION_REUSED,
        account_id=session.account_id,
        session=digest,
        network=device.network,
        salt="",
        commitment="",
    )
    return salted(event, salt)


def salted(event: AuditEvent, secret: str) -> AuditEvent:
    """Return an event with the commitment to what is personal in it.

    Each event has a salt of its own, from which that of no other can be told: one may be blanked while others stay.
    """
    salt = _bound(secret, event.id)[:_DIGEST_LENGTH]
    return replace(event, salt=salt, commitment=_bound(salt, event.network))


def blanked(event: AuditEvent) -> AuditEvent:
    """Return an event without what is personal in it.

    The salt goes as well: there are so few networks that, with it, each could be tried against the commitment.
    """
    return replace(event, network="", salt="")


def is_true_or_blank(event: AuditEvent) -> bool:
    """Tell whether what is personal in an event is what was committed to, or is blanked."""
    if not event.salt:
        return not event.network
    return event.commitment == _bound(event.salt, event.network)


def displaced(occasion: Occasion, session: AuthenticationSession) -> AuditEvent:
    """Return the event that says that a session made room for another one."""
    account_id = session.account_id
    event = record(
        occasion, AuditKind.SESSION_DISPLACED, account_id=account_id, actor=account_id, session_id=session.id
    )
    # One commit may make room by ending several.
    return salted(replace(event, id=f"{event.id}-{event.session}"), occasion.ids.salt)


def session_digest(session_id: str) -> str:
    """Return what the trail and logs show of a session: enough to tell sessions apart, too little to use one."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:_DIGEST_LENGTH]


def _bound(key: str, text: str) -> str:
    return hmac.digest(key.encode(), text.encode(), hashlib.sha256).hex()
