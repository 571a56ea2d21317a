"""Delivery in the background: what is in the outbox is sent in a task beside the requests."""

import asyncio
import logging
from dataclasses import replace

from authcore.auth import Auth
from authcore.errors import Fault
from authcore.offload.event_loop import on_event_loop

__all__ = ["Background"]

_log = logging.getLogger("authcore.offload")


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
