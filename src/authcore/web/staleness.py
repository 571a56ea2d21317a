"""How late a revocation may be seen, path by path.  What that means for a caller is told elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from authcore.caller_cache import check_revocation_within
from authcore.web.paths import covers, named_paths

__all__ = ["RevocationBounds"]


@dataclass(frozen=True, slots=True)
class RevocationBounds:
    """Bounds of paths, each with all that is below it; of several that cover a path the longest one counts.

    Raises ConfigurationError for a path that does not begin with a slash, and for a bound below zero or over 5 minutes.
    """

    paths: Mapping[str, timedelta] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what was meant otherwise, and look at the longest paths first."""
        meant = 'revocation_within maps paths that begin with a slash to bounds, as in {"/feed": timedelta(seconds=30)}'
        named = zip(named_paths(self.paths, meant=meant), self.paths.values(), strict=True)
        bounds = {path: check_revocation_within(bound) for path, bound in named}
        object.__setattr__(self, "paths", dict(sorted(bounds.items(), key=lambda item: len(item[0]), reverse=True)))

    def at(self, path: str) -> timedelta | None:
        """Return the bound of a path, or None where the policy's counts."""
        for named, bound in self.paths.items():
            if covers(named, path):
                return bound
        return None
