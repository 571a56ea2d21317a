"""A Starlette application with a handler of every kind, for the tests of the ASGI middleware."""

from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from authcore.errors import StoreFault, UsernameTaken
from authcore_asgi import principal_of, requires_authentication, requires_permission

SECRET = "the-text-of-a-failure"


async def show(request: Request):
    """Tell who is there, in Starlette's words."""
    return JSONResponse([request.user.display_name, request.user.is_authenticated, request.user.identity])


@requires_authentication
async def members(request: Request):
    """Tell a member's name."""
    return PlainTextResponse(principal_of(request).account.email)


@requires_authentication
def members_in_a_thread(request: Request):
    """Tell a member's name, from a plain function."""
    return PlainTextResponse(request.user.account.email)


@requires_permission(all_of=["invoices:read"])
async def readers(request: Request):
    """Tell that one may read."""
    return PlainTextResponse("read")


@requires("authenticated")
async def theirs(request: Request):
    """Be guarded by Starlette's own decorator."""
    return PlainTextResponse("in")


@requires(["authenticated", "invoices:read"])
async def their_readers(request: Request):
    """Be guarded by Starlette's own decorator, with a scope."""
    return PlainTextResponse("read")


async def crash(request: Request):
    """Fail in a way that nobody foresaw."""
    raise RuntimeError(SECRET)


async def refuse(request: Request):
    """Refuse by itself."""
    raise UsernameTaken


async def fail(request: Request):
    """Meet a fault."""
    raise StoreFault(SECRET)


class Page(HTTPEndpoint):
    """A handler that is a class."""

    @requires_authentication
    async def get(self, request):
        """Tell a member's name."""
        return PlainTextResponse(principal_of(request).account.email)

    @requires_permission(any_of=["invoices:read"])
    def post(self, request):
        """Tell that one may read."""
        return PlainTextResponse("read")


ROUTES = [
    Route("/show", show, methods=["GET", "POST"]),
    Route("/members", members),
    Route("/thread", members_in_a_thread),
    Route("/readers", readers),
    Route("/theirs", theirs),
    Route("/their-readers", their_readers),
    Route("/crash", crash),
    Route("/refuse", refuse),
    Route("/fail", fail),
    Route("/page", Page),
]


def starlette(**settings):
    """Return a Starlette application with all the routes."""
    return Starlette(routes=ROUTES, **settings)
