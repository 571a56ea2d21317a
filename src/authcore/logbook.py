"""The log lines of what matters: one for each event of the trail, one for each refusal, one for each fault.

Nothing secret is in an event, in the cause of a refusal or in the message of a fault, so nothing secret is in a line;
and no text of a stranger's can begin a new one.
"""

import logging
from collections.abc import Iterable

from authcore.entities import AuditEvent, Entity
from authcore.errors import AuthError, Fault

__all__ = ["log_events", "log_fault", "log_refusal"]

_log = logging.getLogger("authcore.security")
_faults = logging.getLogger("authcore.faults")


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


def log_fault(where: str, fault: Fault) -> None:
    """Tell that something failed, and privately why: what else the caller is told is to come again."""
    # Of what it came from no more than the kind: the text of a driver's exception may hold what was to be stored.
    source = "" if fault.__cause__ is None else type(fault.__cause__).__name__
    _faults.warning("%a: %s cause=%a source=%s", where, type(fault).__name__, str(fault), source)
