"""Counting guesses at one code, whosever it is.  Nothing here performs I/O, reads a clock or draws randomness.

A code goes OPEN -> SPENT (the right guess) | EXHAUSTED (too many wrong ones) | EXPIRED (its deadline), once.
"""

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from authcore.entities import SessionEnd, VerificationSession
from authcore.errors import AttemptsExhausted, AuthError, ChallengeEnded, CodeMismatch

__all__ = ["closed", "counted", "is_open", "spent"]

V = TypeVar("V", bound=VerificationSession)


def is_open(session: VerificationSession, *, now: datetime) -> bool:
    """Tell whether a code still awaits its guess."""
    return session.deleted_at is None and session.ended_at is None and now < session.expires_at


def closed(session: VerificationSession, *, now: datetime) -> AuthError | None:
    """Return why no guess counts any more, or None if one does."""
    if session.ended_as is SessionEnd.EXHAUSTED:
        return AttemptsExhausted()
    return None if is_open(session, now=now) else ChallengeEnded(cause=str(session.ended_as or "expired"))


def spent(session: V, *, now: datetime) -> V:
    """Return a session whose code was guessed right: never again."""
    return _ended(replace(session, attempts=session.attempts + 1), SessionEnd.SPENT, now=now)


def counted(session: V, *, now: datetime) -> tuple[V, AuthError]:
    """Return a session with one more wrong guess, and what whoever made it is told."""
    guessed = replace(session, updated_at=now, attempts=session.attempts + 1)
    left = guessed.max_attempts - guessed.attempts
    if left > 0:
        return guessed, CodeMismatch(attempts_left=left)
    return _ended(guessed, SessionEnd.EXHAUSTED, now=now), AttemptsExhausted()


def _ended(session: V, ended_as: SessionEnd, *, now: datetime) -> V:
    return replace(session, updated_at=now, ended_at=now, ended_as=ended_as)
