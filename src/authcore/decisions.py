"""What deciding results in: an outcome or a refusal, and what to write.  Nothing here knows any entity by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Never, TypeVar, cast

from authcore.entities import Entity
from authcore.errors import AuthError

__all__ = ["Decision", "accept", "refuse"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Decision(Generic[T_co]):
    """An outcome or a refusal, with the entities that must be written either way, and those that must be gone.

    A refusal is returned, not raised, so that what it must leave behind (a counted guess) is committed first.
    """

    outcome: T_co | None
    writes: tuple[Entity, ...] = ()
    refusal: AuthError | None = None
    removed: tuple[Entity, ...] = ()

    def settle(self) -> T_co:
        """Return the outcome, or raise the refusal; to be called after the commit."""
        if self.refusal is not None:
            raise self.refusal
        return cast("T_co", self.outcome)

    def also(self, writes: Iterable[Entity]) -> "Decision[T_co]":
        """Return the same decision with more to write, which it leads to whatever it comes to."""
        return Decision(self.outcome, (*self.writes, *writes), self.refusal, self.removed)

    def refused(self) -> "Decision[Never]":
        """Return the refusal as a decision about whatever was to follow."""
        return Decision(None, self.writes, self.refusal, self.removed)


def accept(outcome: T, writes: Iterable[Entity] = (), *, removed: Iterable[Entity] = ()) -> Decision[T]:
    """Decide for an outcome."""
    return Decision(outcome, tuple(writes), removed=tuple(removed))


def refuse(refusal: AuthError, writes: Iterable[Entity] = ()) -> Decision[Never]:
    """Decide against it, and still write what must be remembered."""
    return Decision(None, tuple(writes), refusal)
