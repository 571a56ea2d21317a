"""Session tokens: only what was signed here, for this, is read; anything else is one and the same refusal.

The corpus of attacks stands here, tried against derived keys first and against every algorithm in the end.
"""

import base64
import hashlib
import itertools
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, strategies as st

from authcore import tokens as tokens_module
from authcore.cookie_settings import CookieSettings
from authcore.errors import ConfigurationError, InvalidToken, SessionExpired
from authcore.keyring import Keyring, RootKey
from authcore.signing import Algorithm, SigningKey
from authcore.tokens import LONGEST_TOKEN, Reference, TokenKind, Tokens, TokenVerifier
from authcore.web.cookies import set_cookie
from tests.core.keys import FITTING, SYMMETRIC, private_pem, signing_key

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OLD = RootKey("old", hashlib.sha256(b"old").digest())
NEW = RootKey("new", hashlib.sha256(b"new").digest())
RING = Keyring([NEW, OLD])
TOKENS = Tokens(RING, "issuer", "audience")
REFERENCE = Reference(id="x" * 27, generation=3, issued_at=NOW, expires_at=NOW + timedelta(hours=1))
KIND = TokenKind.AUTHENTICATION
TOKEN = TOKENS.encode(KIND, REFERENCE)
HEADER, PAYLOAD, SIGNATURE = TOKEN.split(".")
CLAIMS = {
    "iss": "issuer",
    "aud": "audience",
    "jti": "x" * 27,
    "gen": 3,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 3600,
}
MISSING = object()


def _json(members: dict[str, object]) -> str:
    """Write members as we write them."""
    return json.dumps(members, separators=(",", ":"))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _raw(header: str, payload: bytes | str, *, key: bytes | None = None) -> str:
    """Sign any header and any payload with our own key, as an attacker who has it never could."""
    message = f"{header}.{_b64(payload.encode() if isinstance(payload, str) else payload)}"
    secret = key or RING.derive("new", f"token/{KIND}")
    return f"{message}.{_b64(_hmac(secret, message))}"


def _hmac(key: bytes, message: str) -> bytes:
    return jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(message.encode(), key)


def _signed(**claims: object) -> str:
    """Sign our claims with changes, under the very header that we write."""
    changed = {name: value for name, value in (CLAIMS | claims).items() if value is not MISSING}
    return _raw(HEADER, _json(changed))


def _headed(**members: object) -> str:
    """Sign our claims under our header with changes."""
    header = {"alg": "HS256", "kid": "new", "typ": "authn+jwt"} | members
    changed = {name: value for name, value in header.items() if value is not MISSING}
    return _raw(_b64(_json(changed).encode()), _json(CLAIMS))


def _cause(token: str, *, kind: TokenKind = KIND, tokens: Tokens = TOKENS, now: datetime = NOW) -> str:
    with pytest.raises(InvalidToken) as caught:
        tokens.decode(kind, token, now=now)
    assert (caught.value.code, str(caught.value)) == (InvalidToken.code, InvalidToken.text)
    assert caught.value.__cause__ is None
    return caught.value.cause


