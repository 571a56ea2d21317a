"""The keys: one root secret per key id, and a separate key derived from it for each purpose.

Beside them stand, if an application wants them, keys of its own for tokens.  No default, no file, no I/O.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from authcore.environment import PREFIX, read_text
from authcore.errors import ConfigurationError
from authcore.key_material import accept_kid, accept_secret
from authcore.signing import SigningKey, VerificationKey

__all__ = ["Keyring", "RootKey"]

_SHORTEST: Final = 32


@dataclass(frozen=True, slots=True)
class RootKey:
    """A root secret of at least 32 random bytes, and the id by which tokens name it.

    Raises ConfigurationError for a short or visibly non-random secret (RFC 8725 section 3.5: no passwords as keys).
    """

    kid: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what could be guessed, or could not stand in a token's header."""
        accept_kid(self.kid)
        accept_secret(self.kid, self.secret, shortest=_SHORTEST)


@dataclass(frozen=True)
class Keyring:
    """All keys: what is derived for codes and tokens comes from the first of `keys`, and each of them verifies.

    With `signing`, tokens are signed by that key instead.  A key in `verifying` signs nothing: put a new one there
    before it signs anywhere, and a former one until the last of its tokens has expired.  Raises ConfigurationError if
    there is no root key, or if two keys share an id or a secret.
    """

    keys: Sequence[RootKey]
    signing: SigningKey | None = None
    verifying: Sequence[SigningKey | VerificationKey] = ()

    def __post_init__(self) -> None:
        """Refuse an empty or ambiguous ring, and one that could not sign."""
        object.__setattr__(self, "keys", tuple(self.keys))
        object.__setattr__(self, "verifying", tuple(self.verifying))
        if not self.keys:
            raise ConfigurationError("a keyring needs at least one key")
        if not isinstance(self.signing, SigningKey | None):
            raise ConfigurationError("what signs must be a SigningKey")
        if not all(isinstance(key, SigningKey | VerificationKey) for key in self.verifying):
            raise ConfigurationError("what verifies must be a VerificationKey or a SigningKey")
        given = [*filter(None, [self.signing]), *self.verifying]
        kids = {key.kid for key in (*self.keys, *given)}
        secrets = {*(key.secret for key in self.keys), *(key.opened.identity for key in given)}
        # Under a second id a key would serve a second algorithm (RFC 8725 section 3.1), or outlive its removal.
        if min(len(kids), len(secrets)) < len(self.keys) + len(given):
            raise ConfigurationError("two keys of a keyring share an id or a secret")

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read a keyring from one line, as kept in an environment variable: `kid:hex,kid:hex`, newest first.

        Make a key with `python -c "import secrets; print('k1:' + secrets.token_hex(32))"`.  Raises ConfigurationError,
        which never repeats what it could not read.
        """
        return cls([_read(place, pair.strip()) for place, pair in enumerate(text.split(","), 1) if pair.strip()])

    @classmethod
    def from_env(cls, prefix: str = PREFIX, environ: Mapping[str, str] | None = None) -> "Keyring":
        """Read a keyring from the variable `AUTHCORE_KEYS`, as `parse` does; there is no default."""
        try:
            return cls.parse(read_text("KEYS", prefix=prefix, environ=environ) or "")
        except ConfigurationError as error:
            raise ConfigurationError(f"{prefix}KEYS: {error}") from None

    @property
    def newest_kid(self) -> str:
        """The id of the root key from which new codes, and the keys of new tokens, are derived."""
        return self.keys[0].kid

    @property
    def kids(self) -> tuple[str, ...]:
        """The ids of all root keys, newest first."""
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
