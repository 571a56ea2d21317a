"""Guards around handlers: nobody gets in who is not authenticated, or lacks a permission.  How a framework's handler is
given its request is the adapter's part."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import TypeAlias, TypeVar, cast

from authcore.permissions import Requirement
from authcore.principal import Anonymous, Principal

__all__ = ["FindCaller", "guard"]

H = TypeVar("H", bound=Callable[..., object])

FindCaller: TypeAlias = Callable[[tuple[object, ...], Mapping[str, object]], Principal | Anonymous]
"""Finds the caller among the arguments that a framework gives to a handler."""


def guard(handler: H, *, find_caller: FindCaller, requirement: Requirement | None = None) -> H:
    """Return the handler behind a check, with its signature, be it a coroutine function or a plain one.

    The check raises the caller's refusal if nobody is logged in, and PermissionDenied if the requirement is not met.
    """

    def check(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        principal = find_caller(arguments, named).authenticated()
        if requirement is not None:
            principal.authorize(requirement)

    @wraps(handler)
    async def guarded(*arguments: object, **named: object) -> object:
        check(arguments, named)
        return await cast("Callable[..., Awaitable[object]]", handler)(*arguments, **named)

    @wraps(handler)
    def guarded_plain(*arguments: object, **named: object) -> object:
        check(arguments, named)
        return handler(*arguments, **named)

    return cast("H", guarded if inspect.iscoroutinefunction(handler) else guarded_plain)