class TestReading:
    """Reading back what was signed."""

    @pytest.mark.parametrize("kind", TokenKind)
    @given(
        name=st.text("abcXYZ019-_", min_size=1, max_size=64),
        generation=st.integers(1, 2**63 - 1),
        issued=st.integers(0, 2**33),
        lasts=st.integers(1, 2**25),
    )
    def test_references_come_back(self, kind, name, generation, issued, lasts):
        """Any reference comes back equal, for as long as it holds, from a token that fits into a cookie."""
        start = datetime.fromtimestamp(issued, UTC)
        reference = Reference(id=name, generation=generation, issued_at=start, expires_at=start + lasts * SECOND)
        token = TOKENS.encode(kind, reference)
        assert TOKENS.decode(kind, token, now=start) == reference
        assert len(token) <= 1024

    def test_times_are_whole_seconds(self):
        """A token never ends before its session: fractions of seconds are rounded up, and judged by the row."""
        for fraction in (timedelta(microseconds=1), timedelta(microseconds=999_999), SECOND):
            exact = replace(REFERENCE, expires_at=REFERENCE.expires_at + fraction)
            read = TOKENS.decode(KIND, TOKENS.encode(KIND, exact), now=NOW)
            assert read == replace(REFERENCE, expires_at=REFERENCE.expires_at + SECOND)

    def test_tokens_hold_no_more_than_a_reference(self):
        """A token says who made it for whom, which session of which generation, and its times."""
        token = TOKENS.encode(KIND, REFERENCE)
        assert jwt.decode(token, options={"verify_signature": False}) == CLAIMS
        assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "new", "typ": "authn+jwt"}

    def test_known_answer(self):
        """The token of a certain reference never changes, lest an upgrade log everybody out."""
        assert SIGNATURE == "a4Kc9O4dclPN-y2fUCoeT6VjaeRoZGYFwmZe0rr0rGU"
        assert HEADER == "eyJhbGciOiJIUzI1NiIsImtpZCI6Im5ldyIsInR5cCI6ImF1dGhuK2p3dCJ9"

    def test_our_own_forgery_is_read(self):
        """The corpus below forges well: unchanged, its tokens are read."""
        assert TOKENS.decode(KIND, _signed(), now=NOW) == REFERENCE
        assert TOKENS.decode(KIND, _raw(HEADER, _json(CLAIMS)), now=NOW) == REFERENCE

    @pytest.mark.parametrize(
        ("now", "holds"),
        [
            (REFERENCE.expires_at - timedelta(microseconds=1), True),
            (REFERENCE.expires_at, False),
            (REFERENCE.expires_at + timedelta(microseconds=1), False),
        ],
    )
    def test_expiry_is_exact(self, now, holds):
        """A token holds until `exp`, and on it no more."""
        if holds:
            assert TOKENS.decode(KIND, TOKEN, now=now) == REFERENCE
        else:
            with pytest.raises(SessionExpired):
                TOKENS.decode(KIND, TOKEN, now=now)

    def test_expired_tokens_look_like_bad_ones(self):
        """An expired token is refused as any bad one is."""
        assert _cause(TOKEN, now=REFERENCE.expires_at) == "exp"

    @pytest.mark.parametrize("now", [NOW - timedelta(days=9999), NOW])
    def test_only_our_clock_counts(self, now):
        """Neither the machine's clock nor `iat` decides anything, only the time that is given."""
        assert TOKENS.decode(KIND, TOKEN, now=now) == REFERENCE


class TestKeys:
    """Which keys are believed."""

    def test_every_key_of_the_ring_verifies(self):
        """A token signed by any key of the ring is read; the first one signs."""
        former = Tokens(Keyring([OLD]), "issuer", "audience").encode(KIND, REFERENCE)
        assert TOKENS.decode(KIND, former, now=NOW) == REFERENCE
        assert jwt.get_unverified_header(TOKEN)["kid"] == "new"

    def test_a_removed_key_ends_its_tokens(self):
        """A token signed by a key that was removed is refused by its header."""
        assert _cause(TOKEN, tokens=Tokens(Keyring([OLD]), "issuer", "audience")) == "header"

    @pytest.mark.parametrize("kind", TokenKind)
    def test_a_retired_key_ends_its_tokens(self, kind):
        """A token of a retired key is refused like any other bad one; the log is told that the key was retired."""
        former = Tokens(Keyring([OLD], retired=["new"]), "issuer", "audience")
        assert _cause(TOKENS.encode(kind, REFERENCE), kind=kind, tokens=former) == "retired"
        assert _cause(_headed(kid="other"), tokens=former) == "header"
        assert _cause(_headed(alg="none"), tokens=former) == "header"

    def test_another_secret_of_the_same_name_is_not_ours(self):
        """A token signed by another secret under a kid of ours is refused."""
        foreign = Tokens(Keyring([RootKey("new", hashlib.sha256(b"foreign").digest())]), "issuer", "audience")
        assert _cause(foreign.encode(KIND, REFERENCE)) == "signature"

    @pytest.mark.parametrize(
        "secret", [NEW.secret, OLD.secret, RING.derive("new", "code"), RING.derive("old", f"token/{KIND}")]
    )
    def test_no_other_key_of_ours_signs(self, secret):
        """Neither a root secret, nor the key of codes, nor that of another kid signs a token."""
        assert _cause(_raw(HEADER, _json(CLAIMS), key=secret)) == "signature"

    @pytest.mark.parametrize(("made", "asked"), list(itertools.permutations(TokenKind, 2)))
    def test_kinds_are_never_confused(self, made, asked):
        """A token of one kind is not read as another, not even under the other's header."""
        token = TOKENS.encode(made, REFERENCE)
        header = TOKENS.encode(asked, REFERENCE).partition(".")[0]
        assert _cause(token, kind=asked) == "header"
        assert _cause(f"{header}.{token.partition('.')[2]}", kind=asked) == "signature"


