"""Hashing passwords with Argon2id: the one module that uses argon2-cffi.  What a password may be stands in `passwords`.

Nothing here draws randomness or knows an event loop: salts are given, and calls are slow on purpose (run them in
`offload`).  Hashes are strings of the PHC form, `$argon2id$v=19$m=65536,t=3,p=4$salt$tag`, that carry their parameters.
Sources: RFC 9106; the OWASP Password Storage Cheat Sheet; NIST SP 800-63B-4, 3.1.1.2.
"""

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Protocol, Self, runtime_checkable

from authcore.errors import ConfigurationError, InvalidPassword, Overloaded

__all__ = ["Argon2Hasher", "Measured", "encoded", "memory_of"]

_MIB: Final = 1024

# OWASP's minimum, and what it calls as strong with a single pass: (passes, KiB).
_OWASP_FLOOR: Final = ((2, 19 * _MIB), (1, 46 * _MIB))

# Of a salt or tag that we make: at least what RFC 9106, 3.1, recommends for any application.
_LENGTHS: Final = frozenset(range(16, 65))

# One variant, one version, one order, no leading zeros: whatever else libraries may read, we wrote none of it.
_PHC: Final = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,9}),p=([1-9][0-9]{0,9})"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)


@runtime_checkable
class Measured(Protocol):
    """A hasher that tells how much memory a hash takes, so that no more run at once than there is room for."""

    @property
    def memory(self) -> int:
        """How many bytes one hash holds while it runs."""
        ...


def memory_of(hasher: object) -> int:
    """Return how many bytes one hash of a hasher holds while it runs; 64 MiB where it does not tell."""
    return hasher.memory if isinstance(hasher, Measured) else 64 * _MIB * 1024


