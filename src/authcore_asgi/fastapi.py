"""Dependencies for FastAPI: who is calling, in its own idiom.  Needs FastAPI, which nothing else here does."""

from importlib.util import find_spec

if find_spec("fastapi") is None:
    raise ModuleNotFoundError('authcore_asgi.fastapi needs FastAPI: pip install "authcore[fastapi]"', name="fastapi")

from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi.requests import HTTPConnection
from fastapi.security import SecurityScopes

from authcore.permissions import Requirement
from authcore.principal import Anonymous, Principal, check_within
from authcore_asgi.guards import admit, caller_of

__all__ = ["current_caller", "current_principal", "fresh_principal"]


async def current_caller(connection: HTTPConnection) -> Principal | Anonymous:
    """Return who is calling, somebody or nobody in particular: `Depends(current_caller)`."""
    return caller_of(connection)


async def current_principal(connection: HTTPConnection, scopes: SecurityScopes) -> Principal:
    """Return who is calling, or have a 401 or 403 problem sent.

    `Depends(current_principal)` asks for anybody who is logged in, and `Security(current_principal, scopes=[...])` for
    somebody whose grants imply every one of these permissions.
    """
    return admit(connection, Requirement(all_of=scopes.scopes) if scopes.scopes else None)


def fresh_principal(*, within: timedelta) -> Callable[[HTTPConnection], Awaitable[Principal]]:
    """Return a dependency that is who is calling, if it was less than `within` ago that they authenticated.

    `Depends(fresh_principal(within=timedelta(minutes=5)))`.  Others get a 401 problem.  Raises ConfigurationError for a
    time as `requires_fresh` does.
    """
    check_within(within)

    async def current(connection: HTTPConnection) -> Principal:
        return admit(connection, within=within)

    return current