HEADERS = {
    "none": {"alg": "none"},
    "None": {"alg": "None"},
    "no alg": {"alg": MISSING},
    "HS384": {"alg": "HS384"},
    "HS512": {"alg": "HS512"},
    "RS256": {"alg": "RS256"},
    "ES256": {"alg": "ES256"},
    "EdDSA": {"alg": "EdDSA"},
    "hs256": {"alg": "hs256"},
    "alg list": {"alg": ["HS256"]},
    "no kid": {"kid": MISSING},
    "unknown kid": {"kid": "unknown"},
    "another kid of ours": {"kid": "old"},
    "empty kid": {"kid": ""},
    "kid path": {"kid": "../../../../dev/null"},
    "kid query": {"kid": "new' UNION SELECT 'x"},
    "kid number": {"kid": 1},
    "kid null": {"kid": None},
    "no typ": {"typ": MISSING},
    "JWT": {"typ": "JWT"},
    "other kind": {"typ": "two-step+jwt"},
    "typ in capitals": {"typ": "AUTHN+JWT"},
    "media type": {"typ": "application/authn+jwt"},
    "crit": {"crit": ["exp"]},
    "crit b64": {"crit": ["b64"], "b64": False},
    "b64": {"b64": False},
    "b64 true": {"b64": True},
    "zip": {"zip": "DEF"},
    "jku": {"jku": "https://evil.example/jwks.json"},
    "jwk": {"jwk": {"kty": "oct", "k": "AAAA"}},
    "x5u": {"x5u": "https://evil.example/x.pem"},
    "x5c": {"x5c": ["MIIB"]},
    "cty": {"cty": "JWT"},
    "extra": {"x": 1},
}

PAYLOADS = {
    "iss": {"iss": "another"},
    "iss missing": {"iss": MISSING},
    "iss list": {"iss": ["issuer"]},
    "iss null": {"iss": None},
    "iss in capitals": {"iss": "ISSUER"},
    "aud": {"aud": "another"},
    "aud missing": {"aud": MISSING},
    "aud list": {"aud": ["audience"]},
    "aud list of two": {"aud": ["audience", "another"]},
    "aud empty list": {"aud": []},
    "aud null": {"aud": None},
    "aud number": {"aud": 1},
    "jti missing": {"jti": MISSING},
    "jti empty": {"jti": ""},
    "jti too long": {"jti": "x" * 97},
    "jti number": {"jti": 1},
    "jti null": {"jti": None},
    "jti list": {"jti": ["x"]},
    "jti object": {"jti": {"x": 1}},
    "gen missing": {"gen": MISSING},
    "gen zero": {"gen": 0},
    "gen negative": {"gen": -1},
    "gen true": {"gen": True},
    "gen text": {"gen": "3"},
    "gen float": {"gen": 3.0},
    "gen null": {"gen": None},
    "sub number": {"sub": 1},
    **{
        f"{name} {title}": {name: value}
        for name in ("iat", "exp")
        for title, value in {
            "missing": MISSING,
            "null": None,
            "true": True,
            "false": False,
            "float": CLAIMS["exp"] + 0.5,
            "whole float": float(CLAIMS["exp"]),
            "text": str(CLAIMS["exp"]),
            "NaN": float("nan"),
            "infinity": float("inf"),
            "list": [CLAIMS["exp"]],
            "after the last year": 253402300800,
            "huge": 10**30,
            "hugely negative": -(10**30),
        }.items()
    },
}


def _shapes(token: str) -> dict[str, str]:
    """What is nearly a token."""
    header, payload, signature = token.split(".")
    return {
        "empty": "",
        "a dot": ".",
        "two dots": "..",
        "one segment": header,
        "two segments": f"{header}.{payload}",
        "no signature": f"{header}.{payload}.",
        "no payload": f"{header}..{signature}",
        "no header": f".{payload}.{signature}",
        "four segments": f"{token}.{signature}",
        "trailing dot": f"{token}.",
        "five segments": f"{header}.{payload}.{payload}.{payload}.{signature}",
        "truncated signature": token[:-1],
        "half a signature": token[:-22],
        "longer signature": f"{token}A",
        "two signatures": f"{token}{signature}",
        "padding": f"{token}=",
        "more padding": f"{token}==",
        "padded payload": f"{header}.{payload}=.{signature}",
        "swapped segments": f"{payload}.{header}.{signature}",
        "leading space": f" {token}",
        "trailing space": f"{token} ",
        "trailing line break": f"{token}\n",
        "space after a dot": token.replace(".", ". "),
        "a tab within": f"{token[:-5]}\t{token[-5:]}",
        "a NUL": f"{token}\0",
        "quotes": f'"{token}"',
        "Bearer": f"Bearer {token}",
        "a comma": f"{token},{token}",
        "standard base 64": token.replace("-", "+").replace("_", "/"),
        "full-width letters": token.translate({ord(letter): ord(letter) + 0xFEE0 for letter in "abcABC"}),
        "a lone surrogate": f"{token}\ud800",
        "a byte order mark": f"\ufeff{token}",
        "huge": f"{header}.{'A' * 10**6}.{signature}",
        "hugely many dots": "." * 10**6,
    }


