"""Deciding what the trail says.  Nothing here performs I/O, reads a clock or draws randomness."""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Final

from authcore.entities import AuditEvent, AuditKind, AuthenticationSession, Device
from authcore.occasion import Occasion

__all__ = ["displaced", "record", "reuse", "session_digest"]

_DIGEST_LENGTH: Final = 32


def record(
    occasion: Occasion, kind: AuditKind, *, account_id: str | None, session_id: str | None = None, reason: str = ""
) -> AuditEvent:
    """Return the event that says what happened, to whom, from where."""
    return AuditEvent(
        # One occasion may have several things to tell, each of its own kind.
        id=f"{occasion.ids.event}-{kind}",
        created_at=occasion.now,
        updated_at=occasion.now,
        kind=kind,
        account_id=account_id,
        session=None if session_id is None else session_digest(session_id),
        network=occasion.device.network,
        reason=reason,
    )


def reuse(session: AuthenticationSession, *, now: datetime, device: Device) -> AuditEvent:
    """Return the event that says that a token was used after its successor; it happens to a session once."""
    digest = session_digest(session.id)
    return AuditEvent(
        id=f"{AuditKind.SESSION_REUSED}-{digest}",
        created_at=now,
        updated_at=now,
        kind=AuditKind.SESSION_REUSED,
        account_id=session.account_id,
        session=digest,
        network=device.network,
    )


def displaced(occasion: Occasion, session: AuthenticationSession) -> AuditEvent:
    """Return the event that says that a session made room for another one; it happens to a session once."""
    event = record(occasion, AuditKind.SESSION_DISPLACED, account_id=session.account_id, session_id=session.id)
    # One commit may make room by ending several.
    return replace(event, id=f"{event.kind}-{event.session}")


def session_digest(session_id: str) -> str:
    """Return what the trail and logs show of a session: enough to tell sessions apart, too little to use one."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:_DIGEST_LENGTH]
