"""The trail: one event for each outcome that writes, in the same commit.

It never holds a secret or a full session id.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from authcore.entities.base import Entity, Id, Name, Texts

__all__ = ["EVENT_FORM", "OPERATOR", "SYSTEM", "UNSEALED", "AuditEvent", "AuditKind", "AuditSeal", "Batch"]

EVENT_FORM: Final = 1
"""The form in which events are written now; raised whenever what is sealed of them changes."""

OPERATOR: Final = "operator"
"""The actor of what was done by a call from the application, which did not say in whose name."""

SYSTEM: Final = "system"
"""The actor of what housekeeping does by itself."""

UNSEALED: Final = "unsealed"
"""The batch of what waits for its seal."""

Batch = Annotated[str, 16]
"""The id of a seal, or UNSEALED."""


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
    ACCOUNT_ERASED = "account_erased"
    """All that told whose it was is gone, here too; its id remains."""
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
    REFUSED = "refused"
    """What `reason` says was refused `count` times to one network, in the minute or so before."""
    ROLE_ASSIGNED = "role_assigned"
    ROLE_WITHDRAWN = "role_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent(Entity):
    """One thing that happened to an account, its subject; `created_at` tells when.

    `actor` is who did it: the id of an account, OPERATOR or SYSTEM, or None for whoever has not shown who he is.
    `session` is a digest of the session's id, `network` where the request came from, `reason` a stable code.
    What is personal, the network, enters the seal as `commitment` alone, which says nothing without its `salt`: both
    can be blanked, and what is left is still what was sealed.  `count` is more than 1 where one event stands for many.
    """

    OWNER: ClassVar[str | None] = "account_id"
    ALSO_BY: ClassVar[tuple[str, ...]] = ("batch", "actor")
    DATED: ClassVar[str | None] = "created_at"

    form: int = EVENT_FORM
    kind: AuditKind
    account_id: Id | None
    actor: Id | None = None
    session: Name | None = None
    network: Annotated[str, 45]
    reason: Name = ""
    count: int = 1
    salt: Name
    commitment: Name
    batch: Batch = UNSEALED


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSeal(Entity):
    """A batch of events, sealed: what stood in them, and which seal came before.

    Its id is its place in the chain, counted down, so that the newest seal is the first.  `members` are the digests and
    ids of the events, `previous` is the digest of the seal before, `kid` names the key of `mac`.  Whatever happened
    before `complete_until` is in this batch or in one before it.
    """

    OWNER: ClassVar[str | None] = "chain"

    form: int = EVENT_FORM
    chain: Name = "audit"
    previous: Name
    members: Texts
    complete_until: datetime
    kid: Name
    mac: Name
