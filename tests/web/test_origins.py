"""Laws of telling whether a request came from a page of the application."""

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from authcore.errors import AuthError, ConfigurationError, CrossSiteRequest
from authcore.web.origins import canonical_origin, check_origin

SITE = "https://app.example.org"
ALLOWED = (SITE, "http://localhost:8000")


def origin(*values: bytes) -> list[tuple[bytes, bytes]]:
    """Headers with one Origin for each value."""
    return [(b"origin", value) for value in values]


def site(*values: bytes) -> list[tuple[bytes, bytes]]:
    """Headers with one Sec-Fetch-Site for each value."""
    return [(b"sec-fetch-site", value) for value in values]


def cause(headers, *, cookie_present=False) -> str:
    """The private reason why the request is refused."""
    with pytest.raises(CrossSiteRequest) as refusal:
        check_origin(headers, allowed=ALLOWED, cookie_present=cookie_present)
    return refusal.value.cause


def refused(headers, *, cookie_present=False, allowed=ALLOWED) -> bool:
    """Whether the request is taken for another site's."""
    try:
        check_origin(headers, allowed=allowed, cookie_present=cookie_present)
    except CrossSiteRequest:
        return True
    return False


@pytest.mark.parametrize(
    "headers",
    [
        origin(b"https://app.example.org"),
        origin(b"http://localhost:8000"),
        [(b"Origin", b" https://app.example.org ")],
        origin(b"https://app.example.org") + site(b"same-origin"),
        origin(b"https://app.example.org") + site(b"same-site"),
        origin(b"https://app.example.org") + site(b"cross-site"),
        site(b"same-origin"),
        [(b"Sec-Fetch-Site", b"same-origin")],
    ],
)
def test_pages_of_the_application_pass(headers):
    """A configured Origin decides alone; without one, the browser's word same-origin does."""
    assert not refused(headers, cookie_present=True)
    assert not refused(headers, cookie_present=False)


@pytest.mark.parametrize(
    "value",
    [
        b"null",
        b"",
        b"https://evil.example",
        b"https://example.org",
        b"http://app.example.org",
        b"https://app.example.org:443",
        b"https://app.example.org:8443",
        b"https://app.example.org/",
        b"https://app.example.org.",
        b"https://app.example.orgX",
        b"https://app.example.org\v",
        b"https://app.example.org.evil.example",
        b"https://app.example.org@evil.example",
        b"https://evil.example?https://app.example.org",
        b"https://APP.example.org",
        b"https://app.example.org https://app.example.org",
        b"https://app.example.org, https://app.example.org",
        b"https://app.example.or\xc7\xb5",
        b"https://app.example.org\x00",
        b"\xff",
    ],
)
def test_any_other_origin_is_refused(value):
    """An Origin that is not exactly a configured one is refused, whatever else the request says."""
    assert refused(origin(value))
    assert refused(origin(value) + site(b"same-origin"))


def test_null_is_refused_even_if_configured():
    """The origin of sandboxed frames and local files cannot be allowed."""
    assert refused(origin(b"null"), allowed=["null"])


@pytest.mark.parametrize(
    "value", [b"none", b"same-site", b"cross-site", b"", b"Same-Origin", b"same-origin, none", b"\xff"]
)
def test_any_other_site_is_refused(value):
    """Without an Origin, a request that the browser does not call same-origin is refused, with or without a cookie."""
    assert refused(site(value))
    assert refused(site(value), cookie_present=True)


@pytest.mark.parametrize(
    "headers",
    [
        origin(SITE.encode(), SITE.encode()),
        origin(SITE.encode(), b"https://evil.example"),
        [(b"Origin", SITE.encode()), (b"origin", b"null")],
        site(b"same-origin", b"same-origin"),
        origin(SITE.encode()) + site(b"same-origin", b"cross-site"),
    ],
)
def test_a_repeated_header_is_refused(headers):
    """A header that a browser sends once is refused if it comes twice."""
    assert refused(headers)


def test_a_client_that_is_no_browser_passes_without_a_cookie():
    """With neither header, a request passes if it carries no cookie: then nobody's authority is borrowed."""
    assert not refused([])


