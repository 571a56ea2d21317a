"""Bad input: what is sent to every endpoint of the table, and to guarded pages of an application, and must be refused.

Each kind of badness is told once, and sent to whatever reads what it spoils.
"""

import base64
import hmac
import json
from dataclasses import dataclass, replace
from datetime import timedelta

from authcore.tokens import Reference, Tokens
from authcore.web import BODY_LIMIT, ENDPOINTS
from authcore.web.bodies import Field
from authcore.web.handlers import CHALLENGE as CHALLENGE_FIELD
from tests.adapters.people import (
    ADA,
    CAPTCHA,
    CHALLENGE,
    FOREIGN_ORIGIN,
    FROM_HERE,
    JSON,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    SESSION,
    bearer,
    cookie,
)

VALUES = {
    "email": ADA,
    "username": "ada",
    "identifier": ADA,
    "password": PASSWORD,
    "current_password": PASSWORD,
    "new_password": OTHER_PASSWORD,
    "code": "000000",
    "purpose": "pay",
    "session": "0" * 32,
}
"""A value for every field there is, but for the telephone number, which may not stand beside an address."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """The tokens of somebody who has a whole session, another one that is pending, a challenge and a captcha."""

    session: str
    pending: str
    challenge: str
    captcha: str

    def of(self, row):
        """Return the token of the session that an endpoint asks for."""
        return self.pending if row.pending else self.session


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request: good as `target` makes it, and bad once something is replaced."""

    method: str
    path: str
    fields: tuple[Field, ...] = ()
    reads_session: bool = False
    needs_session: bool = False
    challenge: bool = False
    captcha: bool = False
    headers: tuple = ()
    body: bytes = b""

    def with_headers(self, *headers):
        """Return it with these headers in place of those of the same names."""
        names = {name for name, _ in headers}
        return replace(self, headers=(*(pair for pair in self.headers if pair[0] not in names), *headers))

    def without(self, name):
        """Return it without a header."""
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] != name))

    def with_payload(self, payload):
        """Return it with another body of JSON."""
        return replace(self, body=json.dumps(payload).encode())


PAGES = (("POST", "/members"), *(("GET", path) for path in ("/members", "/all", "/any", "/editors", "/staff")))
PAYING, POSTING = ("POST", "/paying"), ("POST", "/posting")
CODE_HEADER, CHALLENGE_HEADER = "two-step-code", "two-step-challenge"
CAPTCHA_HEADER = "captcha-token"


def targets(held):
    """Return a good request to each endpoint and to each guarded page, with these tokens."""
    shown = cookie(session=held.session, challenge=held.challenge, captcha=held.captcha)
    return [
        *(
            _to_endpoint(row, row.fields, cookie(session=held.of(row), challenge=held.challenge, captcha=held.captcha))
            for row in ENDPOINTS
        ),
        *(_to_page(page, shown) for page in PAGES),
        _to_paying(shown),
        _to_posting(shown),
    ]


def bearer_targets(held):
    """Return the same for a site whose tokens are in headers and bodies."""
    shown = bearer(held.session)
    return [
        *(
            _to_endpoint(
                row,
                row.declared(bearer=True),
                bearer(held.of(row)),
                (CAPTCHA_HEADER, held.captcha),
                challenge=held.challenge,
            )
            for row in ENDPOINTS
        ),
        *(_to_page(page, shown) for page in PAGES),
        _to_paying(shown, (CHALLENGE_HEADER, held.challenge)),
        _to_posting(shown, (CAPTCHA_HEADER, held.captcha)),
    ]


def _to_endpoint(row, fields, *shown, **values):
    said = [FROM_HERE] if row.method == "POST" else []
    sent = Sent(
        method=row.method,
        path=f"/auth{row.path}",
        fields=fields,
        reads_session=row.session or row.pending or row.former,
        needs_session=row.session or row.pending,
        challenge=row.challenge,
        captcha=row.captcha,
        headers=(*said, *([JSON] if fields else []), *shown),
    )
    known = {**VALUES, **values}
    return sent.with_payload({field.name: known[field.name] for field in fields if field.name != "phone"})


def _to_page(page, *headers):
    method, path = page
    return Sent(method=method, path=path, reads_session=True, needs_session=True, headers=(FROM_HERE, *headers))


def _to_paying(*headers):
    return replace(_to_page(PAYING, *headers, (CODE_HEADER, VALUES["code"])), challenge=True)


def _to_posting(*headers):
    headers = (FROM_HERE, *headers, ("captcha-code", VALUES["code"]))
    return Sent(method=POSTING[0], path=POSTING[1], reads_session=True, captcha=True, headers=headers)


