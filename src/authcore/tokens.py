"""Session tokens: signed references to stored sessions.

The one module that uses PyJWT, and of it nothing but the signatures; a token holds no account data.
"""

import binascii
import json
import math
import re
from abc import ABC, abstractmethod
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, cached_property
from itertools import product
from typing import TYPE_CHECKING, Final, cast

from authcore.errors import ConfigurationError, InvalidToken, SessionExpired
from authcore.key_material import Algorithm
from authcore.keyring import Keyring
from authcore.signing import SigningKey, VerificationKey

if TYPE_CHECKING:
    from jwt.algorithms import Algorithm as Signer

__all__ = ["LONGEST_TOKEN", "Reference", "TokenKind", "TokenVerifier", "Tokens"]

LONGEST_TOKEN: Final = 1536
"""No token is longer: one signed with RSA has up to 683 characters of signature, and must still fit into a cookie."""

_LONGEST_ID: Final = 96  # a random id, and perhaps that of a key
_KEPT: Final = 4096

_TOKEN: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_CLAIMS: Final = frozenset({"iss", "aud", "jti", "gen", "iat", "exp"})

_Key = SigningKey | VerificationKey


class TokenKind(StrEnum):
    """The `typ` of a token's header (RFC 8725 section 3.11): a token of one kind is never accepted as another."""

    AUTHENTICATION = "authn+jwt"
    TWO_STEP = "two-step+jwt"
    CAPTCHA = "captcha+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a token says: which session, which generation of it, from when until when."""

    id: str
    generation: int = 1
    issued_at: datetime
    expires_at: datetime


class _Reader(ABC):
    """Reads tokens back with the keys of their kinds, for one issuer and one audience."""

    issuer: str
    audience: str

    @abstractmethod
    def _keys(self, kind: TokenKind) -> Sequence[_Key]:
        """Return the keys that verify tokens of one kind."""

    def decode(self, kind: TokenKind, token: str, *, now: datetime) -> Reference:
        """Return what a token of this kind says.

        Raises InvalidToken for anything else, and SessionExpired on and after `exp` (RFC 7519 section 4.1.4); both
        look alike from outside.  Costs no I/O and a bounded time, and little for a token that was read before.
        """
        if len(token) > LONGEST_TOKEN:
            raise InvalidToken(cause="not a token")
        reference = self._recent.get(kind, token)
        if reference is None:
            reference = self._verified(kind, token)
            self._recent.keep(kind, token, reference)
        if now >= reference.expires_at:
            raise SessionExpired(cause="exp")
        return reference

    def _verified(self, kind: TokenKind, token: str) -> Reference:
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            raise InvalidToken(cause="not a token")
        header, payload, signature = parts.groups()
        # The header is compared with the few that we write ourselves, never interpreted: there is no `alg`, `jku`,
        # `crit` or `b64` for an attacker to choose.
        key = self._known.get((kind, header))
        if key is None:
            raise InvalidToken(cause="retired" if (kind, header) in self._retired else "header")
        if not _is_signed(f"{header}.{payload}", signature, key):
            raise InvalidToken(cause="signature")
        return self._reference(_claims(payload))

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

    @cached_property
    def _recent(self) -> "_RecentTokens":
        """What was read with these very keys: whoever retires one makes another reader, which begins with nothing."""
        return _RecentTokens()

    @cached_property
    def _known(self) -> dict[tuple[TokenKind, str], _Key]:
        """The key of each header that these keys write."""
        return {(kind, _header(kind, key.algorithm, key.kid)): key for kind in TokenKind for key in self._keys(kind)}

    @cached_property
    def _retired(self) -> frozenset[tuple[TokenKind, str]]:
        """The headers that retired keys wrote, known so that the log can tell them from nonsense."""
        return frozenset()


class _RecentTokens:
    """The tokens that were read of late, each whole, and what they say; nothing that was refused is among them.

    Some thousands are kept: when the newer ones are as many as there may be, the older ones are forgotten.
    """

    def __init__(self) -> None:
        self._newer: dict[str, tuple[TokenKind, Reference]] = {}
        self._older: dict[str, tuple[TokenKind, Reference]] = {}

    def get(self, kind: TokenKind, token: str) -> Reference | None:
        """Return what a token says that is still kept, and was of this kind."""
        found = self._newer.get(token)
        if found is None and (found := self._older.get(token)) is not None:
            self._keep(token, found)
        return found[1] if found is not None and found[0] is kind else None

    def keep(self, kind: TokenKind, token: str, reference: Reference) -> None:
        """Keep what a token of a kind says, whose signature was found right."""
        self._keep(token, (kind, reference))

    def _keep(self, token: str, said: tuple[TokenKind, Reference]) -> None:
        if len(self._newer) >= _KEPT:
            self._older, self._newer = self._newer, {}
        self._newer[token] = said


