"""Deciding about sessions other than the one in use: which are open, and ending one, the others, or all.

Nothing here performs I/O, reads a clock or draws randomness.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from authcore import audit, sessions
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuditKind, AuthenticationSession, SessionEnd
from authcore.errors import AccountNotFound, AuthError, InvalidInput, SecondFactorRequired, StateUnchanged
from authcore.lifecycle import raised, visible
from authcore.occasion import Occasion
from authcore.policy import Policy
from authcore.rotation import last_used

__all__ = ["OpenSession", "open_sessions", "revoke", "revoke_all", "revoke_others"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session that counts, as its holder sees it among others; `current` is the one that asks."""

    session: AuthenticationSession
    current: bool

    @property
    def last_used_at(self) -> datetime:
        """When it was surely in use last."""
        return last_used(self.session)


def open_sessions(
    found: Iterable[AuthenticationSession],
    *,
    account: Account,
    current: AuthenticationSession,
    policy: Policy,
    now: datetime,
) -> tuple[OpenSession, ...]:
    """Return those sessions of an account that count, newest first."""
    # The current one is among them, however many of the others a bounded reading left out.
    every = {session.id: session for session in (*found, current)}.values()
    counting = (each for each in every if _refusal(each, account=account, policy=policy, now=now) is None)
    newest_first = sorted(counting, key=lambda session: (session.created_at, session.id), reverse=True)
    return tuple(OpenSession(session=each, current=each.id == current.id) for each in newest_first)


def revoke(
    occasion: Occasion,
    *,
    account: Account,
    session: AuthenticationSession | None,
    current: AuthenticationSession | None = None,
) -> Decision[AuthenticationSession]:
    """Decide to end one session of an account; one that has ended already, however it did, is refused.

    `current` is the one that its holder acts from; an operator acts from none.
    """
    if session is None or session.account_id != account.id:
        return refuse(InvalidInput("session", "unknown"))
    stale = None if current is None or current.id == session.id else _stale(occasion, current)
    if stale is not None:
        return refuse(stale)
    refusal = _refusal(session, account=account, policy=occasion.policy, now=occasion.now)
    if refusal is not None and not isinstance(refusal, SecondFactorRequired):
        return refuse(StateUnchanged(cause=refusal.cause))
    ended = sessions.end(session, SessionEnd.REVOKED, now=occasion.now)
    event = audit.record(
        occasion, AuditKind.SESSION_REVOKED, account_id=account.id, actor=account.id, session_id=session.id
    )
    return accept(ended, [ended, event])


def revoke_others(
    occasion: Occasion, *, account: Account, session: AuthenticationSession
) -> Decision[AuthenticationSession]:
    """Decide to end every session and open challenge of an account, its caller going on in a new session.

    That one is opened under the new epoch in the same commit; a login at the same time comes before or after it.
    """
    stale = _stale(occasion, session)
    if stale is not None:
        return refuse(stale)
    opened = sessions.go_on_alone(occasion, account=account, session=session)
    if opened.outcome is None:
        return opened
    event = audit.record(
        occasion, AuditKind.SESSIONS_REVOKED, account_id=account.id, actor=account.id, session_id=opened.outcome.id
    )
    return opened.also([event])


def revoke_all(occasion: Occasion, *, account: Account | None) -> Decision[Account]:
    """Decide to end every session and open challenge of an account, whether there is one or not."""
    found = visible(account)
    if found is None:
        return refuse(AccountNotFound())
    renewed = raised(found, occasion)
    return accept(renewed, [renewed, audit.record(occasion, AuditKind.SESSIONS_REVOKED, account_id=found.id)])


def _stale(occasion: Occasion, session: AuthenticationSession) -> AuthError | None:
    """Return why whoever acts from a session may not end others: a thief must not drive out the owner."""
    within = occasion.policy.fresh_for
    return None if within is None else sessions.stale(session, within=within, now=occasion.now)


def _refusal(session: AuthenticationSession, *, account: Account, policy: Policy, now: datetime) -> AuthError | None:
    return sessions.validate(session=session, account=account, policy=policy, now=now)
