"""One-time codes: derived whenever one is needed, and never stored.

Whether one is accepted is decided in `challenges`.
"""

import hashlib
import hmac
from collections.abc import Iterator
from typing import Final

from authcore.entities import TwoStepSession
from authcore.policy import Policy

__all__ = ["CAPTCHA_KEY", "CODE_KEY", "captcha_of", "code_of", "matches"]

CODE_KEY: Final = "code"
"""The purpose for which a keyring derives the keys of codes."""

CAPTCHA_KEY: Final = "captcha"
"""The purpose for which it derives those of captchas: whoever could make either could not make the other."""

_LONGEST_ANSWER: Final = 64
_SEPARATORS: Final = str.maketrans("", "", " -")


def code_of(challenge: TwoStepSession, *, key: bytes, policy: Policy) -> str:
    """Return the code of a challenge: derived from its id and purpose."""
    message = f"{challenge.id}\0{challenge.purpose}".encode()
    return _cut(_stream(key, message), letters=policy.code_alphabet, length=policy.code_length)


def captcha_of(captcha_id: str, *, key: bytes, policy: Policy) -> str:
    """Return what a captcha shows: derived from its id, the same however often it is drawn, spoken or checked."""
    settings = policy.captcha
    return _cut(_stream(key, captcha_id.encode()), letters=settings.alphabet, length=settings.length)


def matches(given: str, expected: str) -> bool:
    """Compare in constant time, forgiving spaces, hyphens and case; nothing that is not ASCII ever matches."""
    # Checked before upper-casing, which turns some letters that are not ASCII into ones that are.
    if len(given) > _LONGEST_ANSWER or not given.isascii():
        return False
    return hmac.compare_digest(given.translate(_SEPARATORS).upper().encode(), expected.encode())


def _cut(stream: Iterator[int], *, letters: str, length: int) -> str:
    """Cut a stream of bytes to an alphabet, without bias."""
    # A byte at or above the largest multiple of the alphabet's size is skipped: taking it would favour some letters.
    fair = 256 - 256 % len(letters)
    drawn = (letters[byte % len(letters)] for byte in stream if byte < fair)
    return "".join(next(drawn) for _ in range(length))


def _stream(key: bytes, message: bytes) -> Iterator[int]:
    counter = 0
    while True:
        yield from hmac.digest(key, counter.to_bytes(4, "big") + message, hashlib.sha256)
        counter += 1
