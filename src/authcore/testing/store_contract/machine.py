"""The law about everything at once: a store that is used at random, beside a store in memory."""
# ruff: noqa: S101  a law speaks assert, as every test does

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any, ClassVar, Final, TypeVar

import anyio.from_thread
import anyio.to_thread
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from authcore.entities import Account, AuditEvent, AuthenticationSession, Entity, Grant, Identifier, Role
from authcore.errors import Conflict
from authcore.memory import MemoryStore
from authcore.ports import Catalogue, Housekeeping, Key, Store, by_field, by_id
from authcore.testing.running import run_sync
from authcore.testing.store_contract.samples import account, event, grant, identifier, role, session

__all__ = ["MachineLaws"]

T = TypeVar("T")

_NAMES: Final = ("a", "B", "b", "b ")
_OWNERS: Final = ("a", "b", None)
_KINDS: Final = (Account, Identifier, Grant, Role, AuthenticationSession, AuditEvent)
_KEYS: Final = (
    *((Identifier, "account_id"), (Identifier, "former_id"), (Grant, "account_id")),
    *((AuthenticationSession, "account_id"), (AuditEvent, "account_id"), (AuditEvent, "batch")),
)


@dataclass(frozen=True, slots=True)
class _Touch:
    """An entity that is listed: of what kind, which one, whose, and how far its version is from the stored one."""

    kind: type[Entity]
    name: str
    owner: str | None
    drift: int


_TOUCHES: Final = st.lists(
    st.builds(
        _Touch,
        kind=st.sampled_from(_KINDS),
        name=st.sampled_from(_NAMES),
        owner=st.sampled_from(_OWNERS),
        drift=st.sampled_from([0, 0, 0, 0, 0, 0, 0, 0, -1, 1]),
    ),
    max_size=4,
    unique_by=lambda touch: (touch.kind, touch.name),
)


class MachineLaws:
    """What a store answers, whatever it was asked before."""

    async def test_agrees_with_a_store_in_memory(self, store: Store) -> None:
        """After anything that was written, removed, refused and asked, it answers as a store in memory does.

        Nothing is emptied in between: each run of the machine writes under names of its own.
        """
        machine = type("Beside", (_Beside,), {"store": store, "numbers": count()})
        chosen = settings(max_examples=25, stateful_step_count=20, deadline=None, database=None)
        await anyio.to_thread.run_sync(partial(run_state_machine_as_test, machine, settings=chosen))


