"""Deciding what the trail says.  Nothing here performs I/O, reads a clock or draws randomness."""

import hashlib
from typing import Final

from authcore.entities import AuditEvent, AuditKind
from authcore.occasion import Occasion

__all__ = ["record", "session_digest"]

_DIGEST_LENGTH: Final = 32


def record(
    occasion: Occasion, kind: AuditKind, *, account_id: str | None, session_id: str | None = None, reason: str = ""
) -> AuditEvent:
    """Return the event that says what happened, to whom, from where."""
    return AuditEvent(
        id=occasion.ids.event,
        created_at=occasion.now,
        updated_at=occasion.now,
        kind=kind,
        account_id=account_id,
        session=None if session_id is None else session_digest(session_id),
        network=occasion.device.network,
        reason=reason,
    )


def session_digest(session_id: str) -> str:
    """Return what the trail and logs show of a session: enough to tell sessions apart, too little to use one."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:_DIGEST_LENGTH]
