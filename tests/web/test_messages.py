"""The neutral messages: what a response in JSON says about itself."""

import json
from dataclasses import FrozenInstanceError

import pytest

from authcore.web import BODY_LIMIT, Request, Response, json_response


def test_json_response():
    """A JSON response is compact UTF-8, knows its length, is kept by no cache, and carries the other headers last."""
    response = json_response(202, {"a": ["é", 1, None, True]}, (b"x", b"1"), (b"x", b"2"))
    assert response == Response(
        status=202,
        headers=(
            (b"content-type", b"application/json"),
            (b"content-length", b"24"),
            (b"cache-control", b"no-store"),
            (b"x", b"1"),
            (b"x", b"2"),
        ),
        body='{"a":["é",1,null,true]}'.encode(),
    )


def test_media_type():
    """Another JSON type may be said."""
    response = json_response(400, {}, media_type="application/problem+json")
    assert dict(response.headers)[b"content-type"] == b"application/problem+json"


@pytest.mark.parametrize("text", ["\u2028", "</script>", "\x00", "\N{PILE OF POO}", '"\\'], ids=ascii)
def test_text_comes_back(text):
    """Whatever a text holds, it comes back as it was."""
    assert json.loads(json_response(200, {"text": text}).body) == {"text": text}


def test_messages_are_values():
    """Messages are frozen, compare by value, and have the emptiest defaults."""
    request = Request(method="GET", path="/", headers=[])
    assert (request.body, request.client) == (b"", None)
    assert (Response(status=204).headers, Response(status=204).body) == ((), b"")
    with pytest.raises(FrozenInstanceError):
        request.path = "/other"


def test_limit():
    """Bodies are small: 16 KiB."""
    assert BODY_LIMIT == 16_384