class _Beside(RuleBasedStateMachine):
    """Asks both stores the same, and expects the same; what is listed comes from what the one in memory keeps."""

    store: ClassVar[Store]
    numbers: ClassVar[Iterator[int]]

    def __init__(self) -> None:
        super().__init__()
        self.twin, self.prefix = MemoryStore(), f"{next(self.numbers):06} "

    @rule(writes=_TOUCHES, unchanged=_TOUCHES)
    def commit(self, writes: Sequence[_Touch], unchanged: Sequence[_Touch]) -> None:
        """Write some entities, if others are unchanged."""
        listed = self._listed(writes)
        guards = self._stored(unchanged, besides=writes)
        self._compare(lambda store: store.commit(listed, guards))

    @precondition(lambda self: isinstance(self.store, Housekeeping))
    @rule(removed=_TOUCHES, writes=_TOUCHES, unchanged=_TOUCHES)
    def remove(self, removed: Sequence[_Touch], writes: Sequence[_Touch], unchanged: Sequence[_Touch]) -> None:
        """Remove some entities, and write others, if yet others are unchanged."""
        gone = self._stored(removed)
        listed = self._listed(_besides(writes, removed))
        guards = self._stored(unchanged, besides=[*writes, *removed])
        self._compare(lambda store: store.remove(gone, listed, guards))

    @rule(kind=st.sampled_from(_KINDS), name=st.sampled_from(_NAMES))
    def find_by_id(self, kind: type[Entity], name: str) -> None:
        """Look for one entity."""
        self._ask(by_id(kind, self.prefix + name))

    @rule(
        key=st.sampled_from(_KEYS),
        owner=st.sampled_from(_NAMES),
        limit=st.sampled_from([None, 1, 2]),
        skip=st.sampled_from([0, 0, 1, 3]),
        after=st.sampled_from([None, *_NAMES]),
    )
    def find_by_field(
        self, key: tuple[type[Entity], str], owner: str, limit: int | None, skip: int, after: str | None
    ) -> None:
        """Look for those of an owner."""
        begin = None if after is None else self.prefix + after
        self._ask(by_field(*key, self.prefix + owner, limit=limit, skip=skip, after=begin))

    @rule(name=st.sampled_from(_NAMES))
    def caller(self, name: str) -> None:
        """Look for what an authenticated request reads."""

        async def ask(store: Store) -> list[object]:
            caller = await store.caller(self.prefix + name)
            return [caller.session, caller.account, list(caller.grants), list(caller.roles)]

        self._compare(ask)

    @precondition(lambda self: isinstance(self.store, Catalogue))
    @rule(
        kind=st.sampled_from(_KINDS),
        beginning=st.sampled_from(["", *_NAMES]),
        name=st.sampled_from(["", *_NAMES]),
        limit=st.sampled_from([1, 2, 9]),
    )
    def page(self, kind: type[Entity], beginning: str, name: str, limit: int) -> None:
        """List a kind from some name on."""

        async def ask(store: Any) -> list[Entity]:  # noqa: ANN401  both are catalogues, which one cannot say here
            # Other runs write other names.
            return list(
                await store.page(kind, beginning=self.prefix + beginning, after=self.prefix + name, limit=limit)
            )

        self._compare(ask)

    def _ask(self, key: Key[Entity]) -> None:
        async def ask(store: Store) -> list[Entity]:
            return list(await store.find(key))

        self._compare(ask)

    def _compare(self, ask: Callable[[Any], Coroutine[Any, Any, object]]) -> None:
        expected = run_sync(_settled(ask(self.twin)))
        assert anyio.from_thread.run(_settled, ask(self.store)) == expected

    def _listed(self, touches: Sequence[_Touch]) -> list[Entity]:
        return [self._entity(touch) for touch in touches]

    def _stored(self, touches: Sequence[_Touch], besides: Sequence[_Touch] = ()) -> list[Entity]:
        """Those that claim to be stored, and are not listed twice."""
        return [entity for entity in self._listed(_besides(touches, besides)) if entity.version > 0]

    def _entity(self, touch: _Touch) -> Entity:
        entity = _MAKE[touch.kind](self.prefix + touch.name, None if touch.owner is None else self.prefix + touch.owner)
        stored = run_sync(self.twin.get(by_id(touch.kind, entity.id)))
        return replace(entity, version=max(0, (0 if stored is None else stored.version) + touch.drift))


async def _settled(asking: Coroutine[Any, Any, object]) -> object:
    """What came of it; a conflict is an answer, too."""
    try:
        return await asking
    except Conflict:
        return Conflict


def _besides(touches: Sequence[_Touch], others: Sequence[_Touch]) -> list[_Touch]:
    taken = {(other.kind, other.name) for other in others}
    return [touch for touch in touches if (touch.kind, touch.name) not in taken]


def _role_of(name: str, owner: str | None) -> Role:
    return role(name, *([] if owner is None else [f"read:{len(owner)}"]))


def _identifier_of(name: str, owner: str | None) -> Identifier:
    # Held by somebody, or released by somebody else.
    return replace(identifier(name, owner), former_id=f"{name[:-1]}b" if owner is None else None)


def _grant_of(name: str, owner: str | None) -> Grant:
    return grant(name, owner or name, role=owner or name)


def _event_of(name: str, owner: str | None) -> AuditEvent:
    return event(name, owner, batch=(owner or name)[-16:])


_MAKE: Final[dict[type[Entity], Callable[[str, str | None], Entity]]] = {
    Account: lambda name, owner: account(name, epoch=0 if owner is None else len(owner)),
    Identifier: _identifier_of,
    Grant: _grant_of,
    Role: _role_of,
    AuthenticationSession: session,
    AuditEvent: _event_of,
}
