"""A store in memory: for tests, and for trying things out.  It forgets everything when the process ends."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from authcore.entities import Entity, keys_of
from authcore.errors import Conflict
from authcore.ports import Catalogue, Housekeeping, Key, Store

__all__ = ["MemoryStore"]

E = TypeVar("E", bound=Entity)


class MemoryStore(Store, Catalogue, Housekeeping):
    """Keeps entities in dictionaries; correct under one event loop, because nothing in it waits."""

    def __init__(self) -> None:
        """Begin empty."""
        self._kept: dict[tuple[type[Entity], str], Entity] = {}
        self._owned: dict[tuple[type[Entity], str, str], set[str]] = {}

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return what `key` names, in order of id."""
        ids = [key.value] if key.field == "id" else sorted(self._owned.get((key.kind, key.field, key.value), ()))
        found = [entity for name in ids if isinstance(entity := self._kept.get((key.kind, name)), key.kind)]
        return found[key.skip :][: key.limit]

    async def page(self, kind: type[E], /, *, after: str | None = None, limit: int) -> Sequence[E]:
        """Return a page of a kind."""
        kept = {name: entity for (_, name), entity in self._kept.items() if isinstance(entity, kind)}
        return [kept[name] for name in sorted(kept) if after is None or name > after][:limit]

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
            self._disown(entity)
            del self._kept[type(entity), entity.id]
        for entity in writes:
            self._keep(entity)

    def _check(self, *listed: Collection[Entity]) -> None:
        if any(self._version(entity) != entity.version for entities in listed for entity in entities):
            raise Conflict

    def _version(self, entity: Entity) -> int:
        kept = self._kept.get((type(entity), entity.id))
        return 0 if kept is None else kept.version

    def _keep(self, entity: Entity) -> None:
        self._disown(entity)
        for name in _names(entity):
            self._owned.setdefault(name, set()).add(entity.id)
        self._kept[type(entity), entity.id] = replace(entity, version=entity.version + 1)

    def _disown(self, entity: Entity) -> None:
        before = self._kept.get((type(entity), entity.id))
        for name in () if before is None else _names(before):
            self._owned[name].discard(entity.id)


def _names(entity: Entity) -> list[tuple[type[Entity], str, str]]:
    """Return what an entity is found by, besides its id."""
    values = [(field, getattr(entity, field)) for field in keys_of(type(entity))]
    return [(type(entity), field, value) for field, value in values if value is not None]
