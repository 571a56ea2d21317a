"""The policy: strict by default, and refused if it is unsafe."""

import re
from dataclasses import FrozenInstanceError, fields, replace
from datetime import timedelta
from pathlib import Path

import pytest

from authcore import policy
from authcore.cookie_settings import CookieSettings
from authcore.errors import ConfigurationError
from authcore.identifiers import ADDRESSES, TYPED, IdentifierKind
from authcore.policy import AssuranceLevel, Policy

TICK = timedelta(microseconds=1)
ZERO = timedelta(0)
MINUTES, DAYS = timedelta(minutes=1), timedelta(days=1)
AAL2 = {
    "level": AssuranceLevel.AAL2,
    "second_factor": True,
    "second_factor_by": frozenset({IdentifierKind.PHONE}),
    "rotation": 60 * MINUTES - TICK,
    "inactivity": 60 * MINUTES,
    "absolute": DAYS,
}

GOOD = [
    {"trusted_proxies": frozenset({"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"})},
    {"grace": TICK},
    {"grace": TICK, "rotation": 2 * TICK},
    {"rotation": DAYS - TICK},
    {"inactivity": 60 * MINUTES + TICK},
    {"inactivity": 30 * DAYS},
    {"grace": TICK, "rotation": 2 * TICK, "inactivity": 3 * TICK, "absolute": 3 * TICK},
    {"sessions_per_account": 1},
    {"sessions_per_account": 500},
    {"revocation_within": ZERO},
    {"revocation_within": 5 * MINUTES},
    {"fresh_for": None},
    {"retention": 60 * MINUTES},
    {"retention": 60 * MINUTES, "flow_patience": 60 * MINUTES - TICK},
    {"retention": 36_500 * DAYS},
    {"audit_retention": None},
    {"audit_retention": 30 * DAYS},
    {"audit_retention": 36_500 * DAYS},
    {"fresh_for": TICK},
    {"fresh_for": 30 * DAYS},
    {"second_factor_by": frozenset({IdentifierKind.PHONE})},
    {"level": AssuranceLevel.AAL1, "password_min_length": 15},
    {"level": AssuranceLevel.AAL1, "password_min_length": 8, "second_factor": True},
    AAL2,
    AAL2 | {"password_min_length": 8},
    {"second_factor_time": TICK},
    {"second_factor_time": 60 * MINUTES},
    {"code_sendings": 1},
    {"code_sendings": 10},
    {"absolute": 30 * DAYS},
    {"challenge": TICK},
    {"challenge": 10 * MINUTES},
    {"code_alphabet": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "code_length": 6},
    {"code_alphabet": "0123456789"},
    {"code_alphabet": "01", "code_length": 20},
    {"code_alphabet": "01", "code_length": 32},
    {"code_length": 6},
    {"code_length": 32},
    {"code_attempts": 1},
    {"code_attempts": 100},
    {"challenge_failures": 1},
    {"challenge_failures": 100},
    {"challenge_window": 10 * MINUTES + TICK},
    {"challenge_window": 30 * DAYS},
    {"password_min_length": 8},
    {"password_min_length": 64, "password_max_length": 64},
    {"password_max_length": 64},
    {"password_max_length": 4096},
    {"login_with": frozenset({IdentifierKind.USERNAME})},
    {"issuer": "i", "audience": "a"},
    {"message_attempts": 1},
    {"message_attempts": 8},
    {"message_lease": TICK},
    {"audit_interval": TICK},
    {"audit_interval": 60 * MINUTES},
    {"flow_attempts": 1},
    {"flow_patience": TICK},
    {"session_cookie": CookieSettings(name="__Host-a"), "challenge_cookie": CookieSettings(name="__Host-b")},
]

