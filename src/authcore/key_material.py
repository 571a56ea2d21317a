"""What every key has: an id, an algorithm, and either random bytes or two halves.  What may be one is decided here."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from authcore.errors import ConfigurationError

__all__ = ["DIGEST_SIZES", "Algorithm", "OpenedKey", "accept_algorithm", "accept_kid", "accept_secret"]


class Algorithm(StrEnum):
    """How tokens are signed: RFC 7518 section 3.1, and RFC 8037 for EdDSA, of which Ed25519 is used."""

    HS256 = "HS256"
    HS384 = "HS384"
    HS512 = "HS512"
    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"


DIGEST_SIZES: Final = {Algorithm.HS256: 32, Algorithm.HS384: 48, Algorithm.HS512: 64}
"""The algorithms that sign and verify with one secret; it is as long as the hash, or longer (RFC 7518 section 3.2)."""

_LONGEST_KID: Final = 64
_FEWEST_DIFFERENT_BYTES: Final = 8

# As PEM, as OpenSSH writes it, as a JWK, and as DER: the object identifiers of RSA, of elliptic curves and of Ed25519.
_NO_SECRETS: Final = (
    b"-----BEGIN ",
    b"ssh-",
    b"ecdsa-sha2-",
    b'"kty"',
    bytes.fromhex("06092a864886f70d010101"),
    bytes.fromhex("06072a8648ce3d0201"),
    bytes.fromhex("06032b6570"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedKey:
    """A key as libraries take it: what signs (None if nothing does), what verifies, and what tells it from others."""

    private: object = field(repr=False)
    public: object = field(repr=False)
    identity: bytes = field(repr=False)
    """The secret, or the PEM of the public half: equal for equal keys, however they were written."""


def accept_kid(kid: str) -> None:
    """Raise ConfigurationError for an id that could not stand in a token's header, or in `kid:hex,kid:hex`."""
    if not kid.isascii() or not kid.replace("-", "").isalnum() or len(kid) > _LONGEST_KID:
        raise ConfigurationError(f"a key id is 1 to {_LONGEST_KID} ASCII letters, digits and hyphens")


def accept_algorithm(kid: str, algorithm: object) -> None:
    """Raise ConfigurationError for what is no algorithm of ours: `none`, and every other text, is none."""
    if not isinstance(algorithm, Algorithm):
        raise ConfigurationError(f"the algorithm of key {kid!r} must be a member of Algorithm")


def accept_secret(kid: str, secret: object, *, shortest: int) -> bytes:
    """Return what may be a secret; raise ConfigurationError, which never quotes it, for what could be guessed."""
    remedy = f"use secrets.token_bytes({shortest})"
    if not isinstance(secret, bytes):
        raise ConfigurationError(f"the secret of key {kid!r} must be bytes: {remedy}")
    if len(secret) < shortest:
        raise ConfigurationError(f"the secret of key {kid!r} must be at least {shortest} bytes: {remedy}")
    if len(set(secret)) < _FEWEST_DIFFERENT_BYTES:
        raise ConfigurationError(f"the secret of key {kid!r} is not random: {remedy}")
    # Everybody knows a public key: as a secret it would let everybody sign (RFC 8725 section 2.1).
    if any(mark in secret for mark in _NO_SECRETS):
        raise ConfigurationError(f"the secret of key {kid!r} is a key of another kind: {remedy}")
    return secret