SHAPES = _shapes(TOKEN) | {"just too long": _raw(HEADER, _json(CLAIMS | {"x": "y" * 1000}))}

JSONS = {
    "a list": "[]",
    "null": "null",
    "text": '"x"',
    "a number": "1",
    "nothing": "",
    "broken": _json(CLAIMS)[:-1],
    "trailing text": _json(CLAIMS) + "x",
    "no UTF-8": b"\xff" + _json(CLAIMS).encode(),
    "UTF-16": _json(CLAIMS).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + _json(CLAIMS).encode(),
    "deep": "[" * 300 + "]" * 300,
    "spaces": json.dumps(CLAIMS),
    "a member twice": _json(CLAIMS)[:-1] + ',"gen":3}',
    "a member more": _json(CLAIMS | {"sub": "ada"}),
    "escapes": _json(CLAIMS).replace("issuer", "\\u0069ssuer"),
}


class TestReadBefore:
    """A token that was read before: its signature is not computed once more."""

    @staticmethod
    def _reader(ring: Keyring = RING) -> Tokens:
        return Tokens(ring, "issuer", "audience")

    def test_its_signature_is_verified_once(self, monkeypatch):
        """However often a token is read, its signature is verified once; what it says is the same."""
        verified, verify = [], tokens_module._is_signed  # noqa: SLF001  what costs so much is counted
        monkeypatch.setattr(tokens_module, "_is_signed", lambda *given: verified.append(given) or verify(*given))
        reader = self._reader()
        assert [reader.decode(KIND, TOKEN, now=NOW) for _ in range(3)] == [REFERENCE] * 3
        assert len(verified) == 1

    def test_it_expires_all_the_same(self):
        """Its end is judged each time."""
        reader, end = self._reader(), REFERENCE.expires_at
        assert reader.decode(KIND, TOKEN, now=end - SECOND / 10**6) == REFERENCE
        assert _cause(TOKEN, tokens=reader, now=end) == "exp"
        assert reader.decode(KIND, TOKEN, now=end - SECOND / 10**6) == REFERENCE

    @pytest.mark.parametrize("kind", [kind for kind in TokenKind if kind is not KIND])
    def test_it_is_of_one_kind(self, kind):
        """Read as one kind, it is still refused as another."""
        reader = self._reader()
        reader.decode(KIND, TOKEN, now=NOW)
        assert _cause(TOKEN, kind=kind, tokens=reader) == "header"

    def test_it_is_known_whole(self):
        """A token with another signature, or the same signature under something else, is none that was read."""
        reader = self._reader()
        reader.decode(KIND, TOKEN, now=NOW)
        other = TOKENS.encode(KIND, replace(REFERENCE, generation=4)).split(".")
        for changed in (f"{HEADER}.{PAYLOAD}.{other[2]}", f"{HEADER}.{other[1]}.{SIGNATURE}", TOKEN[:-1], TOKEN + "A"):
            with pytest.raises(InvalidToken):
                reader.decode(KIND, changed, now=NOW)

    def test_a_refused_one_is_never_kept(self):
        """A token that was refused is judged anew each time, and takes no room."""
        reader = self._reader()
        for _ in range(2):
            assert _cause(_signed(iss="other"), tokens=reader) == "issuer or audience"
        assert not reader._recent._newer  # noqa: SLF001  nothing else shows what is kept

    def test_a_retired_key_ends_it(self):
        """With the ring of after its key's retirement, a token is refused that was read with the one before."""
        assert self._reader().decode(KIND, TOKEN, now=NOW) == REFERENCE
        assert _cause(TOKEN, tokens=self._reader(Keyring([OLD]))) == "header"

    def test_what_is_kept_is_bounded(self, monkeypatch):
        """So many of the newest are kept, whichever were read again among them, and no more than twice as many."""
        verified, verify = [], tokens_module._is_signed  # noqa: SLF001  as above
        monkeypatch.setattr(tokens_module, "_is_signed", lambda *given: verified.append(given) or verify(*given))
        monkeypatch.setattr(tokens_module, "_KEPT", 3)
        reader = self._reader()
        all_of_them = [TOKENS.encode(KIND, replace(REFERENCE, generation=number)) for number in range(1, 30)]
        for token in all_of_them:
            reader.decode(KIND, token, now=NOW)
            reader.decode(KIND, all_of_them[0], now=NOW)
            kept = {*reader._recent._newer, *reader._recent._older}  # noqa: SLF001  as above
            assert len(kept) <= 6
            assert {token, all_of_them[0]} <= kept
        assert len(verified) == len(all_of_them)


