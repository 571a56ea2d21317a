"""Laws of the cookie settings: safe by default, and no unsafe mix can be built."""

from dataclasses import FrozenInstanceError, replace

import pytest

from authcore.cookie_settings import CookieSettings, SameSite
from authcore.errors import ConfigurationError


def test_defaults_are_the_strongest_settings():
    """The default cookie is host-bound, Secure, HttpOnly and SameSite=Lax."""
    settings = CookieSettings()
    assert settings.name == "__Host-authcore"
    assert (settings.secure, settings.http_only, settings.same_site) == (True, True, SameSite.LAX)
    assert (settings.path, settings.domain) == ("/", None)


def test_settings_cannot_be_changed_after_their_check():
    """Settings are frozen, so that what was checked stays true."""
    with pytest.raises(FrozenInstanceError):
        CookieSettings().secure = False  # type: ignore[misc]


@pytest.mark.parametrize(
    "kwargs",
    [
        {"name": "__Host-x"},
        {"name": "__Host-x", "same_site": SameSite.NONE},
        {"name": "__Host-x", "same_site": SameSite.STRICT},
        {"name": "__Secure-x", "path": "/app"},
        {"name": "__Secure-x", "domain": "example.org"},
        {"name": "__Secure-x", "domain": "a.b-c.xn--p1ai"},
        {"name": "plain", "secure": False},
        {"name": "!#$%&'*+-.^_`|~09AZaz", "secure": False},
    ],
)
def test_safe_settings_are_accepted(kwargs):
    """Each safe combination of name, flags and scope can be built."""
    assert CookieSettings(**kwargs).name == kwargs["name"]


@pytest.mark.parametrize(
    ("kwargs", "about"),
    [
        ({"name": "__Host-x", "secure": False}, "secure"),
        ({"name": "__Secure-x", "secure": False}, "secure"),
        ({"name": "plain"}, "secure"),
        ({"name": "plain", "secure": 0}, "secure"),
        ({"secure": "yes"}, "secure"),
        ({"secure": None}, "secure"),
        ({"http_only": False}, "http_only"),
        ({"http_only": 1}, "http_only"),
        ({"same_site": "Lax"}, "same_site"),
        ({"same_site": None}, "same_site"),
        ({"name": "plain", "secure": False, "same_site": SameSite.NONE}, "same_site"),
        ({"path": "/app"}, "__Host-"),
        ({"domain": "example.org"}, "__Host-"),
        ({"name": "plain", "secure": False, "domain": "example.org"}, "__Secure-"),
    ],
)
def test_unsafe_mixes_are_refused(kwargs, about):
    """A mix that browsers drop or that weakens the cookie is refused, and the message names the setting."""
    with pytest.raises(ConfigurationError, match=about):
        CookieSettings(**kwargs)


@pytest.mark.parametrize("name", ["__host-x", "__HOST-x", "__Host_x", "__secure-x", "__SECURE-x", "__Http-x", "__x"])
def test_prefixes_are_spelt_exactly(name):
    """A prefix in other case, which browsers honour and servers do not match, is refused."""
    with pytest.raises(ConfigurationError, match="begin with __"):
        CookieSettings(name=name)


@pytest.mark.parametrize("name", ["__Host-", "__Secure-"])
def test_a_prefix_alone_is_no_name(name):
    """A name has something after its prefix."""
    with pytest.raises(ConfigurationError, match="after the prefix"):
        CookieSettings(name=name)


@pytest.mark.parametrize(
    "rest", ["", " ", "a b", "a=b", "a;b", "a,b", "a\r\nb", "a\n", 'a"', "a/b", "é", "\x7f", "x" * 257]
)
def test_names_are_tokens(rest):
    """A name with octets outside of RFC 9110's token is refused."""
    with pytest.raises(ConfigurationError):
        CookieSettings(name=rest, secure=False)


@pytest.mark.parametrize(
    "path", ["", "app", "/a;b", "/a\r\nSet-Cookie: x=y", "/a\n", "/a b", "/é", "/\x00", "/" + "x" * 1024]
)
def test_paths_cannot_leave_their_attribute(path):
    """A path that could end its attribute, its header, or browsers' patience is refused."""
    with pytest.raises(ConfigurationError, match="path"):
        CookieSettings(name="__Secure-x", path=path)


@pytest.mark.parametrize(
    "domain",
    [
        "", "localhost", "com", ".example.org", "example.org.", "Example.org", "a..b", "127.0.0.1", "[::1]",
        "*.example.org", "example.org; Path=/",
        "example.org\r\nX: y", "example.org\n", "-a.org", "a-.org", "é.org", "example.org:443",
        "a." * 126 + "org", "x" * 64 + ".org",
    ],
)  # fmt: skip
def test_domains_are_plain_dns_names(domain):
    """A domain is a lower-case DNS name below a top-level domain, and nothing else."""
    with pytest.raises(ConfigurationError, match="domain"):
        CookieSettings(name="__Secure-x", domain=domain)


def test_replacing_a_field_checks_again():
    """A copy with one changed field passes the same checks."""
    with pytest.raises(ConfigurationError):
        replace(CookieSettings(), path="/app")
