"""What an import did, or would do.  A rehearsal and the import after it have equal reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from authcore.imported_accounts import Imported, Obstacle
from authcore_migration.rows import RowId

__all__ = ["LeftBehind", "Report", "Tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many rows were read, how many of them are here now, and how many were here `known` before."""

    read: int = 0
    imported: int = 0
    known: int = 0

    @property
    def left_behind(self) -> int:
        """How many are not here."""
        return self.read - self.imported - self.known

    def with_(self, outcome: Imported, *, rows: int = 1) -> "Tally":
        """Return the tally after one more outcome, which so many rows had."""
        known = rows if outcome.known else 0
        imported = 0 if outcome.obstacles else rows - known
        return Tally(read=self.read + rows, imported=self.imported + imported, known=self.known + known)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """A row that was not taken, nor anything of it, and all that stood in its way."""

    table: str
    id: str
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of every row that was read.

    `last` is the account that was read last: what a later run may begin `after`.  `ids` tells for the former id of each
    account that is here which id it has now; a rehearsal knows only those that were here before.
    """

    roles: Tally = field(default_factory=Tally)
    accounts: Tally = field(default_factory=Tally)
    assignments: Tally = field(default_factory=Tally)
    left_behind: tuple[LeftBehind, ...] = ()
    last: RowId | None = None
    dry_run: bool = field(default=True, compare=False)
    ids: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