class TestRefusing:
    """Everything else is refused, always as an InvalidToken."""

    @pytest.mark.parametrize("members", HEADERS.values(), ids=HEADERS)
    def test_headers_are_ours(self, members):
        """A header that differs from ours in any member is refused before anything in it is looked at."""
        assert _cause(_headed(**members)) in {"header", "signature"}

    def test_headers_are_ours_octet_for_octet(self):
        """A header that says the same in another way is refused too."""
        same = {"alg": "HS256", "kid": "new", "typ": "authn+jwt"}
        spaced = json.dumps(same)
        doubled = '{"alg":"HS256","alg":"HS256","kid":"new","typ":"authn+jwt"}'
        swapped = json.dumps(dict(reversed(same.items())), separators=(",", ":"))
        for text in (spaced, doubled, swapped):
            assert _cause(_raw(_b64(text.encode()), _json(CLAIMS))) == "header"

    @pytest.mark.parametrize("claims", PAYLOADS.values(), ids=PAYLOADS)
    def test_claims_are_complete_and_typed(self, claims):
        """A claim that is missing, foreign or of another type is refused even if we had signed it."""
        _cause(_signed(**claims))

    @pytest.mark.parametrize("token", SHAPES.values(), ids=SHAPES)
    def test_shapes_are_exact(self, token):
        """Anything but three exact segments is refused."""
        _cause(token)

    @pytest.mark.parametrize("shape", ["just too long", "huge"])
    def test_long_tokens_cost_nothing(self, shape):
        """A token longer than any of ours is refused for that, with nothing in it read, even if we had signed it."""
        assert _cause(SHAPES[shape]) == "not a token"

    @pytest.mark.parametrize("payload", JSONS.values(), ids=JSONS)
    def test_payloads_are_objects(self, payload):
        """A payload that is no JSON object in UTF-8 is refused even if we had signed it."""
        _cause(_raw(HEADER, payload))

    def test_the_longest_token_is_read(self):
        """A token of 1536 characters, with an id of 64, is read; one that is a character longer is none."""
        reference = replace(REFERENCE, id="x" * 64)
        longest, longer = (Tokens(RING, "issuer", "a" * length) for length in (933, 934))
        token = longest.encode(KIND, reference)
        assert len(token) == LONGEST_TOKEN == 1536
        assert longest.decode(KIND, token, now=NOW) == reference
        assert _cause(longer.encode(KIND, reference), tokens=longer) == "not a token"

    @pytest.mark.parametrize(
        ("claims", "cause"),
        [
            ({"iss": "other"}, "issuer or audience"),
            ({"aud": "other"}, "issuer or audience"),
            ({"jti": ""}, "jti"),
            ({"jti": 7}, "jti"),
            ({"gen": 0}, "gen"),
            ({"gen": "3"}, "gen"),
            ({"iat": 1.5}, "iat"),
            ({"exp": 10**20}, "exp"),
            ({"exp": MISSING}, "claims"),
        ],
    )
    def test_the_log_is_told_what_was_wrong(self, claims, cause):
        """The private cause names the claim at fault; outside, all of these look alike."""
        assert _cause(_signed(**claims)) == cause

    def test_the_longest_id_is_read(self):
        """An id has up to 96 characters."""
        longest = replace(REFERENCE, id="x" * 96)
        assert TOKENS.decode(KIND, TOKENS.encode(KIND, longest), now=NOW) == longest
        assert _cause(TOKENS.encode(KIND, replace(REFERENCE, id="x" * 97))) == "jti"

    def test_past_times_are_past(self):
        """A negative `exp` is a time long ago, and so expired."""
        assert _cause(_signed(exp=-1)) == "exp"

    def test_every_single_change_is_refused(self):
        """A valid token with any one character changed is refused, and so is one with any character added."""
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.="
        read = []
        for place in range(len(TOKEN) + 1):
            for letter in letters:
                added = TOKEN[:place] + letter + TOKEN[place:]
                changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
                read += [token for token in {added, changed} - {TOKEN} if _is_read(token)]
        assert not read

    @given(st.text(st.characters(exclude_categories=()), max_size=300))
    def test_any_text_is_refused_alike(self, text):
        """Any text at all raises InvalidToken and nothing else."""
        _cause(text)

    @given(st.lists(st.text("abcXYZ019-_=+/", max_size=60), max_size=6))
    def test_anything_that_looks_like_a_token_is_refused_alike(self, segments):
        """Any segments, ours among them, raise InvalidToken and nothing else."""
        _cause(".".join(segments))
        _cause(".".join([HEADER, *segments]))

    @given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5))
    def test_any_signed_claim_is_read_or_refused(self, value):
        """Whatever a signed claim holds, the token is read or raises InvalidToken."""
        for name in CLAIMS:
            _is_read(_signed(**{name: value}))

    def test_bad_tokens_read_nothing(self):
        """Tokens know a ring and two names: there is no store, no file and no network that a token could reach."""
        assert set(Tokens.__dataclass_fields__) == {"keyring", "issuer", "audience"}


