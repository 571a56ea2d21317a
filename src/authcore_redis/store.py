"""A store in a Redis or a Valkey, or in a Cluster of them.  Scripts and connections stand elsewhere."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from redis.asyncio import Redis

from authcore.entities import Account, AuthenticationSession, Entity, Grant, Role, can_be_stored
from authcore.errors import ConfigurationError, Conflict, StoreFault
from authcore.ports import Caller, Catalogue, ClosableStore, Housekeeping, Key
from authcore_redis.connections import link_to
from authcore_redis.documents import text_of, to_caller, to_document, to_entity, values_of
from authcore_redis.keys import Realm
from authcore_redis.scripts import CALLER, COMMIT, FIND, GET, PAGE
from authcore_redis.speaking import Speaker

__all__ = ["RedisStore"]

E = TypeVar("E", bound=Entity)

_PATIENCE: Final = timedelta(seconds=2)
_REPLICAS_WITHIN: Final = timedelta(milliseconds=500)
_DATE: Final = 21
_BEYOND: Final = b"\xff"  # no text in UTF-8 has it, so it comes after all that go on from a beginning


class RedisStore(ClosableStore, Catalogue, Housekeeping):
    """Keeps entities in a server, to which it connects when it is first asked.

    `at` is a URL: `redis://`, `rediss://` (TLS) or `unix://`; `redis+cluster://` or `rediss+cluster://` with the hosts
    of some nodes.  Or it is the application's own client, whose settings count instead of `patience` and `connections`.
    The name of the `realm` begins every key, so that several applications can share a server.  `patience` is how long
    is waited for a connection, and for an answer.  With `replicas`, a commit is a fault unless so many replicas have it
    `replicas_within` so long: it was stored then, and a failover may lose it.

    It belongs to the event loop that first uses it, and raises StoreFault in any other.
    Raises ConfigurationError for a URL or a realm that cannot be, and for a time that no replica could keep.
    """

    def __init__(
        self,
        at: str | Redis,
        *,
        realm: str = "authcore",
        patience: timedelta = _PATIENCE,
        connections: int = 50,
        replicas: int = 0,
        replicas_within: timedelta = _REPLICAS_WITHIN,
    ) -> None:
        """Remember where the server is; nothing is said to it yet."""
        if replicas and not timedelta(milliseconds=1) <= replicas_within < patience:
            raise ConfigurationError("replicas_within must be at least a millisecond, and less than patience")
        self._realm = Realm(realm)
        self._speaker = Speaker(
            link_to(at, patience=patience, connections=connections),
            format_key=self._realm.format,
            replicas=replicas,
            replicas_within=replicas_within,
        )
        sessions, accounts = self._realm[AuthenticationSession], self._realm[Account]
        grants, roles = self._realm[Grant], self._realm[Role]
        keys = [sessions.documents, sessions.values, accounts.documents]
        keys += [grants.documents, grants.values, grants.indexes["account_id"], roles.documents]
        self._caller = self._speaker.question(CALLER, keys)

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return what `key` names, in order of id."""
        keys = self._realm[key.kind]
        if not can_be_stored(key.value):
            return []
        if key.field == "id":
            found = await self._speaker.read(GET, [keys.documents], key.value)
            return _entities(key.kind, found)[key.skip :]
        index, limit = keys.indexes[key.field], -1 if key.limit is None else key.limit
        before = f"({key.value}\0" if key.after is None else f"[{key.value}\0{key.after}"
        found = await self._speaker.read(FIND, [keys.documents, index], key.value, key.skip, limit, before)
        return _entities(key.kind, found)

    async def page(self, kind: type[E], /, *, beginning: str = "", after: str | None = None, limit: int) -> Sequence[E]:
        """Return a page of a kind."""
        if not can_be_stored(beginning):
            return []
        keys = self._realm[kind]
        begin = f"({after}" if after is not None and after >= beginning else f"[{beginning}"
        end = f"({beginning}".encode() + _BEYOND if beginning else "+"
        return _entities(kind, await self._speaker.read(PAGE, [keys.documents, keys.ids], begin, end, limit, 0))

    async def caller(self, session_id: str, /) -> Caller:
        """Return what an authenticated request needs, by one script and so in one snapshot."""
        if not can_be_stored(session_id):
            return Caller()
        return to_caller(await self._speaker.ask(self._caller, session_id))

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Check and write all by one script."""
        await self._change(write=writes, check=unchanged)

    async def remove(
        self, removed: Collection[Entity], writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
    ) -> None:
        """Check, remove and write all by one script."""
        await self._change(remove=removed, write=writes, check=unchanged)

    async def aged(self, kind: type[E], /, *, before: datetime, after: E | None = None, limit: int) -> Sequence[E]:
        """Return what is old of a kind."""
        keys, date = self._realm[kind], str(kind.DATED)
        begin = "-" if after is None else f"({text_of(getattr(after, date))}\0{after.id}"
        place, end = [keys.documents, keys.indexes[date]], f"({text_of(before)}"
        return _entities(kind, await self._speaker.read(PAGE, place, begin, end, limit, _DATE))

    async def check(self) -> None:
        """Raise ConfigurationError if the server may forget what it was told, or keeps the realm in another format.

        To be called when the application starts.  StoreFault if the server cannot be asked.
        """
        await self._speaker.check()

    async def aclose(self) -> None:
        """Close the connections, unless they are those of the application's client."""
        await self._speaker.aclose()

    async def _change(self, **tasks: Collection[Entity]) -> None:
        listed = [(task, entity) for task, entities in tasks.items() for entity in entities]
        if not listed:
            return
        keys: list[str] = []
        places: dict[type[Entity], int] = {}
        for _, entity in listed:
            if type(entity) not in places:
                places[type(entity)] = len(keys) + 2  # Lua counts from 1, and the format comes first
                keys += self._realm[type(entity)].all()
        args = [part for task, entity in listed for part in self._told(task, entity, places[type(entity)])]
        if not await self._speaker.write(COMMIT, keys, args):
            raise Conflict

    def _told(self, task: str, entity: Entity, place: int) -> Iterator[bytes]:
        """Yield the eight things that the script is told of an entity."""
        count = len(self._realm[type(entity)].indexes)
        for part in (task, place, count, entity.id, entity.version, entity.version + 1):
            yield str(part).encode()
        is_written = task == "write"
        yield to_document(entity) if is_written else b""
        yield values_of(entity) if is_written else b""


def _list(answer: object) -> list[object]:
    if not isinstance(answer, list):
        raise StoreFault("Redis: a script has answered what it never answers")
    return answer


def _entities(kind: type[E], answer: object) -> list[E]:
    return [to_entity(kind, document) for document in _list(answer) if isinstance(document, bytes)]
