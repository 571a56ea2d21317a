"""W6: the work on a token: what a bad one costs, and what one costs that was seen before."""

import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authcore import Algorithm, Keyring, RootKey, SigningKey
from authcore.auth import Auth
from authcore.errors import InvalidToken
from authcore.memory import MemoryStore
from authcore.tokens import Reference, TokenKind, Tokens
from benchmarks.measuring import Comparison, Side
from benchmarks.population import auth_over
from benchmarks.servers import Places
from benchmarks.timing import looped

__all__ = ["compared"]

_TARGET: Final = 1.3
_MORE: Final = 5e-6
_AT_ONCE: Final = 5_000
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """Somebody who reads tokens of one algorithm, tokens of several sorts, and PyJWT's way to read the good one."""

    auth: Auth
    good: str
    bad: Mapping[str, str]
    decode: Callable[[str], Any]


async def compared(_places: Places) -> AsyncGenerator[Comparison, None]:
    """Yield bad tokens beside one decoding by PyJWT, and one that was seen before beside a dict."""
    for algorithm in (Algorithm.HS256, Algorithm.EDDSA):
        scene = _scene(algorithm)
        for sort, token in scene.bad.items():
            yield Comparison(
                work="W6",
                case=f"{algorithm}, {sort}",
                sides={
                    "authcore": _reading(scene.auth, token),
                    "PyJWT, a good one": looped(partial(_call, scene.decode), partial(_copies, scene.good)),
                },
                times=_TARGET,
                most=_AT_ONCE,
            )
        known = {scene.good: object()}
        yield Comparison(
            work="W6",
            case=f"{algorithm}, seen before",
            sides={
                "authcore": _reading(scene.auth, scene.good),
                "dict": looped(partial(_call, known.__getitem__), partial(_copies, scene.good)),
                "PyJWT, a good one": looped(partial(_call, scene.decode), partial(_copies, scene.good)),
            },
            more=_MORE,
            most=_AT_ONCE,
        )


def _scene(algorithm: Algorithm) -> _Scene:
    root = RootKey("root", secrets.token_bytes(32))
    keyring = Keyring([root]) if algorithm is Algorithm.HS256 else Keyring([root], signing=_signing_key("signing"))
    auth = replace(auth_over(MemoryStore()), keyring=keyring)
    tokens = Tokens(keyring, auth.policy.issuer, auth.policy.audience)
    now = datetime.now(UTC)
    good = _token(tokens, now, now + _HOUR)
    return _Scene(
        auth=auth,
        good=good,
        bad={
            "forged": _forged(good),
            "foreign": _token(replace(tokens, keyring=_strangers(algorithm)), now, now + _HOUR),
            "expired": _token(tokens, now - 2 * _HOUR, now - _HOUR),
        },
        decode=_pyjwt(keyring, auth, algorithm),
    )


def _strangers(algorithm: Algorithm) -> Keyring:
    """Return the keyring of another application, whose keys have other ids."""
    root = RootKey("other-root", secrets.token_bytes(32))
    return Keyring([root]) if algorithm is Algorithm.HS256 else Keyring([root], signing=_signing_key("other"))


def _signing_key(kid: str) -> SigningKey:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(kid, Algorithm.EDDSA, pem)


def _token(tokens: Tokens, issued_at: datetime, expires_at: datetime) -> str:
    reference = Reference(id=secrets.token_urlsafe(20), issued_at=issued_at, expires_at=expires_at)
    return tokens.encode(TokenKind.AUTHENTICATION, reference)


def _forged(good: str) -> str:
    """Return a token with another signature, as well written as the right one."""
    message, _, signature = good.rpartition(".")
    return f"{message}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _pyjwt(keyring: Keyring, auth: Auth, algorithm: Algorithm) -> Callable[[str], Any]:
    """Return one call of PyJWT's that checks what authcore checks: signature, times, issuer and audience."""
    if keyring.signing is None:
        key: Any = keyring.derive(keyring.newest_kid, f"token/{TokenKind.AUTHENTICATION}")
    else:
        key = keyring.signing.opened.public
    policy = auth.policy
    return partial(jwt.decode, key=key, algorithms=[str(algorithm)], issuer=policy.issuer, audience=policy.audience)


def _reading(auth: Auth, token: str) -> Side:
    return looped(partial(_read, auth), partial(_copies, token))


def _read(auth: Auth, tokens: Iterable[str]) -> None:
    for token in tokens:
        with suppress(InvalidToken):
            auth.read_token(token)


def _call(function: Callable[[str], object], tokens: Iterable[str]) -> None:
    for token in tokens:
        function(token)


def _copies(token: str, number: int) -> Sequence[str]:
    """Return the same text as often as it comes out of a header: each time as an object of its own."""
    return [token[:1] + token[1:] for _ in range(number)]
