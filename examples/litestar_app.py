"""Litestar: set AUTHCORE_KEYS as the README says, then run `uvicorn examples.litestar_app:app`."""

from litestar import Litestar, Request, WebSocket, get, websocket

from authcore import Auth, ConsoleCourier, Keyring, MemoryStore, Policy, Requirement
from authcore_asgi.litestar import AuthPlugin, admits

policy = Policy(origins=frozenset({"http://localhost:8000"}))
auth = Auth(store=MemoryStore(), keyring=Keyring.from_env(), policy=policy, courier=ConsoleCourier())


@get("/")
async def home(request: Request) -> dict[str, str]:
    return {"hello": request.user.display_name or "stranger"}


@get("/me", guards=[admits()])
async def me(request: Request) -> dict[str, str | None]:
    return {"email": request.user.account.email}


@get("/invoices", guards=[admits(Requirement(all_of="invoices:read"))])
async def invoices(request: Request) -> dict[str, object]:
    return {"invoices": [17, 42], "for": request.user.display_name}


@websocket("/greet", guards=[admits()])
async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(f"hello {socket.user.display_name}")
    await socket.close()


app = Litestar([home, me, invoices, greet], plugins=[AuthPlugin(auth)])
