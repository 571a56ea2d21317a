"""Deciding about captchas.  Nothing here performs I/O, reads a clock or draws randomness, and no code is ever stored.

A captcha has no row until it is first answered: its token says which one it is and until when, so that whoever only
asks for captchas fills no store.
"""

from datetime import datetime

from authcore import audit, codes, guesses
from authcore.decisions import Decision, accept, refuse
from authcore.entities import AuditEvent, AuditKind, CaptchaSession
from authcore.errors import AuthError, ChallengeEnded
from authcore.occasion import Occasion
from authcore.policy import Policy

__all__ = ["answer", "key_of", "open_captcha", "refusal", "unanswered"]

_REASON = "captcha"


def open_captcha(occasion: Occasion) -> CaptchaSession:
    """Return a new captcha; there is nothing to write."""
    return unanswered(
        # A key id has no dot, so that it can be told from the random part.
        f"{occasion.ids.session}.{occasion.code_key}",
        issued_at=occasion.now,
        expires_at=occasion.now + occasion.policy.captcha.lifetime,
        policy=occasion.policy,
    )


def unanswered(captcha_id: str, *, issued_at: datetime, expires_at: datetime, policy: Policy) -> CaptchaSession:
    """Return a captcha as it is before its first answer, from what its token says."""
    return CaptchaSession(
        id=captcha_id,
        created_at=issued_at,
        updated_at=issued_at,
        account_id=None,
        epoch=0,
        expires_at=expires_at,
        code_key=key_of(captcha_id),
        max_attempts=policy.captcha.attempts,
    )


def key_of(captcha_id: str) -> str:
    """Return the id of the key that a captcha's code is derived with."""
    return captcha_id.rpartition(".")[2]


def refusal(captcha: CaptchaSession, *, key: bytes | None, now: datetime) -> AuthError | None:
    """Return why a captcha awaits no answer any more, or None if it does."""
    return guesses.closed(captcha, now=now) or (ChallengeEnded(cause="key") if key is None else None)


def answer(occasion: Occasion, captcha: CaptchaSession, *, given: str, key: bytes | None) -> Decision[CaptchaSession]:
    """Decide whether an answer is right; a wrong one is counted, and the last wrong one ends the captcha for ever.

    `captcha` is as it is stored, or `unanswered`; `key` is None if it was removed from the keyring.
    """
    refused = refusal(captcha, key=key, now=occasion.now)
    if refused is not None or key is None:
        return refuse(refused or ChallengeEnded(cause="key"))
    if codes.matches(given, codes.captcha_of(captcha.id, key=key, policy=occasion.policy)):
        spent = guesses.spent(captcha, now=occasion.now)
        return accept(spent, [spent, _event(occasion, AuditKind.CODE_ACCEPTED, captcha)])
    counted, mismatch = guesses.counted(captcha, now=occasion.now)
    return refuse(mismatch, [counted, _event(occasion, AuditKind.CODE_REFUSED, captcha)])


def _event(occasion: Occasion, kind: AuditKind, captcha: CaptchaSession) -> AuditEvent:
    return audit.record(occasion, kind, account_id=None, session_id=captcha.id, reason=_REASON)
