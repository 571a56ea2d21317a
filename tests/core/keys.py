"""Keys of every kind, made once for a run: what the tests of keys and tokens share."""

import hashlib
from functools import cache

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from authcore.signing import Algorithm, SigningKey

MAKERS = {
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA 3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA 3072, exponent 3": lambda: rsa.generate_private_key(3, 3072),
    "RSA 4096": lambda: rsa.generate_private_key(65537, 4096),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
    "X25519": x25519.X25519PrivateKey.generate,
    "DSA": lambda: dsa.generate_private_key(1024),  # noqa: S505  refused for its type, quick to make
}
FITTING = {
    Algorithm.RS256: "RSA 3072",
    Algorithm.RS384: "RSA 3072",
    Algorithm.RS512: "RSA 3072",
    Algorithm.ES256: "P-256",
    Algorithm.ES384: "P-384",
    Algorithm.ES512: "P-521",
    Algorithm.EDDSA: "Ed25519",
}
SYMMETRIC = (Algorithm.HS256, Algorithm.HS384, Algorithm.HS512)


def private_key(kind: str, *, name: str = ""):
    """Return the one key of this kind and name."""
    return _made(kind, name)


@cache
def _made(kind: str, _name: str):
    return MAKERS[kind]()


def private_pem(kind: str, *, name: str = "") -> bytes:
    """Return that key as `openssl genpkey` would write it."""
    return private_key(kind, name=name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(kind: str, *, name: str = "") -> bytes:
    """Return its public half as `openssl pkey -pubout` would write it."""
    return private_key(kind, name=name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@cache
def signing_key(algorithm: Algorithm, kid: str = "s1") -> SigningKey:
    """Return the one signing key of this algorithm and id."""
    if algorithm in SYMMETRIC:
        return SigningKey(kid, algorithm, hashlib.sha512(f"{algorithm} {kid}".encode()).digest())
    return SigningKey(kid, algorithm, private_pem(FITTING[algorithm], name=f"{algorithm} {kid}"))
