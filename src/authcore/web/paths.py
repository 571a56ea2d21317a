"""Paths that an application names, each with all that is below it.  What holds there is told elsewhere."""

from collections.abc import Collection

from authcore.errors import ConfigurationError

__all__ = ["covers", "named_paths"]


def named_paths(paths: Collection[str], *, meant: str) -> tuple[str, ...]:
    """Return paths in the form in which `covers` compares them.

    Raises ConfigurationError, which says what was `meant`, for a text in place of several paths, and for one that does
    not begin with a slash.
    """
    if isinstance(paths, str) or not all(path.startswith("/") for path in paths):
        raise ConfigurationError(meant)
    return tuple(path.rstrip("/") for path in paths)


def covers(named: str, path: str) -> bool:
    """Tell whether a path is the one that is named, or below it."""
    return path == named or path.startswith(f"{named}/")