BAD = [
    *(
        ({"trusted_proxies": frozenset({text})}, "trusted_proxies")
        for text in ("", "proxy.example", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8,::1")
    ),
    ({"grace": ZERO}, "grace"),
    ({"grace": 60 * MINUTES}, "grace"),
    ({"rotation": ZERO}, "rotation"),
    ({"rotation": DAYS}, "rotation"),
    ({"inactivity": 60 * MINUTES}, "inactivity"),
    ({"sessions_per_account": 0}, "sessions_per_account"),
    ({"sessions_per_account": -1}, "sessions_per_account"),
    ({"sessions_per_account": 501}, "sessions_per_account"),
    ({"revocation_within": -TICK}, "revocation_within"),
    ({"revocation_within": 5 * MINUTES + TICK}, "revocation_within"),
    ({"fresh_for": ZERO}, "fresh_for"),
    ({"fresh_for": -TICK}, "fresh_for"),
    ({"fresh_for": 30 * DAYS + TICK}, "fresh_for"),
    ({"second_factor_by": frozenset()}, "second_factor_by"),
    ({"second_factor_by": frozenset({IdentifierKind.USERNAME})}, "second_factor_by"),
    ({"second_factor_by": frozenset(IdentifierKind)}, "second_factor_by"),
    ({"level": AssuranceLevel.AAL1, "password_min_length": 14}, "password_min_length"),
    (AAL2 | {"second_factor": False}, "second_factor"),
    (AAL2 | {"second_factor_by": frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL})}, "second_factor_by"),
    (AAL2 | {"absolute": DAYS + TICK}, "absolute"),
    (AAL2 | {"inactivity": 60 * MINUTES + TICK}, "inactivity"),
    ({"second_factor_time": ZERO}, "second_factor_time"),
    ({"second_factor_time": 60 * MINUTES + TICK}, "second_factor_time"),
    ({"code_sendings": 0}, "code_sendings"),
    ({"code_sendings": 11}, "code_sendings"),
    ({"inactivity": ZERO}, "inactivity"),
    ({"inactivity": -TICK}, "inactivity"),
    ({"inactivity": 30 * DAYS + TICK}, "inactivity"),
    ({"inactivity": 2 * DAYS, "absolute": 2 * DAYS - TICK}, "inactivity"),
    ({"absolute": ZERO}, "inactivity"),
    ({"absolute": 30 * DAYS + TICK}, "absolute"),
    ({"absolute": timedelta.max}, "absolute"),
    ({"challenge": ZERO}, "challenge"),
    ({"challenge": -TICK}, "challenge"),
    ({"challenge": 10 * MINUTES + TICK}, "challenge"),
    ({"code_alphabet": ""}, "code_alphabet"),
    ({"code_alphabet": "0123456789a"}, "code_alphabet"),
    ({"code_alphabet": "01234567890"}, "code_alphabet"),
    ({"code_alphabet": "0123456789 "}, "code_alphabet"),
    ({"code_alphabet": "0123456789-"}, "code_alphabet"),
    ({"code_alphabet": "0123456789Ä"}, "code_alphabet"),
    ({"code_alphabet": "０１２３４５６７８９"}, "code_alphabet"),
    ({"code_alphabet": "9" * 1000}, "code_alphabet"),
    ({"challenge_failures": 0}, "challenge_failures"),
    ({"challenge_failures": 101}, "challenge_failures"),
    ({"challenge_window": 10 * MINUTES}, "challenge_window"),
    ({"challenge_window": ZERO}, "challenge_window"),
    ({"challenge_window": 30 * DAYS + TICK}, "challenge_window"),
    ({"code_length": 5}, "code_length"),
    ({"code_length": 0}, "code_length"),
    ({"code_length": -6}, "code_length"),
    ({"code_length": 33}, "code_length"),
    ({"code_alphabet": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "code_length": 5}, "code_length"),
    ({"code_alphabet": "01", "code_length": 19}, "code_length"),
    ({"code_alphabet": "012345678", "code_length": 6}, "code_length"),
    ({"code_alphabet": "0", "code_length": 32}, "code_length"),
    ({"code_attempts": 0}, "code_attempts"),
    ({"code_attempts": -1}, "code_attempts"),
    ({"code_attempts": 101}, "code_attempts"),
    ({"password_min_length": 7}, "password_min_length"),
    ({"password_min_length": 0}, "password_min_length"),
    ({"password_max_length": 63}, "password_max_length"),
    ({"password_max_length": 4097}, "password_max_length"),
    ({"password_min_length": 65, "password_max_length": 64}, "password_max_length"),
    ({"login_with": frozenset()}, "login_with"),
    ({"login_with": frozenset(IdentifierKind)}, "login_with"),
    ({"issuer": ""}, "issuer"),
    ({"audience": ""}, "audience"),
    ({"message_attempts": 0}, "message_attempts"),
    ({"message_attempts": 9}, "message_attempts"),
    ({"message_lease": ZERO}, "message_lease"),
    ({"audit_interval": ZERO}, "audit_interval"),
    ({"audit_interval": 60 * MINUTES + TICK}, "audit_interval"),
    ({"retention": 60 * MINUTES - TICK}, "retention"),
    ({"retention": 36_500 * DAYS + TICK}, "retention"),
    ({"retention": 60 * MINUTES, "flow_patience": 60 * MINUTES}, "retention"),
    ({"audit_retention": 30 * DAYS - TICK}, "audit_retention"),
    ({"audit_retention": 36_500 * DAYS + TICK}, "audit_retention"),
    ({"audit_retention": ZERO}, "audit_retention"),
    ({"flow_attempts": 0}, "flow_attempts"),
    ({"flow_patience": ZERO}, "flow_patience"),
    ({"flow_patience": -TICK}, "flow_patience"),
    ({"session_cookie": CookieSettings(name="__Host-authcore-two-step")}, "session_cookie"),
]

