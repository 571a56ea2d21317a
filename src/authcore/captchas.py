"""Deciding about captchas.  Nothing here performs I/O, reads a clock or draws randomness, and no code is ever stored.

A captcha has no row until it is first answered: its token says which one it is and until when, so that whoever only
asks for captchas fills no store.
"""

from datetime import datetime
from typing import Final

from authcore import audit, codes, guesses
from authcore.decisions import Decision, accept, refuse
from authcore.entities import AuditEvent, AuditKind, CaptchaSession
from authcore.errors import ChallengeEnded
from authcore.occasion import Occasion
from authcore.policy import Policy

__all__ = ["answer", "key_of", "open_captcha", "reveal", "unanswered"]

_REASON: Final = "captcha"


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


def reveal(captcha: CaptchaSession, *, key: bytes | None, now: datetime, policy: Policy) -> Decision[str]:
    """Decide on a captcha's code, which there is while the captcha awaits an answer; there is nothing to write.

    `captcha` is as it is stored, or `unanswered`; `key` is None if it was removed from the keyring.
    """
    closed = guesses.closed(captcha, now=now)
    if closed is not None:
        return refuse(closed)
    if key is None:
        return refuse(ChallengeEnded(cause="key"))
    return accept(codes.captcha_of(captcha.id, key=key, policy=policy))


def answer(occasion: Occasion, captcha: CaptchaSession, *, given: str, key: bytes | None) -> Decision[CaptchaSession]:
    """Decide whether an answer is right; a wrong one is counted, and the last wrong one ends the captcha for ever.

    `captcha` and `key` are those of `reveal`.
    """
    revealed = reveal(captcha, key=key, now=occasion.now, policy=occasion.policy)
    if revealed.refusal is not None:
        return revealed.refused()
    if codes.matches(given, revealed.settle()):
        spent = guesses.spent(captcha, now=occasion.now)
        return accept(spent, [spent, _event(occasion, AuditKind.CODE_ACCEPTED, captcha)])
    counted, mismatch = guesses.counted(captcha, now=occasion.now)
    return refuse(mismatch, [counted, _event(occasion, AuditKind.CODE_REFUSED, captcha)])


def _event(occasion: Occasion, kind: AuditKind, captcha: CaptchaSession) -> AuditEvent:
    return audit.record(occasion, kind, account_id=None, session_id=captcha.id, reason=_REASON)
