"""Housekeeping in the background, in a task beside the requests: the outbox is delivered, and the trail kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from authcore.auth import Auth
from authcore.errors import Fault
from authcore.offload.event_loop import on_event_loop

__all__ = ["Background"]

_log = logging.getLogger("authcore.offload")

_INSISTENCE: Final = 1.0  # seconds


class Background:
    """Delivers what is in the outbox, in a task beside the requests; and writes what was refused, and seals the trail.

    Its `auth` is the one to use: it is fit for an event loop, and wakes the task when it leaves a message.  The task
    looks by itself every `interval` seconds, for what failed before, and at the trail as often as the policy says.
    `start` may be called at any time, so that no lifespan event is needed; `close` ends it.
    """

    def __init__(self, auth: Auth, *, interval: float = 5.0) -> None:
        self.auth = replace(on_event_loop(auth), posted=self.wake)
        self._interval = interval
        self._keep_trail_at = self._next()
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
        """Stop, having written what was refused, if that can be done.

        A message that is being sent may be sent again later, since nobody learns what came of it.
        """
        task, self._task = self._task, None
        while task is not None and not task.done():
            # More than once, since a driver may swallow a cancellation that meets the end of what it waits for.
            task.cancel()
            await asyncio.wait([task], timeout=_INSISTENCE)
        await _attempt(self.auth.record_refusals, "what was refused could not be written")

    async def _run(self, awake: asyncio.Event) -> None:
        while True:
            await _attempt(self.auth.deliver_due, "the outbox could not be looked through")
            await self._keep_trail()
            try:
                async with asyncio.timeout(self._interval):
                    await awake.wait()
            except TimeoutError:
                continue
            awake.clear()

    async def _keep_trail(self) -> None:
        if self.auth.clock.now() < self._keep_trail_at:
            return
        self._keep_trail_at = self._next()
        await _attempt(self.auth.record_refusals, "what was refused could not be written")
        await _attempt(self.auth.seal_audit, "the trail could not be sealed")

    def _next(self) -> datetime:
        return self.auth.clock.now() + self.auth.policy.audit_interval


async def _attempt(step: Callable[[], Awaitable[object]], failure: str) -> None:
    """Do one step; whatever comes of it, the task must live on, or no code is sent until the next start."""
    try:
        await step()
    except Fault as fault:
        _log.warning("%s: %s", failure, type(fault).__name__)
    except Exception:  # noqa: BLE001  as above
        _log.exception("%s", failure)
