"""What deciding results in: an outcome or a refusal, and what to write.  Nothing here knows any entity by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from authcore.entities import Entity
from authcore.errors import AuthError

__all__ = ["Decision", "accept", "refuse"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """An outcome or a refusal, with the entities that must be written either way.

    A refusal is returned, not raised, so that what it must leave behind (a counted guess) is committed first.
    """

    outcome: T | None
    writes: tuple[Entity, ...] = ()
    refusal: AuthError | None = None

    def settle(self) -> T:
        """Return the outcome, or raise the refusal; to be called after the commit."""
        if self.refusal is not None:
            raise self.refusal
        return cast("T", self.outcome)


def accept(outcome: T, writes: Iterable[Entity] = ()) -> Decision[T]:
    """Decide for an outcome."""
    return Decision(outcome, tuple(writes))


def refuse(refusal: AuthError, writes: Iterable[Entity] = ()) -> Decision[T]:
    """Decide against it, and still write what must be remembered."""
    return Decision(None, tuple(writes), refusal)
