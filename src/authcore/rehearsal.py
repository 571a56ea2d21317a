"""Reading what a store would hold if decisions that are only rehearsed were kept.  Nothing here decides or stores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from authcore.entities import Entity
from authcore.ports import Key, Reader

__all__ = ["Rehearsal"]

E = TypeVar("E", bound=Entity)


class Rehearsal(Reader):
    """Answers for a store that is never written to, and for what was decided since, in memory."""

    def __init__(self, store: Reader) -> None:
        """Begin with nothing decided."""
        self._store = store
        self._decided: dict[tuple[type[Entity], str], Entity] = {}

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return what the store would answer."""
        stored = await self._store.find(replace(key, limit=None, skip=0, after=None))
        found = {entity.id: entity for entity in (*stored, *self._decided_of(key))}
        now = [self._decided.get((key.kind, id_), found[id_]) for id_ in sorted(found)]
        named = [entity for entity in now if isinstance(entity, key.kind) and getattr(entity, key.field) == key.value]
        if key.after is not None:
            named = [entity for entity in named if entity.id > key.after]
        return named[key.skip :][: key.limit]

    def keep(self, writes: Iterable[Entity]) -> None:
        """Take what was decided for written."""
        self._decided.update(
            {(type(entity), entity.id): replace(entity, version=entity.version + 1) for entity in writes}
        )

    def _decided_of(self, key: Key[E]) -> Iterator[E]:
        among = [self._decided.get((key.kind, key.value))] if key.field == "id" else self._decided.values()
        return (entity for entity in among if isinstance(entity, key.kind))
