"""What every HTTP adapter shares and no framework owns: reading requests, naming callers, answering our endpoints."""

from authcore.web.access import Access, Presence
from authcore.web.confirming import confirm, confirm_fresh, confirm_person, confirm_session
from authcore.web.cookies import clear_cookie, find_cookie, set_cookie
from authcore.web.endpoints import Endpoints
from authcore.web.exemptions import Exemptions
from authcore.web.issuing import renewing, token_cookie
from authcore.web.messages import BODY_LIMIT, Headers, Request, Response, json_response
from authcore.web.problems import answer_to, problem, status_of, unexpected
from authcore.web.rows import Endpoint
from authcore.web.staleness import RevocationBounds
from authcore.web.table import ENDPOINTS, openapi_document

__all__ = [
    "BODY_LIMIT",
    "ENDPOINTS",
    "Access",
    "Endpoint",
    "Endpoints",
    "Exemptions",
    "Headers",
    "Presence",
    "Request",
    "Response",
    "RevocationBounds",
    "answer_to",
    "clear_cookie",
    "confirm",
    "confirm_fresh",
    "confirm_person",
    "confirm_session",
    "find_cookie",
    "json_response",
    "openapi_document",
    "problem",
    "renewing",
    "set_cookie",
    "status_of",
    "token_cookie",
    "unexpected",
]
