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
    FIRST_FACTOR_MET = "first_factor_met"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    REAUTHENTICATED = "reauthenticated"
    """Whoever was logged in has given the password once more, and goes on in a new session."""
    SESSION_REUSED = "session_reused"
    """A token was presented after its successor was in use: the session was revoked."""
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a kind of event, not a password
    ADDRESS_CHANGED = "address_changed"
    """An account has another email address or phone number, or its first; `reason` says which of the two."""
    ADDRESS_LOST = "address_lost"
    """An account that had not proven its address: somebody else has."""
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_DELETED = "account_deleted"
    ACCOUNT_RESTORED = "account_restored"
    ACCOUNT_CONFIRMED = "account_confirmed"
    """An operator has vouched for the address."""
    ACCOUNT_IMPORTED = "account_imported"
    """Another system kept it until then; `reason` says which."""
    ROLE_IMPORTED = "role_imported"
    """The role that `reason` names, of no account in particular."""
    EXTERNAL_IDENTITY_LINKED = "external_identity_linked"
    EXTERNAL_IDENTITY_UNLINKED = "external_identity_unlinked"
    SESSION_REVOKED = "session_revoked"
    SESSION_DISPLACED = "session_displaced"
    """It made room for another one, where an account has as many as it may."""
    SESSIONS_REVOKED = "sessions_revoked"
    """All of an account; `session` is the new one of whoever asked, if it was the person."""
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
