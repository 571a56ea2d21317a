"""What the demo's processes have in common while it runs: the newest things of some kinds, in a file that ends with it.

What is kept there, and why it may be, those say who keep it.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

__all__ = ["Facts", "Newest", "common_file", "forget"]

Facts: TypeAlias = Mapping[str, Any]
"""Something in words that JSON has."""

_PATIENCE: Final = 10.0  # seconds, of which a turn takes a thousandth of one


@contextmanager
def common_file() -> Iterator[Path]:
    """Make the file that is common, in a folder that only its owner can enter; in the end nothing is left of it."""
    with TemporaryDirectory(prefix="authcore-demo-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, "common")
        with _opened(file) as connection:
            connection.execute("CREATE TABLE thing (number INTEGER PRIMARY KEY, kind TEXT, facts TEXT)")
        yield file


def forget(file: Path) -> None:
    """Remove the common file, where whoever made it cannot do so any more."""
    shutil.rmtree(file.parent, ignore_errors=True)


class Newest:
    """The newest things of a kind, as every process sees them: so many at most, older ones are written over.

    Each is read and written where it is asked for: that takes less time than passing it to a thread would.
    """

    def __init__(self, file: str | os.PathLike[str], kind: str, *, most: int) -> None:
        self._file = file
        self._kind = kind
        self._most = most

    def __iter__(self) -> Iterator[Facts]:
        """Go through what is kept now, newest first."""
        with _opened(self._file) as connection:
            found = connection.execute("SELECT facts FROM thing WHERE kind = ? ORDER BY number DESC", (self._kind,))
            return iter([json.loads(facts) for (facts,) in found])

    def add(self, facts: Facts) -> None:
        """Keep one more."""
        with _opened(self._file) as connection:
            connection.execute("INSERT INTO thing (kind, facts) VALUES (?, ?)", (self._kind, json.dumps(facts)))
            connection.execute(
                "DELETE FROM thing WHERE kind = ?1 AND number NOT IN"
                " (SELECT number FROM thing WHERE kind = ?1 ORDER BY number DESC LIMIT ?2)",
                (self._kind, self._most),
            )


@contextmanager
def _opened(file: str | os.PathLike[str]) -> Iterator[sqlite3.Connection]:
    """Open the file for one transaction."""
    with closing(sqlite3.connect(file, timeout=_PATIENCE, isolation_level="IMMEDIATE")) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        # No journal in another file, and no waiting for the disk: what is kept here need not survive.
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            yield connection
