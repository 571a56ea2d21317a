"""Settings from the environment: typed, complete, and told all at once where they are wrong."""

from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import timedelta
from enum import StrEnum

import pytest
from hypothesis import given, strategies as st

from authcore import Keyring, Policy
from authcore.bootstrap import FirstAdministrator
from authcore.cookie_settings import SameSite
from authcore.environment import PREFIX, read_settings, variables
from authcore.errors import ConfigurationError
from authcore.identifiers import IdentifierKind

SECRET = "00112233445566778899aabbccddeeff" * 2
SECONDS = timedelta(seconds=1)


class Colour(StrEnum):
    """One of several words."""

    RED = "Red"
    GREEN = "Green"


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Settings inside of settings."""

    name: str = "inner"
    on: bool = True


@dataclass(frozen=True, kw_only=True)
class Example:
    """A setting of each type, one of which refuses something."""

    text: str = "default"
    count: int = 1
    on: bool = False
    time: timedelta = SECONDS
    colour: Colour = Colour.RED
    perhaps: str | None = "default"
    words: tuple[str, ...] = ()
    colours: frozenset[Colour] = frozenset()
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self):
        """Refuse one value."""
        if self.count == 13:
            raise ConfigurationError("count must be a lucky number")


def read(**environ):
    """Read an Example."""
    return read_settings(Example(), prefix="X_", environ=environ)


def problems(**environ):
    """Everything that is wrong with an environment."""
    with pytest.raises(ConfigurationError) as refused:
        read(**environ)
    return str(refused.value).splitlines()


# --- values, by type --------------------------------------------------------------------------------------------------

READ = [
    ("text", "", ""),
    ("text", " a, b=c ", " a, b=c "),
    ("count", "0", 0),
    ("count", "-12", -12),
    ("count", " 12\r", 12),
    *[("on", text, True) for text in ("true", "TRUE", "1", "yes", "on", " on\r")],
    *[("on", text, False) for text in ("false", "False", "0", "no", "off")],
    ("time", "90s", 90 * SECONDS),
    ("time", "15m", 900 * SECONDS),
    ("time", "24h", timedelta(hours=24)),
    ("time", "30d", timedelta(days=30)),
    ("time", "1d12h", timedelta(hours=36)),
    ("time", "0s", timedelta(0)),
    ("time", "PT15M", 900 * SECONDS),
    ("time", "P30D", timedelta(days=30)),
    ("time", "P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ("colour", "Green", Colour.GREEN),
    ("colour", "green", Colour.GREEN),
    ("perhaps", "a", "a"),
    ("perhaps", "", None),
    ("words", "", ()),
    ("words", "b, a b,,b,", ("b", "a b", "b")),
    ("colours", "", frozenset()),
    ("colours", "red,GREEN,red", frozenset(Colour)),
]

UNREADABLE = [
    *[("count", text) for text in ("", "x", "1.0", "1e3", "1_000", "+1", "0x10", "١", "9" * 19, "9" * 5000)],
    *[("on", text) for text in ("", "2", "t", "y", "none", "tru")],
    *[("time", text) for text in ("", "15", "-15m", "1.5h", "15 m", "15M", "m", "5m1h", "1w", "PT", "P", "P1M", "15T")],
    *[("time", text) for text in ("PT15", "P1DT", "100000000d", "٣m", "pt15m", "inf", "1h PT1H")],
    *[("colour", text) for text in ("", "blue", "Red,Green", "RED GREEN")],
    ("colours", "red,blue"),
    ("inner_on", "maybe"),
]


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_values_have_the_type_of_their_setting(name, text, value):
    """A text means what the type of its setting makes of it."""
    found = getattr(read(**{f"X_{name.upper()}": text}), name)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("name", "text"), UNREADABLE, ids=map(str, range(len(UNREADABLE))))
def test_unreadable_values_are_refused(name, text):
    """A text that is not of its setting's type is refused by the variable's name, and nothing is guessed."""
    (problem,) = problems(**{f"X_{name.upper()}": text})
    assert problem.startswith(f"X_{name.upper()}: write ")


def test_a_number_is_no_duration():
    """Whoever leaves out the unit of a duration is told how to write it."""
    (problem,) = problems(X_TIME="900")
    assert "with its unit, such as 90s, 15m" in problem


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=999_999)))
def test_every_duration_can_be_written(duration):
    """Every duration of whole seconds can be written, both ways."""
    whole = timedelta(days=duration.days, seconds=duration.seconds)
    assert read(X_TIME=f"{whole.days}d{whole.seconds}s").time == whole
    assert read(X_TIME=f"P{whole.days}DT{whole.seconds}S").time == whole


@given(st.text())
def test_no_text_breaks_the_reader(text):
    """Whatever stands in the environment is read or refused."""
    for name in ("COUNT", "ON", "TIME", "COLOUR", "COLOURS", "WORDS", "PERHAPS"):
        try:
            read(**{f"X_{name}": text})
        except ConfigurationError:
            continue


# --- names ------------------------------------------------------------------------------------------------------------


def test_nothing_given_is_the_default():
    """Without variables the settings are what they were."""
    assert read() == Example()
    assert read(PATH="/bin", Y_COUNT="x", x_count="x", X="x") == Example()


def test_other_defaults_stay():
    """What no variable names keeps its default, inside of settings as well."""
    assert read(X_INNER_ON="no", X_COUNT="5") == Example(count=5, inner=Inner(on=False))


def test_unknown_names_are_refused():
    """A name with the prefix that nothing reads is refused, with the closest one that is."""
    assert problems(X_CUONT="1") == ["X_CUONT is nothing that is read; the closest name is X_COUNT"]
    assert problems(X_INNER="1") == ["X_INNER is nothing that is read; the closest name is X_INNER_ON"]


@pytest.mark.parametrize("name", ["KEYS", "PEPPERS", "ADMIN_EMAIL", "ADMIN_PASSWORD", "ADMIN_USERNAME"])
def test_other_variables_of_authcore_are_known(name):
    """What is read elsewhere is no unknown name to a policy."""
    assert Policy.from_env("X_", {f"X_{name}": "x"}) == Policy()


def test_variables_of_others_may_be_named():
    """An application that uses the same prefix for something else says so."""
    environ = {"X_DATABASE": "x"}
    assert read_settings(Example(), prefix="X_", environ=environ, besides=["X_DATABASE"]) == Example()


def test_everything_is_told_at_once():
    """All unknown names and all unreadable values are told by one refusal."""
    told = problems(X_COUNT="x", X_A="1", X_INNER_ON="x", X_B="1", X_TIME="5")
    assert sorted(problem.split()[0].rstrip(":") for problem in told) == [
        "X_A",
        "X_B",
        "X_COUNT",
        "X_INNER_ON",
        "X_TIME",
    ]


def test_what_the_settings_refuse_is_told_with_it():
    """A mix that the settings themselves refuse is told beside unknown names."""
    unknown, refused = problems(X_COUNT="13", X_A="1")
    assert unknown.startswith("X_A ")
    assert refused == "X_*: count must be a lucky number"


def test_mixes_of_unread_values_are_not_judged():
    """While a value cannot be read, nothing is said about how it goes with the others."""
    assert len(problems(X_COUNT="13", X_TIME="5")) == 1


@pytest.mark.parametrize("name", ["COUNT", "ON", "TIME", "COLOUR", "COLOURS", "INNER_ON", "UNKNOWN"])
def test_no_value_is_repeated(name):
    """No refusal repeats a value: it may be a secret, in the wrong variable."""
    assert SECRET not in " ".join(problems(**{f"X_{name}": SECRET}))


# --- the policy -------------------------------------------------------------------------------------------------------


def _shown(value: object) -> str:
    """A value as somebody would write it into a variable."""
    if isinstance(value, timedelta):
        return f"{value // SECONDS}s"
    if isinstance(value, tuple | frozenset):
        return ",".join(map(_shown, value))
    return "" if value is None else str(value)


def _at(settings: object, path: str) -> object:
    for name in path.split("."):
        settings = getattr(settings, name)
    return settings


def _paths(kind, before=""):
    for each in fields(kind):
        if is_dataclass(each.type):
            yield from _paths(each.type, f"{before}{each.name}.")
        else:
            yield f"{before}{each.name}"


def test_every_setting_of_a_policy_has_a_variable():
    """Each field of the policy, and each field of the settings within it, has a variable of its own."""
    paths = list(_paths(Policy))
    assert list(variables(Policy()).values()) == paths
    assert len(variables(Policy())) == len(paths)


OTHER = {
    "issuer": "other",
    "grace": timedelta(seconds=20),
    "inactivity": timedelta(hours=23),
    "login_with": frozenset({IdentifierKind.EMAIL}),
    "origins": frozenset({"https://a.example", "https://b.example"}),
    "own_words": ("acme", "a corp"),
    "bearer": True,
    "code_length": 8,
    "session_cookie.name": "__Secure-x",
    "session_cookie.domain": "example.org",
    "session_cookie.same_site": SameSite.STRICT,
    "challenge_cookie.name": "__Host-y",
}


def test_a_policy_is_read():
    """Settings of every type are read into a policy."""
    by_path = {path: variable for variable, path in variables(Policy()).items()}
    read = Policy.from_env(environ={by_path[path]: _shown(value) for path, value in OTHER.items()})
    assert {path: _at(read, path) for path in OTHER} == OTHER


@pytest.mark.parametrize(
    ("text", "policy"),
    [("aal1", Policy.aal1()), ("aal2", Policy.aal2()), (" AAL2 ", Policy.aal2()), ("", Policy())],
    ids=["aal1", "aal2", "spelt", "none"],
)
def test_a_level_is_chosen(text, policy):
    """A level of assurance stands for its policy, and every other variable changes that one."""
    assert Policy.from_env(environ={"AUTHCORE_LEVEL": text}) == policy
    changed = Policy.from_env(environ={"AUTHCORE_LEVEL": text, "AUTHCORE_ROTATION": "7m", "AUTHCORE_ISSUER": "i"})
    assert changed == replace(policy, rotation=timedelta(minutes=7), issuer="i")


@pytest.mark.parametrize(
    ("level", "name", "text"),
    [("aal2", "SECOND_FACTOR", "false"), ("aal2", "ABSOLUTE", "25h"), ("aal1", "PASSWORD_MIN_LENGTH", "8")],
)
def test_a_level_is_not_weakened(level, name, text):
    """A variable that would break the level is refused, and so is a level that there is not."""
    with pytest.raises(ConfigurationError, match=f"at level {level} .*{name.lower()}"):
        Policy.from_env(environ={"AUTHCORE_LEVEL": level, f"AUTHCORE_{name}": text})
    with pytest.raises(ConfigurationError, match="AUTHCORE_LEVEL: write one of aal1, aal2"):
        Policy.from_env(environ={"AUTHCORE_LEVEL": "aal3", f"AUTHCORE_{name}": text})


def test_every_default_can_be_written():
    """Every setting can be written, and its default written out is the default."""
    environ = {variable: _shown(_at(Policy(), path)) for variable, path in variables(Policy()).items()}
    assert Policy.from_env(environ=environ) == Policy()


def test_unsafe_policies_are_refused():
    """A policy that code could not build cannot be read either, and all of its problems are told."""
    with pytest.raises(ConfigurationError) as refused:
        Policy.from_env(environ={"AUTHCORE_CHALLENGE": "11m", "AUTHCORE_CODE_ATTEMPTS": "0"})
    assert "challenge must be" in str(refused.value)
    assert "code_attempts must be" in str(refused.value)


def test_unsafe_cookies_are_refused_by_name():
    """A cookie that browsers would drop is refused with the beginning of its variables."""
    with pytest.raises(ConfigurationError, match=r"^AUTHCORE_SESSION_COOKIE_\*: cookie .*__Host-"):
        Policy.from_env(environ={"AUTHCORE_SESSION_COOKIE_DOMAIN": "example.org"})


def test_the_process_has_an_environment(monkeypatch):
    """Unless another one is given, the environment is the process's own, and the prefix may be chosen."""
    monkeypatch.setenv("SHOP_ISSUER", "shop")
    assert Policy.from_env("SHOP_").issuer == "shop"
    assert Policy.from_env("SHOP_", {}) == Policy()