def _is_read(token: str) -> bool:
    try:
        TOKENS.decode(KIND, token, now=NOW)
    except InvalidToken:
        return False
    return True


@dataclass(frozen=True)
class Forge:
    """Tokens signed by a key of one algorithm, and by its very owner what no owner would sign."""

    key: SigningKey
    tokens: Tokens

    @property
    def token(self) -> str:
        """A token that is right."""
        return self.tokens.encode(KIND, REFERENCE)

    def raw(self, header: str, payload: bytes | str, *, key: SigningKey | None = None) -> str:
        """Sign any header and any payload, with PyJWT."""
        signer = key or self.key
        message = f"{header}.{_b64(payload.encode() if isinstance(payload, str) else payload)}"
        signature = jwt.get_algorithm_by_name(signer.algorithm).sign(message.encode(), signer.opened.private)
        return f"{message}.{_b64(signature)}"

    def header(self, **members: object) -> str:
        """Return our header with changes."""
        header = {"alg": self.key.algorithm, "kid": self.key.kid, "typ": KIND} | members
        return _b64(_json({name: value for name, value in header.items() if value is not MISSING}).encode())

    def refused(self, tokens: dict[str, str], *causes: str) -> None:
        """See that each token is refused, for one of the causes if any is named."""
        for title, token in tokens.items():
            with pytest.raises(InvalidToken) as caught:
                pytest.fail(f"{title} was read as {self.tokens.decode(KIND, token, now=NOW)}")
            assert not causes or caught.value.cause in causes, title


@pytest.fixture(params=Algorithm)
def forge(request):
    """A ring whose tokens are signed with each algorithm in turn."""
    return _forge(request.param)


def _forge(algorithm: Algorithm, *verifying: SigningKey) -> Forge:
    key = signing_key(algorithm)
    return Forge(key, Tokens(Keyring([NEW, OLD], key, verifying), "issuer", "audience"))


