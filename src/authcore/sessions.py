"""Deciding about sessions of authenticated people.  Nothing here performs I/O, reads a clock or draws randomness."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from authcore import audit, outbox, rosters
from authcore.accounts import address_of, password_credential, standing
from authcore.decisions import Decision, accept, refuse
from authcore.entities import (
    Account,
    AuditEvent,
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
    ReauthenticationRequired,
    SecondFactorRequired,
    SessionClosed,
    SessionExpired,
    SessionRevoked,
)
from authcore.lifecycle import raised
from authcore.occasion import Occasion
from authcore.policy import Policy
from authcore.rosters import Listed
from authcore.rotation import deadlines, lapsed

__all__ = [
    "BY_PASSWORD",
    "SECOND_FACTOR",
    "change_password",
    "end",
    "gate",
    "go_on_alone",
    "lacks_factor",
    "log_in",
    "log_out",
    "open_anonymous",
    "open_session",
    "reauthenticate",
    "stale",
    "superseded",
    "validate",
]

BY_PASSWORD: Final = ("pwd",)
"""The `amr` of a session that a password opened (RFC 8176 section 2)."""

SECOND_FACTOR: Final = ("otp", "mfa")
"""What is added to it when a code was entered as well."""


def gate(
    *, account: Account | None, epoch: int, amr: tuple[str, ...], policy: Policy, pending: bool = False
) -> AuthError | None:
    """Return why no session of this account may be opened or go on, or None if one may.

    The one gate: every path to a session passes it, and every use of one.  `epoch` is the account's epoch as the
    caller knew it; an older one means that something has ended all that was begun under it.  `amr` tells which factors
    were met; what remains is SecondFactorRequired, where nothing else is in the way.  `pending` makes it remain,
    whatever has become of the policy since.
    """
    if account is None:
        return SessionRevoked(cause="account gone")
    lacking = pending or lacks_factor(account=account, amr=amr, policy=policy)
    ended = None if account.epoch == epoch else SessionRevoked(cause="epoch")
    return standing(account) or ended or (SecondFactorRequired() if lacking else None)


def lacks_factor(*, account: Account, amr: tuple[str, ...], policy: Policy) -> bool:
    """Tell whether a second factor is called for that is not among those which were met."""
    return (policy.second_factor or account.second_factor) and not set(SECOND_FACTOR) <= set(amr)


def open_session(
    occasion: Occasion,
    *,
    account: Account,
    amr: tuple[str, ...],
    tag: str = "",
    succeeds: AuthenticationSession | None = None,
    among: Listed | None = None,
    instead_of: AuthenticationSession | None = None,
) -> Decision[AuthenticationSession]:
    """Decide to open a session for an account that has just proven itself, pending if a factor is lacking.

    Nothing else makes one.  `succeeds` is the session whose holder goes on in the new one: it ends no later, and the
    holder has authenticated no later than in that one, or whoever stole it could go on for ever.

    `among` is the roster that this session joins, or None in an epoch that has none yet, such as one that has just
    begun; and `instead_of` the session that is over by the same commit, if it stands there.
    """
    refusal = gate(account=account, epoch=account.epoch, amr=amr, policy=occasion.policy)
    pending = isinstance(refusal, SecondFactorRequired)
    if refusal is not None and not pending:
        return refuse(refusal)
    lifetime = occasion.policy.second_factor_time if pending else occasion.policy.absolute
    session = _session(occasion, expires_at=occasion.now + lifetime, tag=tag)
    proven = replace(session, account_id=account.id, epoch=account.epoch, amr=amr, requires_second_factor=pending)
    opened = proven if succeeds is None else _heir(proven, succeeds, occasion)
    left = None if instead_of is None else instead_of.id
    return accept(opened, [opened, *rosters.enter(occasion, opened, among=among, instead_of=left)])


def open_anonymous(occasion: Occasion, *, tag: str = "") -> Decision[AuthenticationSession]:
    """Decide to open a session of nobody in particular: something to hang things on, which opens nothing."""
    session = _session(occasion, expires_at=occasion.now + occasion.policy.absolute, tag=tag)
    return accept(session, [session])


def _session(occasion: Occasion, *, expires_at: datetime, tag: str) -> AuthenticationSession:
    """Return a new session, of nobody yet."""
    return AuthenticationSession(
        id=occasion.ids.session,
        created_at=occasion.now,
        updated_at=occasion.now,
        account_id=None,
        epoch=0,
        network=occasion.device.network,
        user_agent=occasion.device.user_agent,
        tag=tag,
        amr=(),
        auth_time=occasion.now,
        expires_at=expires_at,
        **deadlines(now=occasion.now, expires_at=expires_at, policy=occasion.policy),
    )


def _heir(
    session: AuthenticationSession, predecessor: AuthenticationSession, occasion: Occasion
) -> AuthenticationSession:
    expires_at = min(session.expires_at, predecessor.expires_at)
    times = deadlines(now=occasion.now, expires_at=expires_at, policy=occasion.policy)
    return replace(session, auth_time=predecessor.auth_time, expires_at=expires_at, **times)


def log_in(
    occasion: Occasion,
    *,
    account: Account | None,
    credential: Credential | None,
    matches: bool,
    rehashed: str | None,
    former: AuthenticationSession | None = None,
    among: Listed | None = None,
    tag: str = "",
) -> Decision[AuthenticationSession]:
    """Decide whether a password lets somebody in; `matches` tells what the hasher said, of a dummy hash for strangers.

    `rehashed` is the password under today's parameters.  It is written at the version of the credential that was
    checked: a password changed in between is never brought back.  `former` is the session that this one takes the place
    of on the same device, if there is one.  The session is pending if a second factor is called for.
    """
    if account is None or credential is None or not matches:
        return refuse(InvalidCredentials())
    opened = open_session(occasion, account=account, amr=BY_PASSWORD, tag=tag, among=among, instead_of=former)
    if opened.outcome is None:
        return opened
    kind = AuditKind.FIRST_FACTOR_MET if opened.outcome.requires_second_factor else AuditKind.LOGGED_IN
    event = _event(occasion, kind, opened.outcome)
    upgraded = [] if rehashed is None else [replace(credential, updated_at=occasion.now, secret=rehashed)]
    ended = [] if former is None or former.ended_at is not None else [superseded(former, occasion)]
    return replace(opened, writes=(*opened.writes, *upgraded, *ended, event))


def log_out(occasion: Occasion, session: AuthenticationSession | None) -> Decision[bool]:
    """Decide to close a session that counts, if there is one; tells whether there was."""
    if session is None:
        return accept(outcome=False)
    event = _event(occasion, AuditKind.LOGGED_OUT, session)
    return accept(outcome=True, writes=[end(session, SessionEnd.CLOSED, now=occasion.now), event])


def reauthenticate(
    occasion: Occasion, *, account: Account, session: AuthenticationSession, among: Listed | None
) -> Decision[AuthenticationSession]:
    """Decide to let somebody go on as after a new login, who has just given the current password once more.

    The new session has met the password alone: where a second factor is called for it is pending, whatever the one
    before had met.  That one ends in the same commit.
    """
    opened = open_session(occasion, account=account, amr=BY_PASSWORD, tag=session.tag, among=among, instead_of=session)
    if opened.outcome is None:
        return opened
    kind = AuditKind.FIRST_FACTOR_MET if opened.outcome.requires_second_factor else AuditKind.REAUTHENTICATED
    event = _event(occasion, kind, opened.outcome)
    return opened.also([superseded(session, occasion), event])


def go_on_alone(
    occasion: Occasion, *, account: Account, session: AuthenticationSession
) -> Decision[AuthenticationSession]:
    """Decide that every session and open challenge of an account ends, its caller going on in a new session.

    `account` is the account as it is from now on, but for its epoch.  Raising that ends them all; the new session is
    opened under the new epoch in the same commit.  It ends no later than the caller's, and has met no other factors.
    """
    renewed = raised(account, occasion)
    opened = open_session(occasion, account=renewed, amr=session.amr, tag=session.tag, succeeds=session)
    if opened.outcome is None:
        return opened
    return opened.also([renewed, superseded(session, occasion)])


def change_password(
    occasion: Occasion, *, account: Account, session: AuthenticationSession, credential: Credential, secret: str
) -> Decision[AuthenticationSession]:
    """Decide to replace a password whose holder has just given the current one; every other session ends."""
    opened = go_on_alone(occasion, account=account, session=session)
    if opened.outcome is None:
        return opened
    changed = password_credential(credential, account, secret, now=occasion.now)
    notice = outbox.notice(occasion, MessageKind.PASSWORD_CHANGED, account=account, destination=address_of(account))
    event = _event(occasion, AuditKind.PASSWORD_CHANGED, opened.outcome)
    return accept(opened.outcome, [changed, *opened.writes, notice, event])


def validate(
    *, session: AuthenticationSession | None, account: Account | None, policy: Policy, now: datetime
) -> AuthError | None:
    """Return why a session does not count, or None if it does: deleted, ended, expired, account, second factor.

    Whatever is wrong with it or its account, the refusal is an InvalidToken: a stranger who found a token learns
    nothing about the account.  Only SecondFactorRequired is told, last of all.
    """
    if session is None or session.deleted_at is not None:
        return InvalidToken(cause="unknown session")
    if session.ended_at is not None:
        return _ending(session)
    if lapsed(session, now=now):
        return SessionExpired(cause="deadline")
    if session.account_id is None:
        return None
    pending = session.requires_second_factor
    refusal = gate(account=account, epoch=session.epoch, amr=session.amr, policy=policy, pending=pending)
    return refusal if refusal is None or isinstance(refusal, SecondFactorRequired) else _revoked(refusal)


def stale(session: AuthenticationSession, *, within: timedelta, now: datetime) -> AuthError | None:
    """Return why whoever holds a session must authenticate once more, or None: it was less than `within` ago."""
    return ReauthenticationRequired(within) if now - session.auth_time >= within else None


def superseded(session: AuthenticationSession, occasion: Occasion) -> AuthenticationSession:
    """Return a session as it is once another one has taken its place."""
    return end(session, SessionEnd.SUPERSEDED, now=occasion.now)


def end(session: AuthenticationSession, ended_as: SessionEnd, *, now: datetime) -> AuthenticationSession:
    """Return a session as it is once it is over, for good."""
    return replace(session, updated_at=now, ended_at=now, ended_as=ended_as)


def _event(occasion: Occasion, kind: AuditKind, session: AuthenticationSession) -> AuditEvent:
    """Return the event of what the holder of a session did to his own account."""
    account_id = session.account_id
    return audit.record(occasion, kind, account_id=account_id, actor=account_id, session_id=session.id)


def _revoked(refusal: AuthError) -> AuthError:
    return SessionRevoked(cause=refusal.cause or refusal.code)


def _ending(session: AuthenticationSession) -> AuthError:
    kind = SessionRevoked if session.ended_as is SessionEnd.REVOKED else SessionClosed
    return kind(cause=str(session.ended_as))
