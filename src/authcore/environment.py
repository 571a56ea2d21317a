"""Settings from environment variables: a frozen dataclass of them, read by the types of its fields.

Nothing else looks at the environment, and this only when it is asked.  No message repeats a value: whoever swaps two
variables must not find a secret in a log.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from enum import Enum
from types import NoneType, UnionType
from typing import Any, ClassVar, Final, Protocol, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from authcore.errors import ConfigurationError

__all__ = ["PREFIX", "READ_ELSEWHERE", "Settings", "duration", "inherited", "read_settings", "read_text", "variables"]

PREFIX: Final = "AUTHCORE_"
"""How the names of all variables begin, unless the application chooses another prefix."""

_OF_SMTP: Final = ("HOST", "SENDER", "SECURITY", "PORT", "USERNAME", "PASSWORD", "TIMEOUT", "CERTIFICATES")

READ_ELSEWHERE: Final = (
    *("KEYS", "PEPPERS", "STORE", "ADMIN_EMAIL", "ADMIN_PASSWORD", "ADMIN_USERNAME"),
    *(f"SMTP_{name}" for name in _OF_SMTP),
)
"""What is no setting of a policy: keyrings, `FirstAdministrator`, `authcore_command` and `authcore_smtp` read it."""


class Settings(Protocol):
    """A frozen dataclass whose fields all have a default; some of them may hold such dataclasses themselves."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


S = TypeVar("S", bound=Settings)


def read_settings(
    defaults: S, *, prefix: str = PREFIX, environ: Mapping[str, str] | None = None, besides: Collection[str] = ()
) -> S:
    """Return the settings with what the environment says in place of their defaults.

    `besides` names variables with that prefix that are somebody else's.  Raises ConfigurationError, which tells all
    that is wrong at once: names that nothing reads, values that cannot be read, and mixes that the settings refuse.
    """
    given = {name: text for name, text in _environment(environ).items() if name.startswith(prefix)}
    known = {*variables(defaults, prefix), *besides}
    problems = [_unknown(name, known, prefix) for name in sorted(given.keys() - known)]
    settings = _read(defaults, prefix, given, problems)
    if problems:
        raise ConfigurationError("\n".join(problems))
    return settings


def read_text(name: str, *, prefix: str = PREFIX, environ: Mapping[str, str] | None = None) -> str | None:
    """Return one variable exactly as it is, or None if it is empty or not there."""
    return _environment(environ).get(prefix + name) or None


def inherited(*names: str) -> dict[str, str]:
    """Return those of these variables that there are: for a process of ours that must be given no others."""
    return {name: os.environ[name] for name in names if name in os.environ}


def variables(settings: Settings, prefix: str = PREFIX) -> Mapping[str, str]:
    """Return which setting each variable is about: `AUTHCORE_SESSION_COOKIE_NAME` is `session_cookie.name`."""
    return {prefix + path.replace(".", "_").upper(): path for path in _paths(settings)}


def _environment(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if environ is None else environ


def _paths(settings: Settings) -> Iterator[str]:
    for each in fields(settings):
        value = getattr(settings, each.name)
        if is_dataclass(value):
            yield from (f"{each.name}.{path}" for path in _paths(cast("Settings", value)))
        else:
            yield each.name


def _unknown(name: str, known: Collection[str], prefix: str) -> str:
    # Without the prefix, which makes all of them look alike.
    endings = [each.removeprefix(prefix) for each in sorted(known)]
    (closest,) = get_close_matches(name.removeprefix(prefix), endings, n=1, cutoff=0)
    return f"{name} is nothing that is read; the closest name is {prefix}{closest}"


def _read(defaults: S, prefix: str, given: Mapping[str, str], problems: list[str]) -> S:
    """Return the settings whose variables have this prefix; or the defaults, after adding to `problems`."""
    already = len(problems)
    changes: dict[str, object] = {}
    for name, annotation in get_type_hints(type(defaults)).items():
        default, variable = getattr(defaults, name), prefix + name.upper()
        if is_dataclass(default):
            changes[name] = _read(cast("Settings", default), f"{variable}_", given, problems)
        elif variable in given:
            try:
                changes[name] = _value(annotation, given[variable])
            except ConfigurationError as error:
                problems.append(f"{variable}: {error}")
    if len(problems) > already:
        return defaults  # how values go together cannot be said while one of them is missing
    try:
        return replace(defaults, **changes)
    except ConfigurationError as error:
        problems.append(f"{prefix}*: {error}")
        return defaults


# --- texts, by the type that they are read as -------------------------------------------------------------------------

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_TRUTHS: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_NUMBER: Final = "[0-9]{1,8}"
_PLAIN: Final = re.compile(
    rf"(?:(?P<days>{_NUMBER})d)?(?:(?P<hours>{_NUMBER})h)?(?:(?P<minutes>{_NUMBER})m)?(?:(?P<seconds>{_NUMBER})s)?"
)
_ISO_8601: Final = re.compile(
    rf"P(?:(?P<days>{_NUMBER})D)?"
    rf"(?:T(?=[0-9])(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER})S)?)?"
)


def _value(annotation: object, text: str) -> object:
    """Return what a text means as a value of a type."""
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind in {Union, UnionType}:
        (present,) = (part for part in parts if part is not NoneType)
        return _value(present, text) if text else None
    if kind in {tuple, frozenset}:
        items = (_value(parts[0], item.strip()) for item in text.split(",") if item.strip())
        return cast("Callable[[Iterator[object]], object]", kind)(items)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _member(annotation, text.strip())
    return _READERS[annotation](text)


def _member(kind: type[Enum], text: str) -> Enum:
    members = {str(member.value).lower(): member for member in kind}
    if text.lower() not in members:
        raise ConfigurationError(f"write one of {', '.join(str(member.value) for member in kind)}")
    return members[text.lower()]


def _boolean(text: str) -> bool:
    if text.strip().lower() not in _TRUTHS:
        raise ConfigurationError("write true or false")
    return _TRUTHS[text.strip().lower()]


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise ConfigurationError("write a whole number")
    return int(text)


def duration(text: str) -> timedelta:
    """Read a duration with its unit, such as 90s, 15m, 24h, 30d or PT15M; ConfigurationError if it is none."""
    found = _PLAIN.fullmatch(text.strip()) or _ISO_8601.fullmatch(text.strip())
    units = {} if found is None else {unit: int(number) for unit, number in found.groupdict().items() if number}
    if not units:
        # A number alone is refused as well: nobody can tell seconds from minutes.
        raise ConfigurationError("write a duration with its unit, such as 90s, 15m, 24h, 30d or PT15M")
    return timedelta(**units)


_READERS: Final[Mapping[object, Callable[[str], object]]] = {
    str: str,
    bool: _boolean,
    int: _integer,
    timedelta: duration,
}
