"""Opening a store by its URL: which package keeps it, what is installed tells.  No store is known here by name."""

from importlib.metadata import EntryPoint, entry_points
from typing import Final, Protocol, cast

from authcore.errors import ConfigurationError
from authcore.ports import ClosableStore

__all__ = ["GROUP", "Opener", "open_store"]

GROUP: Final = "authcore.stores"
"""The group of entry points: each is named for a scheme, and stands for an Opener."""


class Opener(Protocol):
    """What a package offers that has a store; it may put off what takes time until the store is used."""

    def __call__(self, url: str, /) -> ClosableStore:
        """Return the store of a URL with the scheme that the opener stands for.

        Raises ConfigurationError, which repeats nothing of the URL: a password may stand in it.
        """
        ...


def open_store(url: str) -> ClosableStore:
    """Return the store that a URL names, such as `postgresql://authcore@db.example.org/accounts`.

    Raises ConfigurationError for a scheme that no installed package stands for, and ModuleNotFoundError, which names
    the extra, where that package lacks its driver.
    """
    scheme, separator, _ = url.partition(":")
    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    if not separator or scheme not in known:
        raise ConfigurationError(f"A store's URL begins with one of {', '.join(sorted(known))}, and a colon.")
    return _opener(known[scheme])(url)


def _opener(entry: EntryPoint) -> Opener:
    return cast("Opener", entry.load())
