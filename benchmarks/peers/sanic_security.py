"""sanic-security on Sanic, with its tables in Tortoise."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace

from sanic import HTTPResponse
from sanic_security.authentication import initialize_security, requires_authentication
from sanic_security.authorization import assign_role, check_wildcard, requires_permission
from sanic_security.configuration import config
from sanic_security.models import Account, AuthenticationSession
from tortoise import Tortoise

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

__all__ = ["checks", "requests"]


@asynccontextmanager
async def requests(place: str, people: int, roles: int, permissions: int) -> AsyncIterator[Mapping[str, Side]]:
    """Have people with roles in its tables, and ask their pages; `requires_permission` authenticates as well."""
    config.SECRET = secrets.token_urlsafe(32)
    await Tortoise.init(db_url=_url(place, people), modules={"models": ["sanic_security.models"]})
    try:
        await Tortoise.generate_schemas()
        pages = _pages(asked_of(roles, permissions))
        async with living(pages["bare"][0]), living(pages["authenticated"][0]):
            cookies = [await _admit(number, roles, permissions) for number in range(people)]
            yield await asked(pages, cookies)
    finally:
        await Tortoise.close_connections()


@asynccontextmanager
async def checks() -> AsyncIterator[Mapping[str, Side]]:
    """Check a permission against one grant after the other, as its `check_permissions` does with those it has read."""
    yield checking({size: partial(_any_matches, grants_of(size)) for size in SIZES})


def _any_matches(grants: Sequence[str], requirement: str) -> bool:
    for grant in grants:  # noqa: SIM110  a loop is what it has, and costs less
        if check_wildcard(grant, requirement):
            return True
    return False


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
    name = f"person-{number}"
    account = await Account.create(username=name, email=f"{name}@example.org", password="-", verified=True)  # noqa: S106
    for role in range(roles):
        await assign_role(f"role-{role}", account, None, *permissions_of(role, permissions))
    scope = await scope_of("/", "")
    headers = {key.decode(): value.decode() for key, value in scope["headers"]}
    request = SimpleNamespace(remote_addr="", ip=scope["client"][0], headers=headers)
    session, response = await AuthenticationSession.new(request, account), HTTPResponse()
    session.encode(response)
    (cookie,) = response.cookies.cookies
    return f"{cookie.key}={cookie.value}"
