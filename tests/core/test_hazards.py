"""Dangerous settings: which of those that are allowed are warned of, and which are not."""

import logging
from dataclasses import fields
from datetime import timedelta

import pytest

from authcore.cookie_settings import CookieSettings, SameSite
from authcore.hazards import hazards, log_hazards
from authcore.policy import Policy

TICK = timedelta(microseconds=1)
MINUTES, HOURS, DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SITE = "https://app.example"

DANGEROUS = [
    ("session_cookie", {"session_cookie": CookieSettings(name="plain", secure=False)}),
    ("challenge_cookie", {"challenge_cookie": CookieSettings(name="plain", secure=False)}),
    ("session_cookie", {"session_cookie": CookieSettings(same_site=SameSite.NONE)}),
    ("session_cookie", {"session_cookie": CookieSettings(name="__Secure-a", domain="example.org")}),
    ("origins", {"origins": frozenset()}),
    ("origins", {"origins": frozenset({SITE, "http://app.example"})}),
    ("origins", {"origins": frozenset({"HTTP://APP.EXAMPLE:8000"})}),
    ("origins", {"origins": frozenset({"http://localhost.example"})}),
    ("origins", {"origins": frozenset({"http://127.0.0.1.example:80"})}),
    ("bearer", {"bearer": True}),
    ("trusted_proxies", {"trusted_proxies": frozenset({"10.0.0.0/8", "0.0.0.0/0"})}),
    ("trusted_proxies", {"trusted_proxies": frozenset({"::/0"})}),
    ("inactivity", {"inactivity": 2 * DAYS, "absolute": 2 * DAYS}),
    ("rotation", {"rotation": DAYS + TICK, "inactivity": 2 * DAYS}),
    ("grace", {"grace": 5 * MINUTES + TICK}),
    ("password_min_length", {"password_min_length": 14}),
    ("audit_retention", {"audit_retention": 90 * DAYS - TICK}),
    ("code_attempts", {"code_attempts": 11}),
    ("challenge_failures", {"challenge_window": HOURS}),
    ("challenge_failures", {"challenge_failures": 100, "challenge_window": 17 * HOURS}),
]

HARMLESS = [
    {},
    {"origins": frozenset({"http://localhost"})},
    {"origins": frozenset({"http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"})},
    {"origins": frozenset(), "bearer": True},
    {"origins": frozenset(), "bearer": True, "session_cookie": CookieSettings(name="plain", secure=False)},
    {"session_cookie": CookieSettings(same_site=SameSite.STRICT)},
    {"session_cookie": CookieSettings(name="__Secure-a")},
    {"inactivity": 2 * DAYS - TICK, "absolute": 2 * DAYS},
    {"rotation": DAYS, "inactivity": 2 * DAYS},
    {"grace": 5 * MINUTES},
    {"trusted_proxies": frozenset({"10.0.0.0/8", "127.0.0.1", "2001:db8::/32"})},
    {"password_min_length": 15},
    {"password_min_length": 8, "second_factor": True},
    {"audit_retention": 90 * DAYS},
    {"code_attempts": 10},
    {"challenge_failures": 100},
    {"challenge_window": HOURS, "code_length": 8},
]


def found(**settings):
    """The names of the dangerous settings of a policy with an origin."""
    return [hazard.setting for hazard in hazards(Policy(**{"origins": frozenset({SITE})} | settings))]


@pytest.mark.parametrize(("name", "settings"), DANGEROUS, ids=map(str, range(len(DANGEROUS))))
def test_dangers_are_found(name, settings):
    """A dangerous setting is found, and only that one."""
    assert found(**settings) == [name]


@pytest.mark.parametrize("settings", HARMLESS, ids=map(str, range(len(HARMLESS))))
def test_what_is_not_dangerous_is_not_told(settings):
    """The defaults, and values up to a bound, are told nothing: nobody reads a warning that is always there."""
    assert found(**settings) == []


def test_all_dangers_are_found():
    """One danger hides no other."""
    cookie = CookieSettings(name="__Secure-a", domain="example.org", same_site=SameSite.NONE)
    assert found(session_cookie=cookie, grace=6 * MINUTES) == ["session_cookie", "session_cookie", "grace"]


def test_each_names_a_setting_and_a_remedy():
    """Every warning names a setting that there is, and says what to do."""
    told = [hazard for _, settings in DANGEROUS for hazard in hazards(Policy(**settings))]
    assert {hazard.setting for hazard in told} <= {field.name for field in fields(Policy)}
    assert all(str(hazard) == f"{hazard.setting}: {hazard.danger}; {hazard.remedy}" for hazard in told)
    assert all(hazard.danger and hazard.remedy for hazard in told)


def test_dangers_are_logged(caplog):
    """Each danger is one warning in the log of authcore."""
    policy = Policy(grace=6 * MINUTES)
    log_hazards(policy)
    assert caplog.record_tuples == [("authcore", logging.WARNING, str(hazard)) for hazard in hazards(policy)]
    assert len(caplog.records) == 2


def test_harmless_policies_leave_the_log_alone(caplog):
    """Without danger nothing is logged."""
    log_hazards(Policy(origins=frozenset({SITE})))
    assert not caplog.records