def to_websocket(held):
    """Return a good handshake for a guarded websocket."""
    shown = cookie(session=held.session, challenge=held.challenge)
    return Sent(method="GET", path="/guarded", headers=(FROM_HERE, shown))


# --- bodies -----------------------------------------------------------------------------------------------------------

UNREADABLE = {
    "empty": b"",
    "white space": b" \r\n\t",
    "no JSON": b"identifier=ada",
    "HTML": b"<html></html>",
    "null": b"null",
    "text": b'"text"',
    "number": b"1",
    "array": b"[]",
    "two values": b"{}{}",
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "number without end": b'{"a":1e999}',
    "long number": b'{"a":' + b"9" * 5000 + b"}",
    "deep arrays": b'{"a":' + b"[" * 7000 + b"]" * 7000 + b"}",
    "deep objects": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "open arrays": b"[" * BODY_LIMIT,
    "string without end": b'"' + b"\\" * 10_000,
    "Latin-1": b'{"a":"\xe9"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "surrogates in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "lone surrogate": b'{"a":"\\ud800"}',
    "UTF-16": '{"a":"b"}'.encode("utf-16"),
    "UTF-32": '{"a":"b"}'.encode("utf-32-le"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "NUL": b"\0",
    "gzip": b"\x1f\x8b\x08\0\0\0\0\0",
}

NO_TEXTS = {"null": None, "number": 1, "fraction": 1.5, "truth": True, "array": ["x"], "object": {"$ne": ""}}


def unreadable_bodies(sent):
    """Send what is no JSON object, or one that two parsers could read differently."""
    for name, body in UNREADABLE.items():
        yield name, replace(sent, body=body)
    for field in sent.fields:
        twice = sent.body[:-1] + f',"{field.name}":"x","{field.name}":"x"}}'.encode()
        yield f"{field.name}: twice", replace(sent, body=twice)


def large_bodies(sent):
    """Send one octet more than is read, or many, be they good or not."""
    yield "a little", replace(sent, body=sent.body.ljust(BODY_LIMIT + 1))
    yield "much", replace(sent, body=sent.body.ljust(4 * BODY_LIMIT))
    yield "no JSON", replace(sent, body=b"x" * (BODY_LIMIT + 1))


def unusable_bodies(sent):
    """Spoil one field: missing, of another type, too long, or unknown."""
    good = json.loads(sent.body)
    for field in sent.fields:
        others = {name: value for name, value in good.items() if name != field.name}
        for name, value in NO_TEXTS.items():
            yield f"{field.name}: {name}", sent.with_payload({**others, field.name: value})
        yield f"{field.name}: too long", sent.with_payload({**others, field.name: "x" * (field.max_length + 1)})
        if field.required:
            yield f"{field.name}: missing", sent.with_payload(others)
    for name in ("account_id", "Password", "", "\x1b[31m", "a\r\nSet-Cookie: x=y", "__proto__", "é", "x" * 5000):
        yield f"unknown field {name[:9]!r}", sent.with_payload({**good, name: "x"})


TYPES = {
    "none": (),
    "empty": (("content-type", ""),),
    "form": (("content-type", "application/x-www-form-urlencoded"),),
    "multipart": (("content-type", "multipart/form-data; boundary=x"),),
    "text": (("content-type", "text/plain"),),
    "beginning only": (("content-type", "application/jsonp"),),
    "suffix": (("content-type", "application/problem+json"),),
    "other charset": (("content-type", "application/json; charset=utf-16"),),
    "another parameter": (("content-type", "application/json; x=y"),),
    "list": (("content-type", "application/json, text/plain"),),
    "twice": (JSON, JSON),
    "two": (JSON, ("content-type", "text/plain")),
    "no ASCII": (("content-type", b"application/json\xff"),),
    "long": (("content-type", "application/json;" + " " * 5000 + "x"),),
    "gzip": (JSON, ("content-encoding", "gzip")),
    "two codings": (JSON, ("content-encoding", "identity, gzip")),
}


def bad_types(sent):
    """Say something else of a good body than that it is plain JSON."""
    for name, headers in TYPES.items():
        yield name, replace(sent.without("content-type"), headers=(*sent.without("content-type").headers, *headers))


# --- headers ----------------------------------------------------------------------------------------------------------

ORIGINS = {
    "nothing": (),
    "foreign": (("origin", FOREIGN_ORIGIN),),
    "null": (("origin", "null"),),
    "empty": (("origin", ""),),
    "twice": (FROM_HERE, FROM_HERE),
    "list": (("origin", f"{ORIGIN}, {ORIGIN}"),),
    "other case": (("origin", ORIGIN.upper()),),
    "other port": (("origin", f"{ORIGIN}:444"),),
    "beginning only": (("origin", f"{ORIGIN}.example.net"),),
    "path": (("origin", f"{ORIGIN}/"),),
    "no ASCII": (("origin", b"https://app.example.org\xff"),),
    "long": (("origin", ORIGIN + "x" * 5000),),
    "same site": (("sec-fetch-site", "same-site"),),
    "other site": (("sec-fetch-site", "cross-site"),),
    "no site": (("sec-fetch-site", "none"),),
    "site twice": (("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")),
}


def bad_origins(sent):
    """Come from somewhere else, or leave it open."""
    for name, headers in ORIGINS.items():
        yield name, replace(sent.without("origin"), headers=(*sent.without("origin").headers, *headers))


MALFORMED_VALUES = {
    "quoted": b'"x"',
    "comma": b"x,y",
    "space within": b"x y",
    "backslash": b"x\\y",
    "no ASCII": b"\xff\xfe",
    "letters of UTF-8": "é\u2028".encode(),
    "tab": b"x\ty",
}


def bad_cookies(sent, name):
    """Spoil one of our cookies: twice, or with octets that no cookie has."""
    whole = dict(sent.headers)["cookie"]
    rest = "; ".join(pair for pair in whole.split("; ") if not pair.startswith(f"{name}="))
    yield "twice", sent.with_headers(("cookie", f"{whole}; {name}=planted"))
    yield "twice, in two headers", replace(sent, headers=(*sent.headers, ("cookie", f"{name}=planted")))
    yield "twice the same", sent.with_headers(("cookie", f"{whole}; {whole}"))
    for kind, value in MALFORMED_VALUES.items():
        yield kind, sent.with_headers(("cookie", f"{rest}; {name}=".encode() + value))


def huge_cookies(sent):
    """Send more of them than any browser keeps, beside a good one."""
    whole = dict(sent.headers)["cookie"]
    yield "many", sent.with_headers(("cookie", whole + "; a=b" * 300))
    yield "huge", sent.with_headers(("cookie", f"{whole}; a=" + "b" * 17_000))
    yield "huge together", replace(sent, headers=(*sent.headers, *[("cookie", "a=" + "b" * 4000)] * 5))


AUTHORIZATIONS = {
    "empty": b"",
    "no scheme": b'"x" y',
    "Bearer without a token": b"Bearer",
    "Bearer with two": b"Bearer x y",
    "Bearer in quotes": b'Bearer "x"',
    "Bearer that is no ASCII": b"Bearer \xff",
    "Basic without credentials": b"Basic",
    "Basic in no base 64": b"Basic !!!",
    "Basic without padding": b"Basic YWI6Y2Q",
    "Basic with stray bits": b"Basic YWI6Y2R=",
    "Basic without a colon": b"Basic " + base64.b64encode(b"ada"),
    "Basic in Latin-1": b"Basic " + base64.b64encode(b"ada:\xe9"),
    "Basic with a NUL": b"Basic " + base64.b64encode(b"ada:\0"),
    "Basic with a line break": b"Basic " + base64.b64encode(b"ada:\r\n"),
}


def bad_authorizations(sent):
    """Add an Authorization header that cannot be read, or a second one."""
    for name, value in AUTHORIZATIONS.items():
        yield name, sent.with_headers(("authorization", value))
    yield "twice", replace(sent, headers=(*sent.headers, bearer("x"), bearer("x")))
    yield "two schemes", replace(sent, headers=(*sent.headers, bearer("x"), ("authorization", "Basic YTpi")))


def huge_authorizations(sent):
    """Add an Authorization header of a size that no token has."""
    yield "Bearer", sent.with_headers(bearer("x" * 9000))
    yield "Basic", sent.with_headers(("authorization", b"Basic " + base64.b64encode(b"a:" + b"x" * 9000)))


def other_methods(sent):
    """Ask for it by every other method whose answer has a body."""
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - {sent.method}:
        yield method, replace(sent, method=method)


# --- tokens -----------------------------------------------------------------------------------------------------------


def bad_tokens(auth, kind, good, other):
    """Return texts that are no token of a kind, by what is wrong; `good` is one, and `other` one of another kind.

    The forgeries are signed with our own key wherever that is possible: they must fail for what they say.
    """
    header, payload, signature = good.split(".")
    claims = json.loads(_octets(payload))
    reference = Reference(id=claims["jti"], issued_at=auth.clock.now(), expires_at=auth.clock.now())
    return {
        "nothing": "",
        "word": "x",
        "dots": "..",
        "one segment": header,
        "two segments": f"{header}.{payload}",
        "four segments": f"{good}.{signature}",
        "no base 64": f"{header}.{payload}!.{signature}",
        "padding": f"{header}.{payload}==.{signature}",
        "half a signature": good[:-22],
        "signature cut off": good[:-1],
        "no signature": f"{header}.{payload}.",
        "changed signature": f"{header}.{payload}.{signature[::-1]}",
        "changed claims": f"{header}.{_text({**claims, 'gen': 2})}.{signature}",
        "long": f"{header}.{payload * 8}.{signature}",
        "other kind": other,
        "no algorithm": _signed(auth, kind, claims, alg="none"),
        "other hash": _signed(auth, kind, claims, alg="HS512"),
        "public key": _signed(auth, kind, claims, alg="RS256"),
        "unknown key": _signed(auth, kind, claims, kid="other"),
        "no key": _signed(auth, kind, claims, kid=None),
        "key as a path": _signed(auth, kind, claims, kid="../../dev/null"),
        "key of its own": _signed(auth, kind, claims, jwk={"kty": "oct", "k": ""}),
        "critical extension": _signed(auth, kind, claims, crit=["exp"]),
        "plain typ": _signed(auth, kind, claims, typ="JWT"),
        "no typ": _signed(auth, kind, claims, typ=None),
        "other issuer": _signed(auth, kind, {**claims, "iss": "other"}),
        "other audience": _signed(auth, kind, {**claims, "aud": "other"}),
        "list of audiences": _signed(auth, kind, {**claims, "aud": [claims["aud"]]}),
        "claim more": _signed(auth, kind, {**claims, "sub": ADA}),
        "claim less": _signed(auth, kind, {name: value for name, value in claims.items() if name != "exp"}),
        "never expires": _signed(auth, kind, {**claims, "exp": None}),
        "expires at no time": _signed(auth, kind, {**claims, "exp": 10**18}),
        "expires as text": _signed(auth, kind, {**claims, "exp": str(claims["exp"])}),
        "expired": Tokens(auth.keyring, auth.policy.issuer, auth.policy.audience).encode(
            kind, replace(reference, issued_at=reference.issued_at - timedelta(days=1))
        ),
        "unknown session": _signed(auth, kind, {**claims, "jti": "A" * 27}),
        "no session": _signed(auth, kind, {**claims, "jti": ""}),
        "session as a number": _signed(auth, kind, {**claims, "jti": 1}),
        "array for claims": _signed(auth, kind, [claims]),
    }


def _octets(segment):
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _text(members):
    octets = members if isinstance(members, bytes) else json.dumps(members, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _signed(auth, kind, claims, **members):
    """Sign any claims under any header with the key of this kind, by HMAC and SHA-256 whatever the header says."""
    header = {"alg": "HS256", "kid": auth.keyring.newest_kid, "typ": kind, **members}
    message = f"{_text({name: value for name, value in header.items() if value is not None})}.{_text(claims)}"
    key = auth.keyring.derive(auth.keyring.newest_kid, f"token/{kind}")
    return f"{message}.{_text(hmac.digest(key, message.encode(), 'sha256'))}"


def as_bearer(sent, token):
    """Return a request with another session's token in its header."""
    return sent.with_headers(bearer(token) if token else ("authorization", "Bearer"))


def without_cookies(sent, token):
    """Return a request with another challenge's token in its body, or in a header where a handler asks for it."""
    if not sent.fields:
        return sent.with_headers((CHALLENGE_HEADER, token))
    return sent.with_payload({**json.loads(sent.body), CHALLENGE_FIELD.name: token})


def with_session(sent, token):
    """Return a request with another session's token, and the same challenge's."""
    return _with_cookie(sent, SESSION, token)


def with_challenge(sent, token):
    """Return a request with another challenge's token, and the same session's."""
    return _with_cookie(sent, CHALLENGE, token)


def with_captcha(sent, token):
    """Return a request with another captcha's token."""
    return _with_cookie(sent, CAPTCHA, token)


def without_captcha_cookie(sent, token):
    """Return a request with another captcha's token in its header."""
    return sent.with_headers((CAPTCHA_HEADER, token))


def _with_cookie(sent, name, token):
    pairs = dict(pair.split("=", 1) for pair in dict(sent.headers)["cookie"].split("; "))
    line = "; ".join(f"{key}={value}" for key, value in {**pairs, name: token}.items())
    return sent.with_headers(("cookie", line))
