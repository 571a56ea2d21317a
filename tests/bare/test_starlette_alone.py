"""The extra `asgi` alone: the middleware around Starlette."""

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from authcore_asgi import AuthMiddleware, principal_of, requires_authentication
from tests.bare.visiting import ADA, visit


def _build(auth):
    @requires_authentication
    async def me(request):
        return JSONResponse(principal_of(request).display_name)

    return AuthMiddleware(Starlette(routes=[Route("/me", me)]), auth=auth)


def test_member_is_let_in():
    """A page in Starlette refuses a stranger, and knows by name who has logged in."""
    (refused, problem), (answered, name) = visit(_build)
    assert (refused, problem["code"]) == (401, "not_authenticated")
    assert (answered, name) == (200, ADA)
