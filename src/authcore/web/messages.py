"""Neutral HTTP messages: what adapters turn their framework's requests into, and build its responses from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

__all__ = ["BODY_LIMIT", "Headers", "Json", "Request", "Response", "json_response", "media_response"]

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Header fields in order, as octets; names in any case."""

Json: TypeAlias = Mapping[str, "Json"] | Sequence["Json"] | str | int | bool | None

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

BODY_LIMIT: Final = 16 * 1024
"""How many octets of a body our endpoints read; an adapter may stop reading one octet later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.  `path` is decoded and without query, `client` the address at the other end of the transport."""

    method: str
    path: str
    headers: Headers
    body: bytes = b""
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response, complete: its headers say everything but the connection's own business."""

    status: int
    headers: Headers = ()
    body: bytes = b""


def json_response(
    status: int, payload: Json, *headers: tuple[bytes, bytes], media_type: str = "application/json"
) -> Response:
    """Return a JSON response that no cache keeps (OWASP ASVS 14.3.2)."""
    body = _JSON.encode(payload).encode()
    return _response(status, media_type, body, *headers)


def media_response(status: int, media_type: str, content: bytes) -> Response:
    """Return a picture or a sound that no cache keeps, and that no page of another origin shows."""
    return _response(
        status,
        media_type,
        content,
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"x-content-type-options", b"nosniff"),
    )


def _response(status: int, media_type: str, body: bytes, *headers: tuple[bytes, bytes]) -> Response:
    return Response(
        status=status,
        headers=(
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            *headers,
        ),
        body=body,
    )
