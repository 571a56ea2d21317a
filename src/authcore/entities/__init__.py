"""The entities: frozen values with an id and a version.

They hold facts; what follows from the facts is decided elsewhere.
"""

from typing import Final

from authcore.entities.accounts import Account, Credential, Identifier
from authcore.entities.attempts import Attempt, Tally
from authcore.entities.audit import OPERATOR, SYSTEM, UNSEALED, AuditEvent, AuditKind, AuditSeal
from authcore.entities.base import Entity, can_be_stored, keys_of
from authcore.entities.milestones import Milestone
from authcore.entities.outbox import Letter, Message, MessageKind, MessageState
from authcore.entities.records import (
    Column,
    ColumnType,
    Record,
    Scalar,
    columns_of,
    from_record,
    from_row,
    microseconds,
    to_record,
)
from authcore.entities.roles import Grant, Role
from authcore.entities.sessions import (
    AuthenticationSession,
    CaptchaSession,
    ChallengeSlot,
    Device,
    Session,
    SessionEnd,
    SessionRoster,
    TwoStepSession,
    VerificationSession,
)

__all__ = [
    "ENTITIES",
    "OPERATOR",
    "SYSTEM",
    "UNSEALED",
    "Account",
    "Attempt",
    "AuditEvent",
    "AuditKind",
    "AuditSeal",
    "AuthenticationSession",
    "CaptchaSession",
    "ChallengeSlot",
    "Column",
    "ColumnType",
    "Credential",
    "Device",
    "Entity",
    "Grant",
    "Identifier",
    "Letter",
    "Message",
    "MessageKind",
    "MessageState",
    "Milestone",
    "Record",
    "Role",
    "Scalar",
    "Session",
    "SessionEnd",
    "SessionRoster",
    "Tally",
    "TwoStepSession",
    "VerificationSession",
    "can_be_stored",
    "columns_of",
    "from_record",
    "from_row",
    "keys_of",
    "microseconds",
    "to_record",
]

ENTITIES: Final[tuple[type[Entity], ...]] = (
    Account,
    Identifier,
    Credential,
    AuthenticationSession,
    TwoStepSession,
    CaptchaSession,
    ChallengeSlot,
    SessionRoster,
    Role,
    Grant,
    Message,
    AuditEvent,
    AuditSeal,
    Milestone,
    Attempt,
    Tally,
)
"""Every kind that a store holds.  A new entity is added here, and no store needs a new method for it."""
