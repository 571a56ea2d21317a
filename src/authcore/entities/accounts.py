"""Who a person is: the account, the identifiers that name it, the credentials that prove it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, ClassVar

from authcore.entities.base import Entity, Id, Name, Note
from authcore.identifiers import IdentifierKind

__all__ = ["Account", "Credential", "Identifier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Entity):
    """A person's account.

    `username`, `email` and `phone` are display copies; what claims them is an Identifier, and claim and copy change in
    one commit.  Every session copies `epoch`: raising it ends them all with one write.  A *decoy* stands where a
    registration met a taken address, so that strangers cannot tell, beside the account that `beside_id` names; it never
    becomes verified.  So does a registration whose address another account has proven.  `second_factor` tells whether
    its password alone opens only pending sessions.  An account that was erased is a tombstone: its id, which other rows
    may name, and nothing that tells whose it was.
    """

    ALSO_BY: ClassVar[tuple[str, ...]] = ("beside_id",)

    username: Annotated[str, 32] | None = None
    email: Note | None = None
    phone: Annotated[str, 20] | None = None
    epoch: int = 1
    verified_at: datetime | None = None
    disabled_at: datetime | None = None
    second_factor: bool = False
    decoy: bool = False
    beside_id: Id | None = None
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier(Entity):
    """A claim on a name: its id *is* the canonical value, so that uniqueness is identity.

    It is released (no account) by a write, and claimed again by another; it is removed only with the account that it
    named last, which `former_id` remembers where it was released.  `form` is the version of the canonical form;
    `proven_at` tells when the account showed that the address is its own.
    """

    OWNER: ClassVar[str | None] = "account_id"
    ALSO_BY: ClassVar[tuple[str, ...]] = ("former_id",)

    kind: IdentifierKind
    form: int
    account_id: Id | None
    former_id: Id | None = None
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential(Entity):
    """A password hash, apart from its account so that no read of a request ever holds one."""

    OWNER: ClassVar[str | None] = "account_id"

    account_id: Id
    kind: Name
    secret: Annotated[str, 512] = field(repr=False)
    changed_at: datetime
