"""What is dangerous in a policy that is allowed: one table, to be looked through once, when a server starts.

What has no safe reading at all is not here: a policy refuses it when it is built.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import timedelta
from ipaddress import ip_network
from typing import Final

from authcore.cookie_settings import CookieSettings, SameSite
from authcore.policy import Policy

__all__ = ["Hazard", "hazards", "log_hazards"]

_log = logging.getLogger("authcore")

_ONLY_FACTOR: Final = 15
_MANY_ATTEMPTS: Final = 10
_LONG_GRACE: Final = timedelta(minutes=5)
_LONG_ROTATION: Final = timedelta(days=1)
_SHORT_TRAIL: Final = timedelta(days=90)
_YEAR: Final = timedelta(days=365)
_SAFE_CHANCE: Final = 20
"""Whoever goes on guessing for a year may succeed once in so many years."""

_OPEN: Final = re.compile(r"http://(?!(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?\Z).*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hazard:
    """One dangerous setting: its name, what can happen, and what to do about it."""

    setting: str
    danger: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.danger}; {self.remedy}"


def hazards(policy: Policy) -> tuple[Hazard, ...]:
    """Return everything in a policy that is allowed and still dangerous; the defaults, with an origin, have nothing."""
    of_cookies = [
        Hazard(name, danger, remedy)
        for name, cookie in _cookies(policy)
        for is_so, danger, remedy in _OF_COOKIES
        if is_so(cookie)
    ]
    return (*of_cookies, *(hazard for is_so, hazard in _OF_POLICIES if is_so(policy)))


def log_hazards(policy: Policy) -> None:
    """Warn of each in the log."""
    for hazard in hazards(policy):
        _log.warning("%s", hazard)


def _cookies(policy: Policy) -> list[tuple[str, CookieSettings]]:
    if policy.bearer:
        return []
    values = [(field.name, getattr(policy, field.name)) for field in fields(policy)]
    return [(name, value) for name, value in values if isinstance(value, CookieSettings)]


def _guesses_a_year(policy: Policy) -> float:
    return policy.challenge_failures * (_YEAR / policy.challenge_window)


def _is_open(origin: str) -> bool:
    """Tell whether whoever is on the network can write the pages of an origin."""
    return _OPEN.fullmatch(origin) is not None


_OF_COOKIES: Final[tuple[tuple[Callable[[CookieSettings], bool], str, str], ...]] = (
    (
        lambda cookie: not cookie.secure,
        "without secure it is sent over plain http, where everybody on the way can take it",
        "outside of development use https, and a name with __Host-",
    ),
    (
        lambda cookie: cookie.same_site is SameSite.NONE,
        "with SameSite=None every site's requests carry it, and the check of their origin is the only one left",
        "use Lax, unless your pages really stand on another site",
    ),
    (
        lambda cookie: cookie.domain is not None,
        "with a domain every subdomain receives it, and can plant another one",
        "leave the domain out, and use a name with __Host-",
    ),
)
"""What makes a cookie dangerous, where cookies are used at all."""

_OF_POLICIES: Final[tuple[tuple[Callable[[Policy], bool], Hazard], ...]] = (
    (
        lambda policy: not policy.bearer and not policy.origins,
        Hazard("origins", "without one no browser can log in", "name your application's own, as https://app.example"),
    ),
    (
        lambda policy: any(map(_is_open, policy.origins)),
        Hazard("origins", "whoever is on the way can write the pages of an http:// origin", "use https://"),
    ),
    (
        lambda policy: any(ip_network(each).prefixlen == 0 for each in policy.trusted_proxies),
        Hazard("trusted_proxies", "whoever sends a request may say that it is somebody else", "name your own proxies"),
    ),
    (
        lambda policy: policy.bearer and bool(policy.origins),
        Hazard("bearer", "pages keep tokens where every script of theirs can read them", "give browsers cookies"),
    ),
    (
        lambda policy: policy.inactivity == policy.absolute,
        Hazard(
            "inactivity",
            "as long as absolute it ends nothing: a forgotten device stays logged in",
            "make it shorter than absolute",
        ),
    ),
    (
        lambda policy: policy.rotation > _LONG_ROTATION,
        Hazard("rotation", "a stolen token is noticed only after its successor", "rotate at least once a day"),
    ),
    (
        lambda policy: policy.grace > _LONG_GRACE,
        Hazard("grace", "a stolen token counts for long beside its successor", "make it at most 5 minutes"),
    ),
    (
        lambda policy: policy.password_min_length < _ONLY_FACTOR and not policy.second_factor,
        Hazard(
            "password_min_length",
            "fewer than 15 characters are too few for an only factor (NIST 800-63B-4 section 3.1.1.2)",
            "ask for 15, or for second_factor",
        ),
    ),
    (
        lambda policy: policy.audit_retention is not None and policy.audit_retention < _SHORT_TRAIL,
        Hazard(
            "audit_retention",
            "what is found out late can be looked up no more",
            "keep the trail for at least 90 days",
        ),
    ),
    (
        lambda policy: policy.code_attempts > _MANY_ATTEMPTS,
        Hazard("code_attempts", "one code may be guessed at very often", "allow at most 10"),
    ),
    (
        lambda policy: _guesses_a_year(policy) * _SAFE_CHANCE > len(policy.code_alphabet) ** policy.code_length,
        Hazard(
            "challenge_failures",
            "whoever goes on guessing one account's codes for a year finds one with a chance of more than 1 in 20",
            "allow fewer failures, a longer challenge_window or longer codes",
        ),
    ),
)
"""What makes a policy dangerous."""