# --- keys, and the first administrator --------------------------------------------------------------------------------


def test_keys_are_read():
    """A keyring is read from one variable."""
    assert Keyring.from_env(environ={"AUTHCORE_KEYS": f"k2:{SECRET},k1:{SECRET[2:]}a0"}).kids == ("k2", "k1")
    assert Keyring.from_env("SHOP_", {"SHOP_KEYS": f"k1:{SECRET}"}).kids == ("k1",)


def test_peppers_are_read():
    """Peppers are read from a variable of their own; without it there are none."""
    environ = {"AUTHCORE_KEYS": f"k1:{SECRET}", "AUTHCORE_PEPPERS": f"p2:{SECRET[2:]}a0,p1:{SECRET[2:]}a1"}
    assert [pepper.kid for pepper in Keyring.from_env(environ=environ).peppers] == ["p2", "p1"]
    assert Keyring.from_env(environ={"AUTHCORE_KEYS": f"k1:{SECRET}", "AUTHCORE_PEPPERS": ""}).peppers == ()


@pytest.mark.parametrize("peppers", [SECRET, f"p1:{SECRET}", "p1:x"])
def test_broken_peppers_are_refused(peppers):
    """A pepper that cannot be read, or is a key already, is refused; both variables are named, and nothing of them."""
    with pytest.raises(ConfigurationError, match=r"^AUTHCORE_KEYS, AUTHCORE_PEPPERS: ") as refused:
        Keyring.from_env(environ={"AUTHCORE_KEYS": f"k1:{SECRET}", "AUTHCORE_PEPPERS": peppers})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("environ", [{}, {"AUTHCORE_KEYS": ""}, {"AUTHCORE_KEYS": SECRET}, {"AUTHCORE_KEYS": "k1:x"}])