class TestEveryAlgorithm:
    """Keys of tokens: the corpus above, signed by the very key that signs our tokens."""

    def test_references_come_back(self, forge):
        """A reference comes back equal under every algorithm, and PyJWT reads it alike."""
        token = forge.token
        assert forge.tokens.decode(KIND, token, now=NOW) == REFERENCE
        assert jwt.get_unverified_header(token) == {"alg": forge.key.algorithm, "kid": "s1", "typ": KIND}
        options = {"verify_exp": False, "verify_iat": False}
        public = forge.key.opened.public
        read = jwt.decode(token, public, algorithms=[forge.key.algorithm], audience="audience", options=options)
        assert read == CLAIMS

    def test_our_own_forgery_is_read(self, forge):
        """The forge forges well: unchanged, its tokens are read."""
        assert forge.tokens.decode(KIND, forge.raw(forge.header(), _json(CLAIMS)), now=NOW) == REFERENCE

    def test_headers_are_ours(self, forge):
        """A header that differs from ours in any member is refused, and no other key reads what is below it."""
        changed = {title: forge.header(**members) for title, members in HEADERS.items()}
        foreign = {
            title: forge.raw(header, _json(CLAIMS)) for title, header in changed.items() if header != forge.header()
        }
        assert len(foreign) >= len(HEADERS) - 1
        forge.refused(foreign, "header", "signature")

    def test_headers_are_ours_octet_for_octet(self, forge):
        """A header that says the same in another way is refused too."""
        same = {"alg": forge.key.algorithm, "kid": "s1", "typ": KIND}
        texts = {
            "spaced": json.dumps(same),
            "doubled": f'{{"alg":"none",{_json(same)[1:]}',
            "swapped": _json(dict(reversed(same.items()))),
            "escaped": _json(same).replace("s1", "\\u0073\\u0031"),
        }
        forge.refused({title: forge.raw(_b64(text.encode()), _json(CLAIMS)) for title, text in texts.items()}, "header")

    def test_claims_are_complete_and_typed(self, forge):
        """A claim that is missing, foreign or of another type is refused even if we had signed it."""
        changed = {
            title: {name: value for name, value in (CLAIMS | claims).items() if value is not MISSING}
            for title, claims in PAYLOADS.items()
        }
        forge.refused({title: forge.raw(forge.header(), _json(claims)) for title, claims in changed.items()})

    def test_payloads_are_objects(self, forge):
        """A payload that is no JSON object in UTF-8 is refused even if we had signed it."""
        forge.refused({title: forge.raw(forge.header(), text) for title, text in JSONS.items() if text}, "claims")

    def test_shapes_are_exact(self, forge):
        """Anything but three exact segments is refused."""
        good = forge.token
        forge.refused({title: token for title, token in _shapes(good).items() if token != good})

    def test_every_change_of_a_signature_is_refused(self, forge):
        """A signature that was changed in any one character, cut off anywhere or made longer is refused."""
        message, _, signature = forge.token.rpartition(".")
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        following = dict(zip(letters, letters[1:] + letters[0], strict=True))
        signatures = {f"longer by {more!r}": signature + more for more in ("A", "AA", "AAA", "AAAA", "=", signature)}
        for place, letter in enumerate(signature):
            signatures[f"cut off at {place}"] = signature[:place]
            signatures[f"changed at {place}"] = signature[:place] + following[letter] + signature[place + 1 :]
        forge.refused({title: f"{message}.{text}" for title, text in signatures.items()}, "not a token", "signature")

    def test_kinds_are_never_confused(self, forge):
        """A token of one kind is not read as another under one key for both, not even under the other's header."""
        other = forge.tokens.encode(TokenKind.TWO_STEP, REFERENCE)
        _, payload, signature = other.split(".")
        forge.refused({"as it is": other}, "header")
        forge.refused({"our header": f"{forge.header()}.{payload}.{signature}"}, "signature")

    @pytest.mark.parametrize("other", Algorithm)
    def test_keys_are_never_swapped(self, forge, other):
        """A token is read by the key that its header names, and by no other of the ring, whatever its algorithm."""
        foreign = signing_key(other, "s2")
        both = _forge(forge.key.algorithm, foreign)
        both.refused(
            {
                "ours, signed by the other": both.raw(both.header(), _json(CLAIMS), key=foreign),
                "the other's, signed by us": both.raw(both.header(kid="s2", alg=other), _json(CLAIMS)),
            },
            "signature",
        )

    def test_derived_keys_stand_apart(self, forge):
        """A derived key signs nothing under the name of a key of tokens, nor the other way round."""
        derived = SigningKey("new", Algorithm.HS256, RING.derive("new", f"token/{KIND}"))
        swapped = {
            "derived key": forge.raw(forge.header(), _json(CLAIMS), key=derived),
            "derived name": forge.raw(HEADER, _json(CLAIMS)),
        }
        forge.refused(swapped, "signature")

    @pytest.mark.parametrize("confused", SYMMETRIC)
    @pytest.mark.parametrize("algorithm", FITTING)
    def test_public_keys_are_no_secrets(self, algorithm, confused):
        """A token that was signed with the public key as if it were a secret is refused, however that is spelt."""
        forge = _forge(algorithm)
        public = forge.key.opened.public
        spki = PublicFormat.SubjectPublicKeyInfo
        secrets = [forge.key.opened.identity, public.public_bytes(Encoding.DER, spki)]
        secrets += [secrets[0].strip(), secrets[0].replace(b"\n", b"\r\n")]
        for secret in secrets:
            for header in (forge.header(alg=confused), forge.header(), _b64(_json({"alg": confused}).encode())):
                message = f"{header}.{_b64(_json(CLAIMS).encode())}"
                signature = jwt.get_algorithm_by_name(confused).sign(message.encode(), secret)
                forge.refused({"confused": f"{message}.{_b64(signature)}"}, "header", "signature")

    def test_second_signatures_say_the_same(self):
        """The second signature that anybody can make of an ECDSA signature says what the first one says."""
        forge = _forge(Algorithm.ES256)
        message, _, signature = forge.token.rpartition(".")
        octets = base64.urlsafe_b64decode(signature + "==")
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        second = octets[:32] + (order - int.from_bytes(octets[32:])).to_bytes(32)
        assert forge.tokens.decode(KIND, f"{message}.{_b64(second)}", now=NOW) == REFERENCE

    @given(st.lists(st.text("abcXYZ019-_=+/", max_size=100), max_size=4), st.sampled_from(Algorithm))
    def test_anything_that_looks_like_a_token_is_refused_alike(self, segments, algorithm):
        """Any segments behind a header of ours raise InvalidToken and nothing else."""
        forge = _forge(algorithm)
        forge.refused({"any": ".".join([forge.header(), *segments])})

    @given(st.binary(max_size=600), st.sampled_from(Algorithm))
    def test_any_signature_is_refused_alike(self, octets, algorithm):
        """Any octets for a signature, of the right length or another, are refused and nothing else happens."""
        forge = _forge(algorithm)
        message, _, signature = forge.token.rpartition(".")
        size = len(signature) * 3 // 4
        exact = octets.ljust(size, b"\0")[:size]
        forge.refused({"any": f"{message}.{_b64(octets)}", "exact": f"{message}.{_b64(exact)}"})

    def test_the_longest_token_fits_into_a_cookie(self):
        """With the longest signature, names and numbers that are allowed a token is read, and fits into a cookie."""
        key = SigningKey("k" * 64, Algorithm.RS512, private_pem("RSA 4096"))
        tokens = Tokens(Keyring([NEW], key), "i" * 100, "a" * 100)
        longest = replace(REFERENCE, id="x" * 64, generation=2**63 - 1)
        token = tokens.encode(TokenKind.TWO_STEP, longest)
        assert tokens.decode(TokenKind.TWO_STEP, token, now=NOW) == longest
        assert len(token) <= LONGEST_TOKEN
        assert len(set_cookie(CookieSettings(), "x" * LONGEST_TOKEN, max_age=2**31 - 1)[1]) <= 4096


