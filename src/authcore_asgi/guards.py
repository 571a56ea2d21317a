"""Guards for handlers that are given a request or a websocket: in Starlette, FastAPI and all that show a scope."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar, overload

from authcore.auth import Auth
from authcore.challenges import check_purpose
from authcore.errors import AuthError, ConfigurationError
from authcore.permissions import Condition, Permissions, Requirement
from authcore.principal import Anonymous, Principal, TagRequirement, authorize, check_within
from authcore.roles import RoleRequirement
from authcore.web import confirm, confirm_fresh, confirm_person, confirm_session
from authcore.web.guards import guard, guard_awaiting
from authcore_asgi.answering import Visit
from authcore_asgi.messages import Scope, request_of

__all__ = [
    "VISIT",
    "admit",
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

VISIT: Final = "authcore.visit"
"""Where the middleware leaves the caller in a scope, besides `user`, which other middleware may replace."""

_PARAMETERS: Final = frozenset({"request", "websocket", "socket", "connection"})


def auth_of(connection: object) -> Auth:
    """Return the Auth whose flows a handler may await: no hash of its holds up the event loop."""
    return _visit_of(connection).access.auth


def caller_of(connection: object) -> Principal | Anonymous:
    """Return who sends a request or opened a websocket, be it nobody in particular."""
    return _visit_of(connection).caller


def principal_of(connection: object) -> Principal:
    """Return who sends a request or opened a websocket; raises the refusal if nobody is logged in."""
    return _visit_of(connection).caller.authenticated()


def admit(connection: object, requirement: Condition | None = None, *, within: timedelta | None = None) -> Principal:
    """Return who is calling, if somebody is logged in and meets the requirement; or have a 401 or 403 problem sent.

    With `within`, whoever has authenticated that long ago or longer is asked to do so once more.
    """
    visit = _visit_of(connection)
    principal = _check(visit, requirement)
    return principal if within is None else _check_fresh(visit, within)


@overload
def requires_authentication(handler: H, /) -> H: ...
@overload
def requires_authentication(*, tag: str | None = None) -> Callable[[H], H]: ...
def requires_authentication(handler: H | None = None, /, *, tag: str | None = None) -> H | Callable[[H], H]:
    """Let only authenticated callers into a handler, which must take `request`, `websocket`, `socket` or `connection`.

    With `tag`, their session must have been opened with it.  Others get a 401 or 403 problem from the middleware.
    Raises ConfigurationError if the handler takes none of the four.
    """
    condition = None if tag is None else TagRequirement(tag)
    return _guard(handler, condition) if handler is not None else lambda handler: _guard(handler, condition)


def requires_permission(*, all_of: Permissions | None = None, any_of: Permissions | None = None) -> Callable[[H], H]:
    """Let only callers into a handler whose grants imply all of, or any of, some permissions.

    Others get a 401 or 403 problem from the middleware.  Raises ConfigurationError unless exactly one of the two is
    given and not empty, and InvalidPermission for a malformed one.
    """
    requirement = Requirement(all_of=all_of, any_of=any_of)
    return lambda handler: _guard(handler, requirement)


def requires_role(*, all_of: Iterable[str] | None = None, any_of: Iterable[str] | None = None) -> Callable[[H], H]:
    """Let only callers into a handler who have all of, or any of, some roles.

    Others get a 401 or 403 problem from the middleware.  Raises ConfigurationError unless exactly one of the two is
    given, as a collection that is not empty, and InvalidInput for a malformed name.
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
        visit = _visit_among(arguments, named)
        _check(visit, None)
        with _noting(visit):
            await confirm(visit.access, request_of(_scope_among(arguments, named)), purpose=purpose)

    def decorate(handler: H) -> H:
        _check_parameters(handler)
        return guard_awaiting(handler, check=check)

    return decorate


def requires_fresh(*, within: timedelta) -> Callable[[H], H]:
    """Let only callers into a handler who have authenticated less than `within` ago.

    Others get a 401 problem, which tells how many seconds ago they may have done so: `/reauthenticate` is for them.
    Before a coroutine function the store is asked in any case; what is before a plain function cannot wait for it.
    Raises ConfigurationError for a time that is not longer than zero, or longer than 30 days.
    """
    check_within(within)

    def check(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        _check_fresh(_visit_among(arguments, named), within)

    async def check_now(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        check(arguments, named)
        visit = _visit_among(arguments, named)
        if visit.recalled:
            with _noting(visit):
                await confirm_session(visit.access, request_of(_scope_among(arguments, named)))

    def decorate(handler: H) -> H:
        _check_parameters(handler)
        can_wait = inspect.iscoroutinefunction(handler)
        return guard_awaiting(handler, check=check_now) if can_wait else guard(handler, check=check)

    return decorate


def requires_captcha(handler: H, /) -> H:
    """Let only requests into a handler that carry the right answer to a captcha, which is spent by that.

    The answer stands in the header `Captcha-Code`; the captcha was asked for at the endpoint `/captcha`.  Others get a
    problem.  Raises ConfigurationError for a handler that is no coroutine function.
    """

    async def check(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        visit = _visit_among(arguments, named)
        with _noting(visit):
            await confirm_person(visit.access, request_of(_scope_among(arguments, named)))

    _check_parameters(handler)
    return guard_awaiting(handler, check=check)


def _visit_of(connection: object) -> Visit:
    scope = connection if isinstance(connection, MutableMapping) else getattr(connection, "scope", None)
    visit = scope.get(VISIT) if isinstance(scope, MutableMapping) else None
    if not isinstance(visit, Visit):
        # Fail closed: an exempt path, or an application that was never wrapped, must not look like an open one.
        raise ConfigurationError(
            "no caller is known here: wrap the application in AuthMiddleware, and exempt no guarded path"
        )
    return visit


def _guard(handler: H, requirement: Condition | None) -> H:
    _check_parameters(handler)
    return guard(handler, check=lambda arguments, named: _check(_visit_among(arguments, named), requirement))


def _check_parameters(handler: Callable[..., object]) -> None:
    if _PARAMETERS.isdisjoint(inspect.signature(handler).parameters):
        raise ConfigurationError(
            f"{getattr(handler, '__name__', handler)} must take a parameter named request or websocket"
        )


def _visit_among(arguments: tuple[object, ...], named: Mapping[str, object]) -> Visit:
    return _visit_of(_scope_among(arguments, named))


def _scope_among(arguments: tuple[object, ...], named: Mapping[str, object]) -> Scope:
    # By name first: another argument, such as what a body was read into, may have a `scope` too.
    likely = (*(named[name] for name in _PARAMETERS & named.keys()), *arguments)
    scopes = (getattr(value, "scope", None) for value in likely)
    return next((scope for scope in scopes if scope is not None), {})


def _check(visit: Visit, requirement: Condition | None) -> Principal:
    with _noting(visit):
        return authorize(visit.caller, requirement)


def _check_fresh(visit: Visit, within: timedelta) -> Principal:
    with _noting(visit):
        return confirm_fresh(visit.access, visit.caller, within=within)


@contextmanager
def _noting(visit: Visit) -> Iterator[None]:
    """Note a refusal as well as raise it: not every framework lets an exception out."""
    try:
        yield
    except AuthError as refusal:
        visit.refusal = refusal
        raise
