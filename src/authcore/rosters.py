"""Deciding which sessions make room when an account has as many as it may.

Nothing here performs I/O, reads a clock or draws randomness.  The roster is written by whatever opens a session, so
that of two at the same time one comes second, and the limit is exact.  Who has just proven itself always gets in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from authcore import audit
from authcore.entities import AuthenticationSession, Entity, SessionEnd, SessionRoster
from authcore.occasion import Occasion
from authcore.rotation import lapsed, last_used

__all__ = ["Listed", "enter", "has_room", "roster_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A roster, as it is stored, and the sessions that stand there; none need be looked up where there is room."""

    roster: SessionRoster
    sessions: Sequence[AuthenticationSession] = ()


def roster_id(account_id: str, *, epoch: int, pending: bool) -> str:
    """Return the id of a roster; pending sessions have their own.

    Otherwise whoever knows a password, and lacks the second factor, could crowd out the owner.
    """
    return f"{account_id}:{epoch}:{'pending' if pending else 'whole'}"


def has_room(roster: SessionRoster, *, limit: int, instead_of: str | None) -> bool:
    """Tell whether one more session may stand there, in place of another one or not."""
    return len(_others(roster, instead_of)) < limit


def enter(
    occasion: Occasion, session: AuthenticationSession, *, among: Listed | None, instead_of: str | None
) -> list[Entity]:
    """Decide what is written when a session is opened: its name in the roster, and the end of who makes room.

    That are the ones that have not been used for longest.  Without a roster one is begun: to begin one where there is
    one conflicts, so that nobody gets around the limit by leaving it out.
    """
    if among is None:
        return [_begun(occasion, session)]
    limit, staying, leaving = occasion.policy.sessions_per_account, _others(among.roster, instead_of), []
    if len(staying) >= limit:
        counting = [each for each in among.sessions if each.id in staying and _counts(each, now=occasion.now)]
        leaving = sorted(counting, key=_least_used_first)[: max(0, len(counting) - limit + 1)]
        staying = [each.id for each in counting if each not in leaving]
    listed = replace(among.roster, updated_at=occasion.now, session_ids=(*staying, session.id))
    return [listed, *(_displaced(each, now=occasion.now) for each in leaving), *_told(occasion, leaving)]


def _others(roster: SessionRoster, instead_of: str | None) -> list[str]:
    return [each for each in roster.session_ids if each != instead_of]


def _counts(session: AuthenticationSession, *, now: datetime) -> bool:
    """Tell whether a session is not over: of its epoch and its account's state the roster and the gate have judged."""
    return session.ended_at is None and session.deleted_at is None and not lapsed(session, now=now)


def _least_used_first(session: AuthenticationSession) -> tuple[datetime, datetime, str]:
    return last_used(session), session.created_at, session.id


def _displaced(session: AuthenticationSession, *, now: datetime) -> AuthenticationSession:
    return replace(session, updated_at=now, ended_at=now, ended_as=SessionEnd.DISPLACED)


def _told(occasion: Occasion, leaving: Sequence[AuthenticationSession]) -> list[Entity]:
    return [audit.displaced(occasion, each) for each in leaving]


def _begun(occasion: Occasion, session: AuthenticationSession) -> SessionRoster:
    account_id = session.account_id or ""
    return SessionRoster(
        id=roster_id(account_id, epoch=session.epoch, pending=session.requires_second_factor),
        created_at=occasion.now,
        updated_at=occasion.now,
        account_id=account_id,
        session_ids=(session.id,),
    )
