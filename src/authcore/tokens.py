"""Session tokens: signed references to stored sessions.

The one module that uses PyJWT; a token holds no account data.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final, cast

from authcore.errors import InvalidToken, SessionExpired
from authcore.keyring import Keyring

if TYPE_CHECKING:
    from jwt import PyJWS

__all__ = ["Reference", "TokenKind", "Tokens"]

_ALGORITHM: Final = "HS256"
_LONGEST_TOKEN: Final = 1024
_LONGEST_ID: Final = 64

_SEGMENT: Final = "[A-Za-z0-9_-]+"
# A signature of 32 bytes is 43 characters, and the last one has two bits to spare: one spelling of it is enough.
_TOKEN: Final = re.compile(rf"{_SEGMENT}\.{_SEGMENT}\.[A-Za-z0-9_-]{{42}}[AEIMQUYcgkosw048]")
_CLAIMS: Final = frozenset({"iss", "aud", "jti", "gen", "iat", "exp"})


class TokenKind(StrEnum):
    """The `typ` of a token's header (RFC 8725 section 3.11): a token of one kind is never accepted as another."""

    AUTHENTICATION = "authn+jwt"
    TWO_STEP = "two-step+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a token says: which session, which generation of it, from when until when."""

    id: str
    generation: int = 1
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Tokens:
    """Signs references and reads them back, for one issuer and one audience.

    HS256 with a key of its own for each kind of token; times are judged by the caller's clock, in whole seconds.
    """

    keyring: Keyring
    issuer: str
    audience: str

    def encode(self, kind: TokenKind, reference: Reference) -> str:
        """Return the token of a reference, signed by the keyring's first key."""
        kid = self.keyring.signing_kid
        claims: dict[str, str | int] = {
            "iss": self.issuer,
            "aud": self.audience,
            "jti": reference.id,
            "gen": reference.generation,
            "iat": int(reference.issued_at.timestamp()),
            # Rounded up: the deadline itself, which the row holds to the microsecond, is judged there.
            "exp": math.ceil(reference.expires_at.timestamp()),
        }
        return _sign(_written(claims), self._key(kid, kind), kid=kid, kind=kind)

    def decode(self, kind: TokenKind, token: str, *, now: datetime) -> Reference:
        """Return what a token of this kind says.

        Raises InvalidToken for anything else, and SessionExpired on and after `exp` (RFC 7519 section 4.1.4); both
        look alike from outside.  Costs no I/O and a bounded time.
        """
        if len(token) > _LONGEST_TOKEN or not _TOKEN.fullmatch(token):
            raise InvalidToken(cause="not a token")
        # The header is compared with the few that we write ourselves, never interpreted: there is no `alg`, `jku`,
        # `crit` or `b64` for an attacker to choose.
        key = self._keys.get((kind, token.partition(".")[0]))
        if key is None:
            raise InvalidToken(cause="header")
        reference = self._reference(_claims(_verified(token, key)))
        if now >= reference.expires_at:
            raise SessionExpired(cause="exp")
        return reference

    def _reference(self, claims: dict[str, object]) -> Reference:
        identity, generation = claims["jti"], claims["gen"]
        if claims["iss"] != self.issuer or claims["aud"] != self.audience:
            raise InvalidToken(cause="issuer or audience")
        if not isinstance(identity, str) or not 0 < len(identity) <= _LONGEST_ID:
            raise InvalidToken(cause="jti")
        if type(generation) is not int or generation < 1:
            raise InvalidToken(cause="gen")
        issued_at, expires_at = _time(claims, "iat"), _time(claims, "exp")
        return Reference(id=identity, generation=generation, issued_at=issued_at, expires_at=expires_at)

    def _key(self, kid: str, kind: TokenKind) -> bytes:
        return cast("bytes", self.keyring.derive(kid, f"token/{kind}"))

    @cached_property
    def _keys(self) -> dict[tuple[TokenKind, str], bytes]:
        """The key of each header that this keyring writes."""
        return {
            (kind, self._header(kid, kind)): self._key(kid, kind) for kid in self.keyring.kids for kind in TokenKind
        }

    def _header(self, kid: str, kind: TokenKind) -> str:
        return _sign(b"{}", self._key(kid, kind), kid=kid, kind=kind).partition(".")[0]


def _sign(payload: bytes, key: bytes, *, kid: str, kind: TokenKind) -> str:
    return _signer().encode(payload, key, algorithm=_ALGORITHM, headers={"kid": kid, "typ": kind})


def _verified(token: str, key: bytes) -> bytes:
    from jwt import PyJWTError  # noqa: PLC0415  as below

    try:
        payload: bytes = _signer().decode(token, key, algorithms=[_ALGORITHM])
    except (PyJWTError, ValueError) as error:
        raise InvalidToken(cause=type(error).__name__) from None
    return payload


def _written(claims: Mapping[str, object]) -> bytes:
    return json.dumps(claims, separators=(",", ":")).encode()


def _claims(payload: bytes) -> dict[str, object]:
    """Read signed claims; only what we would have written, octet for octet, is read at all (RFC 8725 section 3.7)."""
    try:
        claims = json.loads(payload)
        as_written = isinstance(claims, dict) and _written(claims) == payload
    except (ValueError, RecursionError):
        as_written = False
    if not as_written or claims.keys() != _CLAIMS:
        raise InvalidToken(cause="claims")
    return cast("dict[str, object]", claims)


def _time(claims: dict[str, object], name: str) -> datetime:
    seconds = claims[name]
    if type(seconds) is not int:
        raise InvalidToken(cause=name)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise InvalidToken(cause=name) from None


@cache
def _signer() -> "PyJWS":
    """Return the one signer, which knows one algorithm and keeps no key."""
    from jwt import PyJWS  # noqa: PLC0415  loaded on first use, so that importing authcore loads no third party

    return PyJWS(algorithms=[_ALGORITHM])
