"""Saying why an entity does not count, by raising the very refusal.  The rules are decided elsewhere, once.

Flows decide by the same rules, and return what these raise.  Towards strangers a refusal is made coarser than this.
"""

from datetime import datetime

from authcore import accounts, challenges, sessions
from authcore.challenges import Challenged
from authcore.entities import Account, AuthenticationSession, SessionEnd
from authcore.errors import AttemptsExhausted, ChallengeEnded
from authcore.policy import Policy

__all__ = ["validate_account", "validate_challenge", "validate_session"]


def validate_account(account: Account) -> None:
    """Raise AccountDeleted, AccountUnverified or AccountDisabled, in this order, unless an account may be used."""
    refusal = accounts.standing(account)
    if refusal is not None:
        raise refusal


def validate_session(session: AuthenticationSession, *, account: Account | None, policy: Policy, now: datetime) -> None:
    """Raise what keeps a session from counting; `account` is the one that it names, if it does.

    In this order: InvalidToken if it is deleted, SessionClosed or SessionRevoked if it has ended, SessionExpired,
    SessionRevoked for the state of its account, and SecondFactorRequired.
    """
    refusal = sessions.validate(session=session, account=account, policy=policy, now=now)
    if refusal is not None:
        raise refusal


def validate_challenge(asked: Challenged, *, now: datetime) -> None:
    """Raise AttemptsExhausted or ChallengeEnded unless a challenge still awaits its code."""
    if challenges.holds(asked, now=now):
        return
    if asked.challenge is not None and asked.challenge.ended_as is SessionEnd.EXHAUSTED:
        raise AttemptsExhausted
    raise challenges.outdated(asked) or ChallengeEnded(cause="over")
