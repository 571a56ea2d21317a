"""Setting a Sanic application up: the endpoints as a blueprint, the caller of every request, refusals as problems."""

from collections.abc import Callable, Collection, Coroutine, Mapping
from datetime import timedelta
from typing import Any, Final, TypeAlias

from sanic import Blueprint, HTTPResponse, Request, Sanic
from sanic.constants import HTTP_METHODS
from sanic.response import BaseHTTPResponse

from authcore.auth import Auth
from authcore.errors import AuthError, Fault
from authcore.offload import Background
from authcore.web import Endpoints, Exemptions, RevocationBounds
from authcore_sanic.messages import is_websocket, read_body, renewed, request_of, response_of

__all__ = ["setup"]

App: TypeAlias = "Sanic[Any, Any]"
Identify: TypeAlias = Callable[[Request], Coroutine[Any, Any, HTTPResponse | None]]

_OUTERMOST: Final = 1000


def setup(
    app: App,
    auth: Auth,
    *,
    prefix: str = "/auth",
    exempt: Collection[str] = (),
    revocation_within: Mapping[str, timedelta] | None = None,
) -> Auth:
    """Set an application up, and return the Auth that its handlers should use; it is also `app.ctx.authcore`.

    Our endpoints stand below `prefix`.  For every other request, unless its path is exempt, the caller is found before
    the handler runs: `request.ctx.principal` is a Principal or Anonymous.  Refusals and faults that a handler raises
    become problem documents.  `exempt` lists paths that, with all below them, are left alone.
    `revocation_within` tells for paths, likewise, how late a revocation may be seen there, in place of the policy's.
    """
    background = Background(auth)
    endpoints = Endpoints(background.auth, prefix=prefix)
    app.ctx.authcore = background.auth
    app.ctx.authcore_access = endpoints.access
    app.blueprint(_blueprint(endpoints))
    identify = _identification(endpoints, Exemptions(exempt), RevocationBounds(revocation_within or {}))
    app.register_middleware(identify, "request", priority=_OUTERMOST)
    # The last one: Sanic runs no other after one that returns a response.
    app.register_middleware(_renew, "response", priority=_OUTERMOST)
    app.exception(AuthError, Fault)(_refused)
    _lifespan(app, background)
    return background.auth


def _blueprint(endpoints: Endpoints) -> Blueprint:
    async def respond(request: Request) -> HTTPResponse | None:
        response = await endpoints.respond(request_of(request, await read_body(request)))
        return None if response is None else response_of(response)

    blueprint = Blueprint("authcore")
    for path in endpoints.paths:
        # Every method comes here, so that a wrong one is refused in our words.
        blueprint.add_route(
            respond,
            path,
            methods=HTTP_METHODS,
            stream=True,
            strict_slashes=True,
            name=path.strip("/").replace("/", "_"),
        )
    return blueprint


def _identification(endpoints: Endpoints, exempt: Exemptions, bounds: RevocationBounds) -> Identify:
    async def identify(request: Request) -> None:
        if request.path not in endpoints.paths and not exempt.cover(request.path):
            presence = await endpoints.access.identify(
                request_of(request), websocket=is_websocket(request), revocation_within=bounds.at(request.path)
            )
            request.ctx.principal = presence.caller
            request.ctx.authcore_renewal = presence.renewal
            request.ctx.authcore_recalled = presence.recalled

    return identify


async def _renew(request: Request, response: BaseHTTPResponse) -> HTTPResponse | None:
    """Have whatever answers a request carry its renewed token."""
    return renewed(response, getattr(request.ctx, "authcore_renewal", ()))


async def _refused(request: Request, error: AuthError | Fault) -> HTTPResponse:
    return response_of(request.app.ctx.authcore_access.answer(error, request_of(request)))


def _lifespan(app: App, background: Background) -> None:
    async def start(_: App) -> None:
        background.start()

    async def stop(_: App) -> None:
        await background.close()

    app.register_listener(start, "before_server_start")
    app.register_listener(stop, "after_server_stop")
