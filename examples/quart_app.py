"""Quart: set AUTHCORE_KEYS as the README says, then run `uvicorn examples.quart_app:app`."""

from quart import Quart, request, websocket

from authcore import Auth, ConsoleCourier, Keyring, MemoryStore, Policy, Requirement
from authcore_asgi import admit, caller_of
from authcore_asgi.quart import setup

policy = Policy(origins=frozenset({"http://localhost:8000"}))
app = Quart(__name__)
auth = setup(app, Auth(store=MemoryStore(), keyring=Keyring.from_env(), policy=policy, courier=ConsoleCourier()))


@app.get("/")
async def home() -> dict[str, str]:
    return {"hello": caller_of(request).display_name or "stranger"}


@app.get("/me")
async def me() -> dict[str, str | None]:
    return {"email": admit(request).account.email}


@app.get("/invoices")
async def invoices() -> dict[str, object]:
    clerk = admit(request, Requirement(all_of="invoices:read"))
    return {"invoices": [17, 42], "for": clerk.display_name}


@app.websocket("/greet")
async def greet() -> None:
    member = admit(websocket)
    await websocket.accept()
    await websocket.send(f"hello {member.display_name}")
