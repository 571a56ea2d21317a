"""Litestar's own idioms: a plugin that puts authcore among an application's middleware, and guards.  Needs Litestar."""

from importlib.util import find_spec

if find_spec("litestar") is None:
    raise ModuleNotFoundError(
        'authcore_asgi.litestar needs Litestar: pip install "authcore[litestar]"', name="litestar"
    )

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, cast

from litestar import asgi
from litestar.config.app import AppConfig
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.plugins import InitPlugin
from litestar.types import Guard, Middleware, Receive, Scope, Send

from authcore.auth import Auth
from authcore.permissions import Condition
from authcore.principal import check_within
from authcore_asgi.guards import admit
from authcore_asgi.messages import App
from authcore_asgi.middleware import AuthMiddleware

__all__ = ["AuthPlugin", "admits"]


def admits(requirement: Condition | None = None, *, within: timedelta | None = None) -> Guard:
    """Return a guard that lets in whoever is logged in and meets the requirement: `guards=[admits()]`.

    With `within`, whoever has authenticated that long ago or longer is asked to do so once more.  Others get a 401 or
    403 problem from the middleware.  Raises ConfigurationError for a time as `requires_fresh` does.
    """
    if within is not None:
        check_within(within)

    def check(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        admit(connection, requirement, within=within)

    return check


class AuthPlugin(InitPlugin):
    """For `plugins=`: the outermost of the application's middleware, one for all routes, and routes for our endpoints.

    Litestar looks for a route first: where there is none, nobody is asked who is calling.  `auth` is the Auth that
    handlers should use.
    """

    def __init__(
        self,
        auth: Auth,
        *,
        prefix: str = "/auth",
        exempt: Collection[str] = (),
        revocation_within: Mapping[str, timedelta] | None = None,
    ) -> None:
        self._middleware = AuthMiddleware(
            cast("App", _nowhere), auth=auth, prefix=prefix, exempt=exempt, revocation_within=revocation_within
        )
        self.auth = self._middleware.auth

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add what belongs to the application."""
        app_config.middleware.insert(0, cast("Middleware", self._middleware.around))
        app_config.route_handlers.append(asgi(sorted(self._middleware.endpoints.paths), copy_scope=False)(_nowhere))
        app_config.on_startup.append(self._middleware.background.start)
        app_config.on_shutdown.append(self._middleware.background.close)
        return app_config


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand where the router must find something; the middleware answers before."""
