"""The trail: one event for each outcome that writes, in the same commit.

It never holds a secret or a full session id.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from authcore.entities.base import Entity, Id, Name

__all__ = ["AuditEvent", "AuditKind"]


class AuditKind(StrEnum):
    """What happened."""

    REGISTERED = "registered"
    CODE_REQUESTED = "code_requested"
    CODE_REFUSED = "code_refused"
    CODE_ACCEPTED = "code_accepted"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a kind of event, not a password
    ROLE_ASSIGNED = "role_assigned"
    ROLE_WITHDRAWN = "role_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent(Entity):
    """One thing that happened to an account; `created_at` tells when.

    `session` is a digest of the session's id, `network` where the request came from, `reason` a stable code.
    """

    OWNER: ClassVar[str | None] = "account_id"

    kind: AuditKind
    account_id: Id | None
    session: Name | None = None
    network: Annotated[str, 45]
    reason: Name = ""
