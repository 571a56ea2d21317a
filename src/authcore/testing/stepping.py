"""Driving flows one call of the store at a time.  Which orders there are, and which to try, `interleaving` knows."""

from collections.abc import Callable, Collection, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, TypeVar

from authcore.auth import Auth
from authcore.entities import Entity
from authcore.ports import Caller, Key, Store
from authcore.testing.entropy import SeededEntropy

__all__ = ["Call", "Crash", "Crashed", "Flow", "Run", "SteppingStore"]

E = TypeVar("E", bound=Entity)

Flow: TypeAlias = Callable[[Auth], Coroutine[object, None, object]]
"""What starts a flow on the `Auth` that it is given."""

_MOST_STEPS: Final = 1000


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the store that a flow is about to make: what it says, and whether it writes."""

    text: str
    is_commit: bool = False

    def commutes_with(self, other: "Call") -> bool:
        """Tell whether the order of the two cannot matter: only reads are known not to disturb each other."""
        return not (self.is_commit or other.is_commit)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """Where a flow ends too early: before its `number`th call of the store, or right after it if that is a commit."""

    flow: str
    number: int
    after_commit: bool = False


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


class SteppingStore(Store):
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


@dataclass(slots=True)
class _Runner:
    flow: Coroutine[object, None, object]
    store: SteppingStore
    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """One run of several flows: each stands before a call of the store (`pending`), or has ended (`outcomes`)."""

    crash: Crash | None = None
    pending: dict[str, Call] = field(default_factory=dict)
    outcomes: dict[str, object] = field(default_factory=dict)
    schedule: list[str] = field(default_factory=list)
    steps: int = 0
    _runners: dict[str, _Runner] = field(default_factory=dict)

    @property
    def calls(self) -> Mapping[str, Sequence[Call]]:
        """What each flow called, in order."""
        return {name: runner.calls for name, runner in self._runners.items()}

    @property
    def has_crashed(self) -> bool:
        """Whether the crash took place."""
        return any(isinstance(outcome, Crashed) for outcome in self.outcomes.values())

    def start(self, flows: Mapping[str, Flow], auth: Auth, *, whole_callers: bool) -> None:
        """Begin every flow, and bring it to its first call; each draws its own randomness, whatever the others do."""
        for name, begin in flows.items():
            store = SteppingStore(auth.store, whole_callers=whole_callers)
            own = replace(auth, store=store, entropy=SeededEntropy(f"flow {name}"))
            self._runners[name] = _Runner(begin(own), store)
            self._resume(name)

    def step(self, name: str) -> None:
        """Let one flow make its pending call and go on to the next one, or to its end."""
        runner = self._runners[name]
        self.schedule.append(f"{name}: {self.pending.pop(name)}")
        self.steps += 1
        if self.steps > _MOST_STEPS:
            msg = f"after {_MOST_STEPS} calls of the store the flows still go on"
            raise RuntimeError(msg)
        runner.store.stops_after_commit = self.crash == Crash(flow=name, number=len(runner.calls), after_commit=True)
        self._resume(name)

    def close(self) -> None:
        """Close what has not ended."""
        for runner in self._runners.values():
            runner.flow.close()

    def _resume(self, name: str) -> None:
        runner = self._runners[name]
        try:
            pause = runner.flow.send(None)
        except StopIteration as finished:
            self.outcomes[name] = finished.value
        except Exception as error:  # noqa: BLE001  whatever a flow raises is its outcome
            self.outcomes[name] = error
        else:
            match pause:
                case _Pause(None):
                    self._end(name, Crashed(call=runner.calls[-1], after_commit=True))
                case _Pause(Call() as call):
                    self._arrive(name, call)
                case _:
                    msg = f"{name} waits for something else than the store, and nothing here could wake it"
                    raise RuntimeError(msg)

    def _arrive(self, name: str, call: Call) -> None:
        runner = self._runners[name]
        runner.calls.append(call)
        if self.crash == Crash(flow=name, number=len(runner.calls)):
            self._end(name, Crashed(call=call))
        else:
            self.pending[name] = call

    def _end(self, name: str, crashed: Crashed) -> None:
        self._runners[name].flow.close()
        self.schedule.append(f"{name}: {crashed}")
        self.outcomes[name] = crashed


def _reading(how: str, key: Key[E]) -> Call:
    limit = "" if key.limit is None else f", at most {key.limit}"
    return Call(f"{how} {key.kind.__name__} {key.field}={key.value}{limit}")


def _writing(writes: Collection[Entity], unchanged: Collection[Entity]) -> Call:
    return Call(f"commit {_listed(writes)}; unchanged: {_listed(unchanged)}", is_commit=True)


def _listed(entities: Collection[Entity]) -> str:
    return ", ".join(f"{type(entity).__name__} {entity.id}@{entity.version}" for entity in entities) or "nothing"
