"""authcore on the frameworks of its peers: each page bare, for somebody, and for somebody with a permission.

Only the framework that a scene is about is imported.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, TypeAlias

from authcore import Auth
from benchmarks.measuring import Side
from benchmarks.peers.scenes import Pages, asked, asked_of, living, pages_of, patient
from benchmarks.population import admit, auth_over, cookies_of, roles as roles_of
from benchmarks.stores import opened

__all__ = ["requests"]

_Hosted: TypeAlias = Callable[[Auth, str], AbstractAsyncContextManager[Pages]]


@asynccontextmanager
async def requests(
    framework: str, place: str, people: int, roles: int, permissions: int
) -> AsyncIterator[Mapping[str, Side]]:
    """Have people with roles in a store, and ask their pages of a framework."""
    async with opened(place.partition(":")[0], place, connections=people) as store:
        auth = auth_over(store)
        admitted = await admit(auth, people, roles_of(roles, permissions=permissions))
        async with _HOSTS[framework](auth, asked_of(roles, permissions)) as pages:
            yield await asked(pages, cookies_of(auth, admitted))


@asynccontextmanager
async def _fastapi(auth: Auth, permission: str) -> AsyncIterator[Pages]:
    from fastapi import Depends, FastAPI, Response, Security

    from authcore_asgi import AuthMiddleware
    from authcore_asgi.fastapi import current_principal

    async def hello() -> Response:
        return Response(b"hello")

    bare, app = FastAPI(), FastAPI()
    bare.add_api_route("/", hello)
    app.add_api_route("/me", hello, dependencies=[Depends(current_principal)])
    app.add_api_route("/permitted", hello, dependencies=[Security(current_principal, scopes=[permission])])
    ours = AuthMiddleware(app, auth=auth)
    async with living(ours):
        yield pages_of(bare, ours)


@asynccontextmanager
async def _sanic(auth: Auth, permission: str) -> AsyncIterator[Pages]:
    from authcore_sanic import requires_authentication, requires_permission, setup
    from benchmarks.peers.sanic_asgi import application, hello

    bare, ours = application("bare"), application("ours")
    bare.add_route(hello, "/")
    setup(ours, auth)
    ours.add_route(requires_authentication(hello), "/me", name="me")
    ours.add_route(requires_permission(all_of=permission)(hello), "/permitted", name="permitted")
    async with living(bare), living(ours):
        yield pages_of(bare, ours)


@asynccontextmanager
async def _django(auth: Auth, permission: str) -> AsyncIterator[Pages]:
    from django.http import HttpRequest, HttpResponse

    from authcore_asgi import AuthMiddleware, requires_authentication, requires_permission
    from benchmarks.peers.django_asgi import served

    async def hello(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  a handler is given its request
        return HttpResponse(b"hello")

    views = {
        "": hello,
        "me": requires_authentication(hello),
        "permitted": requires_permission(all_of=permission)(hello),
    }
    bare, app = served(views, middleware=["authcore_asgi.django.CallerMiddleware"])
    ours = AuthMiddleware(app, auth=auth)
    try:
        yield pages_of(bare, ours)
    finally:
        await ours.background.close()  # Django knows no lifespan


@asynccontextmanager
async def _quart(auth: Auth, permission: str) -> AsyncIterator[Pages]:
    from quart import Quart, Response, request

    from authcore import Requirement
    from authcore_asgi import admit
    from authcore_asgi.quart import setup

    async def hello() -> Response:
        return Response(b"hello")

    async def me() -> Response:
        admit(request)
        return Response(b"hello")

    async def permitted() -> Response:
        admit(request, Requirement(all_of=permission))
        return Response(b"hello")

    bare, ours = Quart("bare"), Quart("ours")
    bare.add_url_rule("/", view_func=hello)
    setup(ours, auth)
    ours.add_url_rule("/me", view_func=me)
    ours.add_url_rule("/permitted", view_func=permitted)
    async with living(bare), living(ours):
        yield pages_of(patient(bare), patient(ours))


_HOSTS: Final[Mapping[str, _Hosted]] = {"Django": _django, "FastAPI": _fastapi, "Quart": _quart, "Sanic": _sanic}
