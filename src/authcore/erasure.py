"""Deciding about erasure: what remains of an account once its owner is forgotten.

Nothing here performs I/O, reads a clock or draws randomness.  An account becomes a tombstone, and can never come back;
what else is stored of it is blanked row by row, and what is blank already stays as it is, so that an erasure which was
interrupted is simply begun again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar, cast

from authcore import audit, outbox
from authcore.decisions import Decision, accept, refuse
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    Credential,
    Entity,
    Identifier,
    Message,
    MessageState,
    TwoStepSession,
)
from authcore.errors import AccountNotFound
from authcore.identifiers import ADDRESSES
from authcore.lifecycle import raised
from authcore.occasion import Occasion
from authcore.personal_fields import TREATMENTS

__all__ = ["SWEPT", "Entombed", "addresses_among", "blanked", "entomb", "unwanted"]

E = TypeVar("E", bound=Entity)

SWEPT: Final[tuple[type[Entity], ...]] = (Credential, AuthenticationSession, TwoStepSession, Message, AuditEvent)
"""The kinds of which an account may have very many rows, each of which is blanked and kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entombed:
    """The ids of those who have become tombstones, and of the addresses that they had."""

    people: tuple[str, ...]
    addresses: frozenset[str]


def entomb(
    occasion: Occasion, *, account: Account | None, decoys: Sequence[Account], names: Collection[Identifier]
) -> Decision[Entombed]:
    """Decide to make an account a tombstone, with the decoys beside it.

    A new epoch ends whatever was open, and `names`, those it has and those it had last, are removed: each is its own
    id.  Nobody is told by message: that would put the address back into the outbox.
    """
    if account is None or account.decoy:
        return refuse(AccountNotFound())
    people = (account, *decoys)
    writes = [
        entity
        for person in people
        if person.erased_at is None
        for entity in (_tomb(occasion, person), _told(occasion, person))
    ]
    entombed = Entombed(people=tuple(person.id for person in people), addresses=addresses_among(names))
    return accept(entombed, writes, removed=names)


def addresses_among(names: Collection[Identifier]) -> frozenset[str]:
    """Return the ids of those names that somebody else may have wanted for his own."""
    return frozenset(name.id for name in names if name.kind in ADDRESSES)


def unwanted(challenges: Collection[TwoStepSession], messages: Collection[Message], *, now: datetime) -> Decision[bool]:
    """Decide to forget that somebody wanted an address for his own, and the messages of that; tell if there was any."""
    return accept(bool(challenges), [blanked(entity, now=now) for entity in (*challenges, *messages)])


def blanked(entity: E, *, now: datetime) -> E:
    """Return an entity without what names a person; one that is blank already is returned as it is."""
    if isinstance(entity, AuditEvent):
        # The trail is sealed over what it said, and knows how to forget a part of it.
        return cast("E", audit.blanked(entity))
    if isinstance(entity, Message) and entity.queue is not None:
        entity = cast("E", outbox.finished(entity, MessageState.DISCARDED, now=now))
    blanks = TREATMENTS[type(entity)].blanks
    if all(getattr(entity, name) == blank for name, blank in blanks.items()):
        return entity
    return replace(entity, updated_at=now, **blanks)  # type: ignore[arg-type]


def _tomb(occasion: Occasion, person: Account) -> Account:
    return replace(
        blanked(raised(person, occasion), now=occasion.now),
        deleted_at=person.deleted_at or occasion.now,
        erased_at=occasion.now,
    )


def _told(occasion: Occasion, person: Account) -> AuditEvent:
    event = audit.record(occasion, AuditKind.ACCOUNT_ERASED, account_id=person.id)
    # It happens to an account once; and one occasion may erase several.
    return audit.salted(replace(event, id=f"{AuditKind.ACCOUNT_ERASED}-{person.id}"), occasion.ids.salt)
