"""The OpenAPI document against what the endpoints really do, asked by schemathesis on every adapter."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib import import_module

import pytest
from sanic import Sanic

from authcore import Throttle
from authcore.offload import Background
from authcore.testing import build_auth
from authcore.web import ENDPOINTS, openapi_document
from authcore_asgi import AuthMiddleware
from tests.adapters import sites
from tests.adapters.apps import sanic_app, starlette_app
from tests.openapi.conversations import DOCUMENT, converse

_OFTEN = Throttle(limit=100_000, window=timedelta(hours=1))
POLICY = replace(
    sites.POLICY, registrations_per_network=_OFTEN, recoveries_per_network=_OFTEN, logins_per_network=_OFTEN
)
"""All guests come from one network, and more of them than any other network has people."""

RARE = {409, 413, 429, 503}
"""Statuses that take what was done already, a body beyond any field, or a store that fails; some come by chance."""


class _Resting(Background):
    """Delivers nothing: the guests fetch their codes in another thread, and a store in memory takes one at a time."""

    def start(self):
        """Do not begin."""


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Nobody but the guests looks into the outbox."""
    for module in ("authcore_asgi.middleware", "authcore_sanic.setup"):
        monkeypatch.setattr(import_module(module), "Background", _Resting)


@contextmanager
def starlette(auth):
    """Starlette within the middleware."""
    yield AuthMiddleware(starlette_app(sites.Stage()), auth=auth)


@contextmanager
def sanic(auth):
    """Sanic in its ASGI mode."""
    app = sanic_app(auth, sites.Stage())
    yield app
    Sanic.unregister_app(app)


@pytest.fixture(params=[False, True], ids=["cookies", "bearer"])
def policy(request):
    """Where tokens travel."""
    return replace(POLICY, bearer=request.param)


@pytest.fixture(params=[starlette, sanic], ids=lambda adapter: adapter.__name__)
def conversation(request, policy, alone):
    """What came of asking an adapter everything; it is asked once, whatever the order of the tests."""
    return _conversation(request.param, policy)


@cache
def _conversation(adapter, policy):
    auth = build_auth(policy=policy)
    with adapter(auth) as app:
        return converse(app, auth)


def test_answers_are_as_described(conversation):
    """Every answer is one that the document foresees, and what it rules out is refused."""
    assert conversation.failures == []


def test_every_operation_succeeds(conversation):
    """Every operation was asked in a way that succeeds, so that there was something to compare."""
    assert set(conversation.statuses) == {f"{row.method} /auth{row.path}" for row in ENDPOINTS}
    assert all(conversation.statuses[f"{row.method} /auth{row.path}"][row.answer.status] for row in ENDPOINTS)


def test_every_status_is_met(conversation, policy):
    """Every status that the document foresees was met by some operation, but for the rare ones."""
    rows = [row for path in openapi_document(policy)["paths"].values() for row in path.values()]
    foreseen = {int(status) for row in rows for status in row["responses"]}
    assert foreseen - set().union(*conversation.statuses.values()) <= RARE


def _operation(document, path, method="post"):
    return document["paths"][f"/auth{path}"][method]


def _body(document, path):
    return _operation(document, path)["requestBody"]["content"]["application/json"]["schema"]


def _forget_status(document):
    del _operation(document, "/session", "get")["responses"]["401"]


def _forget_code(document):
    refused = _operation(document, "/password")["responses"]["403"]["content"]["application/problem+json"]
    refused["schema"] = {"$ref": "#/components/schemas/authcore.CrossSiteRequest"}


def _forget_member(document):
    session = document["components"]["schemas"]["authcore.Session"]
    del session["properties"]["amr"]
    session["required"].remove("amr")


def _promise_header(document):
    _operation(document, "/logout")["responses"]["204"]["headers"]["Retry-After"] = {
        "required": True,
        "schema": {"type": "integer"},
    }


def _promise_type(document):
    answered = _operation(document, "/session", "get")["responses"]["200"]
    answered["content"] = {"text/html": {"schema": {"type": "string"}}}


def _promise_protection(document):
    _operation(document, "/logout")["security"] = [{"authcore.session": []}]


def _invent_field(document):
    _body(document, "/register")["properties"]["nickname"] = {"type": "string"}


def _invent_need(document):
    _body(document, "/register")["required"] += ["username"]


LIES = [
    (_forget_status, "GET /auth/session", "status_code_conformance"),
    (_forget_code, "POST /auth/password", "response_schema_conformance"),
    (_forget_member, "GET /auth/session", "response_schema_conformance"),
    (_promise_header, "POST /auth/logout", "response_headers_conformance"),
    (_promise_type, "GET /auth/session", "content_type_conformance"),
    (_promise_protection, "POST /auth/logout", "ignored_auth"),
    (_invent_field, "POST /auth/register", "sound_fields_are_read"),
    (_invent_need, "POST /auth/register", "negative_data_rejection"),
]


def showing(app, document):
    """Return an application that shows another document in place of its own."""

    async def show(scope, receive, send):
        if scope.get("path") != DOCUMENT:
            await app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})

    return show


@pytest.mark.parametrize(("lie", "operation", "check"), LIES, ids=lambda each: getattr(each, "__name__", ""))
def test_lie_is_found(lie, operation, check):
    """A document that is wrong in one place fails, in that place: the checks check."""
    auth = build_auth(policy=POLICY)
    document = json.loads(json.dumps(openapi_document(POLICY)))
    lie(document)
    with starlette(auth) as app:
        assert (operation, check) in converse(showing(app, document), auth, only=operation).failed
