"""Threads for costly work, with a bounded queue before them."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Final, TypeVar

from authcore.errors import Overloaded

__all__ = ["BoundedPool"]

T = TypeVar("T")

_MOST_THREADS: Final = 4


class BoundedPool:
    """Runs costly work in a few threads, with a bounded queue before them.

    Hashing releases the interpreter's lock, so that the loop goes on.  `threads` bounds memory as well: each running
    hash holds as much as its parameters say.  Beyond `waiting` more, work is refused with Overloaded.
    """

    def __init__(self, *, threads: int | None = None, waiting: int = 64) -> None:
        self._threads = threads or min(os.cpu_count() or 1, _MOST_THREADS)
        self._room = self._threads + waiting
        self._lock = Lock()
        self._executor: ThreadPoolExecutor | None = None

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Return the result of `work`; a caller that is cancelled leaves work that has begun to its end."""
        return await asyncio.wrap_future(self._submit(work))

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._room == 0:
                raise Overloaded
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="authcore")
            future = self._executor.submit(work)
            # Taken only now: where the system has no thread to give, the work has no end that would give it back.
            self._room -= 1
        # Room is given back when the work ends, not when nobody waits for it any more: it still holds its memory.
        future.add_done_callback(self._give_back)
        return future

    def _give_back(self, _: Future[T]) -> None:
        with self._lock:
            self._room += 1
