"""sanic-security on Sanic, with its tables in Tortoise."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from sanic import HTTPResponse
from sanic_security.authentication import initialize_security, login, requires_authentication
from sanic_security.authorization import assign_role, check_wildcard, requires_permission
from sanic_security.configuration import config
from sanic_security.models import Account, AuthenticationSession
from sanic_security.utils import password_hasher
from tortoise import Tortoise

from benchmarks.client import App, Client
from benchmarks.measuring import Side
from benchmarks.peers.sanic_asgi import application, hello
from benchmarks.peers.scenes import (
    SIZES,
    Pages,
    asked,
    asked_of,
    checking,
    grants_of,
    living,
    pages_of,
    permissions_of,
    scope_of,
)
from benchmarks.peers.stalls import AT_ONCE, PASSWORD, stalls

__all__ = ["checks", "logins", "requests"]


@asynccontextmanager
async def requests(place: str, people: int, roles: int, permissions: int) -> AsyncIterator[Mapping[str, Side]]:
    """Have people with roles in its tables, and ask their pages; `requires_permission` authenticates as well."""
    config.SECRET = secrets.token_urlsafe(32)
    pages = _pages(asked_of(roles, permissions))
    async with _tables(place, people), living(pages["bare"][0]), living(pages["authenticated"][0]):
        cookies = [await _admit(number, roles, permissions) for number in range(people)]
        yield await asked(pages, cookies)


@asynccontextmanager
async def logins(place: str) -> AsyncIterator[Mapping[str, Side]]:
    """Have people log in, while others ask a bare page."""
    page, request = application("bare"), await _request()
    page.add_route(hello, "/")
    secret = password_hasher.hash(PASSWORD)
    async with _tables(place, AT_ONCE), living(page):
        for number in range(AT_ONCE):
            await _register(number, secret)

        async def log_in(number: int) -> None:
            await login(request, email=_email(number), password=PASSWORD)

        client = Client(cast("App", page), ["a=b"])
        yield stalls(client.get, log_in, partial(password_hasher.verify, secret, PASSWORD))


@asynccontextmanager
async def checks() -> AsyncIterator[Mapping[str, Side]]:
    """Check a permission against one grant after the other, as its `check_permissions` does with those it has read."""
    yield checking({size: partial(_any_matches, grants_of(size)) for size in SIZES})


def _any_matches(grants: Sequence[str], requirement: str) -> bool:
    for grant in grants:  # noqa: SIM110  a loop is what it has, and costs less
        if check_wildcard(grant, requirement):
            return True
    return False


@asynccontextmanager
async def _tables(place: str, connections: int) -> AsyncIterator[None]:
    await Tortoise.init(db_url=_url(place, connections), modules={"models": ["sanic_security.models"]})
    try:
        await Tortoise.generate_schemas()
        yield
    finally:
        await Tortoise.close_connections()


def _url(place: str, connections: int) -> str:
    """Return the URL of a database as Tortoise takes it."""
    if place.startswith("sqlite:"):
        return place.replace("sqlite:///", "sqlite://", 1)
    return f"{place.replace('postgresql:', 'asyncpg:', 1)}?maxsize={connections}"


def _pages(permission: str) -> Pages:
    bare, guarded = application("bare"), application("guarded")
    initialize_security(guarded, create_root=False)
    bare.add_route(hello, "/")
    guarded.add_route(requires_authentication(hello), "/me", name="me")
    guarded.add_route(requires_permission(permission)(hello), "/permitted", name="permitted")
    return pages_of(bare, guarded)


async def _admit(number: int, roles: int, permissions: int) -> str:
    """Have somebody with roles, who is logged in, and return the cookie."""
    account = await _register(number, "-")
    for role in range(roles):
        await assign_role(f"role-{role}", account, None, *permissions_of(role, permissions))
    session, response = await AuthenticationSession.new(await _request(), account), HTTPResponse()
    session.encode(response)
    (cookie,) = response.cookies.cookies
    return f"{cookie.key}={cookie.value}"


async def _register(number: int, secret: str) -> Any:
    return await Account.create(username=f"person-{number}", email=_email(number), password=secret, verified=True)


async def _request() -> Any:
    """Return what is asked of a request by whatever opens a session for it, from where the client asks."""
    scope = await scope_of("/", "")
    headers = {key.decode(): value.decode() for key, value in scope["headers"]}
    return SimpleNamespace(remote_addr="", ip=scope["client"][0], headers=headers)


def _email(number: int) -> str:
    return f"person-{number}@example.org"
