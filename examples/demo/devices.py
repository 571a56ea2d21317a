"""Saying in a few words what a user agent's header means.  A guess for people: nothing is decided by it."""

from typing import Final

__all__ = ["device_named"]

_PROGRAMS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
"""What browsers say of themselves; the later ones are said by the earlier ones as well."""

_SYSTEMS: Final = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "a Mac"),
    ("Linux", "Linux"),
)

_UNKNOWN: Final = "A program without a name"


def device_named(user_agent: str) -> str:
    """Return a name for a device, such as `Firefox on Linux`; of an unknown program, what it calls itself."""
    words = user_agent.split()
    own_name = words[0].partition("/")[0] if words else ""
    program = _first(_PROGRAMS, user_agent) or own_name or _UNKNOWN
    system = _first(_SYSTEMS, user_agent)
    return f"{program} on {system}" if system else program


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for sign, name in table if sign in user_agent), "")
