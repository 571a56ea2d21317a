"""Putting a check before a handler.

What is checked, and where a framework keeps its request, is the adapters' part.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import TypeAlias, TypeVar, cast

__all__ = ["Check", "guard"]

H = TypeVar("H", bound=Callable[..., object])

Check: TypeAlias = Callable[[tuple[object, ...], Mapping[str, object]], None]
"""Looks at the arguments that a framework gives to a handler, and raises what keeps the handler from running."""


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
