"""Guards for Sanic's handlers, of HTTP requests and of websockets."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sanic import Request

from authcore.auth import Auth
from authcore.errors import ConfigurationError
from authcore.permissions import Permissions, Requirement
from authcore.principal import Anonymous, Principal, authorize
from authcore.web.guards import guard

__all__ = ["auth_of", "principal_of", "requires_authentication", "requires_permission"]

H = TypeVar("H", bound=Callable[..., object])


def auth_of(request: Request) -> Auth:
    """Return the Auth whose flows a handler may await: no hash of its holds up the event loop."""
    auth = getattr(request.app.ctx, "authcore", None)
    if not isinstance(auth, Auth):
        raise ConfigurationError("no Auth is known here: call authcore_sanic.setup")
    return auth


def principal_of(request: Request) -> Principal:
    """Return who sends a request; raises the refusal if nobody is logged in."""
    return _caller_of(request).authenticated()


def requires_authentication(handler: H) -> H:
    """Let only authenticated callers into a handler; others get a 401 problem."""
    return _guard(handler, None)


def requires_permission(*, all_of: Permissions | None = None, any_of: Permissions | None = None) -> Callable[[H], H]:
    """Let only callers into a handler whose grants imply all of, or any of, some permissions; others get a 401 or 403.

    Raises ConfigurationError unless exactly one of the two is given and not empty, and InvalidPermission for a
    malformed one.
    """
    requirement = Requirement(all_of=all_of, any_of=any_of)
    return lambda handler: _guard(handler, requirement)


def _caller_of(request: Request | None) -> Principal | Anonymous:
    caller = None if request is None else getattr(request.ctx, "principal", None)
    if not isinstance(caller, Principal | Anonymous):
        # Fail closed: an exempt path, or an application that was never set up, must not look like an open one.
        raise ConfigurationError("no caller is known here: call authcore_sanic.setup, and exempt no guarded path")
    return caller


def _guard(handler: H, requirement: Requirement | None) -> H:
    def check(arguments: tuple[object, ...], named: Mapping[str, object]) -> None:
        request = next((value for value in (*arguments, *named.values()) if isinstance(value, Request)), None)
        authorize(_caller_of(request), requirement)

    return guard(handler, check=check)
