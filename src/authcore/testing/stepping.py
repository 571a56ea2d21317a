"""Driving flows one call of the store at a time.  Which orders there are, and which to try, `interleaving` knows."""

from collections.abc import Callable, Collection, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias, TypeVar, cast

from authcore.auth import Auth
from authcore.entities import Entity
from authcore.ports import Caller, Housekeeping, Key, Store
from authcore.testing.clock import FakeClock
from authcore.testing.entropy import SeededEntropy

__all__ = ["Call", "Crashed", "Fate", "Flow", "Move", "Run", "SteppingStore"]

E = TypeVar("E", bound=Entity)

Flow: TypeAlias = Callable[[Auth], Coroutine[object, None, object]]
"""What starts a flow on the `Auth` that it is given."""

_MOST_STEPS: Final = 1000


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the store that a flow is about to make: what it says, and what it reads by which key, or writes."""

    text: str
    key: Key[Entity] | None = None
    writes: frozenset[tuple[type[Entity], str]] | None = None

    @property
    def is_commit(self) -> bool:
        """Whether it writes."""
        return self.writes is not None

    def commutes_with(self, other: "Call") -> bool:
        """Tell whether the order of the two surely does not matter.

        Two reads commute, and so do a commit and a read by another id or of another kind; two commits never do.
        """
        if self.is_commit and other.is_commit:
            return False
        return not (self.may_see(other) or other.may_see(self))

    def may_see(self, commit: "Call") -> bool:
        """Tell whether this is a read whose answer a commit could change; without a key, any could."""
        if self.is_commit or commit.writes is None:
            return False
        return self.key is None or any(
            kind is self.key.kind and (self.key.field != "id" or self.key.value == name) for kind, name in commit.writes
        )

    def __str__(self) -> str:
        return self.text


class Fate(Enum):
    """What becomes of a flow that is about to call the store."""

    GOES_ON = "goes on"
    CRASHES_BEFORE = "crashes before"
    CRASHES_AFTER = "crashes after"
    """It commits, and does not live to know."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that can happen next: a flow makes its call, or crashes."""

    flow: str
    call: Call
    fate: Fate = Fate.GOES_ON

    def commutes_with(self, other: "Move") -> bool:
        """Tell whether the order of the two surely does not matter; of two crashes only one may happen."""
        if self.flow == other.flow or Fate.GOES_ON not in {self.fate, other.fate}:
            return False
        return Fate.CRASHES_BEFORE in {self.fate, other.fate} or self.call.commutes_with(other.call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """The outcome of a flow that was closed, as by a cancellation or the end of its process."""

    call: Call
    after_commit: bool = False

    def __str__(self) -> str:
        return f"crashed {'after' if self.after_commit else 'before'} {self.call}"


@dataclass(frozen=True, slots=True)
class _Pause:
    """What a flow hands to its driver when it is about to call the store, or (None) when it must not go on."""

    call: Call | None

    def __await__(self) -> Generator["_Pause", None, None]:
        yield self


class SteppingStore(Store, Housekeeping):
    """Another store, before each call of which a flow pauses; `caller` is one call, or the many of its default."""

    def __init__(self, store: Store, *, whole_callers: bool = True) -> None:
        """Wrap a store that never waits."""
        self._store = store
        self._whole_callers = whole_callers
        self.stops_after_commit = False

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Pause, then find."""
        await _Pause(_reading("find", key))
        return await self._store.find(key)

    async def get(self, key: Key[E], /) -> E | None:
        """Pause, then get."""
        await _Pause(_reading("get", key))
        return await self._store.get(key)

    async def caller(self, session_id: str, /) -> Caller:
        """Pause, then read a caller; or read it step by step."""
        if not self._whole_callers:
            return await super().caller(session_id)
        await _Pause(Call(f"caller {session_id}"))
        return await self._store.caller(session_id)

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Pause, then commit, and perhaps never return."""
        await _Pause(_writing(writes, unchanged))
        await self._store.commit(writes, unchanged)
        if self.stops_after_commit:
            await _Pause(None)

    async def remove(
        self, removed: Collection[Entity], writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
    ) -> None:
        """Pause, then remove and write, and perhaps never return."""
        await _Pause(_writing([*writes, *removed], unchanged))
        await cast("Housekeeping", self._store).remove(removed, writes, unchanged)
        if self.stops_after_commit:
            await _Pause(None)

    async def aged(self, kind: type[E], /, *, before: datetime, after: E | None = None, limit: int) -> Sequence[E]:
        """Pause, then list what is old."""
        await _Pause(Call(f"aged {kind.__name__}, at most {limit}", key=cast("Key[Entity]", Key(kind, "aged", ""))))
        return await cast("Housekeeping", self._store).aged(kind, before=before, after=after, limit=limit)


@dataclass(slots=True)
class _Runner:
    flow: Coroutine[object, None, object]
    store: SteppingStore


@dataclass(slots=True)
class Run:
    """One run of several flows: each stands before a call of the store (`pending`), or has ended (`outcomes`)."""

    pending: dict[str, Call] = field(default_factory=dict)
    outcomes: dict[str, object] = field(default_factory=dict)
    schedule: list[str] = field(default_factory=list)
    steps: int = 0
    _runners: dict[str, _Runner] = field(default_factory=dict)

    @property
    def has_crashed(self) -> bool:
        """Whether a flow has crashed."""
        return any(isinstance(outcome, Crashed) for outcome in self.outcomes.values())

    def start(self, flows: Mapping[str, Flow], auth: Auth, *, whole_callers: bool) -> None:
        """Begin every flow, and bring it to its first call; its time and its randomness do not depend on the others."""
        for name, begin in flows.items():
            store = SteppingStore(auth.store, whole_callers=whole_callers)
            clock, entropy = FakeClock(auth.clock.now()), SeededEntropy(f"flow {name}")
            own = replace(auth, store=store, clock=clock, entropy=entropy)
            self._runners[name] = _Runner(begin(own), store)
            self._resume(name)

    def moves(self, *, crashes: bool = False) -> list[Move]:
        """Return what can happen next; one flow may crash, if `crashes` says so."""
        going = [Move(name, call) for name, call in self.pending.items()]
        if not crashes or self.has_crashed:
            return going
        before = [replace(move, fate=Fate.CRASHES_BEFORE) for move in going]
        after = [replace(move, fate=Fate.CRASHES_AFTER) for move in going if move.call.is_commit]
        # Crashes first: so each is tried where its flow arrives, and sleeps while the others go on.
        return [*before, *after, *going]

    def make(self, move: Move) -> bool:
        """Let it happen; False if it did not: a commit was refused, so that there was no crash after it."""
        name, call = move.flow, self.pending.pop(move.flow)
        if move.fate is Fate.CRASHES_BEFORE:
            self._end(name, Crashed(call=call))
            return True
        self.steps += 1
        if self.steps > _MOST_STEPS:
            msg = f"after {_MOST_STEPS} calls of the store the flows still go on"
            raise RuntimeError(msg)
        self.schedule.append(f"{name}: {call}")
        self._runners[name].store.stops_after_commit = move.fate is Fate.CRASHES_AFTER
        if not self._resume(name):
            self._end(name, Crashed(call=call, after_commit=True))
        return move.fate is Fate.GOES_ON or self.has_crashed

    def close(self) -> None:
        """Close what has not ended."""
        for runner in self._runners.values():
            runner.flow.close()

    def _resume(self, name: str) -> bool:
        """Let a flow go on to its next call, or to its end; False if it was stopped after a commit."""
        try:
            pause = self._runners[name].flow.send(None)
        except StopIteration as finished:
            self.outcomes[name] = finished.value
            return True
        except Exception as error:  # noqa: BLE001  whatever a flow raises is its outcome
            self.outcomes[name] = error
            return True
        match pause:
            case _Pause(None):
                return False
            case _Pause(Call() as call):
                self.pending[name] = call
                return True
            case _:
                msg = f"{name} waits for something else than the store, and nothing here could wake it"
                raise RuntimeError(msg)

    def _end(self, name: str, crashed: Crashed) -> None:
        self._runners[name].flow.close()
        self.schedule.append(f"{name}: {crashed}")
        self.outcomes[name] = crashed


def _reading(how: str, key: Key[E]) -> Call:
    limit = "" if key.limit is None else f", at most {key.limit}"
    after = "" if key.after is None else f", after {key.after}"
    skip = f", skipping {key.skip}" if key.skip else ""
    return Call(f"{how} {key.kind.__name__} {key.field}={key.value}{after}{skip}{limit}", key=cast("Key[Entity]", key))


def _writing(writes: Collection[Entity], unchanged: Collection[Entity]) -> Call:
    written = frozenset((type(entity), entity.id) for entity in writes)
    return Call(f"commit {_listed(writes)}; unchanged: {_listed(unchanged)}", writes=written)


def _listed(entities: Collection[Entity]) -> str:
    return ", ".join(f"{type(entity).__name__} {entity.id}@{entity.version}" for entity in entities) or "nothing"
