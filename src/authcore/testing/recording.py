"""Watching what a run does: an `Auth` whose store, hasher and offload take notes.  Comparing is done in `effects`."""

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from authcore.auth import Auth
from authcore.entities import Entity
from authcore.errors import AuthcoreError
from authcore.ports import Caller, Key, Offload, PasswordHasher, Store
from authcore.testing.effects import Effects, effects_of

__all__ = ["Recorder"]

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

_SALT_OR_TAG: Final = re.compile(r"(?<=\$)[\w./+=-]{16,}", re.ASCII)
"""What follows the parameters in every common form of a hash: random, and too long to be one of them."""


@dataclass(slots=True)
class _Notes:
    """What was seen since the last run began."""

    is_taken: bool = False
    hashes: list[str] = field(default_factory=list)
    offloaded: int = 0
    commits: list[tuple[Entity, ...]] = field(default_factory=list)

    def begin(self) -> None:
        if self.is_taken:
            raise RuntimeError("a recorder watches one run at a time")
        self.is_taken, self.hashes, self.offloaded, self.commits = True, [], 0, []

    def hashed(self, what: str, stored: str) -> None:
        self.hashes.append(f"{what} {_SALT_OR_TAG.sub('...', stored)}")


class Recorder:
    """Watches an `Auth`: its `auth` is the one to use, or to build an application with.

    It watches one run at a time, and notes whatever is done meanwhile.  What is written within a transaction of the
    application's is not seen.
    """

    def __init__(self, auth: Auth) -> None:
        self._notes = _Notes()
        self.auth = replace(
            auth,
            store=_RecordedStore(auth.store, self._notes),
            hasher=_RecordedHasher(auth.hasher, self._notes),
            offload=_recorded(auth.offload, self._notes),
        )

    async def record(self, name: str, run: Callable[[Auth], Awaitable[object]]) -> Effects:
        """Return what a run does; `name` tells whom it meets.

        What it returns is compared as its answer, and what it raises, if that is authcore's.  An answer is made of
        texts, octets, numbers and times, of what authcore returns and raises, and of tuples, lists, mappings and
        dataclasses of those; TypeError is raised for anything else.
        """
        self._notes.begin()
        try:
            answer = await run(self.auth)
        except AuthcoreError as error:
            answer = error
        finally:
            self._notes.is_taken = False
        notes = self._notes
        return effects_of(name, answer, hashes=notes.hashes, offloaded=notes.offloaded, commits=notes.commits)


class _RecordedStore(Store):
    def __init__(self, store: Store, notes: _Notes) -> None:
        self._store = store
        self._notes = notes

    async def find(self, key: Key[E], /) -> Sequence[E]:
        return await self._store.find(key)

    async def get(self, key: Key[E], /) -> E | None:
        return await self._store.get(key)

    async def caller(self, session_id: str, /) -> Caller:
        return await self._store.caller(session_id)

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        await self._store.commit(writes, unchanged)
        self._notes.commits.append(tuple(writes))


class _RecordedHasher(PasswordHasher):
    def __init__(self, hasher: PasswordHasher, notes: _Notes) -> None:
        self._hasher = hasher
        self._notes = notes

    def hash(self, password: str, salt: bytes, /) -> str:
        stored = self._hasher.hash(password, salt)
        self._notes.hashed("hash", stored)
        return stored

    def verify(self, stored: str, password: str, /) -> bool:
        self._notes.hashed("verify", stored)
        return self._hasher.verify(stored, password)

    def knows(self, stored: str, /) -> bool:
        return self._hasher.knows(stored)

    def needs_rehash(self, stored: str, /) -> bool:
        return self._hasher.needs_rehash(stored)

    def dummy(self) -> str:
        return self._hasher.dummy()


def _recorded(offload: Offload, notes: _Notes) -> Offload:
    def hand_on(work: Callable[[], T], /) -> Awaitable[T]:
        notes.offloaded += 1
        return offload(work)

    return hand_on
