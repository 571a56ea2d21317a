"""How refusals and faults look over HTTP: one table of statuses, RFC 9457 problem documents, and their schemas."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from authcore import errors
from authcore.errors import AuthcoreError, AuthError, Fault
from authcore.logbook import log_fault
from authcore.web.messages import Response, json_response
from authcore.web.schemas import COUNT, TEXT, Schema, closed

__all__ = [
    "PROBLEM",
    "STATUSES",
    "answer_to",
    "problem",
    "problem_schema",
    "status_of",
    "status_of_kind",
    "title_of",
    "unexpected",
]

STATUSES: Final[dict[type[AuthcoreError], HTTPStatus]] = {
    errors.AuthError: HTTPStatus.BAD_REQUEST,
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MalformedRequest: HTTPStatus.BAD_REQUEST,
    errors.RequestTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.CrossSiteRequest: HTTPStatus.FORBIDDEN,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.InvalidCredentials: HTTPStatus.UNAUTHORIZED,
    errors.InvalidToken: HTTPStatus.UNAUTHORIZED,
    errors.SecondFactorRequired: HTTPStatus.UNAUTHORIZED,
    errors.SecondFactorFulfilled: HTTPStatus.CONFLICT,
    errors.SecondFactorUnavailable: HTTPStatus.FORBIDDEN,
    errors.ReauthenticationRequired: HTTPStatus.UNAUTHORIZED,
    errors.AccountUnverified: HTTPStatus.FORBIDDEN,
    errors.AccountDisabled: HTTPStatus.FORBIDDEN,
    errors.AccountDeleted: HTTPStatus.FORBIDDEN,
    errors.AccountNotFound: HTTPStatus.NOT_FOUND,
    errors.AccountErased: HTTPStatus.GONE,
    errors.StateUnchanged: HTTPStatus.CONFLICT,
    errors.UsernameTaken: HTTPStatus.CONFLICT,
    errors.IdentifierTaken: HTTPStatus.CONFLICT,
    errors.RoleMismatch: HTTPStatus.CONFLICT,
    errors.CodeMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ChallengeEnded: HTTPStatus.GONE,
    errors.TwoStepRequired: HTTPStatus.FORBIDDEN,
    errors.CaptchaRequired: HTTPStatus.FORBIDDEN,
    errors.ResendLimit: HTTPStatus.CONFLICT,
    errors.Throttled: HTTPStatus.TOO_MANY_REQUESTS,
    errors.PasswordMismatch: HTTPStatus.FORBIDDEN,
    errors.PermissionDenied: HTTPStatus.FORBIDDEN,
    errors.Fault: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status of each class of error; a class that is not listed has its parent's."""

PROBLEM: Final = "application/problem+json"
"""The media type of every refusal and fault."""

_RETRY_AFTER: Final = (b"retry-after", b"2")
_CHALLENGE: Final = 'Bearer realm="authcore"'
_CHALLENGE_ERRORS: Final[dict[type[AuthcoreError], str]] = {
    errors.InvalidToken: "invalid_token",
    errors.PermissionDenied: "insufficient_scope",
    errors.ReauthenticationRequired: "insufficient_user_authentication",
}

_EVIDENCE: Final[dict[type[AuthcoreError], Schema]] = {
    errors.InvalidInput: {"field": TEXT, "reason": TEXT},
    errors.MalformedRequest: {"reason": TEXT},
    errors.CodeMismatch: {"attempts_left": COUNT},
    errors.TwoStepRequired: {"purpose": TEXT},
    errors.Throttled: {"retry_after": COUNT},
    errors.ReauthenticationRequired: {"max_age": COUNT},
}
"""The members that the problems of a class, and of those below it, have besides those of every problem."""

_TITLES: Final[dict[HTTPStatus, str]] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content",
}
"""The names of RFC 9110 that not every supported Python has yet."""


def status_of(error: AuthError | Fault) -> HTTPStatus:
    """Return the status of an error."""
    return status_of_kind(type(error))


def status_of_kind(kind: type[AuthError] | type[Fault]) -> HTTPStatus:
    """Return the status of every error of a class."""
    return next(STATUSES[parent] for parent in kind.__mro__ if parent in STATUSES)


def title_of(status: HTTPStatus) -> str:
    """Return the name of a status, the same on every Python."""
    return _TITLES.get(status, status.phrase)


def answer_to(error: AuthError | Fault, where: str) -> Response:
    """Return the problem document of what came up somewhere; the log is told why, if it is a fault: nobody else is."""
    if isinstance(error, Fault):
        log_fault(where, error)
    return problem(error)


def problem(error: AuthError | Fault) -> Response:
    """Return the problem document that tells a client what its error's author meant it to know, and no more."""
    status = status_of(error)
    evidence = error.evidence if isinstance(error, AuthError) else {}
    return _document(status, error.text, error.code, evidence, *_headers(error, status))


def problem_schema(kind: type[AuthError] | type[Fault]) -> Schema:
    """Return the JSON Schema of the problem documents of a class."""
    status = status_of_kind(kind)
    evidence = next((members for parent, members in _EVIDENCE.items() if issubclass(kind, parent)), {})
    return closed(
        {
            "type": {"const": "about:blank"},
            "title": {"const": title_of(status)},
            "status": {"const": status.value},
            "detail": {"type": "string", "examples": [kind.text]},
            "code": {"const": kind.code},
            **evidence,
        }
    )


def unexpected() -> Response:
    """Return what is answered to an exception that nobody foresaw: nothing of it may leak (OWASP ASVS 16.5.4)."""
    return _document(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on the server.", "internal_error", {})


def _document(
    status: HTTPStatus, detail: str, code: str, evidence: Mapping[str, str | int], *headers: tuple[bytes, bytes]
) -> Response:
    members = {"type": "about:blank", "title": title_of(status), "status": status.value, "detail": detail, "code": code}
    return json_response(status.value, {**members, **evidence}, *headers, media_type=PROBLEM)


def _headers(error: AuthError | Fault, status: HTTPStatus) -> list[tuple[bytes, bytes]]:
    if isinstance(error, errors.MethodNotAllowed):
        return [(b"allow", ", ".join(error.allowed).encode())]
    if isinstance(error, errors.Throttled):
        return [(b"retry-after", str(error.retry_after).encode())]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return [_RETRY_AFTER]
    said = next((text for kind, text in _CHALLENGE_ERRORS.items() if isinstance(error, kind)), None)
    if status is not HTTPStatus.UNAUTHORIZED and said is None:
        return []
    # RFC 6750 section 3.1: no error is named to a client that presented no token.
    challenge = _CHALLENGE if said is None else f'{_CHALLENGE}, error="{said}"'
    if isinstance(error, errors.ReauthenticationRequired):
        challenge = f'{challenge}, max_age="{error.max_age}"'  # RFC 9470 section 3
    return [(b"www-authenticate", challenge.encode())]