CITED = {
    "absolute": "NIST 800-63B-4 section 2.1.3",
    "fresh_for": "OWASP ASVS 7.5.2",
    "second_factor_by": "NIST 800-63B-4 section 3.1.3.1",
    "challenge": "OWASP ASVS 6.5.5",
    "code_length": "OWASP ASVS 6.5.4",
    "code_attempts": "NIST 800-63B-4 section 3.2.2",
    "password_min_length": "NIST 800-63B-4 section 3.1.1.2",
    "own_words": "OWASP ASVS 6.2.11",
}


@pytest.mark.parametrize("settings", GOOD, ids=map(str, range(len(GOOD))))
def test_values_within_range_are_accepted(settings):
    """Every value up to and including its bounds is accepted."""
    built = Policy(**settings)
    assert {name: getattr(built, name) for name in settings} == settings


@pytest.mark.parametrize(("settings", "named"), BAD, ids=[f"{place}-{named}" for place, (_, named) in enumerate(BAD)])
def test_values_out_of_range_are_refused(settings, named):
    """Every value beyond its bounds is refused when the policy is built, by a sentence that names the setting."""
    with pytest.raises(ConfigurationError, match=rf"\b{named}\b"):
        Policy(**settings)


NEVER_ZERO = {field.name for field in fields(Policy) if field.type is timedelta} - {"revocation_within"}


@pytest.mark.parametrize("name", sorted(NEVER_ZERO))
@pytest.mark.parametrize("value", [ZERO, -TICK, timedelta.min])
def test_no_duration_means_for_ever(name, value):
    """Zero or less is refused for every duration but the one of which it is the strictest; never means "for ever"."""
    with pytest.raises(ConfigurationError):
        Policy(**{name: value})


def test_all_settings_are_bounded():
    """Every setting whose value is a number or a duration is refused out of some range."""
    ranged = {field.name for field in fields(Policy) if field.type in {int, timedelta}}
    assert ranged <= {name for settings, _ in BAD for name in settings}


