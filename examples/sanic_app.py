"""Sanic: set AUTHCORE_KEYS as the README says, then run `sanic examples.sanic_app:app --single-process`."""

from sanic import HTTPResponse, Request, Sanic, Websocket, json

from authcore import Auth, ConsoleCourier, Keyring, MemoryStore, Policy
from authcore_sanic import principal_of, requires_authentication, requires_permission, setup

policy = Policy(origins=frozenset({"http://localhost:8000"}))
app = Sanic("example")
auth = setup(app, Auth(store=MemoryStore(), keyring=Keyring.from_env(), policy=policy, courier=ConsoleCourier()))


@app.get("/")
async def home(request: Request) -> HTTPResponse:
    return json({"hello": request.ctx.principal.display_name or "stranger"})


@app.get("/me")
@requires_authentication
async def me(request: Request) -> HTTPResponse:
    return json({"email": principal_of(request).account.email})


@app.get("/invoices")
@requires_permission(all_of="invoices:read")
async def invoices(request: Request) -> HTTPResponse:
    return json({"invoices": [17, 42], "for": principal_of(request).display_name})


@app.websocket("/greet")
@requires_authentication
async def greet(request: Request, websocket: Websocket) -> None:
    await websocket.send(f"hello {principal_of(request).display_name}")
