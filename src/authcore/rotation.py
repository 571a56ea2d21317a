"""Deciding about generations: which token of a session counts, and when the next one takes its place.

Nothing here performs I/O, reads a clock or draws randomness.  A rotation is idempotent: whoever comes with the token
before gets the same successor, until that one is in use, and for a short while after; later it is a stolen one, or the
thief's, and the session ends for both (RFC 9700 section 4.14.2).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict

from authcore import audit
from authcore.decisions import Decision, accept, refuse
from authcore.entities import AuditEvent, AuthenticationSession, Device, SessionEnd
from authcore.errors import InvalidToken, SessionRevoked
from authcore.policy import Policy

__all__ = ["Circumstances", "Deadlines", "Presentation", "Presented", "deadlines", "lapsed", "last_used", "present"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What an event tells of a presentation besides its session: from where it came, and the event's own id and salt.

    The salt is made of `salt`, which is random.
    """

    device: Device
    event: str
    salt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """A token of a session, as it was presented: of which generation, when, under which circumstances.

    `rotate` tells whether the client is given a new token when one is due; one that asks for it by itself is not.
    `tag` is what the application has reserved the occasion for: only sessions with that tag count; None lets all in.
    `circumstances` always tells the same, and is asked for it only where there is an event: most requests have none.
    """

    generation: int
    now: datetime
    policy: Policy
    circumstances: Callable[[], Circumstances]
    rotate: bool = False
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A session whose token counts, as it is from now on; if it is `renewed`, the client needs its newest token."""

    session: AuthenticationSession
    renewed: bool = False


def present(session: AuthenticationSession, shown: Presentation) -> Decision[Presented]:
    """Decide what becomes of a live session when one of its tokens is presented.

    A token that was used after its successor revokes the session, and that is committed before it is refused.
    """
    if shown.generation > session.generation or shown.tag not in {None, session.tag}:
        return refuse(InvalidToken(cause="generation or tag"))
    if shown.generation == session.generation:
        return _current(session, shown)
    if shown.generation == session.generation - 1 and _is_awaited(session, shown):
        return accept(Presented(session=session, renewed=shown.rotate))
    return refuse(SessionRevoked(cause="reuse"), [_revoked(session, shown), _event(session, shown)])


class Deadlines(TypedDict):
    """The times of one generation: when it began, when the next one is due, and when it is too late."""

    rotated_at: datetime
    rotates_at: datetime
    inactive_at: datetime


def deadlines(*, now: datetime, expires_at: datetime, policy: Policy) -> Deadlines:
    """Return the times of a generation that begins now; none of them is later than the session's absolute end."""
    return Deadlines(
        rotated_at=now,
        rotates_at=min(now + policy.rotation, expires_at),
        inactive_at=min(now + policy.inactivity, expires_at),
    )


def lapsed(session: AuthenticationSession, *, now: datetime) -> bool:
    """Tell whether a session has had its time: all of it, or as much as it lasts unused."""
    return now >= session.expires_at or now >= session.inactive_at


def last_used(session: AuthenticationSession) -> datetime:
    """Return when a session was surely in use last: at its newest rotation, or when that one's token came first.

    No use in between is written down.
    """
    return session.presented_at or session.rotated_at


def _current(session: AuthenticationSession, shown: Presentation) -> Decision[Presented]:
    if shown.rotate and shown.now >= session.rotates_at and not _has_predecessor(session, shown):
        times = deadlines(now=shown.now, expires_at=session.expires_at, policy=shown.policy)
        turned = replace(session, updated_at=shown.now, generation=session.generation + 1, presented_at=None, **times)
        return accept(Presented(session=turned, renewed=True), [turned])
    if session.presented_at is None and session.generation > 1:
        # From now on its predecessor is on borrowed time.
        seen = replace(session, updated_at=shown.now, presented_at=shown.now)
        return accept(Presented(session=seen), [seen])
    return accept(Presented(session=session))


def _has_predecessor(session: AuthenticationSession, shown: Presentation) -> bool:
    """Tell whether the token before this one may still come, from whoever sent it before the newest one arrived.

    If it were two generations old by then, a request that was under way would count as a theft.
    """
    return session.generation > 1 and _is_awaited(session, shown)


def _is_awaited(session: AuthenticationSession, shown: Presentation) -> bool:
    """Tell whether the newest token may still not have reached everybody."""
    return session.presented_at is None or shown.now < session.presented_at + shown.policy.grace


def _event(session: AuthenticationSession, shown: Presentation) -> AuditEvent:
    told = shown.circumstances()
    return audit.reuse(session, now=shown.now, device=told.device, name=told.event, salt=told.salt)


def _revoked(session: AuthenticationSession, shown: Presentation) -> AuthenticationSession:
    return replace(session, updated_at=shown.now, ended_at=shown.now, ended_as=SessionEnd.REVOKED)
