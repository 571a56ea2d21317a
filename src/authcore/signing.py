"""The keys that sign tokens in place of derived ones, and the keys that can only verify them."""

from dataclasses import dataclass, field
from functools import cached_property

from authcore.errors import ConfigurationError
from authcore.key_material import (
    DIGEST_SIZES,
    Algorithm,
    OpenedKey,
    accept_algorithm,
    accept_kid,
    accept_secret,
)

__all__ = ["Algorithm", "SigningKey", "VerificationKey"]


@dataclass(frozen=True)
class SigningKey:
    """A key that signs tokens: random bytes for HS256, HS384 and HS512, the PEM of a private key for all others.

    Raises ConfigurationError unless algorithm, type, role and strength go together, and ModuleNotFoundError if the
    extra `jwt-asymmetric` is needed and missing.
    """

    kid: str
    algorithm: Algorithm
    secret: bytes | str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        accept_kid(self.kid)
        accept_algorithm(self.kid, self.algorithm)
        _ = self.opened

    @property
    def verification_key(self) -> "VerificationKey":
        """The public half, for whoever verifies; ConfigurationError for HS256 and its kin, which have none."""
        _require_halves(self.kid, self.algorithm)
        return VerificationKey(self.kid, self.algorithm, self.opened.identity.decode())

    @cached_property
    def opened(self) -> OpenedKey:
        """The key as libraries take it, read once."""
        if self.algorithm not in DIGEST_SIZES:
            return _opened(self.kid, self.algorithm, self.secret, signs=True)
        secret = accept_secret(self.kid, self.secret, shortest=DIGEST_SIZES[self.algorithm])
        return OpenedKey(private=secret, public=secret, identity=secret)


@dataclass(frozen=True)
class VerificationKey:
    """The public half of a signing key, as PEM: it verifies tokens, and can make none.

    Raises ConfigurationError unless algorithm, type, role and strength go together, and ModuleNotFoundError if the
    extra `jwt-asymmetric` is missing.
    """

    kid: str
    algorithm: Algorithm
    pem: bytes | str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        accept_kid(self.kid)
        accept_algorithm(self.kid, self.algorithm)
        _require_halves(self.kid, self.algorithm)
        _ = self.opened

    @cached_property
    def opened(self) -> OpenedKey:
        """The key as libraries take it, read once."""
        return _opened(self.kid, self.algorithm, self.pem, signs=False)


def _require_halves(kid: str, algorithm: Algorithm) -> None:
    if algorithm in DIGEST_SIZES:
        raise ConfigurationError(
            f"key {kid!r} has no public half: whoever verifies {algorithm} can sign it; use {Algorithm.EDDSA}"
        )


def _opened(kid: str, algorithm: Algorithm, pem: object, *, signs: bool) -> OpenedKey:
    if not isinstance(pem, bytes | str):
        raise ConfigurationError(f"key {kid!r} must be the text of a PEM file")
    # Loaded on first use: most applications need no such key, and then no such library.
    from authcore.asymmetric import open_private, open_public  # noqa: PLC0415

    text = pem.encode(errors="replace") if isinstance(pem, str) else pem
    return open_private(kid, algorithm, text) if signs else open_public(kid, algorithm, text)
