"""Putting a check before a handler.

What is checked, and where a framework keeps its request, is the adapters' part.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import TypeAlias, TypeVar, cast

from authcore.errors import ConfigurationError

__all__ = ["AsyncCheck", "Check", "guard", "guard_awaiting"]

H = TypeVar("H", bound=Callable[..., object])

Check: TypeAlias = Callable[[tuple[object, ...], Mapping[str, object]], object]
"""Looks at the arguments that a framework gives to a handler, and raises what keeps the handler from running."""

AsyncCheck: TypeAlias = Callable[[tuple[object, ...], Mapping[str, object]], Awaitable[None]]
"""The same, where something must be asked first."""


def guard(handler: H, *, check: Check) -> H:
    """Return the handler behind a check, with its signature, be it a coroutine function or a plain one."""

    @wraps(handler)
    async def guarded(*arguments: object, **named: object) -> object:
        check(arguments, named)
        return await cast("Callable[..., Awaitable[object]]", handler)(*arguments, **named)

    @wraps(handler)
    def guarded_plain(*arguments: object, **named: object) -> object:
        check(arguments, named)
        return handler(*arguments, **named)

    return cast("H", guarded if inspect.iscoroutinefunction(handler) else guarded_plain)


def guard_awaiting(handler: H, *, check: AsyncCheck) -> H:
    """Return a coroutine function behind a check that waits; raises ConfigurationError for a plain function."""
    if not inspect.iscoroutinefunction(handler):
        raise ConfigurationError(f"{getattr(handler, '__name__', handler)} must be written with `async def`")

    @wraps(handler)
    async def guarded(*arguments: object, **named: object) -> object:
        await check(arguments, named)
        return await cast("Callable[..., Awaitable[object]]", handler)(*arguments, **named)

    return cast("H", guarded)
