"""The ASGI adapter without its extra: it needs no framework, and guards an application of ASGI's own words."""

import json

from authcore_asgi import AuthMiddleware, principal_of
from tests.bare.visiting import ADA, visit


def _build(auth):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        name = principal_of(scope).display_name
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(name).encode()})

    return AuthMiddleware(app, auth=auth)


async def _live(receive, send):
    for moment in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{moment}"
        await send({"type": f"lifespan.{moment}.complete"})


def test_member_is_let_in():
    """A page in no framework refuses a stranger, and knows by name who has logged in."""
    (refused, problem), (answered, name) = visit(_build)
    assert (refused, problem["code"]) == (401, "not_authenticated")
    assert (answered, name) == (200, ADA)
