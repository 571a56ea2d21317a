"""The sample application, once for each framework: the same paths, the same handlers, the same bytes."""

import json
from datetime import timedelta
from itertools import count

from sanic import HTTPResponse as SanicResponse, Sanic
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

import authcore_asgi
import authcore_sanic
from authcore.errors import StoreFault, UsernameTaken

SECRET = "the-text-of-a-failure"
EXEMPT = ("/health",)
RECALLED = {"/recalled": timedelta(seconds=30), "/recalled/never": timedelta(0)}

_names = count()


def _told(caller):
    return json.dumps({"who": caller.display_name, "authenticated": caller.is_authenticated}).encode()


class _Handlers:
    """What every framework's handlers do; `caller` is what the adapter found, or None where it did not look."""

    def __init__(self, stage):
        self.stage = stage

    async def tell(self, caller):
        self.stage.ran.append(caller.display_name)
        return _told(caller)

    async def wait(self, caller):
        await self.stage.wait(caller.display_name)
        return _told(caller)

    async def health(self, caller):
        return b'"unknown"' if caller is None else _told(caller)

    async def refuse(self, caller):
        raise UsernameTaken(cause=SECRET)

    async def fail(self, caller):
        raise StoreFault(SECRET)

    async def crash(self, caller):
        raise RuntimeError(SECRET)


def table(stage):
    """Return method, path, handler and guard of every route."""
    does, requires = _Handlers(stage), "requires_permission"
    return [
        (("GET", "POST"), "/open", does.tell, None),
        (("POST",), "/change", does.tell, None),
        (("GET",), "/waiting", does.wait, None),
        (("GET",), "/refusing", does.refuse, None),
        (("GET",), "/failing", does.fail, None),
        (("GET",), "/broken", does.crash, None),
        (("GET",), "/health", does.health, None),
        (("GET", "POST"), "/health/deep", does.health, None),
        (("GET",), "/health/guarded", does.health, ("requires_authentication", {})),
        (("GET", "POST"), "/members", does.tell, ("requires_authentication", {})),
        (("GET",), "/editors", does.tell, ("requires_role", {"any_of": ["editor", "author"]})),
        (("GET",), "/staff", does.tell, ("requires_authentication", {"tag": "staff"})),
        (("GET",), "/all", does.tell, (requires, {"all_of": ["invoices:read", "invoices:write"]})),
        (("POST",), "/paying", does.tell, ("requires_two_step", {"purpose": "pay"})),
        (("POST",), "/posting", does.tell, ("requires_captcha", {})),
        (("GET", "POST"), "/sensitive", does.tell, ("requires_fresh", {"within": timedelta(minutes=5)})),
        (("GET",), "/recalled", does.tell, None),
        (("GET",), "/recalled/below", does.tell, None),
        (("GET",), "/recalled/never", does.tell, None),
        (("GET",), "/recalled/sensitive", does.tell, ("requires_fresh", {"within": timedelta(minutes=5)})),
        (("GET",), "/any", does.tell, (requires, {"any_of": ["invoices:read", "invoices:write"]})),
    ]


def guarded(adapter, handler, guard):
    """Return a handler behind the guard that the table names, as an adapter makes it."""
    if guard is None:
        return handler
    name, requirement = guard
    decorate = getattr(adapter, name)
    return decorate(**requirement)(handler) if requirement else decorate(handler)


def starlette_app(stage):
    """Return the application for Starlette, not wrapped yet."""

    def route(methods, path, act, guard):
        async def handler(request):
            return Response(await act(request.scope.get("user")), media_type="application/json")

        return Route(path, guarded(authcore_asgi, handler, guard), methods=list(methods))

    return Starlette(routes=[route(*row) for row in table(stage)])


def sanic_app(auth, stage):
    """Return the application for Sanic, set up."""
    Sanic.test_mode = True
    app = Sanic(f"sample-{next(_names)}", configure_logging=False)
    app.config.AUTO_EXTEND = False
    app.config.MOTD = False
    app.config.ACCESS_LOG = False
    app.config.TOUCHUP = False  # or every application would have parts of Sanic compiled anew
    authcore_sanic.setup(app, auth, exempt=EXEMPT, revocation_within=RECALLED)

    def add(methods, path, act, guard):
        async def handler(request):
            caller = getattr(request.ctx, "principal", None)
            return SanicResponse(await act(caller), content_type="application/json")

        name = path[1:].replace("/", "_")
        guarded_handler = guarded(authcore_sanic, handler, guard)
        app.add_route(guarded_handler, path, methods=methods, name=name, error_format="text")

    for row in table(stage):
        add(*row)
    return app