def test_defaults_are_the_strict_ones():
    """The defaults are those that the documentation promises."""
    built = Policy()
    assert (built.inactivity, built.absolute, built.challenge) == (DAYS, 30 * DAYS, 10 * MINUTES)
    assert (built.code_alphabet, built.code_length, built.code_attempts) == ("0123456789", 6, 5)
    assert (built.password_min_length, built.password_max_length) == (15, 256)
    assert (built.login_with, built.bearer, built.origins) == (TYPED, False, frozenset())
    assert (built.session_cookie.name, built.challenge_cookie.name) == ("__Host-authcore", "__Host-authcore-two-step")
    assert (built.message_attempts, built.message_lease) == (6, 2 * MINUTES)
    assert built.revocation_within == ZERO
    assert (built.flow_attempts, built.flow_patience) == (12, timedelta(seconds=5))


def test_levels_have_presets():
    """Each level has a policy that keeps to it, and differs from the defaults by what the level asks for alone."""
    assert Policy.aal1() == Policy(level=AssuranceLevel.AAL1)
    strict = Policy.aal2()
    assert strict == Policy(**AAL2 | {"rotation": 15 * MINUTES})
    assert (strict.absolute, strict.inactivity) == (DAYS, 60 * MINUTES)


@pytest.mark.parametrize("preset", [Policy.aal1, Policy.aal2], ids=["aal1", "aal2"])
def test_presets_take_settings_that_keep_the_level(preset):
    """A preset takes any setting of one's own, and stays at its level, whatever else is said."""
    built = preset(issuer="i", inactivity=30 * MINUTES, rotation=MINUTES, level=None)
    assert (built.issuer, built.inactivity) == ("i", 30 * MINUTES)
    assert built.level == preset().level


@pytest.mark.parametrize(
    ("preset", "settings", "named"),
    [
        (Policy.aal1, {"password_min_length": 8}, "password_min_length"),
        (Policy.aal1, {"absolute": 31 * DAYS}, "absolute"),
        (Policy.aal2, {"absolute": 2 * DAYS}, "absolute"),
        (Policy.aal2, {"inactivity": 2 * 60 * MINUTES}, "inactivity"),
        (Policy.aal2, {"second_factor": False}, "second_factor"),
        (Policy.aal2, {"second_factor_by": ADDRESSES}, "second_factor_by"),
    ],
)
def test_presets_are_not_weakened(preset, settings, named):
    """A setting that would break the level is refused, by a sentence that names it, also where it is changed later."""
    with pytest.raises(ConfigurationError, match=rf"\b{named}\b"):
        preset(**settings)
    with pytest.raises(ConfigurationError, match=rf"\b{named}\b"):
        replace(preset(), **settings)


def _documented() -> dict[str, str]:
    """Return the sentence below each setting, by its name."""
    source = Path(policy.__file__).read_text()
    return dict(re.findall(r'^    (\w+): [^\n]+\n    """(.+?)"""$', source, flags=re.MULTILINE | re.DOTALL))


def test_every_setting_is_documented():
    """Every setting has a sentence that says what it does."""
    assert set(_documented()) == {field.name for field in fields(Policy)}


@pytest.mark.parametrize(("name", "source"), CITED.items())
def test_defaults_cite_their_source(name, source):
    """A default that follows a standard says which one."""
    assert source in _documented()[name]


def test_policies_are_frozen():
    """A policy cannot be changed once it was checked."""
    with pytest.raises(FrozenInstanceError):
        Policy().code_attempts = 1000


def test_policies_are_values():
    """Equal policies are equal and hash alike, so that they may be compared and cached."""
    assert Policy() == Policy()
    assert hash(Policy()) == hash(Policy())


def test_no_secret_is_a_setting():
    """No setting holds a key or a secret, so that a policy may be printed."""
    assert not [field.name for field in fields(Policy) if re.search(r"secret|key|salt|pepper", field.name)]


@pytest.mark.parametrize("name", ["issuer", "audience"])
def test_names_fit_into_tokens(name):
    """An issuer or audience that makes every token too long to be read again is refused."""
    with pytest.raises(ConfigurationError):
        Policy(**{name: "x" * 900})
