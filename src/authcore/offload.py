"""The one module of the core that knows an event loop: costly work in threads, waiting, and delivery in the background.

The core never imports it; adapters do, and so does whoever uses the core under an event loop of its own.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Final, TypeVar

from authcore.auth import Auth
from authcore.errors import Fault, Overloaded
from authcore.system import SystemClock, inline

__all__ = ["Background", "BoundedPool", "LoopClock", "on_event_loop"]

T = TypeVar("T")

_log = logging.getLogger("authcore.offload")

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
            self._room -= 1
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="authcore")
        future = self._executor.submit(work)
        # Room is given back when the work ends, not when nobody waits for it any more: it still holds its memory.
        future.add_done_callback(self._give_back)
        return future

    def _give_back(self, _: Future[T]) -> None:
        with self._lock:
            self._room += 1


class LoopClock(SystemClock):
    """The system's clock, waiting without holding up the loop."""

    async def sleep(self, seconds: float, /) -> None:
        """Let others run for a while."""
        await asyncio.sleep(seconds)


def on_event_loop(auth: Auth) -> Auth:
    """Return the same Auth, made fit for an event loop: costly work in threads, and sleeping that lets others run.

    What the application chose itself is kept.
    """
    clock = LoopClock() if type(auth.clock) is SystemClock else auth.clock
    offload = BoundedPool() if auth.offload is inline else auth.offload
    return replace(auth, clock=clock, offload=offload)


class Background:
    """Delivers what is in the outbox, in a task beside the requests.

    Its `auth` is the one to use: it is fit for an event loop, and wakes the task when it leaves a message.  The task
    looks by itself every `interval` seconds, for what failed before.  `start` may be called at any time, so that no
    lifespan event is needed; `close` ends it.
    """

    def __init__(self, auth: Auth, *, interval: float = 5.0) -> None:
        self.auth = replace(on_event_loop(auth), posted=self.wake)
        self._interval = interval
        self._task: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()

    def start(self) -> None:
        """Begin, unless it has begun on this loop already; returns at once."""
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._awake = asyncio.Event()
            self._task = asyncio.create_task(self._run(self._awake), name="authcore outbox")

    def wake(self) -> None:
        """Have the outbox looked through soon; returns at once, and does nothing where no event loop runs."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self.start()
        self._awake.set()

    async def close(self) -> None:
        """Stop; a message that is being sent may be sent again later, since nobody learns what came of it."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _run(self, awake: asyncio.Event) -> None:
        while True:
            await self._deliver()
            try:
                async with asyncio.timeout(self._interval):
                    await awake.wait()
            except TimeoutError:
                continue
            awake.clear()

    async def _deliver(self) -> None:
        try:
            await self.auth.deliver_due()
        except Fault as fault:
            _log.warning("the outbox could not be looked through: %s", type(fault).__name__)
        except Exception:  # noqa: BLE001  the task must live on, or no code is sent until the next start
            _log.exception("the outbox could not be looked through")
