"""The stores that the adapters' tests run over, and a wrapper that counts, fails and waits on command."""

import asyncio
from contextlib import contextmanager
from importlib import import_module

from authcore.entities import AuditEvent, AuditSeal, Entity, Message
from authcore.memory import MemoryStore
from authcore.ports import Housekeeping, Store


def _has_sqlite():
    """Whether there is a store for SQLite: once there is one, an error in it fails the tests and skips none."""
    try:
        return hasattr(import_module("authcore_sqlalchemy"), "SqliteStore")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "sqlalchemy":
            return False
        raise


KINDS = ("memory", "sqlite") if _has_sqlite() else ("memory",)


_HOUSEKEEPING = (Message, AuditEvent, AuditSeal)


@contextmanager
def opening(kind):
    """Yield what makes stores of a kind, and close them all."""
    made = []

    def make():
        if kind == "memory":
            return MemoryStore()
        made.append(import_module("authcore_sqlalchemy").SqliteStore(":memory:"))
        return made[-1]

    try:
        yield make
    finally:
        for store in made:
            store.close()


class WatchedStore(Store, Housekeeping):
    """Another store, whose calls are kept in `calls`; each raises `fault` while one is set.

    Calls about messages and the trail are left out, since the background makes them at any time; `unsent` names the
    messages in the outbox.  Everything that was ever stored is in `written`.
    """

    def __init__(self, store):
        """Wrap a store."""
        self._store = store
        self.calls: list[str] = []
        self.fault: Exception | None = None
        self.unsent: set[str] = set()
        self.written: list[Entity] = []

    async def find(self, key, /):
        """Watch, then find."""
        if key.kind not in _HOUSEKEEPING:
            await self._watch(f"find {key.kind.__name__}")
        return await self._store.find(key)

    async def get(self, key, /):
        """Watch, then get."""
        if key.kind not in _HOUSEKEEPING:
            await self._watch(f"get {key.kind.__name__}")
        return await self._store.get(key)

    async def caller(self, session_id, /):
        """Watch, then read a caller."""
        await self._watch("caller")
        return await self._store.caller(session_id)

    async def commit(self, writes, unchanged=()):
        """Watch, then commit."""
        messages = [entity for entity in writes if isinstance(entity, Message)]
        if not all(isinstance(entity, _HOUSEKEEPING) for entity in writes):
            await self._watch("commit")
        await self._store.commit(writes, unchanged)
        self.written += writes
        self.unsent -= {message.id for message in messages if message.queue is None}
        self.unsent |= {message.id for message in messages if message.queue is not None}

    async def remove(self, removed, writes=(), unchanged=()):
        """Watch, then remove."""
        await self._watch("remove")
        await self._store.remove(removed, writes, unchanged)

    async def aged(self, kind, /, *, before, after=None, limit):
        """List what is old."""
        return await self._store.aged(kind, before=before, after=after, limit=limit)

    async def _watch(self, call):
        self.calls.append(call)
        if self.fault is not None:
            raise self.fault
        await asyncio.sleep(0)  # so that concurrent requests do interleave, even over a store that never waits