def test_a_cookie_with_neither_header_is_refused():
    """With neither header, a request with a cookie is refused: an old browser may have been made to send it."""
    assert refused([], cookie_present=True)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (origin(b"null", b"null"), "more than one Origin or Sec-Fetch-Site"),
        (site(b"none", b"none"), "more than one Origin or Sec-Fetch-Site"),
        (origin(b"null"), "an Origin that is not configured"),
        (site(b"none"), "no Origin, and Sec-Fetch-Site is not same-origin"),
        ([], "a cookie with neither Origin nor Sec-Fetch-Site"),
    ],
)
def test_the_log_is_told_which_rule_refused(headers, told):
    """Each rule has a private cause of its own, by which whoever operates a proxy finds what it drops."""
    assert cause(headers, cookie_present=True) == told


def test_host_and_referer_count_for_nothing():
    """Headers that a proxy or client chooses neither allow nor refuse."""
    hints = [
        (b"host", b"app.example.org"),
        (b"referer", b"https://app.example.org/"),
        (b"x-forwarded-host", b"app.example.org"),
    ]
    assert refused(hints, cookie_present=True)
    assert refused(hints + origin(b"https://evil.example"))


@pytest.mark.parametrize("allowed", [(), SITE])
def test_nothing_is_allowed_by_mistake(allowed):
    """No configured origin, or one passed where several are expected, allows none."""
    assert refused(origin(SITE.encode()), allowed=allowed)
    assert refused(origin(b"https://app"), allowed=allowed)


@given(
    st.lists(st.tuples(st.sampled_from([b"origin", b"sec-fetch-site"]), st.binary(max_size=60)), max_size=3),
    st.booleans(),
)
def test_arbitrary_octets_pass_or_are_refused(headers, cookie_present):
    """No header octets raise anything but a refusal."""
    with suppress(AuthError):
        check_origin(headers, allowed=ALLOWED, cookie_present=cookie_present)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("https://example.org", "https://example.org"),
        ("HTTPS://Example.ORG", "https://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("https://example.org:0443", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://example.org:443", "http://example.org:443"),
        ("https://example.org:65535", "https://example.org:65535"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://my_service:1", "http://my_service:1"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("https://[2001:DB8::0:1]:443", "https://[2001:db8::1]"),
    ],
)
def test_configured_origins_are_made_canonical(text, canonical):
    """A configured origin becomes what a browser sends, and stays so."""
    assert canonical_origin(text) == canonical
    assert canonical_origin(canonical) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "*", "example.org", "//example.org", "https://", "https:///x", "ftp://example.org", "file://",
        "https://example.org/", "https://example.org/app", "https://example.org?x", "https://example.org#x",
        "https://*.example.org", "https://user@example.org", "https://user:pass@example.org", " https://example.org",
        "https://example.org ", "https://example.org\n", "https://exam\tple.org", "https://bücher.example",
        "https://example.org:", "https://example.org:0", "https://example.org:65536", "https://example.org:-1",
        "https://example.org:x", "https://example.org.", "https://.example.org", "https://a..b", "https://-a.org",
        "https://" + "x" * 64 + ".org", "https://" + "a." * 126 + "org", "https://1.2.3", "https://1.2.3.256", "https://010.0.0.1",
        "https://0x7f000001", "https://2130706433", "https://[::1", "https://::1", "https://[::ffff:1.2.3.4]", "https://[fe80::1%25eth0]",
        "https://[1.2.3.4]", "https://example.org,https://example.com", "https://exampleK.org\u212a",
    ],
)  # fmt: skip
def test_anything_but_an_origin_is_refused(text):
    """A configured origin with a path, a wildcard, credentials or a doubtful host is refused."""
    with pytest.raises(ConfigurationError):
        canonical_origin(text)


def test_what_is_no_origin_is_shown():
    """The refusal of a configured origin shows what was configured."""
    with pytest.raises(ConfigurationError, match=r"not 'https://example\.org/app'$"):
        canonical_origin("https://example.org/app")


def test_a_password_in_a_configured_origin_is_not_repeated():
    """The refusal of a URL with credentials does not show them."""
    with pytest.raises(ConfigurationError) as refusal:
        canonical_origin("https://ada:s3cret@example.org")
    assert "s3cret" not in str(refusal.value)


def test_a_password_with_an_at_sign_is_not_repeated_either():
    """What is shown of a URL begins after its last at sign."""
    with pytest.raises(ConfigurationError, match=r"not 'example\.org'$"):
        canonical_origin("https://ada:s3@cret@example.org")


@given(st.text(max_size=60) | st.text(max_size=40).map("https://".__add__))
def test_any_text_is_canonical_or_refused(text):
    """No text raises anything but ConfigurationError, and a canonical origin is its own canonical form."""
    try:
        canonical = canonical_origin(text)
    except ConfigurationError:
        return
    assert canonical_origin(canonical) == canonical
