"""What lasts for a while: sessions of authenticated people, and challenges that await a code."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from authcore.entities.base import Entity, Id, Name, Note, Texts

__all__ = [
    "AuthenticationSession",
    "CaptchaSession",
    "ChallengeSlot",
    "Device",
    "Session",
    "SessionEnd",
    "SessionRoster",
    "TwoStepSession",
    "VerificationSession",
]


_LONGEST_NETWORK: Final = 45
_LONGEST_USER_AGENT: Final = 255


class SessionEnd(StrEnum):
    """How a session ended, other than by its deadline."""

    CLOSED = "closed"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    SPENT = "spent"
    EXHAUSTED = "exhausted"
    DISPLACED = "displaced"
    """To make room for another one, of all of its account the one that had not been used for longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a request came from, as far as the transport told: a network address and a user agent.

    Both come from strangers, so they are cut and cleaned, never refused.
    """

    network: str = "unknown"
    user_agent: str = ""

    def __post_init__(self) -> None:
        """Replace what could break a line of a log or the layout of a page, and keep what fits."""
        object.__setattr__(self, "network", _clean(self.network, _LONGEST_NETWORK))
        object.__setattr__(self, "user_agent", _clean(self.user_agent, _LONGEST_USER_AGENT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Entity):
    """What all sessions have: perhaps an account, its epoch when the session began, and an absolute end."""

    OWNER: ClassVar[str | None] = "account_id"
    DATED: ClassVar[str | None] = "expires_at"

    account_id: Id | None
    epoch: int
    expires_at: datetime
    ended_at: datetime | None = None
    ended_as: SessionEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationSession(Session):
    """Somebody on one device: a person who logged in, or nobody in particular where there is no account.

    `amr` lists the factors that were met (RFC 8176) and `auth_time` when; a *pending* session lacks its second factor.
    `generation` counts rotations, the newest one at `rotated_at`; its token was first shown at `presented_at`.
    `rotates_at` and `inactive_at` are counted from there: when the next rotation is due, and when it is too late.
    `tag` is a word of the application's own, which it may ask for when it recognises a session.
    """

    network: Annotated[str, _LONGEST_NETWORK]
    user_agent: Note
    tag: Annotated[str, 20] = ""
    amr: Texts
    auth_time: datetime
    requires_second_factor: bool = False
    generation: int = 1
    rotated_at: datetime
    presented_at: datetime | None = None
    rotates_at: datetime
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

    `session_id` names the authentication session that asked, if one did, and `sendings` counts how often the code was
    sent.  No code ever answers the challenge of an account that is a decoy.  `wanted_id` is the id of the name that is
    to become the account's own, and may be somebody else's: by it the challenge is found when that person is forgotten.
    """

    ALSO_BY: ClassVar[tuple[str, ...]] = ("wanted_id",)

    purpose: Annotated[str, 20]
    destination: Note
    wanted_id: Id | None = None
    session_id: Id | None = None
    sendings: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptchaSession(VerificationSession):
    """A code that only a person can read or hear: nobody's, and sent nowhere.

    Its first answer stores it; until then its signed token is all there is, and its id names the derivation key.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeSlot(Entity):
    """The room that an account has for challenges of one purpose: the newest one is in it, and only that one counts.

    (But for recovery, which anybody may ask for: there all of them count, and the first that was guessed at is in it.)
    Its id names account and purpose, so that of two requests at the same time one is surely the newer.  It counts the
    wrong codes of all its challenges since `failing_since`: a new code gives no new guesses beyond the cap.
    """

    OWNER: ClassVar[str | None] = "account_id"
    DATED: ClassVar[str | None] = "updated_at"

    account_id: Id
    challenge_id: Id
    failures: int = 0
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRoster(Entity):
    """Which sessions an account has, of those of one epoch that are pending, or of those that are not.

    Its id names account, epoch and sort.  A session stands there from the commit that opens it; those that are over are
    struck out when there is no more room.
    """

    OWNER: ClassVar[str | None] = "account_id"
    DATED: ClassVar[str | None] = "updated_at"

    account_id: Id
    session_ids: Texts


def _clean(text: str, longest: int) -> str:
    text = text[:longest]
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