class _Parameters(NamedTuple):
    """What a hash says about its own making."""

    memory_cost: int
    time_cost: int
    parallelism: int
    salt_len: int
    hash_len: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Hasher:
    """A `PasswordHasher` of Argon2id; the defaults are `rfc9106_low_memory()`.

    Weaker parameters than OWASP's minimum are refused.  Each hash needs `memory_cost` KiB of its own: multiply by the
    hashes that may run at once.  The `max_` fields bound what a *stored* hash may ask for; keep them above the
    parameters of every hash that is still stored.
    """

    time_cost: int = 3  # passes over the memory
    memory_cost: int = 64 * _MIB  # KiB
    parallelism: int = 4  # lanes; each has a thread while it runs
    hash_len: int = 32  # bytes
    salt_len: int = 16  # bytes; RFC 9106, 3.1
    max_time_cost: int = 10
    max_memory_cost: int = 256 * _MIB
    max_parallelism: int = 16

    _floor: ClassVar[tuple[tuple[int, int], ...]] = _OWASP_FLOOR

    def __post_init__(self) -> None:
        if not any(self.time_cost >= passes and self.memory_cost >= memory for passes, memory in self._floor):
            raise ConfigurationError("Argon2 below OWASP's minimum: use 19 MiB and 2 passes, or 46 MiB and 1, or more.")
        if self.parallelism < 1 or self.memory_cost < 8 * self.parallelism:
            raise ConfigurationError("Argon2 needs at least one lane, and 8 KiB for each (RFC 9106, 3.1).")
        if not {self.salt_len, self.hash_len} <= _LENGTHS:
            raise ConfigurationError("Argon2 salts and hashes must have 16 to 64 bytes.")
        if not self._may_run(self._parameters):
            raise ConfigurationError("Argon2 costs exceed their own caps: raise max_time_cost and its companions too.")

    @classmethod
    def rfc9106_low_memory(cls) -> Self:
        """RFC 9106, section 4, second recommended option: 64 MiB, 3 passes, 4 lanes.  The default."""
        return cls(time_cost=3, memory_cost=64 * _MIB, parallelism=4)

    @classmethod
    def rfc9106_high_memory(cls) -> Self:
        """RFC 9106, section 4, first recommended option: 2 GiB, 1 pass, 4 lanes."""
        return cls(time_cost=1, memory_cost=2048 * _MIB, parallelism=4, max_memory_cost=2048 * _MIB)

    @classmethod
    def owasp_minimum(cls) -> Self:
        """OWASP Password Storage Cheat Sheet, the least it allows: 19 MiB, 2 passes, 1 lane."""
        return cls(time_cost=2, memory_cost=19 * _MIB, parallelism=1)

    @staticmethod
    def cheapest() -> "Argon2Hasher":
        """Protects nothing: for tests only, where thousands of hashes must cost no time."""
        return _CheapestHasher(time_cost=1, memory_cost=8, parallelism=1)

    def hash(self, password: str, salt: bytes) -> str:
        """Return the hash of a normalised password; `salt` is `salt_len` fresh random bytes.

        Raises `InvalidPassword` for a lone surrogate, and `Overloaded` if the machine has no memory or thread to spare.
        """
        from argon2 import exceptions, low_level  # noqa: PLC0415 - importing authcore must not load the C library

        if len(salt) != self.salt_len:
            raise ConfigurationError(f"A salt of {self.salt_len} bytes is needed.")
        secret = encoded(password)
        if secret is None:
            raise InvalidPassword("malformed")
        try:
            stored = low_level.hash_secret(
                secret, salt, self.time_cost, self.memory_cost, self.parallelism, self.hash_len, low_level.Type.ID
            )
        except exceptions.HashingError as error:
            raise Overloaded(f"Argon2 could not run: {error}") from error
        return stored.decode("ascii")

    def verify(self, stored: str, password: str) -> bool:
        """Tell whether `stored` is a hash of the normalised password.

        A stored string that is malformed, of another scheme or dearer than the caps is False, at once and whatever the
        password.  Raises `Overloaded` if the machine has no memory or thread to spare: that is no wrong password.
        """
        from argon2 import exceptions, low_level  # noqa: PLC0415 - importing authcore must not load the C library

        parameters, secret = _parsed(stored), encoded(password)
        # A stored hash that asks for gigabytes or hours would get them: judge it before the library reads it.
        if parameters is None or secret is None or not self._may_run(parameters):
            return False
        try:
            return low_level.verify_secret(stored.encode("ascii"), secret, low_level.Type.ID)
        except exceptions.VerifyMismatchError:
            return False
        except exceptions.VerificationError as error:
            raise Overloaded(f"Argon2 could not run: {error}") from error

    def knows(self, stored: str) -> bool:
        """Tell whether `stored` is a hash that `verify` looks at: well-formed, of this scheme, within the caps."""
        parameters = _parsed(stored)
        return parameters is not None and self._may_run(parameters)

    def needs_rehash(self, stored: str) -> bool:
        """Tell whether `stored` was not made by these very parameters (stronger ones count too)."""
        return _parsed(stored) != self._parameters

    def dummy(self) -> str:
        """Return a hash of these parameters that no password has, so that strangers cost what members do.

        It is made without randomness and without hashing; to match it is to find a preimage of its constant tag.
        """
        memory, passes, lanes, salt_len, hash_len = self._parameters
        salt, tag = _base64(bytes(salt_len)), _base64(bytes(hash_len))
        return f"$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${tag}"

    @property
    def memory(self) -> int:
        """How many bytes one hash holds while it runs."""
        return self.memory_cost * 1024

    @property
    def _parameters(self) -> _Parameters:
        return _Parameters(self.memory_cost, self.time_cost, self.parallelism, self.salt_len, self.hash_len)

    def _may_run(self, parameters: _Parameters) -> bool:
        """Whether these costs are within the caps and make sense to Argon2."""
        return (
            8 * parameters.parallelism <= parameters.memory_cost <= self.max_memory_cost
            and 1 <= parameters.time_cost <= self.max_time_cost
            and 1 <= parameters.parallelism <= self.max_parallelism
        )


class _CheapestHasher(Argon2Hasher):
    """The only way below the floor, so that no setting leads there."""

    __slots__ = ()
    _floor = ((1, 8),)


def encoded(password: str) -> bytes | None:
    """Return the bytes of a password, or None for lone surrogates; the codec's own exception would carry it."""
    try:
        return password.encode("utf-8")
    except UnicodeEncodeError:
        return None


def _parsed(stored: str) -> _Parameters | None:
    """The parameters of a well-formed Argon2id hash, or None."""
    match = _PHC.fullmatch(stored)
    if match is None:
        return None
    memory, passes, lanes = (int(number) for number in match.group(1, 2, 3))
    salt, tag = _unbase64(match[4]), _unbase64(match[5])
    if salt is None or tag is None:
        return None
    return _Parameters(memory, passes, lanes, len(salt), len(tag))


def _base64(data: bytes) -> str:
    """Base 64 without padding, as the PHC form has it."""
    return b64encode(data).rstrip(b"=").decode("ascii")


def _unbase64(text: str) -> bytes | None:
    """The bytes of unpadded base 64, or None if it is not the one way to write them."""
    try:
        data = b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return data if _base64(data) == text else None
