"""What is to be sent: a message is written in the commit that causes it, and delivered after that commit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from authcore.entities.base import Entity, Id, Note

__all__ = ["Letter", "Message", "MessageKind", "MessageState"]


class MessageKind(StrEnum):
    """What a message says."""

    CODE = "code"
    ALREADY_REGISTERED = "already_registered"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a kind of message, not a password
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    ADDRESS_CHANGED = "address_changed"
    EXTERNAL_IDENTITY_CHANGED = "external_identity_changed"
    DECOY = "decoy"
    """Nothing: it stands where a stranger's request caused no message, and is never sent."""


class MessageState(StrEnum):
    """Where a message is on its way."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Entity):
    """One message to one stored address.  It holds no code: a code is derived again when it is sent.

    `queue` is where deliverers look; a message that needs no more work has none.  Whoever sends it holds it until
    `leased_until`; after that its outcome is unknown and it is sent again.
    """

    OWNER: ClassVar[str | None] = "queue"
    ALSO_BY: ClassVar[tuple[str, ...]] = ("account_id", "session_id")
    DATED: ClassVar[str | None] = "updated_at"

    kind: MessageKind
    destination: Note
    account_id: Id | None
    session_id: Id | None = None
    state: MessageState = MessageState.PENDING
    queue: Annotated[str, 16] | None
    attempts: int = 0
    due_at: datetime
    leased_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a courier sends: data, never headers or markup.

    `code` is present for a code only, with the `purpose` it was asked for and the time until which it holds.
    `created_at` is when it was caused: a letter that is sent again says what it said before.
    """

    id: str
    kind: MessageKind
    destination: str
    created_at: datetime
    purpose: str | None = None
    code: str | None = None
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        """Leave out the code and the address, so that no log shows them by accident."""
        return f"Letter(id={self.id!r}, kind={self.kind.value!r})"
