"""A pepper: a secret that goes into every hash and stands in no database, so that a stolen one is of no use alone.

A peppered hash is `pepper$kid$hash`, where the last part is made, of a keyed digest of the password, by any other
hasher.  Sources: NIST SP 800-63B-4, 3.1.1.2; the OWASP Password Storage Cheat Sheet.
"""

import hashlib
import hmac
from dataclasses import dataclass

from authcore.errors import ConfigurationError, InvalidPassword
from authcore.hashing import encoded, memory_of
from authcore.keyring import Keyring
from authcore.ports import PasswordHasher

__all__ = ["Peppered"]

_PREFIX = "pepper$"


@dataclass(frozen=True, slots=True)
class Peppered:
    """A `PasswordHasher` that mixes the keyring's first pepper into every password before `hasher` sees it.

    A hash of an older pepper, or of none, opens as before, and is replaced at the next login.  One whose pepper the
    keyring has lost opens to nobody.  Without `for_new` none is made any more: peppered hashes open, and are replaced
    by plain ones.  Raises ConfigurationError if the keyring holds no pepper.
    """

    hasher: PasswordHasher
    keyring: Keyring
    for_new: bool = True

    def __post_init__(self) -> None:
        """Refuse to do nothing: a pepper that was forgotten must not be found missing after a theft."""
        if self.keyring.newest_pepper is None:
            raise ConfigurationError("the keyring holds no pepper: set AUTHCORE_PEPPERS, or give it `peppers`")

    def hash(self, password: str, salt: bytes, /) -> str:
        """Return a hash that names its pepper; raises InvalidPassword for a lone surrogate, and what `hasher` does."""
        kid = self._kid
        if kid is None:
            return self.hasher.hash(password, salt)
        secret = self._digest(kid, password)
        if secret is None:
            raise InvalidPassword("malformed")
        return _written(kid, self.hasher.hash(secret, salt))

    def verify(self, stored: str, password: str, /) -> bool:
        """Tell whether the password has this hash, peppered or not; False where its pepper is not in the keyring."""
        kid, plain = _read(stored)
        if kid is None:
            return self.hasher.verify(plain, password)
        secret = self._digest(kid, password)
        return secret is not None and self.hasher.verify(plain, secret)

    def knows(self, stored: str, /) -> bool:
        """Tell whether a password could have this hash: its pepper must be in the keyring."""
        kid, plain = _read(stored)
        return (kid is None or self.keyring.pepper(kid) is not None) and self.hasher.knows(plain)

    def needs_rehash(self, stored: str, /) -> bool:
        """Tell whether its pepper is not the one of now, or `hasher` finds it outdated."""
        kid, plain = _read(stored)
        return kid != self._kid or self.hasher.needs_rehash(plain)

    def dummy(self) -> str:
        """Return the dummy of `hasher`, peppered as new hashes are."""
        return self.hasher.dummy() if self._kid is None else _written(self._kid, self.hasher.dummy())

    @property
    def memory(self) -> int:
        """How many bytes one hash of `hasher` holds while it runs."""
        return memory_of(self.hasher)

    @property
    def _kid(self) -> str | None:
        """The pepper of new hashes, if they have one."""
        return self.keyring.newest_pepper if self.for_new else None

    def _digest(self, kid: str, password: str) -> str | None:
        """The password under a pepper, as text; None if there is no such pepper, or the password has no bytes."""
        key, secret = self.keyring.pepper(kid), encoded(password)
        if key is None or secret is None:
            return None
        return hmac.digest(key, secret, hashlib.sha256).hex()


def _written(kid: str, plain: str) -> str:
    return f"{_PREFIX}{kid}${plain}"


def _read(stored: str) -> tuple[str | None, str]:
    """Which pepper a stored hash names, if any, and the hash without it."""
    if not stored.startswith(_PREFIX):
        return None, stored
    kid, _, plain = stored.removeprefix(_PREFIX).partition("$")
    return kid, plain
