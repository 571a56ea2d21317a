"""The keys: one root secret per key id, and a separate key derived from it for each purpose.

No default, no file, no I/O.
"""

import hashlib
import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from authcore.errors import ConfigurationError

__all__ = ["Keyring", "RootKey"]

_SHORTEST: Final = 32
_FEWEST_DIFFERENT_BYTES: Final = 8
_LONGEST_KID: Final = 64


@dataclass(frozen=True, slots=True)
class RootKey:
    """A root secret of at least 32 random bytes, and the id by which tokens name it.

    Raises ConfigurationError for a short or visibly non-random secret (RFC 8725 section 3.5: no passwords as keys).
    """

    kid: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what could be guessed, or could not stand in a token's header."""
        if not self.kid.isascii() or not self.kid.replace("-", "").isalnum() or len(self.kid) > _LONGEST_KID:
            raise ConfigurationError(f"a key id is 1 to {_LONGEST_KID} ASCII letters, digits and hyphens")
        if not isinstance(self.secret, bytes):
            raise ConfigurationError(f"the secret of key {self.kid!r} must be bytes")
        if len(self.secret) < _SHORTEST:
            raise ConfigurationError(
                f"the secret of key {self.kid!r} must be at least {_SHORTEST} bytes: use secrets.token_bytes(32)"
            )
        if len(set(self.secret)) < _FEWEST_DIFFERENT_BYTES:
            raise ConfigurationError(f"the secret of key {self.kid!r} is not random: use secrets.token_bytes(32)")


@dataclass(frozen=True)
class Keyring:
    """All keys, newest first: the first one signs, every one verifies.

    Raises ConfigurationError if there is none, or if two share an id or a secret.
    """

    keys: Sequence[RootKey]

    def __post_init__(self) -> None:
        """Refuse an empty or ambiguous ring."""
        object.__setattr__(self, "keys", tuple(self.keys))
        if not self.keys:
            raise ConfigurationError("a keyring needs at least one key")
        if len(set(self.kids)) < len(self.keys) or len({key.secret for key in self.keys}) < len(self.keys):
            raise ConfigurationError("two keys of a keyring share an id or a secret")

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read a keyring from one line, as kept in an environment variable: `kid:hex,kid:hex`, newest first.

        Make a key with `python -c "import secrets; print('k1:' + secrets.token_hex(32))"`.  Raises ConfigurationError,
        which never repeats what it could not read.
        """
        return cls([_read(place, pair.strip()) for place, pair in enumerate(text.split(","), 1) if pair.strip()])

    @property
    def signing_kid(self) -> str:
        """The id of the key that signs."""
        return self.keys[0].kid

    @property
    def kids(self) -> tuple[str, ...]:
        """The ids of all keys, newest first."""
        return tuple(key.kid for key in self.keys)

    def derive(self, kid: str, purpose: str) -> bytes | None:
        """Return the 32-byte key for one purpose, or None if the ring does not hold `kid` (any more).

        HKDF-SHA256 (RFC 5869) with the purpose as `info`: a key found out for one purpose says nothing about another.
        """
        if kid not in self._extracted:
            return None
        return hmac.digest(self._extracted[kid], b"authcore/" + purpose.encode() + b"\x01", hashlib.sha256)

    @cached_property
    def _extracted(self) -> dict[str, bytes]:
        return {key.kid: hmac.digest(b"authcore", key.secret, hashlib.sha256) for key in self.keys}


def _read(place: int, pair: str) -> RootKey:
    kid, _, digits = pair.partition(":")
    with suppress(ValueError):
        return RootKey(kid, bytes.fromhex(digits))
    # Raised out here, and without a word of what was read: whoever swaps the two must not find the secret in a log.
    raise ConfigurationError(f"key {place} must be written as kid:hex, with at least {_SHORTEST} random bytes")
