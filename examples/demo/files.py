"""What the demo keeps on disk: a database in a file, and a keyring.  What is in them is the library's business."""

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from authcore import ConfigurationError, Keyring

__all__ = ["Unusable", "keyring_beside", "read_keyring", "remove_all"]

_SECRET_LENGTH: Final = 32
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_SQLITE: Final = b"SQLite format 3\x00"


class Unusable(Exception):
    """A file, or a database, is not what it should be; the message says what to do."""


def keyring_beside(database: Path) -> Path:
    """Return where the keyring of a database in a file is, unless somebody wants it elsewhere."""
    return Path(f"{database}.keyring")


def read_keyring(path: Path) -> Keyring:
    """Return the keyring of a file, made of fresh randomness if there is none yet."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise Unusable(f"{path} cannot be made ({error.strerror}); choose another place with --keyring") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"k1:{secrets.token_hex(_SECRET_LENGTH)}\n")
    return _read(path)


def remove_all(database: Path) -> Iterator[Path]:
    """Remove a database with its journals and the keyring beside it, and tell each file that was there."""
    if database.exists() and not _is_sqlite(database):
        raise Unusable(f"{database} is not an SQLite database, and is left alone; name another file with --database")
    for suffix in ("", "-wal", "-shm", "-journal"):
        yield from _remove(database.with_name(database.name + suffix))
    yield from _remove(keyring_beside(database))


def _read(path: Path) -> Keyring:
    # Whoever can read the keyring can forge any session.
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise Unusable(f"{path} may be read by others: make it yours by chmod 600, or remove it")
    try:
        return Keyring.parse(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError, ConfigurationError):
        # Nothing of the file, least of all a part of a secret, may get into a message.
        raise Unusable(
            f"{path} holds no keyring; put the right one back, or remove it and begin with new keys"
        ) from None


def _is_sqlite(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) in {_SQLITE, b""}


def _remove(path: Path) -> Iterator[Path]:
    if path.exists():
        path.unlink()
        yield path
