"""Paths that are left alone: nobody is looked for there, and nothing is refused.  What guards do is not told here."""

from collections.abc import Collection
from dataclasses import dataclass

from authcore.web.paths import covers, named_paths

__all__ = ["Exemptions"]


@dataclass(frozen=True, slots=True)
class Exemptions:
    """Paths that are exempt, each with all that is below it.

    Raises ConfigurationError for a path that does not begin with a slash, and for a text where several are meant.
    """

    paths: Collection[str] = ()

    def __post_init__(self) -> None:
        meant = 'exempt is a list of paths that begin with a slash, as in ["/static", "/health"]'
        object.__setattr__(self, "paths", named_paths(self.paths, meant=meant))

    def cover(self, path: str) -> bool:
        """Tell whether a path is exempt, or below one that is."""
        return bool(self.paths) and any(covers(exempt, path) for exempt in self.paths)
