"""What the laws say of answers again and again."""

import json
from http import HTTPStatus

from authcore.web.problems import title_of

REALM = 'Bearer realm="authcore"'
CLEARED = "Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"


def is_problem(reply, status, code, **evidence):
    """Assert that an answer is this problem document and nothing more, and that it touches no cookie."""
    told = reply.json()
    detail = told.pop("detail", "")
    assert (reply.status, told) == (
        status,
        {"type": "about:blank", "title": title_of(HTTPStatus(status)), "status": status, "code": code, **evidence},
    )
    assert isinstance(detail, str)
    assert len(detail) > len("...")
    assert reply.one("content-type") == "application/problem+json"
    assert reply.one("cache-control") == "no-store"
    assert reply.one("content-length") == str(len(reply.body))
    assert reply.all("set-cookie") == []


def is_json(reply, status=200):
    """Assert that an answer is JSON for its recipient alone, and return it."""
    assert (reply.status, reply.one("content-type")) == (status, "application/json"), reply
    assert reply.one("cache-control") == "no-store"
    assert reply.one("content-length") == str(len(reply.body))
    return json.loads(reply.body)


def token_of(reply, name):
    """Return the value that an answer sets a cookie to."""
    (line,) = (line for line in reply.all("set-cookie") if line.startswith(f"{name}="))
    return line.removeprefix(f"{name}=").partition(";")[0]
