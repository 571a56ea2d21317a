"""Hashes that other systems made: recognised, checked, and replaced at the next login.  None is made here.

A stored hash is read whole or not at all, and what it asks for is judged before anything runs.  The one module that
uses bcrypt.  Sources: RFC 8018 (PBKDF2), RFC 7914 (scrypt), and what Django, werkzeug and bcrypt write.
"""

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Final, Protocol

from authcore.errors import ConfigurationError, Overloaded
from authcore.hashing import Argon2Hasher, encoded, memory_of
from authcore.ports import PasswordHasher

__all__ = [
    "DJANGO",
    "WERKZEUG",
    "Bcrypt",
    "Check",
    "DjangoArgon2",
    "DjangoBcrypt",
    "DjangoPbkdf2",
    "DjangoScrypt",
    "Scheme",
    "Upgrading",
    "WerkzeugPbkdf2",
    "WerkzeugScrypt",
]

Check = Callable[[bytes], bool]
"""Tells whether a password, in UTF-8, has the hash that was recognised; slow."""


class Scheme(Protocol):
    """One way of writing hashes; instances are hashable, and equal instances recognise the same."""

    def recognise(self, stored: str, /) -> Check | None:
        """Return what checks a password; None for what is malformed, of another scheme, or dearer than the caps."""
        ...


@dataclass(frozen=True, slots=True)
class Upgrading:
    """A `PasswordHasher` that makes hashes as `hasher` does, and knows those of other schemes, which it never makes.

    Every foreign hash calls for a new one, and is replaced when its owner next logs in.  A wrong password costs what
    the stored hash says: until then that is another time than a stranger's.
    """

    hasher: PasswordHasher
    accepts: Sequence[Scheme] = field(kw_only=True)

    def __post_init__(self) -> None:
        """Refuse to accept nothing: then `hasher` alone does the same."""
        object.__setattr__(self, "accepts", tuple(self.accepts))
        if not self.accepts:
            raise ConfigurationError("say which foreign hashes are accepted, such as accepts=DJANGO")

    def hash(self, password: str, salt: bytes, /) -> str:
        """Return a hash as `hasher` makes it."""
        return self.hasher.hash(password, salt)

    def verify(self, stored: str, password: str, /) -> bool:
        """Tell whether the password has this hash, whoever made it; raises Overloaded as `hasher` does."""
        check = self._check(stored)
        if check is None:
            return self.hasher.verify(stored, password)
        secret = encoded(password)
        if secret is None:
            return False
        # PBKDF2 takes "a" and "a\0" for one, and bcrypt "a\0a" as well; no system that we know lets anybody have such
        # a password.  Something is checked all the same: what costs nothing would tell that there is an account.
        return check(secret) and b"\0" not in secret

    def knows(self, stored: str, /) -> bool:
        """Tell whether a password could have this hash, whoever made it."""
        return self.hasher.knows(stored) or self._check(stored) is not None

    def needs_rehash(self, stored: str, /) -> bool:
        """Tell whether it is foreign, or outdated to `hasher`."""
        return self._check(stored) is not None or self.hasher.needs_rehash(stored)

    def dummy(self) -> str:
        """Return the dummy of `hasher`: a stranger costs what a new hash costs."""
        return self.hasher.dummy()

    @property
    def memory(self) -> int:
        """How many bytes one hash of `hasher` holds while it runs."""
        return memory_of(self.hasher)

    def _check(self, stored: str) -> Check | None:
        # What `hasher` knows is its own, whatever else would read it.
        if self.hasher.knows(stored):
            return None
        return next(filter(None, (scheme.recognise(stored) for scheme in self.accepts)), None)


# --- PBKDF2 -----------------------------------------------------------------------------------------------------------

_DJANGO_PBKDF2: Final = re.compile(
    r"pbkdf2_(sha1|sha256)\$([1-9][0-9]{0,8})\$([!-#%-~]{1,128})\$([A-Za-z0-9+/]{27,43}=)"
)
_WERKZEUG_PBKDF2: Final = re.compile(
    r"pbkdf2:(sha1|sha256|sha512):([1-9][0-9]{0,8})\$([A-Za-z0-9]{1,128})\$([0-9a-f]{40,128})"
)
_PBKDF2_TAGS: Final = {"sha1": 20, "sha256": 32, "sha512": 64}  # bytes
_MOST_ITERATIONS: Final = 3_000_000  # the defaults of 2026 are a million or a half more


