"""An `Auth` that is fit for an event loop: nothing costly, and no waiting, holds the loop up."""

import asyncio
from dataclasses import replace
from importlib.util import find_spec
from typing import Final

from authcore.auth import Auth
from authcore.captcha_settings import CaptchaSettings
from authcore.offload.apart import SpeakingApart
from authcore.offload.pool import BoundedPool
from authcore.ports import CaptchaRenderer
from authcore.system import SystemClock, inline

__all__ = ["LoopClock", "on_event_loop"]

_RENDERING_THREADS: Final = 2
_WAITING_RENDERINGS: Final = 16


class LoopClock(SystemClock):
    """The system's clock, waiting without holding up the loop."""

    async def sleep(self, seconds: float, /) -> None:
        """Let others run for a while."""
        await asyncio.sleep(seconds)


def on_event_loop(auth: Auth) -> Auth:
    """Return the same Auth, made fit for an event loop: costly work apart, and sleeping that lets others run.

    What the application chose itself is kept.
    """
    return replace(
        auth,
        clock=LoopClock() if type(auth.clock) is SystemClock else auth.clock,
        offload=BoundedPool.for_hasher(auth.hasher) if auth.offload is inline else auth.offload,
        renderer=auth.renderer or _speaking_apart(auth.policy.captcha),
        rendering=_rendering_pool() if auth.rendering is inline else auth.rendering,
    )


def _rendering_pool() -> BoundedPool:
    return BoundedPool(threads=_RENDERING_THREADS, waiting=_WAITING_RENDERINGS)


def _speaking_apart(settings: CaptchaSettings) -> CaptchaRenderer | None:
    """Return what renders captchas; without the package nothing does, and nothing else needs it."""
    return SpeakingApart(settings) if find_spec("captcha") is not None else None
