"""One-time codes: derived whenever one is needed, and never stored.

Whether one is accepted is decided in `challenges`.
"""

import hashlib
import hmac
from collections.abc import Iterator
from typing import Final

from authcore.entities import TwoStepSession
from authcore.policy import Policy

__all__ = ["CODE_KEY", "code_of", "matches"]

CODE_KEY: Final = "code"
"""The purpose for which a keyring derives the keys of codes."""

_LONGEST_ANSWER: Final = 64
_SEPARATORS: Final = str.maketrans("", "", " -")


def code_of(challenge: TwoStepSession, *, key: bytes, policy: Policy) -> str:
    """Return the code of a challenge: derived from its id and purpose, cut to the alphabet without bias."""
    letters = policy.code_alphabet
    # A byte at or above the largest multiple of the alphabet's size is skipped: taking it would favour some letters.
    fair = 256 - 256 % len(letters)
    message = f"{challenge.id}\0{challenge.purpose}".encode()
    drawn = (letters[byte % len(letters)] for byte in _stream(key, message) if byte < fair)
    return "".join(next(drawn) for _ in range(policy.code_length))


def matches(given: str, expected: str) -> bool:
    """Compare in constant time, forgiving spaces, hyphens and case; nothing that is not ASCII ever matches."""
    # Checked before upper-casing, which turns some letters that are not ASCII into ones that are.
    if len(given) > _LONGEST_ANSWER or not given.isascii():
        return False
    return hmac.compare_digest(given.translate(_SEPARATORS).upper().encode(), expected.encode())


def _stream(key: bytes, message: bytes) -> Iterator[int]:
    counter = 0
    while True:
        yield from hmac.digest(key, counter.to_bytes(4, "big") + message, hashlib.sha256)
        counter += 1
