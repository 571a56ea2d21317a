"""The keys: one root secret per key id, and a separate key derived from it for each purpose.

Beside them stand, if an application wants them, keys of its own for tokens, and peppers for hashes of passwords.  No
default, no file, no I/O.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

from authcore.environment import PREFIX, read_text
from authcore.errors import ConfigurationError
from authcore.key_material import accept_kid, accept_secret
from authcore.signing import SigningKey, VerificationKey

__all__ = ["KeyState", "Keyring", "RootKey"]

_SHORTEST: Final = 32
_RETIRED: Final = ":retired"


class KeyState(StrEnum):
    """What a key is good for: a new one verifies before it signs anywhere, and an old one verifies after."""

    SIGNING = "signing"
    """Everything new is made with it: codes, tokens or hashes."""

    VERIFYING = "verifying"
    """What was made with it counts, and nothing new is made."""

    RETIRED = "retired"
    """Nothing that was made with it counts any more; its id is never used again."""


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
    before it signs anywhere, and a former one until the last of its tokens has expired.  `peppers` go into hashes of
    passwords, newest first (see `authcore.pepper`), and into nothing else.  `retired` are ids of keys that are gone for
    good.  Raises ConfigurationError if there is no root key, if two keys share an id or a secret, whatever they are
    for, or if a key is retired and still here.
    """

    keys: Sequence[RootKey]
    signing: SigningKey | None = None
    verifying: Sequence[SigningKey | VerificationKey] = ()
    peppers: Sequence[RootKey] = ()
    retired: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse an empty or ambiguous ring, and one that could not sign."""
        for name in ("keys", "verifying", "peppers", "retired"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.keys:
            raise ConfigurationError("a keyring needs at least one key")
        if not isinstance(self.signing, SigningKey | None):
            raise ConfigurationError("what signs must be a SigningKey")
        if not all(isinstance(key, SigningKey | VerificationKey) for key in self.verifying):
            raise ConfigurationError("what verifies must be a VerificationKey or a SigningKey")
        if not all(isinstance(key, RootKey) for key in self.peppers):
            raise ConfigurationError("a pepper must be a RootKey")
        roots, given = [*self.keys, *self.peppers], [*filter(None, [self.signing]), *self.verifying]
        kids = {key.kid for key in (*roots, *given)}
        secrets = {*(key.secret for key in roots), *(key.opened.identity for key in given)}
        # Under a second id a key would serve a second algorithm (RFC 8725 section 3.1), or outlive its removal; and one
        # secret for two purposes tells about both.
        if min(len(kids), len(secrets)) < len(roots) + len(given):
            raise ConfigurationError("two keys of a keyring share an id or a secret")
        for kid in self.retired:
            accept_kid(kid)
        if len(kids.union(self.retired)) < len(kids) + len(self.retired):
            raise ConfigurationError("a retired key must be gone, and its id never be used again")

    @classmethod
    def parse(cls, text: str, *, peppers: str = "") -> "Keyring":
        """Read a keyring from one line, as kept in an environment variable: `kid:hex,kid:hex`, newest first.

        In place of the digits of a key that is gone may stand `retired`.  `peppers` is such a line of its own.  Make a
        key with `python -c "import secrets; print('k1:' + secrets.token_hex(32))"`.  Raises ConfigurationError, which
        never repeats what it could not read.
        """
        keys, retired = _read_all(text, "key")
        further, gone = _read_all(peppers, "pepper")
        return cls(keys, peppers=further, retired=[*retired, *gone])

    @classmethod
    def from_env(cls, prefix: str = PREFIX, environ: Mapping[str, str] | None = None) -> "Keyring":
        """Read a keyring from the variables `AUTHCORE_KEYS` and `AUTHCORE_PEPPERS`, as `parse` does.

        There is no default for keys, and no pepper unless there is one.
        """
        keys, peppers = (read_text(name, prefix=prefix, environ=environ) or "" for name in ("KEYS", "PEPPERS"))
        try:
            return cls.parse(keys, peppers=peppers)
        except ConfigurationError as error:
            read = f"{prefix}KEYS, {prefix}PEPPERS" if peppers else f"{prefix}KEYS"
            raise ConfigurationError(f"{read}: {error}") from None

    @property
    def newest_kid(self) -> str:
        """The id of the root key from which new codes, and the keys of new tokens, are derived."""
        return self.keys[0].kid

    @property
    def kids(self) -> tuple[str, ...]:
        """The ids of all root keys, newest first."""
        return tuple(key.kid for key in self.keys)

    @property
    def newest_pepper(self) -> str | None:
        """The id of the pepper that goes into new hashes, if there is one."""
        return self.peppers[0].kid if self.peppers else None

    @property
    def states(self) -> Mapping[str, KeyState]:
        """The state of each key of the ring, and of those that are retired, by id."""
        makes = {self.newest_kid, self.newest_pepper, self.signing and self.signing.kid}
        here = [*self.keys, *filter(None, [self.signing]), *self.verifying, *self.peppers]
        return {
            **{key.kid: KeyState.SIGNING if key.kid in makes else KeyState.VERIFYING for key in here},
            **dict.fromkeys(self.retired, KeyState.RETIRED),
        }

    def derive(self, kid: str, purpose: str) -> bytes | None:
        """Return the 32-byte key for one purpose, or None if the ring does not hold `kid` (any more).

        HKDF-SHA256 (RFC 5869) with the purpose as `info`: a key found out for one purpose says nothing about another.
        """
        return _derived(self._extracted, kid, purpose)

    def pepper(self, kid: str) -> bytes | None:
        """Return the 32-byte key that goes into hashes under this pepper, or None if the ring does not hold it.

        It is derived as all others are, of secrets that serve nothing else.
        """
        return _derived(self._extracted_peppers, kid, "pepper")

    @cached_property
    def _extracted(self) -> dict[str, bytes]:
        return _extracted(self.keys)

    @cached_property
    def _extracted_peppers(self) -> dict[str, bytes]:
        return _extracted(self.peppers)


def _extracted(keys: Sequence[RootKey]) -> dict[str, bytes]:
    return {key.kid: hmac.digest(b"authcore", key.secret, hashlib.sha256) for key in keys}


def _derived(extracted: Mapping[str, bytes], kid: str, purpose: str) -> bytes | None:
    if kid not in extracted:
        return None
    return hmac.digest(extracted[kid], b"authcore/" + purpose.encode() + b"\x01", hashlib.sha256)


def _read_all(text: str, what: str) -> tuple[list[RootKey], list[str]]:
    """Read a line of keys: those that are here, and the ids of those that are retired."""
    pairs = [(place, pair.strip()) for place, pair in enumerate(text.split(","), 1) if pair.strip()]
    keys = [_read(f"{what} {place}", pair) for place, pair in pairs if not pair.endswith(_RETIRED)]
    return keys, [pair.removesuffix(_RETIRED) for _, pair in pairs if pair.endswith(_RETIRED)]


def _read(which: str, pair: str) -> RootKey:
    kid, _, digits = pair.partition(":")
    with suppress(ValueError):
        return RootKey(kid, bytes.fromhex(digits))
    # Raised out here, and without a word of what was read: whoever swaps the two must not find the secret in a log.
    raise ConfigurationError(f"{which} must be written as kid:hex, with at least {_SHORTEST} random bytes")
