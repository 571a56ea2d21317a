"""Reading the whole trail, page by page, to see whether it is as it was sealed.  `sealing` decides what is wrong."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from authcore.entities import UNSEALED, AuditEvent, AuditSeal, Entity
from authcore.keyring import Keyring
from authcore.ports import Catalogue, Reader, by_field, by_id
from authcore.sealing import (
    AUDIT_KEY,
    AuditFinding,
    AuditHead,
    AuditReport,
    backdated,
    flaws_of_batch,
    flaws_of_chain,
    flaws_of_start,
    head_of,
    is_listed,
    is_ours,
    is_too_old,
    misplaced,
    missing,
    sequence_of,
    unlisted,
    was_purged,
)

__all__ = ["Inspection"]

E = TypeVar("E", bound=Entity)

_PAGE: Final = 200
_MOST_FINDINGS: Final = 1000


@dataclass(slots=True)
class Inspection:
    """One verification of a trail, from the newest seal back to the one after `since`, and then of every event."""

    store: Reader
    catalogue: Catalogue
    keyring: Keyring
    head: AuditHead | None
    since: AuditHead
    kept_from: datetime | None
    _findings: list[AuditFinding] = field(default_factory=list)
    _batches: set[str] = field(default_factory=set)
    _sealed: int = 0
    _unsealed: int = 0
    _blanked: int = 0
    _purged: int = 0

    async def report(self) -> AuditReport:
        """Read everything, and tell what is wrong with it."""
        newest = await self._follow()
        await self._look_at_all(newest)
        return AuditReport(
            findings=tuple(self._findings),
            head=head_of(newest),
            seals=len(self._batches),
            sealed=self._sealed,
            unsealed=self._unsealed,
            blanked=self._blanked,
            purged=self._purged,
        )

    async def _follow(self) -> AuditSeal | None:
        """Follow the chain back, seal by seal and batch by batch, and return the newest seal."""
        newest = newer = trusted = older = None
        async for seal in self._every(AuditSeal):
            sequence = sequence_of(seal.id)
            if sequence is None:
                self._note([misplaced(seal)])
                continue
            newest = newest or seal
            if sequence <= self.since.sequence:
                older = seal
                break
            if newer is not None:
                await self._look_at_batch(newer, older=seal)
            ours = is_ours(seal, newer=trusted, key=self.keyring.derive(seal.kid, AUDIT_KEY), head=self.head)
            self._note(flaws_of_chain(seal, newer=newer, ours=ours, head=self.head))
            newer, trusted = seal, seal if ours else None
        if newer is not None:
            await self._look_at_batch(newer, older=older)
        self._note(flaws_of_start(newer, before=older, since=self.since, head=self.head))
        return newest

    async def _look_at_batch(self, seal: AuditSeal, *, older: AuditSeal | None) -> None:
        """Compare a batch with its seal; of those that do not belong there, the first ones are enough."""
        self._batches.add(seal.id)
        limit = len(seal.members) + 1
        found = await self.store.find(by_field(AuditEvent, "batch", seal.id, limit=limit))
        if was_purged(seal, found, before=self.kept_from):
            self._purged += len(seal.members)
            return
        self._sealed += len(seal.members)
        # Whoever puts others in before the members must not crowd these out of what is read.
        crowded = [] if len(found) < limit else await self._members(seal, missing(seal, found))
        self._note(flaws_of_batch(seal, [*found, *crowded], older=older))

    async def _members(self, seal: AuditSeal, ids: Iterable[str]) -> list[AuditEvent]:
        """Return those events of these ids that say that they are in the batch of a seal."""
        events = [await self.store.get(by_id(AuditEvent, each)) for each in ids]
        return [event for event in events if event is not None and event.batch == seal.id]

    async def _look_at_all(self, newest: AuditSeal | None) -> None:
        """Look for events that are in no batch of the chain."""
        async for event in self._every(AuditEvent):
            self._blanked += not event.salt
            if event.batch == UNSEALED:
                self._unsealed += 1
                self._note([backdated(event)] if is_too_old(event, newest) else [])
            elif event.batch not in self._batches and not await self._is_elsewhere(event, newest):
                self._note([unlisted(event)])

    async def _is_elsewhere(self, event: AuditEvent, newest: AuditSeal | None) -> bool:
        """Tell whether an event is in a batch that is older than what was asked for, or was sealed meanwhile."""
        sequence = sequence_of(event.batch)
        if sequence is None or sequence <= head_of(newest).sequence:
            return sequence is not None and sequence <= self.since.sequence
        return is_listed(event, await self.store.get(by_id(AuditSeal, event.batch)))

    async def _every(self, kind: type[E]) -> AsyncIterator[E]:
        after = None
        while page := await self.catalogue.page(kind, after=after, limit=_PAGE):
            for entity in page:
                yield entity
            after = page[-1].id

    def _note(self, findings: Iterable[AuditFinding]) -> None:
        self._findings.extend(islice(findings, _MOST_FINDINGS - len(self._findings)))
