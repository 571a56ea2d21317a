"""Stores that break one law each, to show that a test would notice.  No store that anyone should use."""

from authcore.entities import Entity
from authcore.errors import Conflict
from authcore.memory import MemoryStore


class BlindStore(MemoryStore):
    """Never looks at a version, so that the last write wins."""

    async def commit(self, writes, unchanged=()):
        """Store the writes, whatever was there."""
        for entity in writes:
            self._keep(entity)


class UnguardedStore(MemoryStore):
    """Forgets `unchanged`, so that two flows may each break what the other one has read."""

    async def commit(self, writes, unchanged=()):
        """Check the writes only."""
        await super().commit(writes)


class TornStore(MemoryStore):
    """Stores a commit entity by entity, and keeps those before the first conflict."""

    async def commit(self, writes, unchanged=()):
        """Check and store one after the other."""
        for entity in writes:
            await super().commit([entity], unchanged)


class BusyStore(MemoryStore):
    """Always loses the race."""

    def __init__(self):
        """Begin with no commit tried."""
        super().__init__()
        self.tried = 0

    async def commit(self, writes, unchanged=()):
        """Refuse."""
        self.tried += 1
        raise Conflict


def everything(store) -> list[Entity]:
    """Return all that a store in memory holds, of every kind."""
    return list(store._kept.values())  # noqa: SLF001  no port lists what no flow may list
