"""One application with two websockets, an open and a guarded one, for each framework that has websockets."""

from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket
from litestar import Litestar, WebSocket as LitestarWebSocket, websocket as litestar_websocket
from quart import Quart, websocket
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from authcore import Principal
from authcore.errors import UsernameTaken
from authcore_asgi import AuthMiddleware, admit, caller_of, requires_authentication
from authcore_asgi.fastapi import current_principal
from authcore_asgi.litestar import AuthPlugin, admits
from authcore_asgi.quart import setup


async def _greet(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text(caller_of(websocket).display_name)
    await websocket.close()


async def _refuse(websocket: WebSocket):
    raise UsernameTaken


def starlette(auth):
    """Starlette within the middleware."""
    handlers = {"/greet": _greet, "/guarded": requires_authentication(_greet), "/refuse": _refuse}
    routes = [WebSocketRoute(path, handler) for path, handler in handlers.items()]
    return AuthMiddleware(Starlette(routes=routes), auth=auth)


def fastapi(auth):
    """FastAPI, with the middleware in its own list."""

    async def guarded(websocket: WebSocket, member: Annotated[Principal, Depends(current_principal)]):
        await _greet(websocket)

    app = FastAPI()
    app.add_middleware(AuthMiddleware, auth=auth)
    for path, handler in {"/greet": _greet, "/guarded": guarded, "/refuse": _refuse}.items():
        app.add_api_websocket_route(path, handler)
    return app


def _litestar(**settings):
    async def greet(socket: LitestarWebSocket) -> None:
        await _greet(socket)

    async def refuse(socket: LitestarWebSocket) -> None:
        raise UsernameTaken

    guarded = litestar_websocket("/guarded", guards=[admits()])(greet)
    handlers = [litestar_websocket("/greet")(greet), guarded, litestar_websocket("/refuse")(refuse)]
    return Litestar([*handlers, litestar_websocket("/decorated")(requires_authentication(greet))], **settings)


def litestar(auth):
    """Litestar within the middleware."""
    return AuthMiddleware(_litestar(), auth=auth)


def litestar_inside(auth):
    """Litestar, with the middleware in its own list."""
    return _litestar(plugins=[AuthPlugin(auth)])


def quart(auth):
    """Quart, set up."""
    app = Quart("websockets")
    setup(app, auth)

    async def greet():
        await websocket.accept()
        await websocket.send(caller_of(websocket).display_name)

    async def guarded():
        admit(websocket)
        await greet()

    async def refuse():
        raise UsernameTaken

    for handler in (greet, guarded, refuse):
        app.add_websocket(f"/{handler.__name__}", view_func=handler)
    return app


APPS = [starlette, fastapi, litestar, litestar_inside, quart]