@dataclass(frozen=True)
class TokenVerifier(_Reader):
    """Reads the tokens of another process with public keys, and can make none.

    It learns what a token says, not whether its session still lives: only the store knows that.  Raises
    ConfigurationError if there is no key, if two share an id, or if one of them could sign.
    """

    keys: Sequence[VerificationKey]
    issuer: str
    audience: str

    def __post_init__(self) -> None:
        """Refuse keys that are too few, ambiguous, or more than is needed."""
        object.__setattr__(self, "keys", tuple(self.keys))
        if not all(isinstance(key, VerificationKey) for key in self.keys):
            raise ConfigurationError("a verifier must not be able to sign: give it each key's verification_key")
        if not self.keys or len({key.kid for key in self.keys}) < len(self.keys):
            raise ConfigurationError("a verifier needs at least one key, and each needs an id of its own")

    def _keys(self, kind: TokenKind) -> Sequence[_Key]:  # noqa: ARG002  one key for all kinds, as in `Tokens`
        return self.keys


@dataclass(frozen=True)
class Tokens(_Reader):
    """Signs references and reads them back, for one issuer and one audience.

    Signs with the keyring's `signing` key, or else with HS256 and a derived key of its own for each kind of token.
    Times are judged by the caller's clock, in whole seconds.
    """

    keyring: Keyring
    issuer: str
    audience: str

    def encode(self, kind: TokenKind, reference: Reference) -> str:
        """Return the token of a reference, signed by the key that signs tokens of its kind."""
        claims: dict[str, str | int] = {
            "iss": self.issuer,
            "aud": self.audience,
            "jti": reference.id,
            "gen": reference.generation,
            "iat": int(reference.issued_at.timestamp()),
            # Rounded up: the deadline itself, which the row holds to the microsecond, is judged there.
            "exp": math.ceil(reference.expires_at.timestamp()),
        }
        key = self._signing[kind]
        return _signed(f"{_header(kind, key.algorithm, key.kid)}.{_written(claims)}", key)

    def _keys(self, kind: TokenKind) -> Sequence[_Key]:
        # A derived key serves one kind of token.  A key that was given serves all: what keeps the kinds apart then is
        # `typ`, which is signed, and compared with ours before any key is chosen; and applications, `aud`.
        return [*filter(None, [self.keyring.signing]), *self._derived(kind), *self.keyring.verifying]

    def _derived(self, kind: TokenKind) -> list[SigningKey]:
        derive = self.keyring.derive
        return [
            SigningKey(kid, Algorithm.HS256, cast("bytes", derive(kid, f"token/{kind}"))) for kid in self.keyring.kids
        ]

    @cached_property
    def _retired(self) -> frozenset[tuple[TokenKind, str]]:
        every = product(TokenKind, Algorithm, self.keyring.retired)
        return frozenset((kind, _header(kind, algorithm, kid)) for kind, algorithm, kid in every)

    @cached_property
    def _signing(self) -> dict[TokenKind, SigningKey]:
        return {kind: self.keyring.signing or self._derived(kind)[0] for kind in TokenKind}


def _header(kind: TokenKind, algorithm: Algorithm, kid: str) -> str:
    return _written({"alg": algorithm, "kid": kid, "typ": kind})


def _signed(message: str, key: SigningKey) -> str:
    signature = _signer(key.algorithm).sign(message.encode(), key.opened.private)
    return f"{message}.{_base64(signature)}"


def _is_signed(message: str, signature: str, key: _Key) -> bool:
    octets = _octets(signature)
    # Whoever has an ECDSA signature can make a second one.  Both say the same, and a token is a reference, so nothing
    # is gained by it.
    return octets is not None and _signer(key.algorithm).verify(message.encode(), key.opened.public, octets)


def _base64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _octets(text: str) -> bytes | None:
    """Read base64; one spelling is enough, though the last character may have bits to spare."""
    try:
        octets = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return octets if _base64(octets) == text else None


def _written(members: Mapping[str, object]) -> str:
    return _base64(json.dumps(members, separators=(",", ":")).encode())


def _claims(payload: str) -> dict[str, object]:
    """Read signed claims; only what we would have written, octet for octet, is read at all (RFC 8725 section 3.7)."""
    try:
        claims = json.loads(_octets(payload) or b"")
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
def _signer(algorithm: Algorithm) -> "Signer":
    """Return what signs and verifies; it knows one algorithm, and keeps no key."""
    from jwt import PyJWS  # noqa: PLC0415  loaded on first use, so that importing authcore loads no third party

    return PyJWS(algorithms=[algorithm]).get_algorithm_by_name(algorithm)
