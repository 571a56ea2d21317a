"""Randomness that repeats: the same seed gives the same bytes in the same order."""

import hashlib

from authcore.ports import Entropy

__all__ = ["SeededEntropy"]


class SeededEntropy(Entropy):
    """Draws from a hash of a seed and a counter.  For tests only: whoever knows the seed knows every token."""

    def __init__(self, seed: str = "authcore") -> None:
        """Begin at the first draw of this seed."""
        self._seed = seed
        self._drawn = 0

    def token_bytes(self, count: int, /) -> bytes:
        """Return the next `count` bytes."""
        self._drawn += 1
        return hashlib.shake_256(f"{self._seed}/{self._drawn}".encode()).digest(count)
