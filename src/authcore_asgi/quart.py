"""Setting a Quart application up: the middleware around it, and refusals answered.  Needs Quart."""

from importlib.util import find_spec

if find_spec("quart") is None:
    raise ModuleNotFoundError('authcore_asgi.quart needs Quart: pip install "authcore[quart]"', name="quart")

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import cast

from quart import Quart, Response, has_request_context, request, websocket

from authcore.auth import Auth
from authcore.errors import AuthError, Fault
from authcore_asgi.messages import App, Scope, request_of
from authcore_asgi.middleware import AuthMiddleware

__all__ = ["setup"]


def setup(
    app: Quart,
    auth: Auth,
    *,
    prefix: str = "/auth",
    exempt: Collection[str] = (),
    revocation_within: Mapping[str, timedelta] | None = None,
) -> Auth:
    """Wrap an application in AuthMiddleware, and return the Auth that its handlers should use.

    Handlers, and whatever runs before them, say `admit(request)` or `admit(websocket)`.  Refusals and faults that they
    raise become problem documents.
    """
    middleware = AuthMiddleware(
        cast("App", app.asgi_app), auth=auth, prefix=prefix, exempt=exempt, revocation_within=revocation_within
    )
    app.asgi_app = middleware  # type: ignore[assignment, method-assign]  # as Quart tells to put middleware around it

    async def refused(error: AuthError | Fault) -> Response:
        scope = (request if has_request_context() else websocket).scope
        answer = middleware.endpoints.access.answer(error, request_of(cast("Scope", scope)))
        return Response(answer.body, answer.status, {name.decode(): value.decode() for name, value in answer.headers})

    for kind in (AuthError, Fault):
        app.register_error_handler(kind, refused)
    return middleware.auth
