"""Purging: removing for good what has been over for long.  `retention` decides what may go."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Generic, TypeAlias, TypeVar

from authcore import retention, sealing
from authcore.auth.parts import Parts
from authcore.decisions import Decision, accept
from authcore.entities import UNSEALED, AuditEvent, AuditSeal, Entity, Message, TwoStepSession
from authcore.errors import InvalidInput
from authcore.flows import Work
from authcore.ports import by_field, by_id
from authcore.retention import Purged

__all__ = ["Purging"]

E = TypeVar("E", bound=Entity)

_BATCH: Final = 250
"""How many rows are looked at, and removed, at a time.

More would cost less in all, since each commit has its price; but reading them keeps the event loop from others, and
removing them a lock: with four times as many whoever comes meanwhile waits for more than twice as long.
"""

_Choose: TypeAlias = Callable[[datetime, Work, Sequence[E]], Awaitable[list[E]]]
"""Returns those that go of what was listed, which is dated before a time."""


@dataclass(frozen=True, slots=True)
class _Task(Generic[E]):
    """What is to be purged of a kind: what is dated before a time, and chosen."""

    kind: type[E]
    bound: datetime
    choose: _Choose[E]


@dataclass(frozen=True, slots=True)
class _Page(Generic[E]):
    """What was listed, and how much went."""

    listed: Sequence[E]
    gone: int


@dataclass(frozen=True, kw_only=True)
class Purging(Parts):
    """The flow that an operator runs from time to time; no endpoint offers it."""

    async def purge(self, before: datetime | None = None, *, limit: int = 1000) -> Purged:
        """Remove what was over before a time, `Policy.retention` ago unless another one is given; return how much.

        It goes in commits of at most 250 rows, until about `limit` are gone: call it again while there are `more`.  It
        may be interrupted, and run in several processes at the same time.  Of the trail whole batches go that were
        sealed longer than `Policy.audit_retention` ago, and are as they were sealed.  Nothing counts again because it
        has gone.

        Raises InvalidInput for a time less than an hour ago, or within `Policy.flow_patience`; and ConfigurationError,
        having done nothing, if the store is no `Housekeeping`.  What is gone already when anything else is raised stays
        gone.
        """
        if limit < 1:
            raise InvalidInput("limit", "too_small")
        now = self.clock.now()
        since = retention.checked(before, now=now, policy=self.policy)
        self._flows.housekeeping()
        counts: dict[type[Entity], int] = {}
        left = limit
        for kind, bound in retention.bounds(since, policy=self.policy).items():
            counts[kind] = await self._purge(_Task(kind, bound, _over), limit=left)
            left -= counts[kind]
        oldest = retention.trail_bound(since, now=now, policy=self.policy)
        if oldest is not None:
            counts[AuditEvent] = await self._purge(_Task(AuditEvent, oldest, _batch), limit=left)
            left -= counts[AuditEvent]
        return Purged(counts=counts, more=left <= 0)

    async def _purge(self, task: _Task[E], *, limit: int) -> int:
        """Remove what is chosen, page by page; where something went others have moved up, and are looked at too."""
        gone, after = 0, None
        while gone < limit:
            size = min(_BATCH, limit - gone)
            page: _Page[E] = await self._flows.run(partial(self._purge_page, task, after, size))
            gone += page.gone
            if not page.gone:
                if len(page.listed) < size:
                    break
                # What stays must not keep in what comes behind it.
                after = page.listed[-1]
        return gone

    async def _purge_page(self, task: _Task[E], after: E | None, size: int, work: Work) -> Decision[_Page[E]]:
        # Weakly: what stays may change as it likes, and what goes is gone only if nobody has written it meanwhile.
        listed = await self._flows.housekeeping().aged(task.kind, before=task.bound, after=after, limit=size)
        going = await task.choose(task.bound, work, listed)
        return accept(_Page(listed, len(going)), removed=going)


async def _over(bound: datetime, work: Work, listed: Sequence[E]) -> list[E]:
    return [entity for entity in retention.over(listed, bound=bound) if not await _is_needed(work, entity)]


async def _is_needed(work: Work, entity: Entity) -> bool:
    """Tell whether something would be lost to view: messages that name an address that somebody wanted.

    When its owner is erased they are found by the challenge alone.
    """
    if not isinstance(entity, TwoStepSession) or entity.wanted_id is None:
        return False
    return bool(await work.weak.find(by_field(Message, "session_id", entity.id, limit=1)))


async def _batch(bound: datetime, work: Work, listed: Sequence[AuditEvent]) -> list[AuditEvent]:
    """Return the first batch of the trail that may go."""
    for name in dict.fromkeys(event.batch for event in listed if event.batch != UNSEALED):
        seal = await work.weak.get(by_id(AuditSeal, name))
        found = await work.weak.find(by_field(AuditEvent, "batch", name, limit=sealing.BATCH + 1))
        if sealing.may_go(seal, found, before=bound):
            return list(found)
    return []
