"""Deciding about the second factor: what a pending session asks for, and what lifts it.  Nothing here performs I/O.

The factor is a code sent to an address of the account's own, of a kind that the policy counts as one.  What it lifts is
told by the challenge and the session, never by what a client sends: account, purpose and the very session that asked.
"""

from dataclasses import replace
from typing import Final

from authcore import accounts, audit, challenges, outbox, sessions
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuditKind, AuthenticationSession, ChallengeSlot, MessageKind, TwoStepSession
from authcore.errors import SecondFactorUnavailable
from authcore.occasion import Occasion
from authcore.rosters import Listed

__all__ = ["PURPOSE", "change", "fulfil", "request", "with_code"]

PURPOSE: Final = challenges.SECOND_FACTOR


def request(
    occasion: Occasion, *, account: Account, session: AuthenticationSession, slot: ChallengeSlot | None
) -> Decision[TwoStepSession]:
    """Decide to send a code to the account of a pending session; none is sent elsewhere than where the policy says."""
    destination = accounts.address_of(account, occasion.policy.second_factor_by)
    if not destination:
        return refuse(SecondFactorUnavailable())
    return challenges.request(
        occasion,
        account=account,
        slot=slot,
        purpose=PURPOSE,
        destination=destination,
        asked_by=session.id,
    )


def with_code(session: AuthenticationSession) -> tuple[str, ...]:
    """Return the factors that are met once a code was entered as well, each of them once."""
    return tuple(dict.fromkeys((*session.amr, *sessions.SECOND_FACTOR)))


def fulfil(
    occasion: Occasion,
    answered: Decision[TwoStepSession],
    *,
    account: Account,
    session: AuthenticationSession,
    among: Listed | None = None,
) -> Decision[AuthenticationSession]:
    """Decide what a right code lifts: the pending session ends, and a whole one takes its place in the same commit.

    A session of another id: whoever has seen the pending one's token holds nothing (OWASP ASVS 7.2.4).
    """
    if answered.outcome is None:
        return answered.refused()
    # One that was whole before more was asked of it has used up a part of its time already.
    former = None if session.requires_second_factor else session
    opened = sessions.open_session(
        occasion,
        account=account,
        amr=with_code(session),
        tag=session.tag,
        succeeds=former,
        among=among,
        instead_of=session,
    )
    if opened.outcome is None:
        return refuse(opened.refusal, answered.writes) if opened.refusal else opened
    event = audit.record(
        occasion, AuditKind.LOGGED_IN, account_id=account.id, actor=account.id, session_id=opened.outcome.id
    )
    ended = sessions.superseded(session, occasion)
    return accept(opened.outcome, [*answered.writes, *opened.writes, ended, event])


def change(
    occasion: Occasion, *, account: Account, session: AuthenticationSession, required: bool
) -> Decision[AuthenticationSession]:
    """Decide whether an account's password alone opens only pending sessions from now on.

    Every session of the account ends.  The caller goes on in a new one; where the factor was turned on, it is pending:
    whoever turns it on shows at once that the codes arrive.  Refused where none could ever be sent.
    """
    if required and not accounts.address_of(account, occasion.policy.second_factor_by):
        return refuse(SecondFactorUnavailable())
    changed = replace(account, second_factor=required)
    opened = sessions.go_on_alone(occasion, account=changed, session=session)
    if opened.outcome is None:
        return opened
    address = accounts.address_of(account)
    changes = (
        outbox.notice(occasion, MessageKind.SECOND_FACTOR_CHANGED, account=account, destination=address),
        audit.record(
            occasion,
            AuditKind.SECOND_FACTOR_CHANGED,
            account_id=account.id,
            actor=account.id,
            session_id=opened.outcome.id,
            reason="on" if required else "off",
        ),
    )
    return opened.also(changes)
