"""Reading keys with a private and a public half: the one module that uses cryptography.

Role, type and strength of a key are judged together, against the algorithm that it is for.
"""

from contextlib import suppress
from importlib.util import find_spec
from typing import Final

if find_spec("cryptography") is None:
    raise ModuleNotFoundError(
        'keys with a public half need cryptography: pip install "authcore[jwt-asymmetric]"', name="cryptography"
    )

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from authcore.errors import ConfigurationError
from authcore.key_material import Algorithm, OpenedKey

__all__ = ["open_private", "open_public"]

# 128 bits of security begin at 3072 (NIST SP 800-57 part 1); beyond 4096 a server signs for too long.
_RSA_BITS: Final = range(3072, 4096 + 1)
_LEAST_RSA_EXPONENT: Final = 65537  # FIPS 186-5 section A.1.1
_RSA: Final = f"an RSA key of {_RSA_BITS[0]} to {_RSA_BITS[-1]} bits"

_NEEDED: Final = {
    Algorithm.RS256: _RSA,
    Algorithm.RS384: _RSA,
    Algorithm.RS512: _RSA,
    Algorithm.ES256: "an EC key on secp256r1",
    Algorithm.ES384: "an EC key on secp384r1",
    Algorithm.ES512: "an EC key on secp521r1",
    Algorithm.EDDSA: "an Ed25519 key",
}


def open_private(kid: str, algorithm: Algorithm, pem: bytes) -> OpenedKey:
    """Read the PEM of a private key; raise ConfigurationError unless it can sign with this algorithm."""
    if b"ENCRYPTED" in pem:
        raise ConfigurationError(f"key {kid!r} is encrypted: give it as `openssl pkey -in key.pem` writes it")
    if b" PUBLIC KEY-----" in pem:
        raise ConfigurationError(f"key {kid!r} is a public key, and cannot sign: make a VerificationKey of it")
    private = _loaded_private(pem)
    if private is None:
        raise ConfigurationError(f"key {kid!r} must be the PEM of a private key: `openssl genpkey` makes one")
    return _opened(kid, algorithm, private.public_key(), private=private)


def open_public(kid: str, algorithm: Algorithm, pem: bytes) -> OpenedKey:
    """Read the PEM of a public key; raise ConfigurationError unless it can verify with this algorithm."""
    if b" PRIVATE KEY-----" in pem:
        raise ConfigurationError(
            f"key {kid!r} is a private key, and who only verifies must not hold one: use `openssl pkey -pubout`"
        )
    public = _loaded_public(pem)
    if public is None:
        raise ConfigurationError(f"key {kid!r} must be the PEM of a public key: `openssl pkey -pubout` writes one")
    return _opened(kid, algorithm, public)


def _loaded_private(pem: bytes) -> PrivateKeyTypes | None:
    # Nothing is raised from here, lest a part of what was read be found in a log.
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        return load_pem_private_key(pem, password=None)
    return None


def _loaded_public(pem: bytes) -> PublicKeyTypes | None:
    with suppress(ValueError, UnsupportedAlgorithm):
        return load_pem_public_key(pem)
    return None


def _opened(
    kid: str, algorithm: Algorithm, public: PublicKeyTypes, *, private: PrivateKeyTypes | None = None
) -> OpenedKey:
    found = _described(public)
    if found != _NEEDED[algorithm]:
        raise ConfigurationError(f"key {kid!r} is {found}, and {algorithm} needs {_NEEDED[algorithm]}")
    identity = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return OpenedKey(private=private, public=public, identity=identity)


def _described(public: PublicKeyTypes) -> str:
    """Tell what a key is, in the words of the table above."""
    match public:
        case RSAPublicKey() if public.public_numbers().e < _LEAST_RSA_EXPONENT:
            return f"an RSA key of exponent {public.public_numbers().e}"
        case RSAPublicKey():
            return _RSA if public.key_size in _RSA_BITS else f"an RSA key of {public.key_size} bits"
        case EllipticCurvePublicKey():
            return f"an EC key on {public.curve.name}"
        case Ed25519PublicKey():
            return _NEEDED[Algorithm.EDDSA]
        case _:
            return "a key of another type"
