"""Turning templates into responses, with the headers that every page carries.  Which one is shown is not known here."""

import os
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from authcore.web import Headers, Response

__all__ = ["file_response", "page_response", "redirect"]

_HERE: Final = Path(__file__).parent
_MEDIA_TYPES: Final = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}

_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_SECURITY: Final[Headers] = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms, which the check of origins refuses.
    (b"referrer-policy", b"same-origin"),
)


def page_response(
    template: str, facts: Mapping[str, object], *, status: HTTPStatus = HTTPStatus.OK, headers: Headers = ()
) -> Response:
    """Return a page; no cache keeps it, since every page tells who is logged in."""
    body = _ENVIRONMENT.get_template(template).render(facts).encode()
    return _response(status, "text/html; charset=utf-8", b"no-store", body, headers)


def file_response(name: str) -> Response:
    """Return a file of `static/`, which holds nothing personal."""
    path = _HERE / "static" / name
    return _response(HTTPStatus.OK, _MEDIA_TYPES[path.suffix], b"no-cache", path.read_bytes(), ())


def redirect(path: str, *cookies: tuple[bytes, bytes]) -> Response:
    """Send the browser on to another page, by GET: reloading that one sends no form again."""
    headers = (
        # Quoted, so that no line break in a path begins a header; Sanic tells paths as they are quoted already.
        (b"location", quote(path, safe="/%").encode()),
        (b"content-length", b"0"),
        (b"cache-control", b"no-store"),
        *_SECURITY,
        *cookies,
    )
    return Response(status=HTTPStatus.SEE_OTHER, headers=headers)


def _response(status: HTTPStatus, media_type: str, caching: bytes, body: bytes, more: Headers) -> Response:
    headers = (
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", caching),
        *_SECURITY,
        *more,
    )
    return Response(status=status, headers=headers, body=body)


def _moment(moment: datetime) -> Markup:
    """Write a time for people, and once more for machines."""
    shown = f"{moment.day} {moment:%B %Y, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="seconds"), shown)


def _breakable(permission: str) -> Markup:
    """Let a long permission be broken where its parts meet."""
    return Markup(":<wbr>").join(permission.split(":"))


_ENVIRONMENT.filters.update(breakable=_breakable, moment=_moment)
_ENVIRONMENT.globals.update(process=os.getpid())