class TestRotation:
    """From one key to another, and nobody is logged out."""

    @pytest.mark.parametrize("algorithm", Algorithm)
    def test_derived_keys_and_others_take_turns(self, algorithm):
        """From derived keys to another key and back: what was signed before is read after each step."""
        key = signing_key(algorithm)
        public = key if algorithm in SYMMETRIC else key.verification_key
        rings = [
            Keyring([NEW]),
            Keyring([NEW], verifying=[public]),
            Keyring([NEW], signing=key),
            Keyring([NEW], verifying=[public]),
            Keyring([NEW]),
        ]
        steps = [Tokens(ring, "issuer", "audience") for ring in rings]
        signed = [tokens.encode(KIND, REFERENCE) for tokens in steps]
        kids = [jwt.get_unverified_header(token)["kid"] for token in signed]
        assert kids == ["new", "new", "s1", "new", "new"]
        for before, token, after in zip(steps, signed[1:], steps[2:], strict=False):
            assert before.decode(KIND, token, now=NOW) == after.decode(KIND, token, now=NOW) == REFERENCE

    def test_a_removed_key_ends_its_tokens(self, forge):
        """A token of a key that the ring does not hold is refused by its header."""
        assert _cause(forge.token) == "header"


class TestVerifier:
    """Another process, which holds public keys and nothing else."""

    @pytest.mark.parametrize("algorithm", FITTING)
    def test_it_reads_what_was_signed(self, algorithm):
        """A verifier reads a token as its maker does, knows no other issuer or audience, and ends it on time."""
        token, public = _forge(algorithm).token, [signing_key(algorithm).verification_key]
        verifier = TokenVerifier(public, "issuer", "audience")
        assert verifier.decode(KIND, token, now=NOW) == REFERENCE
        assert _cause(token, tokens=verifier, kind=TokenKind.TWO_STEP) == "header"
        assert _cause(token, tokens=verifier, now=REFERENCE.expires_at) == "exp"
        for other in (TokenVerifier(public, "another", "audience"), TokenVerifier(public, "issuer", "another")):
            assert _cause(token, tokens=other) == "issuer or audience"

    def test_it_knows_no_derived_key(self):
        """A token that only a secret could check is refused."""
        verifier = TokenVerifier([signing_key(Algorithm.EDDSA).verification_key], "issuer", "audience")
        assert _cause(TOKEN, tokens=verifier) == "header"

    def test_it_cannot_sign(self):
        """A verifier has no way to make a token."""
        assert not hasattr(TokenVerifier, "encode")

    @pytest.mark.parametrize("algorithm", Algorithm)
    def test_keys_that_sign_are_refused(self, algorithm):
        """A verifier is refused every key that could sign, secrets among them."""
        with pytest.raises(ConfigurationError, match=r"^a verifier must not be able to sign"):
            TokenVerifier([signing_key(algorithm)], "issuer", "audience")

    @pytest.mark.parametrize("kids", [[], ["s1", "s1"]])
    def test_keys_are_told_apart(self, kids):
        """A verifier without keys, or with two of one id, is refused."""
        keys = [replace(signing_key(Algorithm.EDDSA).verification_key, kid=kid) for kid in kids]
        with pytest.raises(ConfigurationError, match=r"^a verifier needs .* an id of its own$"):
            TokenVerifier(keys, "issuer", "audience")

    def test_it_keeps_its_keys(self):
        """What is done to the list of keys after a verifier was made of it changes nothing."""
        keys = [signing_key(Algorithm.EDDSA).verification_key]
        verifier = TokenVerifier(keys, "issuer", "audience")
        keys.clear()
        assert verifier.decode(KIND, _forge(Algorithm.EDDSA).token, now=NOW) == REFERENCE
