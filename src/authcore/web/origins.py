"""Telling whether a request came from a page of the application.  Which requests need the check is the endpoints' part.

The browser's own word counts (`Origin`, `Sec-Fetch-Site`), held against configured origins.  `Host` and `Referer` are
never read: a proxy or the client chooses them.
"""

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from authcore.errors import ConfigurationError, CrossSiteRequest

__all__ = ["canonical_origin", "check_origin"]

_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DNS_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*(?=[a-z_]){_LABEL}")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def check_origin(headers: Sequence[tuple[bytes, bytes]], *, allowed: Collection[str], cookie_present: bool) -> None:
    """Raise CrossSiteRequest unless the request came from an allowed origin, or from no browser at all.

    `allowed` holds what `canonical_origin` returns.  An `Origin` decides alone, since an allowed front-end may well be
    cross-site; without it `Sec-Fetch-Site` must say same-origin; without both the request may carry no cookie.
    """
    origins = _values(headers, b"origin")
    sites = _values(headers, b"sec-fetch-site")
    if len(origins) > 1 or len(sites) > 1:
        raise CrossSiteRequest(cause="more than one Origin or Sec-Fetch-Site")
    if origins:
        _check_allowed(origins[0], allowed)
    elif sites:
        _check_site(sites[0])
    elif cookie_present:
        raise CrossSiteRequest(cause="a cookie with neither Origin nor Sec-Fetch-Site")


def canonical_origin(text: str) -> str:
    """Return a configured origin as browsers send it: lower case, without a default port (RFC 6454 6.2).

    `http` is accepted for any host, so that development and networks behind a proxy work; in production write `https`.
    Raises ConfigurationError for whatever is not exactly scheme://host[:port], with international names in punycode.
    """
    match = _ORIGIN.fullmatch(text.lower()) if text.isascii() else None
    if match is None or not _is_host(match[2]):
        raise _not_an_origin(text)
    scheme, host, port = match[1], match[2], int(match[3] or _DEFAULT_PORTS[match[1]])
    if not 0 < port < 2**16:
        raise _not_an_origin(text)
    host = f"[{IPv6Address(host[1:-1])}]" if host.startswith("[") else host
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def _values(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.strip(b" \t").decode("latin-1") for key, value in headers if key.lower() == name]


def _check_allowed(origin: str, allowed: Collection[str]) -> None:
    # "null" is every sandboxed frame and local file.  A tuple, because `in` on a plain string would find parts of it.
    if origin == "null" or origin not in tuple(allowed):
        raise CrossSiteRequest(cause="an Origin that is not configured")


def _check_site(site: str) -> None:
    # "none" is a typed address or a bookmark: neither changes state.  "same-site" may be a hostile subdomain.
    if site != "same-origin":
        raise CrossSiteRequest(cause="no Origin, and Sec-Fetch-Site is not same-origin")


def _is_host(host: str) -> bool:
    try:
        if host.startswith("["):
            # Python versions and browsers write a mapped address differently; the IPv4 address itself is unambiguous.
            return IPv6Address(host[1:-1]).ipv4_mapped is None
        return _DNS_NAME.fullmatch(host) is not None or bool(IPv4Address(host))
    except ValueError:
        return False


def _not_an_origin(text: str) -> ConfigurationError:
    shown = text.rpartition("@")[2]  # a URL pasted with its password must not end in a log
    return ConfigurationError(f"an origin is https://host or https://host:port and nothing more, not {shown!r}")