@dataclass(frozen=True, slots=True, kw_only=True)
class DjangoPbkdf2:
    """`pbkdf2_sha256$iterations$salt$hash`, Django's default, and `pbkdf2_sha1$...`, which it accepts by default."""

    max_iterations: int = _MOST_ITERATIONS

    def recognise(self, stored: str, /) -> Check | None:
        """Return what checks a password, or None."""
        match = _DJANGO_PBKDF2.fullmatch(stored)
        return match and _pbkdf2(match, _unbase64(match[4]), self.max_iterations)


@dataclass(frozen=True, slots=True, kw_only=True)
class WerkzeugPbkdf2:
    """`pbkdf2:sha256:iterations$salt$hash`, with SHA-1, SHA-256 or SHA-512, as werkzeug and Flask write it."""

    max_iterations: int = _MOST_ITERATIONS

    def recognise(self, stored: str, /) -> Check | None:
        """Return what checks a password, or None."""
        match = _WERKZEUG_PBKDF2.fullmatch(stored)
        return match and _pbkdf2(match, _unhex(match[4]), self.max_iterations)


def _pbkdf2(match: re.Match[str], tag: bytes, most: int) -> Check | None:
    digest, iterations, salt = match[1], int(match[2]), match[3].encode()
    # A tag of another length would be a part of the right one, or none at all.
    if iterations > most or len(tag) != _PBKDF2_TAGS[digest]:
        return None
    return lambda password: hmac.compare_digest(hashlib.pbkdf2_hmac(digest, password, salt, iterations), tag)


# --- scrypt -----------------------------------------------------------------------------------------------------------

_DJANGO_SCRYPT: Final = re.compile(
    r"scrypt\$(?P<n>[1-9][0-9]{0,8})\$(?P<salt>[!-#%-~]{1,128})\$(?P<r>[1-9][0-9]{0,4})\$(?P<p>[1-9][0-9]{0,4})"
    r"\$(?P<tag>[A-Za-z0-9+/]{86}==)"
)
_WERKZEUG_SCRYPT: Final = re.compile(
    r"scrypt:(?P<n>[1-9][0-9]{0,8}):(?P<r>[1-9][0-9]{0,4}):(?P<p>[1-9][0-9]{0,4})"
    r"\$(?P<salt>[A-Za-z0-9]{1,128})\$(?P<tag>[0-9a-f]{128})"
)
_SCRYPT_TAG: Final = 64
_MOST_SCRYPT_MEMORY: Final = 128 * 1024  # KiB, four times what werkzeug's default takes
_MOST_SCRYPT_PARALLELISM: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DjangoScrypt:
    """`scrypt$n$salt$r$p$hash`, as Django writes it; `max_memory_cost` is in KiB, and bounds n and r together."""

    max_memory_cost: int = _MOST_SCRYPT_MEMORY
    max_parallelism: int = _MOST_SCRYPT_PARALLELISM

    def recognise(self, stored: str, /) -> Check | None:
        """Return what checks a password, or None."""
        match = _DJANGO_SCRYPT.fullmatch(stored)
        return match and _scrypt(match, _unbase64(match["tag"]), self.max_memory_cost, self.max_parallelism)


@dataclass(frozen=True, slots=True, kw_only=True)
class WerkzeugScrypt:
    """`scrypt:n:r:p$salt$hash`, werkzeug's default; `max_memory_cost` is in KiB, and bounds n and r together."""

    max_memory_cost: int = _MOST_SCRYPT_MEMORY
    max_parallelism: int = _MOST_SCRYPT_PARALLELISM

    def recognise(self, stored: str, /) -> Check | None:
        """Return what checks a password, or None."""
        match = _WERKZEUG_SCRYPT.fullmatch(stored)
        return match and _scrypt(match, _unhex(match["tag"]), self.max_memory_cost, self.max_parallelism)


