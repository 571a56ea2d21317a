"""A store in memory: for tests, and for trying things out.  It forgets everything when the process ends."""

from bisect import bisect_right, insort
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, TypeVar

from authcore.entities import Account, AuthenticationSession, Entity, Grant, Role, keys_of
from authcore.errors import Conflict
from authcore.ports import Caller, Catalogue, Housekeeping, Key, Store

__all__ = ["MemoryStore"]

E = TypeVar("E", bound=Entity)

_Name: TypeAlias = tuple[type[Entity], str, str]
"""What entities are found by, besides an id: a kind, a field, a value."""


class MemoryStore(Store, Catalogue, Housekeeping):
    """Keeps entities in dictionaries; correct under one event loop, because nothing in it waits."""

    def __init__(self) -> None:
        """Begin empty."""
        self._kept: dict[tuple[type[Entity], str], Entity] = {}
        self._owned: dict[_Name, list[str]] = {}
        """The ids of what has a value, in order: finding one among many costs no look at the others."""

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return what `key` names, in order of id."""
        ids = [key.value] if key.field == "id" else self._owned.get((key.kind, key.field, key.value), [])
        first = key.skip if key.after is None else key.skip + bisect_right(ids, key.after)
        meant = ids[first : None if key.limit is None else first + key.limit]
        return [entity for name in meant if isinstance(entity := self._kept.get((key.kind, name)), key.kind)]

    async def caller(self, session_id: str, /) -> Caller:
        """Return what an authenticated request needs."""
        session = self._of(AuthenticationSession, session_id)
        if session is None or session.account_id is None:
            return Caller(session=session)
        owned = self._owned.get((Grant, "account_id", session.account_id), ())
        named = [self._of(Grant, name) for name in owned]
        grants = tuple([grant for grant in named if grant is not None and grant.deleted_at is None])
        roles = tuple([role for grant in grants if (role := self._of(Role, grant.role)) is not None])
        return Caller(session=session, account=self._of(Account, session.account_id), grants=grants, roles=roles)

    async def page(self, kind: type[E], /, *, beginning: str = "", after: str | None = None, limit: int) -> Sequence[E]:
        """Return a page of a kind."""
        kept = {name: entity for (_, name), entity in self._kept.items() if isinstance(entity, kind)}
        meant = [name for name in sorted(kept) if name.startswith(beginning)]
        return [kept[name] for name in meant if after is None or name > after][:limit]

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Check everything, then store everything."""
        self._check(writes, unchanged)
        for entity in writes:
            self._keep(entity)

    async def remove(
        self, removed: Collection[Entity], writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
    ) -> None:
        """Check everything, then remove and store."""
        self._check(removed, writes, unchanged)
        for entity in removed:
            self._index(entity, ())
            del self._kept[type(entity), entity.id]
        for entity in writes:
            self._keep(entity)

    async def aged(self, kind: type[E], /, *, before: datetime, after: E | None = None, limit: int) -> Sequence[E]:
        """Return what is old of a kind."""
        kept = sorted((entity for entity in self._kept.values() if isinstance(entity, kind)), key=_age)
        old = [entity for entity in kept if _age(entity)[0] < before]
        return [entity for entity in old if after is None or _age(entity) > _age(after)][:limit]

    def _of(self, kind: type[E], name: str) -> E | None:
        kept = self._kept.get((kind, name))
        return kept if isinstance(kept, kind) else None

    def _check(self, *listed: Collection[Entity]) -> None:
        if any(self._version(entity) != entity.version for entities in listed for entity in entities):
            raise Conflict

    def _version(self, entity: Entity) -> int:
        kept = self._kept.get((type(entity), entity.id))
        return 0 if kept is None else kept.version

    def _keep(self, entity: Entity) -> None:
        self._index(entity, _names(entity))
        self._kept[type(entity), entity.id] = replace(entity, version=entity.version + 1)

    def _index(self, entity: Entity, names: Collection[_Name]) -> None:
        """Have an entity found by these names, and by none of those before."""
        before = self._kept.get((type(entity), entity.id))
        former = [] if before is None else _names(before)
        for name in set(former) - set(names):
            self._owned[name].remove(entity.id)
        for name in set(names) - set(former):
            insort(self._owned.setdefault(name, []), entity.id)


def _age(entity: Entity) -> tuple[datetime, str]:
    """Return what entities of a kind are listed by, oldest first."""
    return getattr(entity, str(entity.DATED)), entity.id


def _names(entity: Entity) -> list[_Name]:
    """Return what an entity is found by, besides its id."""
    values = [(field, getattr(entity, field)) for field in keys_of(type(entity))]
    return [(type(entity), field, value) for field, value in values if value is not None]
