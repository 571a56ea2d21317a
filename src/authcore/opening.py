"""Opening a store by its URL, and migrating it: which package keeps it, what is installed tells.

No store is known here by name.
"""

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Final, Protocol, cast

from authcore.errors import ConfigurationError
from authcore.ports import ClosableStore

__all__ = ["MIGRATIONS", "STORES", "Migrator", "Opener", "migrate_store", "open_store"]

STORES: Final = "authcore.stores"
"""A group of entry points: each is named for a scheme, and stands for an Opener."""

MIGRATIONS: Final = "authcore.migrations"
"""A group of entry points: each is named for a scheme, and stands for a Migrator."""


class Opener(Protocol):
    """What a package offers that has a store; it may put off what takes time until the store is used."""

    def __call__(self, url: str, /) -> ClosableStore:
        """Return the store of a URL with the scheme that the opener stands for.

        Raises ConfigurationError, which repeats nothing of the URL: a password may stand in it.
        """
        ...


class Migrator(Protocol):
    """What a package offers whose store has tables, or the like; it is called where no event loop runs."""

    def __call__(self, url: str, /) -> Sequence[str]:
        """Bring a store to what this version needs, and return what was done, a line for each step.

        Raises ConfigurationError as an Opener does, and StoreFault where the store cannot be reached.
        """
        ...


def open_store(url: str) -> ClosableStore:
    """Return the store that a URL names, such as `postgresql://authcore@db.example.org/accounts`.

    Raises ConfigurationError for a scheme that no installed package stands for, and ModuleNotFoundError, which names
    the extra, where that package lacks its driver.
    """
    opener = cast("Opener | None", _registered(STORES, url))
    if opener is None:
        known = sorted(entry.name for entry in entry_points(group=STORES))
        raise ConfigurationError(f"A store's URL begins with one of {', '.join(known)}, and a colon.")
    return opener(url)


def migrate_store(url: str) -> Sequence[str]:
    """Bring the store that a URL names to what this version needs, and return what was done, a line for each step.

    Nothing is done to a store that needs no migrations.  Raises as `open_store` does, and StoreFault where the store
    cannot be reached.
    """
    migrator = cast("Migrator | None", _registered(MIGRATIONS, url))
    if migrator is not None:
        return migrator(url)
    if _registered(STORES, url) is None:
        open_store(url)  # which refuses it
    return ()


def _registered(group: str, url: str) -> object | None:
    """Return what stands for a URL's scheme in a group, if anything does."""
    scheme, separator, _ = url.partition(":")
    entries = {entry.name: entry for entry in entry_points(group=group)}
    return entries[scheme].load() if separator and scheme in entries else None
