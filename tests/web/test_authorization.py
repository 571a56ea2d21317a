"""Laws of reading the Authorization header from raw octets."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from authcore.errors import AuthError, MalformedRequest
from authcore.web.authorization import Basic, Bearer, parse_authorization

PRINTABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(n) for n in (*range(32), 127)]))


def authorization(*values: bytes) -> list[tuple[bytes, bytes]]:
    """Headers with one Authorization for each value."""
    return [(b"authorization", value) for value in values]


def basic(octets: bytes) -> list[tuple[bytes, bytes]]:
    """Headers with these octets as Basic credentials."""
    return authorization(b"Basic " + base64.b64encode(octets))


def refusal(headers) -> str:
    """The reason for which the headers are refused, by an error that drags no other one along."""
    with pytest.raises(MalformedRequest) as raised:
        parse_authorization(headers)
    assert raised.value.__context__ is None
    return raised.value.reason


def test_no_header_is_no_credential():
    """Without an Authorization header there is no credential."""
    assert parse_authorization([(b"x-authorization", b"Bearer abc"), (b"proxy-authorization", b"Bearer abc")]) is None


@pytest.mark.parametrize(
    ("line", "token"),
    [
        (b"Bearer mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"),  # RFC 6750 2.1
        (b"bearer abc", "abc"),
        (b"BEARER abc", "abc"),
        (b"Bearer    abc", "abc"),
        (b" \tBearer abc\t ", "abc"),
        (b"Bearer XabcX", "XabcX"),
        (b"Bearer aZ09-._~+/==", "aZ09-._~+/=="),
    ],
)
def test_a_bearer_token_is_read(line, token):
    """The scheme is compared without regard to case, and the token returned as sent."""
    assert parse_authorization([(b"AuthoriZation", line)]) == Bearer(token)


@pytest.mark.parametrize(
    ("octets", "credential"),
    [
        (b"Aladdin:open sesame", Basic("Aladdin", "open sesame")),  # RFC 7617 2
        ("test:123£".encode(), Basic("test", "123£")),  # RFC 7617 2.1
        (b"a:b:c", Basic("a", "b:c")),
        (b":", Basic("", "")),
        (b"a:", Basic("a", "")),
    ],
)
def test_basic_credentials_are_read(octets, credential):
    """User and password are split at the first colon of the UTF-8 text."""
    assert parse_authorization(basic(octets)) == credential


def test_rfc_7617_examples_octet_for_octet():
    """The two encoded examples of RFC 7617 are read as it says."""
    examples = [b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", b"bAsIc dGVzdDoxMjPCow=="]
    read = [parse_authorization(authorization(line)) for line in examples]
    assert read == [Basic("Aladdin", "open sesame"), Basic("test", "123£")]


@pytest.mark.parametrize(
    "line",
    [
        b"Digest username=x, realm=y",
        b"Digest Bearer abc",
        b"xBearer abc",
        b"Bearerabc",
        b"Negotiate",
        b"Negotiate " + b"Y" * 20_000,
        b"Basic2 QTpC",
    ],
)
def test_other_schemes_are_left_alone(line):
    """A well-formed scheme that is not ours yields no credential and no refusal."""
    assert parse_authorization(authorization(line)) is None


@pytest.mark.parametrize(
    "headers",
    [
        authorization(b"Bearer a", b"Bearer b"),
        authorization(b"Bearer a", b"Bearer a"),
        authorization(b"Digest a", b"Bearer b"),
        [(b"Authorization", b""), (b"authorization", b"Bearer b")],
    ],
)
def test_a_second_header_is_refused(headers):
    """Two Authorization headers are refused, be they equal, empty or of other schemes."""
    assert refusal(headers) == "duplicate_authorization"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"\xff\xfe",
        b"a=b",
        b"Bearer",
        b"Bearer ",
        b"Bearer\tabc",
        b"Bearer \tabc",
        b"Bearer abc def",
        b"Bearer abc, Bearer def",
        b"Bearer abc,Basic QTpC",
        b"Bearer =abc",
        b"Bearer a=b",
        b'Bearer "abc"',
        b"Bearer caf\xc3\xa9",
        b"Bearer abc\x00",
        b"Bearer abc\r\nX: y",
        b"Bearer: abc",
    ],
)
def test_a_broken_bearer_header_is_refused(line):
    """What is no scheme, or no single b64token behind it, is refused."""
    assert refusal(authorization(line)) == "malformed_authorization"


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"QTpC QTpC",
        b"QTpC,",
        b"QTpC\n",
        b"QTp",
        b"QTpC=",
        b"QTpC====",
        b"QTo",
        b"QTp=",
        b"Q-pC",
        b"!!!!",
        b"QTo=QTo=",
        b"YTpiYh==",
        b"A:B",
        b"\xff",
    ],
)
def test_basic_has_one_spelling(rest):
    """Base64 that is padded wrongly, hides bits, or uses another alphabet is refused."""
    assert refusal(authorization(b"Basic " + rest)) == "malformed_authorization"


@pytest.mark.parametrize(
    "octets",
    [b"no colon", b"", b"caf\xe9:x", b"a:\xff", b"a:\xed\xa0\x80", b"a\x00:b", b"a:b\r\n", b"a:\x7f", b"\x1b[31m:b"],
)
def test_basic_text_is_utf8_without_controls(octets):
    """A pair that is not UTF-8, has no colon or holds control characters is refused."""
    assert refusal(basic(octets)) == "malformed_authorization"


def test_the_header_is_bounded():
    """Credentials of 8 KiB are read, longer ones refused."""
    assert parse_authorization(authorization(b"Bearer " + b"x" * (8 * 1024 - 7))) is not None
    assert refusal(authorization(b"Bearer " + b"x" * (8 * 1024 - 6))) == "authorization_too_large"
    assert refusal(basic(b"a:" + b"x" * 6 * 1024)) == "authorization_too_large"


def test_no_secret_shows_in_a_repr():
    """Neither token nor user nor password shows when a credential is printed."""
    shown = repr([Bearer("s3cret"), Basic("ada@example.org", "s3cret")])
    assert "s3cret" not in shown
    assert "ada" not in shown


@given(PRINTABLE.filter(lambda user: ":" not in user), PRINTABLE)
def test_basic_round_trip(user, password):
    """Any user without a colon and any password without controls come back unchanged."""
    assert parse_authorization(basic(f"{user}:{password}".encode())) == Basic(user, password)


@given(st.lists(st.binary(max_size=100), max_size=2), st.sampled_from([b"", b"Bearer ", b"Basic "]))
def test_arbitrary_octets_are_read_or_refused(values, scheme):
    """No octets at all raise anything but a refusal."""
    with suppress(AuthError):
        parse_authorization(authorization(*(scheme + value for value in values)))


@given(st.binary(max_size=60))
def test_arbitrary_basic_octets_are_read_or_refused(octets):
    """No decoded octets raise anything but a refusal."""
    with suppress(AuthError):
        parse_authorization(basic(octets))
