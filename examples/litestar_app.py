"""Litestar: set AUTHCORE_KEYS as the README says, then run `uvicorn examples.litestar_app:app`."""

from litestar import Litestar, Request, WebSocket, get, websocket
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from authcore import Auth, ConsoleCourier, Keyring, MemoryStore, Policy, Requirement
from authcore_asgi import AuthMiddleware, admit, principal_of, requires_authentication

policy = Policy(origins=frozenset({"http://localhost:8000"}))
auth = Auth(store=MemoryStore(), keyring=Keyring.from_env(), policy=policy, courier=ConsoleCourier())


def clerks(connection: ASGIConnection, _: BaseRouteHandler) -> None:
    admit(connection, Requirement(all_of="invoices:read"))


@get("/")
async def home(request: Request) -> dict[str, str]:
    return {"hello": request.user.display_name or "stranger"}


@get("/me")
@requires_authentication
async def me(request: Request) -> dict[str, str | None]:
    return {"email": principal_of(request).account.email}


@get("/invoices", guards=[clerks])
async def invoices(request: Request) -> dict[str, object]:
    return {"invoices": [17, 42], "for": principal_of(request).display_name}


@websocket("/greet", guards=[lambda connection, _: admit(connection)])
async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(f"hello {socket.user.display_name}")


app = AuthMiddleware(Litestar([home, me, invoices, greet]), auth=auth)
