"""Starlette: set AUTHCORE_KEYS as the README says, then run `uvicorn examples.starlette_app:app`."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from authcore import Auth, ConsoleCourier, Keyring, MemoryStore, Policy
from authcore_asgi import AuthMiddleware, principal_of, requires_authentication, requires_permission

policy = Policy(origins=frozenset({"http://localhost:8000"}))
auth = Auth(store=MemoryStore(), keyring=Keyring.from_env(), policy=policy, courier=ConsoleCourier())


async def home(request: Request) -> JSONResponse:
    return JSONResponse({"hello": request.user.display_name or "stranger"})


@requires_authentication
async def me(request: Request) -> JSONResponse:
    return JSONResponse({"email": principal_of(request).account.email})


@requires_permission(all_of="invoices:read")
async def invoices(request: Request) -> JSONResponse:
    return JSONResponse({"invoices": [17, 42], "for": principal_of(request).display_name})


@requires_authentication
async def greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(f"hello {principal_of(websocket).display_name}")
    await websocket.close()


routes = [Route("/", home), Route("/me", me), Route("/invoices", invoices), WebSocketRoute("/greet", greet)]
app = AuthMiddleware(Starlette(routes=routes), auth=auth)
