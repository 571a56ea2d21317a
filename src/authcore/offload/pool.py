"""Threads for costly work, with a bounded queue before them; and how many of them a machine has room for."""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock, get_native_id
from typing import Final, Self, TypeVar

from authcore.errors import ConfigurationError, Overloaded
from authcore.hashing import memory_of
from authcore.offload.machine import usable_cores, usable_memory
from authcore.ports import PasswordHasher

__all__ = ["BoundedPool", "threads_for"]

T = TypeVar("T")

_MOST_THREADS: Final = 4
"""No process needs more: one hash has several lanes, each a thread of its own while it runs."""

_SHARE: Final = 4
"""Hashes that run at once hold at most one part of the memory in so many: the rest is the application's."""

_WAITING: Final = 64

_GIVING_WAY: Final = 10
"""How nice the threads are: requests come first, and on a busy machine hashes still get a share."""


def threads_for(*, memory_each: int, cores: int, memory: int | None, processes: int = 1) -> int:
    """Return how many hashes one of so many equal processes should run at once: 1 to 4.

    All of them together hold at most a quarter of `memory` (bytes; None if it is unknown), but one may always run, and
    no more run than there are cores.  Raises ConfigurationError if not even one hash would fit into the memory.
    """
    if min(memory_each, cores, processes) < 1:
        raise ConfigurationError("a pool needs hashes of some size, a core and a process")
    if memory is None:
        return max(1, min(_MOST_THREADS, cores // processes))
    if memory_each * processes > memory:
        raise ConfigurationError(
            f"one hash in each of {processes} processes takes {memory_each * processes >> 20} MiB,"
            f" and there are {memory >> 20}: choose cheaper parameters"
        )
    return max(1, min(_MOST_THREADS, cores // processes, memory // _SHARE // processes // memory_each))


class BoundedPool:
    """Runs costly work in a few threads, with a bounded queue before them.

    Hashing releases the interpreter's lock, so that the loop goes on; and on Linux the threads, and those that a hash
    begins for its lanes, have a lower priority than the loop, so that it need not wait for a core either.  `threads`
    bounds memory as well: each running hash holds as much as its parameters say.  Beyond `waiting` more, work is
    refused with Overloaded.
    """

    def __init__(self, *, threads: int | None = None, waiting: int = _WAITING) -> None:
        self.threads = threads or min(usable_cores(), _MOST_THREADS)
        self.waiting = waiting
        self._room = self.threads + waiting
        self._lock = Lock()
        self._executor: ThreadPoolExecutor | None = None

    @classmethod
    def for_hasher(cls, hasher: PasswordHasher, *, processes: int = 1, waiting: int = _WAITING) -> Self:
        """Return a pool as large as this machine, or this container, has room for hashes: see `threads_for`.

        `processes` is how many serve the application on this machine, each with a pool of its own.
        """
        threads = threads_for(
            memory_each=memory_of(hasher), cores=usable_cores(), memory=usable_memory(), processes=processes
        )
        return cls(threads=threads, waiting=waiting)

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Return the result of `work`; a caller that is cancelled leaves work that has begun to its end."""
        return await asyncio.wrap_future(self._submit(work))

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._room == 0:
                raise Overloaded
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self.threads, thread_name_prefix="authcore", initializer=_give_way)
            future = self._executor.submit(work)
            # Taken only now: where the system has no thread to give, the work has no end that would give it back.
            self._room -= 1
        # Room is given back when the work ends, not when nobody waits for it any more: it still holds its memory.
        future.add_done_callback(self._give_back)
        return future

    def _give_back(self, _: Future[T]) -> None:
        with self._lock:
            self._room += 1


def _give_way() -> None:
    """Lower the priority of this thread, where a thread has one of its own and the system allows it."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _GIVING_WAY)
