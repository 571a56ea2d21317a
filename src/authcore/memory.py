"""A store in memory: for tests, and for trying things out.  It forgets everything when the process ends."""

from bisect import insort
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from authcore.entities import Entity
from authcore.errors import Conflict
from authcore.ports import Key, Store

__all__ = ["MemoryStore"]

E = TypeVar("E", bound=Entity)


class MemoryStore(Store):
    """Keeps entities in dictionaries; correct under one event loop, because nothing in it waits."""

    def __init__(self) -> None:
        """Begin empty."""
        self._kept: dict[tuple[type[Entity], str], Entity] = {}
        self._owned: dict[tuple[type[Entity], str], list[str]] = {}
        """The ids of what an owner has, in order: finding one among many costs no look at the others."""

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return what `key` names, in order of id."""
        ids = [key.value] if key.field == "id" else self._owned.get((key.kind, key.value), [])
        end = None if key.limit is None else key.skip + key.limit
        meant = ids[key.skip : end]
        return [entity for name in meant if isinstance(entity := self._kept.get((key.kind, name)), key.kind)]

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Check everything, then store everything."""
        for entity in (*writes, *unchanged):
            if self._version(entity) != entity.version:
                raise Conflict
        for entity in writes:
            self._keep(entity)

    def _version(self, entity: Entity) -> int:
        kept = self._kept.get((type(entity), entity.id))
        return 0 if kept is None else kept.version

    def _keep(self, entity: Entity) -> None:
        kind, owner = type(entity), _owner(entity)
        before = self._kept.get((kind, entity.id))
        former = None if before is None else _owner(before)
        if former is not None and former != owner:
            self._owned[kind, former].remove(entity.id)
        if owner is not None and former != owner:
            insort(self._owned.setdefault((kind, owner), []), entity.id)
        self._kept[kind, entity.id] = replace(entity, version=entity.version + 1)


def _owner(entity: Entity) -> str | None:
    return None if entity.OWNER is None else getattr(entity, entity.OWNER)
