"""What happens once in the life of a store, and is remembered for good."""

from dataclasses import dataclass

from authcore.entities.base import Entity, Id

__all__ = ["Milestone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone(Entity):
    """Something that was done, and is never done again: its id says what, so that of two who try one succeeds.

    It stays as it is, whatever becomes of the account that it was about.
    """

    account_id: Id
