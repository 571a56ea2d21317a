"""Deciding about sessions of authenticated people.  Nothing here performs I/O, reads a clock or draws randomness."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from authcore import audit, outbox
from authcore.accounts import address_of, password_credential, standing
from authcore.decisions import Decision, accept, refuse
from authcore.entities import (
    Account,
    AuditKind,
    AuthenticationSession,
    Credential,
    MessageKind,
    SessionEnd,
)
from authcore.errors import (
    AuthError,
    InvalidCredentials,
    InvalidToken,
    SessionClosed,
    SessionExpired,
    SessionRevoked,
)
from authcore.occasion import Occasion

__all__ = ["change_password", "gate", "log_in", "log_out", "open_session", "validate"]

BY_PASSWORD: Final = ("pwd",)
"""The `amr` of a session that a password opened (RFC 8176 section 2)."""


def gate(*, account: Account | None, epoch: int) -> AuthError | None:
    """Return why no session of this account may be opened or go on, or None if one may.

    The one gate: every path to a session passes it, and every use of one.  `epoch` is the account's epoch as the
    caller knew it; an older one means that something has ended all that was begun under it.
    """
    if account is None:
        return SessionRevoked(cause="account gone")
    return standing(account) or (None if account.epoch == epoch else SessionRevoked(cause="epoch"))


def open_session(occasion: Occasion, *, account: Account, amr: tuple[str, ...]) -> Decision[AuthenticationSession]:
    """Decide to open a session for an account that has just proven itself; nothing else makes one."""
    refusal = gate(account=account, epoch=account.epoch)
    if refusal is not None:
        return refuse(refusal)
    now = occasion.now
    session = AuthenticationSession(
        id=occasion.ids.session,
        created_at=now,
        updated_at=now,
        account_id=account.id,
        epoch=account.epoch,
        network=occasion.device.network,
        user_agent=occasion.device.user_agent,
        amr=amr,
        auth_time=now,
        rotated_at=now,
        inactive_at=now + occasion.policy.inactivity,
        expires_at=now + occasion.policy.absolute,
    )
    return accept(session, [session])


def log_in(
    occasion: Occasion,
    *,
    account: Account | None,
    credential: Credential | None,
    matches: bool,
    rehashed: str | None,
    former: AuthenticationSession | None = None,
) -> Decision[AuthenticationSession]:
    """Decide whether a password lets somebody in; `matches` tells what the hasher said, of a dummy hash for strangers.

    `rehashed` is the password under today's parameters.  It is written at the version of the credential that was
    checked: a password changed in between is never brought back.  `former` is the session that this one takes the place
    of on the same device, if there is one.
    """
    if account is None or credential is None or not matches:
        return refuse(InvalidCredentials())
    opened = open_session(occasion, account=account, amr=BY_PASSWORD)
    if opened.outcome is None:
        return opened
    event = audit.record(occasion, AuditKind.LOGGED_IN, account_id=account.id, session_id=opened.outcome.id)
    upgraded = [] if rehashed is None else [replace(credential, updated_at=occasion.now, secret=rehashed)]
    ended = [] if former is None or former.ended_at is not None else [_superseded(former, occasion)]
    return replace(opened, writes=(*opened.writes, *upgraded, *ended, event))


def log_out(occasion: Occasion, session: AuthenticationSession | None) -> Decision[bool]:
    """Decide to close a session that counts, if there is one; tells whether there was."""
    if session is None:
        return accept(outcome=False)
    event = audit.record(occasion, AuditKind.LOGGED_OUT, account_id=session.account_id, session_id=session.id)
    return accept(outcome=True, writes=[_end(session, SessionEnd.CLOSED, now=occasion.now), event])


def change_password(
    occasion: Occasion, *, account: Account, session: AuthenticationSession, credential: Credential, secret: str
) -> Decision[AuthenticationSession]:
    """Decide to replace a password whose holder has just given the current one.

    Raising the epoch ends every session and open challenge of the account; the caller goes on in a new session, opened
    under the new epoch in the same commit.
    """
    now = occasion.now
    raised = replace(account, updated_at=now, epoch=account.epoch + 1)
    opened = open_session(occasion, account=raised, amr=BY_PASSWORD)
    if opened.outcome is None:
        return opened
    changes = (
        raised,
        password_credential(credential, raised, secret, now=now),
        _superseded(session, occasion),
        outbox.notice(occasion, MessageKind.PASSWORD_CHANGED, account=raised, destination=address_of(raised)),
        audit.record(occasion, AuditKind.PASSWORD_CHANGED, account_id=raised.id, session_id=opened.outcome.id),
    )
    return replace(opened, writes=(*opened.writes, *changes))


def validate(
    *, session: AuthenticationSession | None, account: Account | None, generation: int, now: datetime
) -> AuthError | None:
    """Return why a presented session does not count, or None if it does.

    Whatever is wrong with it or its account, the refusal is an InvalidToken: a stranger who found a token learns
    nothing about the account.
    """
    if session is None or session.deleted_at is not None:
        return InvalidToken(cause="unknown session")
    if session.generation != generation:
        return InvalidToken(cause="generation")
    if session.ended_at is not None:
        return _ending(session)
    if now >= session.expires_at or now >= session.inactive_at:
        return SessionExpired(cause="deadline")
    refusal = gate(account=account, epoch=session.epoch)
    return None if refusal is None else SessionRevoked(cause=refusal.cause or refusal.code)


def _superseded(session: AuthenticationSession, occasion: Occasion) -> AuthenticationSession:
    return _end(session, SessionEnd.SUPERSEDED, now=occasion.now)


def _end(session: AuthenticationSession, ended_as: SessionEnd, *, now: datetime) -> AuthenticationSession:
    return replace(session, updated_at=now, ended_at=now, ended_as=ended_as)


def _ending(session: AuthenticationSession) -> AuthError:
    kind = SessionRevoked if session.ended_as is SessionEnd.REVOKED else SessionClosed
    return kind(cause=str(session.ended_as))
