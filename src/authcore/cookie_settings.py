"""How a cookie of ours is named and scoped.  Building and reading the header belongs in `web.cookies`.

The core's `Policy` holds these settings, so nothing here knows about HTTP messages.  Every unsafe mix is refused when
the settings are built, not when the first cookie is sent.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from authcore.errors import ConfigurationError

__all__ = ["CookieSettings", "SameSite"]

_HOST: Final = "__Host-"
_SECURE: Final = "__Secure-"
_PREFIXES: Final = (_HOST, _SECURE)

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")  # token, RFC 9110 5.6.2
_PATH: Final = re.compile(r"/[!-:<-~]{0,1023}")  # path-value without spaces; a longer attribute is ignored by browsers
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")


class SameSite(StrEnum):
    """Whether a browser adds the cookie to requests that another site caused (RFC 6265bis 5.6.7)."""

    LAX = "Lax"
    """Only when the user follows a link to us."""

    STRICT = "Strict"
    """Never: who arrives by a link looks logged out on the first page."""

    NONE = "None"
    """Always: for front-ends on another site; the check of `Origin` is then the only one against forged requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieSettings:
    """The name and attributes of one cookie, the same whether it is set or cleared.

    Raises ConfigurationError for a mix that browsers would drop, or that would let another party plant or read it.
    """

    name: str = "__Host-authcore"
    """The full name, prefix included.  `__Host-` keeps sibling domains and plain http from planting the cookie."""

    secure: bool = True
    """Sent over https only.  False is for development over plain http, and then the name may carry no prefix."""

    http_only: bool = True
    """Hidden from scripts.  No other value is accepted; the field is here so that the settings tell the whole truth."""

    same_site: SameSite = SameSite.LAX
    """Whether requests caused by other sites carry the cookie; `SameSite.NONE` needs `secure`."""

    path: str = "/"
    """The paths that receive the cookie; `__Host-` needs "/".  A path keeps nobody out: it is no security boundary."""

    domain: str | None = None
    """None binds the cookie to the one host.  A domain shares it with every subdomain and forces `__Secure-`."""

    def __post_init__(self) -> None:
        for holds, otherwise in _RULES:
            if not holds(self):
                raise ConfigurationError(otherwise)


_RULES: Final[tuple[tuple[Callable[[CookieSettings], bool], str], ...]] = (
    (
        lambda c: _NAME.fullmatch(c.name) is not None,
        "cookie name: use 1 to 256 letters, digits or other token characters of RFC 9110",
    ),
    (
        # Browsers compare prefixes without regard to case, so "__host-x" would promise what we never check.
        lambda c: not c.name.startswith("__") or c.name.startswith(_PREFIXES),
        "cookie name: begin with __ only to say exactly __Host- or __Secure-",
    ),
    (
        lambda c: c.name not in _PREFIXES,
        "cookie name: write something after the prefix",
    ),
    (
        lambda c: c.secure is c.name.startswith(_PREFIXES),
        "cookie secure: True needs a name with __Host- or __Secure-; False (plain http) needs a name without",
    ),
    (
        lambda c: c.http_only is True,
        "cookie http_only: a token must stay hidden from scripts",
    ),
    (
        lambda c: isinstance(c.same_site, SameSite),
        "cookie same_site: use a member of SameSite",
    ),
    (
        lambda c: c.secure or c.same_site is not SameSite.NONE,
        "cookie same_site: None needs secure",
    ),
    (
        lambda c: _PATH.fullmatch(c.path) is not None,
        "cookie path: begin with / and use printable ASCII without spaces and semicolons, at most 1024 characters",
    ),
    (
        lambda c: c.domain is None or _DOMAIN.fullmatch(c.domain) is not None,
        "cookie domain: write a lower-case DNS name of two labels or more, without a leading dot",
    ),
    (
        lambda c: not c.name.startswith(_HOST) or (c.path == "/" and c.domain is None),
        "cookie name: __Host- needs path / and no domain",
    ),
    (
        lambda c: c.domain is None or c.name.startswith(_SECURE),
        "cookie domain: a shared cookie needs a name with __Secure-",
    ),
)