def test_missing_or_broken_keys_are_refused(environ):
    """Without a key nothing is made up, and the refusal names the variable and repeats nothing of it."""
    with pytest.raises(ConfigurationError, match=r"^AUTHCORE_KEYS: ") as refused:
        Keyring.from_env(environ=environ)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("environ", [{}, {"AUTHCORE_KEYS": ""}])
def test_missing_keys_are_said_to_be_missing(environ):
    """Where there is no key the refusal says that one is needed, not that one is malformed."""
    with pytest.raises(ConfigurationError, match=r"needs at least one key$"):
        Keyring.from_env(environ=environ)


ADMIN = {"AUTHCORE_ADMIN_EMAIL": "root@example.org", "AUTHCORE_ADMIN_PASSWORD": " a long, quiet evening "}


def test_first_administrators_are_read():
    """Who is to be the first administrator is read from variables; a password stays exactly as it is."""
    first = FirstAdministrator.from_env(environ=ADMIN | {"AUTHCORE_ADMIN_USERNAME": "root"})
    assert (first.email, first.password, first.username) == ("root@example.org", " a long, quiet evening ", "root")
    assert FirstAdministrator.from_env(environ=ADMIN).username is None
    assert FirstAdministrator.from_env("SHOP_", environ={f"SHOP_{name[9:]}": text for name, text in ADMIN.items()})
    assert "evening" not in repr(first)


def test_without_variables_there_is_no_first_administrator():
    """Where nothing is said of an administrator none is made up, and empty variables say nothing."""
    assert FirstAdministrator.from_env(environ={"AUTHCORE_ADMIN_EMAIL": ""}) is None


@pytest.mark.parametrize("name", [*ADMIN, "AUTHCORE_ADMIN_USERNAME"])
def test_halves_of_a_first_administrator_are_refused(name):
    """Half an administrator is refused: there is no default password, and no default address."""
    with pytest.raises(ConfigurationError, match="AUTHCORE_ADMIN_PASSWORD"):
        FirstAdministrator.from_env(environ={name: "evening"})


def test_prefix_is_the_documented_one():
    """The prefix is a promise: changing it would leave settings unread."""
    assert PREFIX == "AUTHCORE_"