def _scrypt(match: re.Match[str], tag: bytes, most_kib: int, most_lanes: int) -> Check | None:
    n, r, p = (int(match[name]) for name in "nrp")
    salt, memory = match["salt"].encode(), 128 * r * (n + p + 2)  # what OpenSSL counts
    doublings = n.bit_length() - 1
    # RFC 7914, section 6: a power of two above 1, below 2 ** (128 * r / 8).
    possible = n == 1 << doublings and 0 < doublings < 16 * r and len(tag) == _SCRYPT_TAG
    if not possible or memory > most_kib * 1024 or p > most_lanes:
        return None

    def check(password: bytes) -> bool:
        try:
            made = hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=_SCRYPT_TAG)
        except (MemoryError, ValueError) as error:  # of parameters that it takes: OpenSSL found no memory
            raise Overloaded("scrypt could not run") from error
        return hmac.compare_digest(made, tag)

    return check


# --- Argon2id ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DjangoArgon2:
    """`argon2$argon2id$v=19$...`, as Django writes it; `limits` bounds it.  Argon2i and Argon2d are not read."""

    limits: Argon2Hasher = field(default_factory=Argon2Hasher)

    def recognise(self, stored: str, /) -> Check | None:
        """Return what checks a password, or None."""
        before, _, plain = stored.partition("argon2")
        if before or not self.limits.knows(plain):
            return None
        return lambda password: self.limits.verify(plain, password.decode())


# --- bcrypt -----------------------------------------------------------------------------------------------------------

# Salt and tag are 16 and 23 bytes: their last characters have bits to spare, which must be zero.
_BCRYPT: Final = re.compile(
    r"\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]"
)
_MOST_BCRYPT_COST: Final = 14
_BCRYPT_BYTES: Final = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Bcrypt:
    """`$2b$cost$...`, and `$2a$` and `$2y$`, as most systems write it; each step of cost doubles the time.

    Such a hash is of a password's first 72 bytes: more of it was never looked at, and is not here.  Raises
    ModuleNotFoundError if the extra `legacy` is missing.
    """

    max_cost: int = _MOST_BCRYPT_COST

    def __post_init__(self) -> None:
        """Refuse to be built where no hash could be checked."""
        _require_bcrypt()

    def recognise(self, stored: str, /) -> Check | None:
        """Return what checks a password, or None."""
        return _bcrypt(stored, self.max_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class DjangoBcrypt:
    """`bcrypt_sha256$$2b$...`, of the whole password, and `bcrypt$$2b$...`, of its first 72 bytes, as Django has them.

    Raises ModuleNotFoundError if the extra `legacy` is missing.
    """

    max_cost: int = _MOST_BCRYPT_COST

    def __post_init__(self) -> None:
        """Refuse to be built where no hash could be checked."""
        _require_bcrypt()

    def recognise(self, stored: str, /) -> Check | None:
        """Return what checks a password, or None."""
        name, _, plain = stored.partition("$")
        check = _bcrypt(plain, self.max_cost)
        if check is None or name not in {"bcrypt", "bcrypt_sha256"}:
            return None
        return check if name == "bcrypt" else lambda password: check(hashlib.sha256(password).hexdigest().encode())


def _require_bcrypt() -> None:
    if find_spec("bcrypt") is None:
        raise ModuleNotFoundError('bcrypt hashes need bcrypt: pip install "authcore[legacy]"', name="bcrypt")


def _bcrypt(stored: str, most: int) -> Check | None:
    match = _BCRYPT.fullmatch(stored)
    if match is None or int(match[1]) > most:
        return None

    def check(password: bytes) -> bool:
        import bcrypt  # noqa: PLC0415 - only whoever has such hashes has the library

        return bcrypt.checkpw(password[:_BCRYPT_BYTES], stored.encode("ascii"))

    return check


# --- what several of them write ---------------------------------------------------------------------------------------


def _unbase64(text: str) -> bytes:
    """The bytes of base 64, or none if it is not the one way to write them."""
    try:
        data = b64decode(text)
    except binascii.Error:
        return b""
    return data if b64encode(data).decode() == text else b""


def _unhex(text: str) -> bytes:
    """The bytes of hexadecimal digits, or none if one of them stands alone."""
    return bytes.fromhex(text) if len(text) % 2 == 0 else b""


DJANGO: Final = (DjangoPbkdf2(), DjangoScrypt(), DjangoArgon2())
"""What Django writes without further libraries of its own; `DjangoBcrypt` needs the extra `legacy`, and is added."""

WERKZEUG: Final = (WerkzeugPbkdf2(), WerkzeugScrypt())
"""What werkzeug, and so Flask, has written since its version 2.0."""
