"""What lasts for a while: sessions of authenticated people, and challenges that await a code."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from authcore.entities.base import Entity, Id, Name, Note, Texts

__all__ = [
    "AuthenticationSession",
    "ChallengeSlot",
    "Device",
    "Session",
    "SessionEnd",
    "TwoStepSession",
    "VerificationSession",
]


class SessionEnd(StrEnum):
    """How a session ended, other than by its deadline."""

    CLOSED = "closed"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    SPENT = "spent"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a request came from, as far as the transport told: a network address and a user agent."""

    network: Annotated[str, 45] = "unknown"
    user_agent: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Entity):
    """What all sessions have: perhaps an account, its epoch when the session began, and an absolute end."""

    OWNER: ClassVar[str | None] = "account_id"

    account_id: Id | None
    epoch: int
    expires_at: datetime
    ended_at: datetime | None = None
    ended_as: SessionEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationSession(Session):
    """A person who logged in, on one device.

    `amr` lists the factors that were met (RFC 8176) and `auth_time` when.  `generation` counts rotations;
    `inactive_at` is the inactivity deadline, counted from `rotated_at`.
    """

    network: Annotated[str, 45]
    user_agent: Note
    amr: Texts
    auth_time: datetime
    generation: int = 1
    rotated_at: datetime
    inactive_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationSession(Session):
    """A challenge: an unstored code, derived from this session's id by the key that `code_key` names."""

    code_key: Name
    attempts: int = 0
    max_attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoStepSession(VerificationSession):
    """A code sent to a person's own address.

    Without an account it is a decoy: strangers get one too, and no code ever fits it.  `session_id` names the
    authentication session that asked, if one did.
    """

    purpose: Annotated[str, 20]
    destination: Note
    session_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeSlot(Entity):
    """The room that an account has for challenges of one purpose: the newest one is in it, and only that one counts.

    Its id names account and purpose, so that of two requests at the same time one is surely the newer.
    """

    OWNER: ClassVar[str | None] = "account_id"

    account_id: Id
    challenge_id: Id
