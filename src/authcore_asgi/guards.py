"""Guards for handlers that are given a request or a websocket: in Starlette, FastAPI and all that show a scope."""

import inspect
from collections.abc import Callable, Mapping, MutableMapping
from typing import Final, TypeVar

from authcore.auth import Auth
from authcore.errors import AuthError, ConfigurationError
from authcore.permissions import Permissions, Requirement
from authcore.principal import Principal, authorize
from authcore.web.guards import guard
from authcore_asgi.answering import Visit

__all__ = ["VISIT", "auth_of", "principal_of", "requires_authentication", "requires_permission"]

H = TypeVar("H", bound=Callable[..., object])

VISIT: Final = "authcore.visit"
"""Where the middleware leaves the caller in a scope, besides `user`, which other middleware may replace."""

_PARAMETERS: Final = frozenset({"request", "websocket", "connection"})


def auth_of(connection: object) -> Auth:
    """Return the Auth whose flows a handler may await: no hash of its holds up the event loop."""
    return _visit_of(connection).auth


def principal_of(connection: object) -> Principal:
    """Return who sends a request or opened a websocket; raises the refusal if nobody is logged in."""
    return _visit_of(connection).caller.authenticated()


def requires_authentication(handler: H) -> H:
    """Let only authenticated callers into a handler, which must take `request`, `websocket` or `connection`.

    Others get a 401 problem from the middleware.  Raises ConfigurationError if the handler takes none of them.
    """
    return _guard(handler, None)


def requires_permission(*, all_of: Permissions | None = None, any_of: Permissions | None = None) -> Callable[[H], H]:
    """Let only callers into a handler whose grants imply all of, or any of, some permissions.

    Others get a 401 or 403 problem from the middleware.  Raises ConfigurationError unless exactly one of the two is
    given and not empty, and InvalidPermission for a malformed one.
    """
    requirement = Requirement(all_of=all_of, any_of=any_of)
    return lambda handler: _guard(handler, requirement)


def _visit_of(connection: object) -> Visit:
    scope = connection if isinstance(connection, MutableMapping) else getattr(connection, "scope", None)
    visit = scope.get(VISIT) if isinstance(scope, MutableMapping) else None
    if not isinstance(visit, Visit):
        # Fail closed: an exempt path, or an application that was never wrapped, must not look like an open one.
        raise ConfigurationError(
            "no caller is known here: wrap the application in AuthMiddleware, and exempt no guarded path"
        )
    return visit


def _guard(handler: H, requirement: Requirement | None) -> H:
    if _PARAMETERS.isdisjoint(inspect.signature(handler).parameters):
        raise ConfigurationError(
            f"{getattr(handler, '__name__', handler)} must take a parameter named request or websocket"
        )
    return guard(handler, check=lambda arguments, named: _check(_visit_among(arguments, named), requirement))


def _visit_among(arguments: tuple[object, ...], named: Mapping[str, object]) -> Visit:
    # By name first: another argument, such as what a body was read into, may have a `scope` too.
    likely = (*(named[name] for name in _PARAMETERS & named.keys()), *arguments)
    return _visit_of(next((value for value in likely if hasattr(value, "scope")), None))


def _check(visit: Visit, requirement: Requirement | None) -> None:
    try:
        authorize(visit.caller, requirement)
    except AuthError as refusal:
        # Noted as well as raised: not every framework lets an exception out.
        visit.refusal = refusal
        raise
