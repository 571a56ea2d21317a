"""What a person may do: roles, and the grants that give them to accounts."""

from dataclasses import dataclass
from typing import ClassVar

from authcore.entities.base import Entity, Id, Name, Note, Texts

__all__ = ["Grant", "Role"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Entity):
    """A named set of permissions; its id is its name."""

    description: Note = ""
    permissions: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Entity):
    """A role given to an account.  A withdrawn grant is deleted, and so remembered."""

    OWNER: ClassVar[str | None] = "account_id"

    account_id: Id
    role: Name
