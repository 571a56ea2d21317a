"""The applications that real servers serve, in processes of their own: authcore's, and the floor's of its store.

What they are to be stands in the environment, since a server makes one in each of its workers.
"""

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final, Self, TypeAlias

from sanic import HTTPResponse, Request as SanicRequest, Sanic
from sanic.response import raw
from starlette.applications import Starlette

from authcore import Auth, Keyring
from authcore_asgi.messages import App
from authcore_sanic import requires_authentication, setup
from benchmarks.applications import authenticating, looking_up
from benchmarks.floors import LookUp, floor
from benchmarks.population import auth_over
from benchmarks.stores import closable

__all__ = ["Serving", "asgi_app", "sanic_app"]

_Sanic: TypeAlias = "Sanic[Any, Any]"

_VARIABLE: Final = "AUTHCORE_BENCHMARK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What is served: with authcore or without, over which store, for whose sessions."""

    with_authcore: bool
    store: str
    place: str
    keys: str
    sessions: Sequence[str]
    connections: int

    @classmethod
    def from_environment(cls) -> Self:
        """Return what the parent process has asked for."""
        return cls(**json.loads(os.environ[_VARIABLE]))

    def to_environment(self) -> Mapping[str, str]:
        """Return what asks for it."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {_VARIABLE: json.dumps(told)}

    def auth(self) -> Auth:
        """Return the Auth of one worker."""
        return auth_over(closable(self.store, self.place, self.connections), Keyring.parse(self.keys))

    @asynccontextmanager
    async def look_up(self) -> AsyncIterator[LookUp]:
        """Return the floor of one worker, which may be asked everything that is in flight."""
        async with AsyncExitStack() as stack:
            store = closable(self.store, self.place, 1)
            stack.push_async_callback(store.aclose)
            yield await stack.enter_async_context(
                floor(self.store, self.place, store, self.sessions, connections=self.connections)
            )


def asgi_app() -> App:
    """Return the application of one worker of an ASGI server's."""
    serving, opened = Serving.from_environment(), list[LookUp]()
    if serving.with_authcore:
        return authenticating(serving.auth())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with serving.look_up() as look_up:
            opened.append(look_up)
            yield

    async def look_up(session_id: str) -> object:
        return await opened[0](session_id)

    return looking_up(look_up, serving.sessions, lifespan=lifespan)


def sanic_app() -> _Sanic:
    """Return the application of one worker of Sanic's own server."""
    serving = Serving.from_environment()
    app: _Sanic = Sanic("benchmarks", configure_logging=False)
    app.config.AUTO_EXTEND = app.config.ACCESS_LOG = False
    if serving.with_authcore:
        setup(app, serving.auth())
        app.add_route(_hello, "/")
        app.add_route(requires_authentication(_hello), "/me", name="me")
    else:
        _look_up(app, serving)
    return app


async def _hello(request: SanicRequest) -> HTTPResponse:  # noqa: ARG001  a handler is given its request
    return raw(b"hello")


def _look_up(app: _Sanic, serving: Serving) -> None:
    """Have an application look one session up after the other."""
    open_floor, opened, following = serving.look_up(), list[LookUp](), cycle(serving.sessions)

    async def begin(_: _Sanic) -> None:
        opened.append(await open_floor.__aenter__())

    async def end(_: _Sanic) -> None:
        await open_floor.__aexit__(None, None, None)

    async def hello(request: SanicRequest) -> HTTPResponse:  # noqa: ARG001  as above
        return raw(b"hello", 200 if await opened[0](next(following)) else 403)

    app.register_listener(begin, "before_server_start")
    app.register_listener(end, "after_server_stop")
    app.add_route(hello, "/")
