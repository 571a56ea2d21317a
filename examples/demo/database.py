"""Which database is meant: a file of the demo's own, or one that a server keeps.  Nothing is opened here."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from examples.demo.files import Unusable, keyring_beside

__all__ = ["Database", "database_named"]

_FILE: Final = "sqlite:///"
_MEMORY: Final = ":memory:"
_KEYRING: Final = Path("demo.keyring")


@dataclass(frozen=True, slots=True)
class Database:
    """A database: the URL that opens it, and its file if it is one."""

    url: str = field(repr=False)  # a password may stand in it
    file: Path | None = None

    def __str__(self) -> str:
        """Name it for people, without a user and a password."""
        if self.file is not None:
            return str(self.file)
        scheme, _, rest = self.url.partition("://")
        # Settings may hold a password as well; and one that was not quoted may look like the beginning of settings.
        return f"{scheme}://…" if "?" in rest or "#" in rest else f"{scheme}://{rest.rpartition('@')[2]}"

    @property
    def keyring(self) -> Path:
        """Where its keyring is, unless somebody wants it elsewhere: never in the database, which it guards."""
        return _KEYRING if self.file is None else keyring_beside(self.file)


def database_named(text: str) -> Database:
    """Return the database that a path or a URL names; raises Unusable for one that processes cannot share."""
    if "://" in text and not text.startswith(_FILE):
        return Database(text)
    file = Path(text.removeprefix(_FILE))
    if str(file) == _MEMORY:
        raise Unusable("a database in memory would be another one in each process; name a file with --database")
    return Database(f"{_FILE}{file}", file)
