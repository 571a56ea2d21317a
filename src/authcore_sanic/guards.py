"""Guards for Sanic's handlers, of HTTP requests and of websockets."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar, overload

from sanic import Request

from authcore.auth import Auth
from authcore.challenges import check_purpose
from authcore.errors import AuthError, ConfigurationError
from authcore.permissions import Condition, Permissions, Requirement
from authcore.principal import Anonymous, Principal, TagRequirement, authorize, check_within
from authcore.roles import RoleRequirement
from authcore.web import confirm, confirm_fresh, confirm_person, confirm_session
from authcore.web.guards import guard, guard_awaiting
from authcore_sanic.messages import request_of

__all__ = [
    "auth_of",
    "caller_of",
    "principal_of",
    "requires_authentication",
    "requires_captcha",
    "requires_fresh",
    "requires_permission",
    "requires_role",
    "requires_two_step",
]

H = TypeVar("H", bound=Callable[..., object])


def auth_of(request: Request) -> Auth:
    """Return the Auth whose flows a handler may await: no hash of its holds up the event loop."""
    auth = getattr(request.app.ctx, "authcore", None)
    if not isinstance(auth, Auth):
        raise ConfigurationError("no Auth is known here: call authcore_sanic.setup")
    return auth


def principal_of(request: Request) -> Principal:
    """Return who sends a request; raises the refusal if nobody is logged in."""
    return caller_of(request).authenticated()


@overload
def requires_authentication(handler: H, /) -> H: ...
@overload
def requires_authentication(*, tag: str | None = None) -> Callable[[H], H]: ...
def requires_authentication(handler: H | None = None, /, *, tag: str | None = None) -> H | Callable[[H], H]:
    """Let only authenticated callers into a handler; with `tag`, only from sessions that were opened with it.

    Others get a 401 or 403 problem.
    """
    condition = None if tag is None else TagRequirement(tag)
    return _guard(handler, condition) if handler is not None else lambda handler: _guard(handler, condition)


def requires_permission(*, all_of: Permissions | None = None, any_of: Permissions | None = None) -> Callable[[H], H]:
    """Let only callers into a handler whose grants imply all of, or any of, some permissions; others get a 401 or 403.

    Raises ConfigurationError unless exactly one of the two is given and not empty, and InvalidPermission for a
    malformed one.
    """
    requirement = Requirement(all_of=all_of, any_of=any_of)
    return lambda handler: _guard(handler, requirement)


def requires_role(*, all_of: Iterable[str] | None = None, any_of: Iterable[str] | None = None) -> Callable[[H], H]:
    """Let only callers into a handler who have all of, or any of, some roles; others get a 401 or 403 problem.

    Raises ConfigurationError unless exactly one of the two is given, as a collection that is not empty, and
    InvalidInput for a malformed name.
    """
    requirement = RoleRequirement(all_of=all_of, any_of=any_of)
    return lambda handler: _guard(handler, requirement)


def requires_two_step(purpose: str) -> Callable[[H], H]:
    """Let only requests into a handler that carry a right code for this purpose, which is spent by that.

    The code stands in the header `Two-Step-Code`; it was asked for by the same session, at the endpoint `/two-step`.
    Others get a problem.  Raises InvalidInput for a purpose that none can be asked for, and ConfigurationError for a
    handler that is no coroutine function.
    """
    check_purpose(purpose)

    async def check(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        request, caller = _visit_among(arguments, named)
        with _noting(request):
            authorize(caller)
            await confirm(request.app.ctx.authcore_access, request_of(request), purpose=purpose)

    return lambda handler: guard_awaiting(handler, check=check)


def requires_fresh(*, within: timedelta) -> Callable[[H], H]:
    """Let only callers into a handler who have authenticated less than `within` ago.

    Others get a 401 problem, which tells how many seconds ago they may have done so: `/reauthenticate` is for them.
    Before a coroutine function the store is asked in any case; what is before a plain function cannot wait for it.
    Raises ConfigurationError for a time that is not longer than zero, or longer than 30 days.
    """
    check_within(within)

    def check(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        request, caller = _visit_among(arguments, named)
        with _noting(request):
            confirm_fresh(request.app.ctx.authcore_access, caller, within=within)

    async def check_now(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        check(arguments, named)
        request, _ = _visit_among(arguments, named)
        if getattr(request.ctx, "authcore_recalled", False):
            with _noting(request):
                await confirm_session(request.app.ctx.authcore_access, request_of(request))

    def decorate(handler: H) -> H:
        can_wait = inspect.iscoroutinefunction(handler)
        return guard_awaiting(handler, check=check_now) if can_wait else guard(handler, check=check)

    return decorate


def requires_captcha(handler: H, /) -> H:
    """Let only requests into a handler that carry the right answer to a captcha, which is spent by that.

    The answer stands in the header `Captcha-Code`; the captcha was asked for at the endpoint `/captcha`.  Others get a
    problem.  Raises ConfigurationError for a handler that is no coroutine function.
    """

    async def check(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        request, _ = _visit_among(arguments, named)
        with _noting(request):
            await confirm_person(request.app.ctx.authcore_access, request_of(request))

    return guard_awaiting(handler, check=check)


def caller_of(request: Request) -> Principal | Anonymous:
    """Return who sends a request, be it nobody in particular."""
    return _visit_among((request,), {})[1]


def _visit_among(arguments: tuple[object, ...], named: Mapping[str, object]) -> tuple[Request, Principal | Anonymous]:
    """Return the request among a handler's arguments, and who sends it."""
    request = next((value for value in (*arguments, *named.values()) if isinstance(value, Request)), None)
    caller = None if request is None else getattr(request.ctx, "principal", None)
    if request is None or not isinstance(caller, Principal | Anonymous):
        # Fail closed: an exempt path, or an application that was never set up, must not look like an open one.
        raise ConfigurationError("no caller is known here: call authcore_sanic.setup, and exempt no guarded path")
    return request, caller


def _guard(handler: H, requirement: Condition | None) -> H:
    def check(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        request, caller = _visit_among(arguments, named)
        with _noting(request):
            authorize(caller, requirement)

    return guard(handler, check=check)


@contextmanager
def _noting(request: Request) -> Iterator[None]:
    """Note a refusal here, as well as where it is answered: an application may answer it by itself."""
    try:
        yield
    except AuthError as refusal:
        request.app.ctx.authcore_access.note(refusal, request_of(request))
        raise
