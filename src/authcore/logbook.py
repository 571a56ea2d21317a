"""The log lines of what matters to security: one for each event of the trail, and one for each refusal.

Nothing secret is in an event or in the cause of a refusal, so nothing secret is in a line; and no text of a stranger's
can begin a new one.
"""

import logging
from collections.abc import Iterable

from authcore.entities import AuditEvent, Entity
from authcore.errors import AuthError

__all__ = ["log_events", "log_refusal"]

_log = logging.getLogger("authcore.security")


def log_events(written: Iterable[Entity]) -> None:
    """Tell the events of a commit that took place."""
    for entity in written:
        if isinstance(entity, AuditEvent):
            _log.info(
                "%s account=%s actor=%a session=%s network=%s count=%d reason=%a",
                entity.kind.value,
                entity.account_id,
                entity.actor,
                entity.session,
                entity.network,
                entity.count,
                entity.reason,
            )


def log_refusal(refusal: AuthError) -> None:
    """Tell that something was refused, and privately why; once, however often it is raised again."""
    if refusal.in_log:
        return
    refusal.in_log = True
    _log.info("refused: %s cause=%a", refusal.code, refusal.cause)
