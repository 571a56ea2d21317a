"""Laws of reading and building cookies from raw header octets."""

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from authcore.cookie_settings import CookieSettings, SameSite
from authcore.errors import AuthError, MalformedRequest
from authcore.web.cookies import clear_cookie, find_cookie, set_cookie

NAME = "__Host-authcore"
OCTETS = "".join(chr(n) for n in range(0x21, 0x7F) if chr(n) not in '",;\\')


def cookie(*values: bytes) -> list[tuple[bytes, bytes]]:
    """Headers with one Cookie for each value."""
    return [(b"cookie", value) for value in values]


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ([], None),
        ([(b"host", b"__Host-authcore=x")], None),
        (cookie(b""), None),
        (cookie(b"__Host-authcore=abc"), "abc"),
        (cookie(b"  __Host-authcore=abc\t"), "abc"),
        (cookie(b"a=1; __Host-authcore=abc; b=2"), "abc"),
        (cookie(b"a=1;__Host-authcore=abc;b=2"), "abc"),
        (cookie(b"__Host-authcore=abc ; a=1"), "abc"),
        (cookie(b"__Host-authcore="), ""),
        (cookie(b"__Host-authcore=a=b=="), "a=b=="),
        (cookie(b"__Host-authcore=XabcX"), "XabcX"),
        ([(b"CoOkIe", b"__Host-authcore=abc")], "abc"),
        ([(b"cookie2", b"__Host-authcore=abc")], None),
    ],
)
def test_the_named_cookie_is_found(headers, value):
    """The value of the named cookie is returned as sent, or None if it was not sent."""
    assert find_cookie(headers, NAME) == value


def test_several_headers_are_read_as_one():
    """Cookie headers that HTTP/2 split apart are read together."""
    assert find_cookie(cookie(b"a=1", b"b=2; __Host-authcore=abc", b"c=3"), NAME) == "abc"


@pytest.mark.parametrize(
    "headers",
    [
        cookie(b"__Host-authcore=a; __Host-authcore=b"),
        cookie(b"__Host-authcore=a; __Host-authcore=a"),
        cookie(b"__Host-authcore=a; x=1; __Host-authcore="),
        cookie(b"__Host-authcore=a", b"__Host-authcore=b"),
        [(b"cookie", b"__Host-authcore=a"), (b"Cookie", b"__Host-authcore=b")],
    ],
)
def test_a_duplicate_is_refused(headers):
    """Two cookies of our name are refused, wherever they stand and whatever they hold."""
    with pytest.raises(MalformedRequest) as refusal:
        find_cookie(headers, NAME)
    assert refusal.value.reason == "duplicate_cookie"


@pytest.mark.parametrize(
    "pair",
    [
        b"__host-authcore=EVIL",
        b"__HOST-AUTHCORE=EVIL",
        b"authcore=EVIL",
        b"__Secure-__Host-authcore=EVIL",
        b"__Host-__Host-authcore=EVIL",
        b"__Host-authcore2=EVIL",
        b"=__Host-authcore=EVIL",
        b"__Host-authcore",
        b"X__Host-authcore=EVIL",
        b"__Host-authcore =EVIL",
        b"__Host-authcore\t=EVIL",
        b"\xc2\x85__Host-authcore=EVIL",
        b"\xe2\x80\x80__Host-authcore=EVIL",
        b"\xa0__Host-authcore=EVIL",
        b"\x00__Host-authcore=EVIL",
        b"\x0b__Host-authcore=EVIL",
        b"$Version=1,__Host-authcore=EVIL",
        b"__%48ost-authcore=EVIL",
        b'"__Host-authcore"=EVIL',
    ],
)
def test_only_the_exact_octets_are_our_name(pair):
    """A look-alike name, which some servers fold into ours, is neither ours nor a duplicate of it."""
    assert find_cookie(cookie(pair), NAME) is None
    assert find_cookie(cookie(pair + b"; __Host-authcore=good"), NAME) == "good"


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe", b'x="a\\"b', b";;;", b"=", b"==", b" ; ", b"a=\x00\r\n", b"\x80=\x81", b","]
)
def test_garbage_in_other_cookies_does_no_harm(garbage):
    """Whatever else the browser carries for this site does not touch our cookie."""
    assert find_cookie(cookie(garbage + b"; __Host-authcore=abc; " + garbage), NAME) == "abc"


def test_a_quote_hides_no_pair():
    """A semicolon ends a pair inside of quotes too, so that a quoted value can neither swallow nor smuggle ours."""
    assert find_cookie(cookie(b'a="x; __Host-authcore=abc; y"'), NAME) == "abc"


