"""The one loop: read, decide, commit, again on Conflict.  Nothing else in authcore commits, stages or removes."""

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, TypeVar, cast

from authcore.caller_cache import CallerCache
from authcore.decisions import Decision
from authcore.entities import AuditEvent, Entity, Message
from authcore.errors import ConfigurationError, Conflict, Contention, RaceLost
from authcore.logbook import log_events, log_refusal
from authcore.ports import Caller, Clock, Entropy, Housekeeping, Key, Offload, Reader, Store, Transaction
from authcore.system import unheard

__all__ = ["Flows", "Work"]

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.25
_DOUBLINGS: Final = 7


@dataclass(slots=True)
class Work(Reader):
    """What one attempt of a flow sees: the time, the store as a reader, and what earlier attempts have made.

    It remembers what was read, because the commit must find all of that unchanged (without this, two flows that each
    read two entities and write one can break what holds between them).
    """

    now: datetime
    _store: Reader = field(repr=False)
    _offload: Offload = field(repr=False)
    _results: dict[Hashable, object] = field(repr=False)
    _callers: CallerCache = field(default_factory=CallerCache, repr=False)
    _keep: bool = False
    _read: list[Iterable[Entity | None]] = field(default_factory=list, repr=False)
    """What was found, reading by reading."""

    @property
    def weak(self) -> Reader:
        """The same store, for what may change before the commit: strangers must not wait for what they share."""
        return self._store

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Read through to the store, and remember."""
        found = await self._store.find(key)
        self._read.append(found)
        return found

    async def caller(self, session_id: str, /) -> Caller:
        """Read through to the store's own way of answering, and remember."""
        with self._callers.reading(session_id, now=self.now, keep=self._keep) as reading:
            caller = reading.found = await self._store.caller(session_id)
        self._read += (caller.session, caller.account), caller.grants, caller.roles
        return caller

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` gives the first time, however often the flow is tried again: for what is drawn."""
        if name not in self._results:
            self._results[name] = make()
        return cast("T", self._results[name])

    async def costly(self, function: Callable[..., T], *arguments: Hashable) -> T:
        """Return `function(*arguments)`, computed once however often the flow is tried again."""
        task = (function, arguments)
        if task not in self._results:
            self._results[task] = await self._offload(lambda: function(*arguments))
        return cast("T", self._results[task])

    def untouched(self, writes: Collection[Entity]) -> list[Entity]:
        """Return what was read and is not written, at the version at which it was read first."""
        written = {(type(entity), entity.id, entity.version) for entity in writes}
        first: dict[tuple[type[Entity], str], Entity] = {}
        for entity in chain.from_iterable(self._read):
            if entity is not None:
                # The first reading counts: if a second one differs, the commit must fail.
                first.setdefault((type(entity), entity.id), entity)
        return [entity for (kind, id_), entity in first.items() if (kind, id_, entity.version) not in written]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Runs flows against a store; `attempts` and `patience` bound every one of them.

    `posted` is called after a commit that has put a message into the outbox, and `callers` is told of every commit and
    of every caller that was read.
    """

    store: Store
    clock: Clock
    entropy: Entropy
    offload: Offload
    posted: Callable[[], None] = unheard
    callers: CallerCache = field(default_factory=CallerCache)
    attempts: int
    patience: timedelta

    async def run(self, decide: Callable[[Work], Awaitable[Decision[T]]], *, keep: bool = False) -> T:
        """Return what `decide` comes to, after everything it writes is stored; or raise its refusal, after the same.

        With `keep`, what it reads of callers may be recalled for a while.  Raises Contention, with nothing stored, when
        races were lost too often or for too long.
        """
        results: dict[Hashable, object] = {}
        begun_at = now = self.clock.now()
        for attempt in range(self.attempts):
            work = Work(now, self.store, self.offload, results, self.callers, keep)
            decision = await decide(work)
            if await self._committed(decision, work):
                _tell(decision)
                return decision.settle()
            if attempt + 1 == self.attempts or self.clock.now() >= begun_at + self.patience:
                break
            await self.clock.sleep(self._pause(attempt))
            now = self.clock.now()
        raise Contention

    async def run_within(self, transaction: Transaction, decide: Callable[[Work], Awaitable[Decision[T]]]) -> T:
        """Do as `run` does, once, within a transaction of the application's; nothing is stored before its commit.

        Raises RaceLost, having left nothing in the transaction: another attempt would see what this one has seen.  A
        refusal leaves there what must be remembered.  `posted` is not called, since nobody would find the message yet.
        """
        work = Work(self.clock.now(), transaction, self.offload, {})
        try:
            decision = await decide(work)
            if decision.writes:
                await transaction.stage(decision.writes, work.untouched(decision.writes))
        except Conflict:
            raise RaceLost from None
        _tell(decision)
        return decision.settle()

    async def rehearse(self, decide: Callable[[Work], Awaitable[Decision[T]]], reader: Reader) -> Decision[T]:
        """Return what `decide` comes to by what `reader` says; nothing is stored, and nothing is told."""
        return await decide(Work(self.clock.now(), reader, self.offload, {}))

    async def _committed(self, decision: Decision[T], work: Work) -> bool:
        if not decision.writes and not decision.removed:
            return True
        changed = [*decision.writes, *decision.removed]
        untouched = work.untouched(changed)
        try:
            if decision.removed:
                await self.housekeeping().remove(decision.removed, decision.writes, untouched)
            else:
                await self.store.commit(decision.writes, untouched)
        except Conflict:
            return False
        finally:
            # Whatever became of it: a commit that was broken off may have taken place.
            self.callers.changed(changed)
        if any(isinstance(entity, Message) and entity.version == 0 for entity in decision.writes):
            self.posted()
        return True

    def housekeeping(self) -> Housekeeping:
        """Return the store, if it can remove; raises ConfigurationError for any other."""
        if not isinstance(self.store, Housekeeping):
            raise ConfigurationError("this store removes nothing: see Housekeeping in authcore.ports")
        return self.store

    def _pause(self, attempt: int) -> float:
        """Wait longer each time, and never as long as the others, so that racers drift apart."""
        longest: float = min(_FIRST_PAUSE * 2 ** min(attempt, _DOUBLINGS), _LONGEST_PAUSE)
        return longest * (1 + self.entropy.token_bytes(1)[0]) / 256


def _tell(decision: Decision[T]) -> None:
    """Log what has come of a flow, once it is stored."""
    log_events(decision.writes)
    if decision.refusal is not None:
        decision.refusal.in_trail |= any(isinstance(entity, AuditEvent) for entity in decision.writes)
        log_refusal(decision.refusal)
