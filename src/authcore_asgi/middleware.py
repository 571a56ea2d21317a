"""The middleware: it answers authcore's own endpoints, and tells the application who is calling."""

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from authcore.auth import Auth
from authcore.errors import AuthError, Fault
from authcore.offload import Background
from authcore.principal import Anonymous, Principal
from authcore.web import Endpoints, Exemptions, RevocationBounds
from authcore_asgi.answering import Answer, Visit
from authcore_asgi.guards import VISIT
from authcore_asgi.messages import (
    App,
    Event,
    Receive,
    Scope,
    Send,
    read_body,
    refuse,
    renewed,
    request_of,
    route_path,
    send_response,
)

__all__ = ["AuthMiddleware", "Credentials"]

_AUTHENTICATED: Final = "authenticated"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What Starlette's `requires` and FastAPI's `Security` ask of `scope["auth"]`; also the container of its scopes."""

    caller: Principal | Anonymous

    @property
    def scopes(self) -> "Credentials":
        """Itself: `"authenticated"` and every permission that the caller's grants imply are in it."""
        return self

    def __contains__(self, scope: object) -> bool:
        if scope == _AUTHENTICATED:
            return self.caller.is_authenticated
        return scope in self.caller.permissions


class AuthMiddleware:
    """Wraps an ASGI application.

    Requests below `prefix` that name one of our endpoints are answered here.  For every other HTTP request and
    websocket handshake, unless its path is exempt, the caller is found before the application runs: `scope["user"]` is
    a Principal or Anonymous, `scope["auth"]` has `scopes`.  A refusal or fault that the application raises before it
    responds becomes a problem document.  `exempt` lists paths that, with all below them, are passed on untouched.
    `revocation_within` tells for paths, likewise, how late a revocation may be seen there, in place of the policy's.
    """

    def __init__(
        self,
        app: App,
        *,
        auth: Auth,
        prefix: str = "/auth",
        exempt: Collection[str] = (),
        revocation_within: Mapping[str, timedelta] | None = None,
    ) -> None:
        self.app = app
        self.background = Background(auth)
        self.auth = self.background.auth
        self.endpoints = Endpoints(self.auth, prefix=prefix)
        self._exempt = Exemptions(exempt)
        self._bounds = RevocationBounds(revocation_within or {})

    def around(self, app: App) -> "AuthMiddleware":
        """Return the same middleware around another application: both share one outbox and one bound on hashing."""
        other = copy(self)
        other.app = app
        return other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the application's lifespan."""
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "websocket":
            await self._pass_on(route_path(scope), scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.background.start()
        path = route_path(scope)
        if path in self.endpoints.paths:
            await self._respond(scope, receive, send)
        else:
            await self._pass_on(path, scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.endpoints.respond(await read_body(request_of(scope), receive))
        if response is not None:
            await send_response(response, send)

    async def _pass_on(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who is calling, unless the path is exempt, and run the application for that caller."""
        if self._exempt.cover(path):
            await self.app(scope, receive, send)
            return
        request = request_of(scope)
        try:
            presence = await self.endpoints.access.identify(
                request, websocket=scope["type"] == "websocket", revocation_within=self._bounds.at(path)
            )
        except (AuthError, Fault) as error:
            await refuse(scope, self.endpoints.access.answer(error, request), send)
        else:
            visit = Visit(presence.caller, self.endpoints.access, presence.recalled)
            await self._run(visit, scope, receive, renewed(send, presence.renewal))

    async def _run(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, and answer what it refuses."""
        answer = Answer(scope, send, visit)
        known = {**scope, "user": visit.caller, "auth": Credentials(visit.caller), VISIT: visit}
        try:
            await self.app(known, receive, answer)
        except (AuthError, Fault) as error:
            if not answer.started:
                await answer.replace(error)
            elif not answer.replaced:
                raise
        else:
            if visit.refusal is not None and not answer.started:
                await answer.replace(visit.refusal)
        finally:
            if visit.refusal is not None:
                # An application may have answered it by itself.
                visit.access.note(visit.refusal, request_of(scope))

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def listen() -> Event:
            event = await receive()
            if event["type"] == "lifespan.startup":
                self.background.start()
            elif event["type"] == "lifespan.shutdown":
                await self.background.close()
            return event

        await self.app(scope, listen, send)