@pytest.mark.parametrize("value", [b'"abc"', b"a b", b"a,b", b"a\\b", b"a\tb", b"\x00", b"\x7f", b"caf\xc3\xa9"])
def test_impossible_octets_in_our_cookie_are_refused(value):
    """Our own cookie is made of cookie-octets; anything else was never set by us."""
    with pytest.raises(MalformedRequest) as refusal:
        find_cookie(cookie(b"__Host-authcore=" + value + b"; x=1"), NAME)
    assert refusal.value.reason == "malformed_cookie"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (cookie(b"x" * (16 * 1024 + 1)), "cookies_too_large"),
        (cookie(*[b"x=" + b"y" * 1022] * 17), "cookies_too_large"),
        (cookie(b"a=1;" * 256), "too_many_cookies"),
        (cookie(*[b"a=1"] * 257), "too_many_cookies"),
    ],
)
def test_the_header_is_bounded(headers, reason):
    """More octets or pairs than browsers send are refused before they are looked at."""
    with pytest.raises(MalformedRequest) as refusal:
        find_cookie(headers, NAME)
    assert refusal.value.reason == reason


def test_the_bounds_themselves_are_accepted():
    """16 KiB and 256 pairs are still read."""
    assert find_cookie(cookie(b"__Host-authcore=abc; x=".ljust(16 * 1024, b"y")), NAME) == "abc"
    assert find_cookie(cookie(b"a=1;" * 255 + b"__Host-authcore=abc"), NAME) == "abc"


@given(st.lists(st.tuples(st.sampled_from([b"cookie", b"Cookie", b"x"]), st.binary(max_size=200)), max_size=5))
def test_arbitrary_octets_are_read_or_refused(headers):
    """No octets at all raise anything but a refusal."""
    with suppress(AuthError):
        find_cookie(headers, NAME)


@given(st.text(alphabet=OCTETS, max_size=300), st.text(alphabet="ab_-=; ", max_size=40))
def test_what_is_set_is_found_again(value, noise):
    """The value given to set_cookie is the one find_cookie returns, whatever stands beside it."""
    _, line = set_cookie(CookieSettings(), value, max_age=60)
    pair = line.split(b"; ", 1)[0]
    assert find_cookie(cookie(noise.encode() + b"; " + pair), NAME) == value


@pytest.mark.parametrize(
    ("settings", "max_age", "line"),
    [
        (CookieSettings(), None, b"__Host-authcore=v; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (CookieSettings(), 60, b"__Host-authcore=v; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (
            CookieSettings(name="__Secure-s", domain="example.org", path="/app", same_site=SameSite.STRICT),
            0,
            b"__Secure-s=v; Max-Age=0; Domain=example.org; Path=/app; Secure; HttpOnly; SameSite=Strict",
        ),
        (
            CookieSettings(name="__Host-s", same_site=SameSite.NONE),
            2**31 - 1,
            b"__Host-s=v; Max-Age=2147483647; Path=/; Secure; HttpOnly; SameSite=None",
        ),
        (CookieSettings(name="dev", secure=False), 1, b"dev=v; Max-Age=1; Path=/; HttpOnly; SameSite=Lax"),
    ],
)
def test_set_cookie_byte_for_byte(settings, max_age, line):
    """Set-Cookie holds exactly the settings' attributes, in one fixed order."""
    assert set_cookie(settings, "v", max_age=max_age) == (b"set-cookie", line)


@pytest.mark.parametrize(
    "settings",
    [
        CookieSettings(),
        CookieSettings(name="__Secure-s", domain="example.org", path="/a"),
        CookieSettings(name="s", secure=False),
    ],
)
def test_clearing_repeats_the_attributes(settings):
    """A cookie is cleared with the very attributes it was set with, without which browsers keep it."""
    cleared = clear_cookie(settings)[1].split(b"; ")
    assert cleared[:2] == [settings.name.encode() + b"=", b"Max-Age=0"]
    assert cleared[2:] == set_cookie(settings, "v", max_age=9)[1].split(b"; ")[2:]


@pytest.mark.parametrize(
    "value", ["a\r\nSet-Cookie: b=c", "a\n", "a;b", "a b", '"a"', "a,b", "a\\b", "é", "\x00", "\ud800"]
)
def test_no_value_can_leave_its_pair(value):
    """A value that could begin an attribute or a header is refused, and not repeated in the error."""
    with pytest.raises(ValueError, match=r"^a cookie value is made of cookie-octets only$") as refusal:
        set_cookie(CookieSettings(), value, max_age=None)
    assert value not in str(refusal.value)


def test_name_and_value_fit_into_a_browser():
    """Name and value have at most 4096 octets together."""
    room = 4096 - len(NAME)
    assert set_cookie(CookieSettings(), "x" * room, max_age=None)
    with pytest.raises(ValueError, match="4096"):
        set_cookie(CookieSettings(), "x" * (room + 1), max_age=None)


@pytest.mark.parametrize("max_age", [-1, 2**31])
def test_max_age_is_bounded(max_age):
    """A negative or unreadably large lifetime is refused."""
    with pytest.raises(ValueError, match=r"^max_age is a number of seconds from 0 to 2147483647$"):
        set_cookie(CookieSettings(), "v", max_age=max_age)
