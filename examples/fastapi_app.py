"""FastAPI: set AUTHCORE_KEYS as the README says, then run `uvicorn examples.fastapi_app:app`."""

from typing import Annotated

from fastapi import Depends, FastAPI, Security, WebSocket

from authcore import Anonymous, Auth, ConsoleCourier, Keyring, MemoryStore, Policy, Principal
from authcore_asgi import AuthMiddleware
from authcore_asgi.fastapi import current_caller, current_principal

policy = Policy(origins=frozenset({"http://localhost:8000"}))
auth = Auth(store=MemoryStore(), keyring=Keyring.from_env(), policy=policy, courier=ConsoleCourier())
app = FastAPI()
app.add_middleware(AuthMiddleware, auth=auth)

Caller = Annotated[Principal | Anonymous, Depends(current_caller)]
Member = Annotated[Principal, Depends(current_principal)]
Clerk = Annotated[Principal, Security(current_principal, scopes=["invoices:read"])]


@app.get("/")
async def home(caller: Caller) -> dict[str, str]:
    return {"hello": caller.display_name or "stranger"}


@app.get("/me")
async def me(member: Member) -> dict[str, str | None]:
    return {"email": member.account.email}


@app.get("/invoices")
async def invoices(clerk: Clerk) -> dict[str, object]:
    return {"invoices": [17, 42], "for": clerk.display_name}


@app.websocket("/greet")
async def greet(websocket: WebSocket, member: Member) -> None:
    await websocket.accept()
    await websocket.send_text(f"hello {member.display_name}")
