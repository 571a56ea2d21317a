"""The extra `sanic` alone: an application in Sanic's ASGI mode."""

import pytest
from sanic import Sanic, json

from authcore_sanic import principal_of, requires_authentication, setup
from tests.bare.visiting import ADA, visit


@pytest.fixture(autouse=True)
def _many_applications(monkeypatch):
    """Let an application have the name of one that an earlier test has made."""
    monkeypatch.setattr(Sanic, "test_mode", True)


def _build(auth):
    app = Sanic("alone", configure_logging=False)
    app.config.AUTO_EXTEND = False
    setup(app, auth)

    @app.get("/me")
    @requires_authentication
    async def me(request):
        return json(principal_of(request).display_name)

    return app


def test_member_is_let_in():
    """A page in Sanic refuses a stranger, and knows by name who has logged in."""
    (refused, problem), (answered, name) = visit(_build)
    assert (refused, problem["code"]) == (401, "not_authenticated")
    assert (answered, name) == (200, ADA)
