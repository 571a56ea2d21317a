"""The applications that are asked: one bare handler in Starlette, and the same behind what is measured."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import cycle

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from authcore import Auth
from authcore_asgi import AuthMiddleware, requires_authentication, requires_permission
from benchmarks.floors import LookUp

__all__ = ["authenticating", "bare", "listing", "looking_up", "permitting"]


async def hello(request: Request) -> Response:  # noqa: ARG001  a handler is given its request
    """Answer, and nothing else."""
    return Response(b"hello")


def bare() -> Starlette:
    """Return the application that asks nobody who he is."""
    return Starlette(routes=[Route("/", hello)])


def authenticating(auth: Auth) -> AuthMiddleware:
    """Return the same behind authcore; `/me` is there to see that it really knows who is calling."""
    return AuthMiddleware(
        Starlette(routes=[Route("/", hello), Route("/me", requires_authentication(hello))]), auth=auth
    )


def permitting(auth: Auth, permission: str) -> AuthMiddleware:
    """Return the same for those only who hold a permission."""
    return AuthMiddleware(Starlette(routes=[Route("/", requires_permission(all_of=permission)(hello))]), auth=auth)


def looking_up(
    look_up: LookUp,
    ids: Sequence[str],
    *,
    accept: Callable[[object], bool] = bool,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """Return the same with a handler that looks one session up, and goes on if it accepts what was found."""
    following = cycle(ids)

    async def hello(request: Request) -> Response:  # noqa: ARG001  as above
        return Response(b"hello", 200 if accept(await look_up(next(following))) else 403)

    return Starlette(routes=[Route("/", hello)], lifespan=lifespan)


def listing(read: Callable[[str], Awaitable[Sequence[Sequence[object]]]], ids: Sequence[str]) -> Starlette:
    """Return an application that reads some rows for one id after the other, and answers with what is in them."""
    following = cycle(ids)

    async def answer(request: Request) -> Response:  # noqa: ARG001  as above
        rows = await read(next(following))
        return JSONResponse([list(row) for row in rows], 200 if rows else 403)

    return Starlette(routes=[Route("/", answer)])
