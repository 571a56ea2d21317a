"""Session tokens: only what was signed here, for this, is read; anything else is one and the same refusal."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given, strategies as st

from authcore.errors import InvalidToken, SessionExpired
from authcore.keyring import Keyring, RootKey
from authcore.tokens import Reference, TokenKind, Tokens

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

    def test_another_secret_of_the_same_name_is_not_ours(self):
        """A token signed by another secret under a kid of ours is refused."""
        foreign = Tokens(Keyring([RootKey("new", hashlib.sha256(b"foreign").digest())]), "issuer", "audience")
        assert _cause(foreign.encode(KIND, REFERENCE)) == "InvalidSignatureError"

    @pytest.mark.parametrize(
        "secret", [NEW.secret, OLD.secret, RING.derive("new", "code"), RING.derive("old", f"token/{KIND}")]
    )
    def test_no_other_key_of_ours_signs(self, secret):
        """Neither a root secret, nor the key of codes, nor that of another kid signs a token."""
        assert _cause(_raw(HEADER, _json(CLAIMS), key=secret)) == "InvalidSignatureError"

    @pytest.mark.parametrize(("made", "asked"), [tuple(TokenKind), tuple(TokenKind)[::-1]])
    def test_kinds_are_never_confused(self, made, asked):
        """A token of one kind is not read as another, not even under the other's header."""
        token = TOKENS.encode(made, REFERENCE)
        header = TOKENS.encode(asked, REFERENCE).partition(".")[0]
        assert _cause(token, kind=asked) == "header"
        assert _cause(f"{header}.{token.partition('.')[2]}", kind=asked) == "InvalidSignatureError"


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
    "jti too long": {"jti": "x" * 65},
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

SHAPES = {
    "empty": "",
    "a dot": ".",
    "two dots": "..",
    "one segment": HEADER,
    "two segments": f"{HEADER}.{PAYLOAD}",
    "no signature": f"{HEADER}.{PAYLOAD}.",
    "no payload": f"{HEADER}..{SIGNATURE}",
    "no header": f".{PAYLOAD}.{SIGNATURE}",
    "four segments": f"{TOKEN}.{SIGNATURE}",
    "trailing dot": f"{TOKEN}.",
    "five segments": f"{HEADER}.{PAYLOAD}.{PAYLOAD}.{PAYLOAD}.{SIGNATURE}",
    "truncated signature": TOKEN[:-1],
    "half a signature": TOKEN[:-22],
    "longer signature": f"{TOKEN}A",
    "two signatures": f"{TOKEN}{SIGNATURE}",
    "padding": f"{TOKEN}=",
    "more padding": f"{TOKEN}==",
    "padded payload": f"{HEADER}.{PAYLOAD}=.{SIGNATURE}",
    "swapped segments": f"{PAYLOAD}.{HEADER}.{SIGNATURE}",
    "leading space": f" {TOKEN}",
    "trailing space": f"{TOKEN} ",
    "trailing line break": f"{TOKEN}\n",
    "space after a dot": TOKEN.replace(".", ". "),
    "a tab within": f"{TOKEN[:-5]}\t{TOKEN[-5:]}",
    "a NUL": f"{TOKEN}\0",
    "quotes": f'"{TOKEN}"',
    "Bearer": f"Bearer {TOKEN}",
    "a comma": f"{TOKEN},{TOKEN}",
    "standard base 64": TOKEN.replace("-", "+").replace("_", "/"),
    "full-width letters": TOKEN.translate({ord(letter): ord(letter) + 0xFEE0 for letter in "abcABC"}),
    "a lone surrogate": f"{TOKEN}\ud800",
    "a byte order mark": f"\ufeff{TOKEN}",
    "huge": f"{HEADER}.{'A' * 10**6}.{SIGNATURE}",
    "hugely many dots": "." * 10**6,
    "just too long": _raw(HEADER, _json(CLAIMS | {"x": "y" * 700})),
}

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


class TestRefusing:
    """Everything else is refused, always as an InvalidToken."""

    @pytest.mark.parametrize("members", HEADERS.values(), ids=HEADERS)
    def test_headers_are_ours(self, members):
        """A header that differs from ours in any member is refused before anything in it is looked at."""
        assert _cause(_headed(**members)) in {"header", "InvalidSignatureError"}

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
        """A token of 1024 characters, with an id of 64, is read; one that is a character longer is none."""
        reference = replace(REFERENCE, id="x" * 64)
        longest, longer = (Tokens(RING, "issuer", "a" * length) for length in (549, 550))
        token = longest.encode(KIND, reference)
        assert len(token) == 1024
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
