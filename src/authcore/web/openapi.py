"""The endpoints as an OpenAPI 3.1 document.  Whatever it says is read from their rows and from the policy.

What is answered to another method (405), or when something happens that nobody foresaw (500), belongs to no operation.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from itertools import groupby
from typing import Final

from authcore.cookie_settings import CookieSettings
from authcore.policy import Policy
from authcore.web.bodies import Field
from authcore.web.confirming import CAPTCHA
from authcore.web.messages import Json
from authcore.web.problems import PROBLEM, problem_schema, status_of_kind, title_of
from authcore.web.rows import Endpoint, Refusal
from authcore.web.schemas import TEXT, VIEWS, Answer, Schema, closed, component

__all__ = ["describe"]

_VERSION: Final = "1"  # of the interface: which release runs here is nobody's business (OWASP ASVS 13.4.6)
_TAG: Final = "authcore"
_CHALLENGE: Final = (
    '^Bearer realm="authcore"(?:, error="invalid_token"|, error="insufficient_user_authentication", max_age="[0-9]+")?$'
)

_HEADERS: Final[Mapping[str, Schema]] = {
    "Cache-Control": {"required": True, "schema": {"const": "no-store"}},
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {
        "description": "Names an error only if a token was sent.",
        "required": True,
        "schema": {"type": "string", "pattern": _CHALLENGE},
    },
}
_HEADERS_OF: Final[Mapping[int, tuple[str, ...]]] = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}
_PARAMETERS: Final[Mapping[str, Callable[[Endpoint, Policy], bool]]] = {
    "Origin": lambda row, policy: row.method == "POST" and not policy.bearer,
    "Challenge": lambda row, policy: row.challenge and not policy.bearer,
    "Captcha": lambda row, policy: row.reads_captcha(policy) and not policy.bearer,
    "CaptchaToken": lambda row, policy: row.reads_captcha(policy) and policy.bearer,
    "CaptchaCode": Endpoint.asks_captcha,
}
"""What requests carry besides a body and a session, and which rows read it."""


def describe(endpoints: Sequence[Endpoint], *, policy: Policy, prefix: str) -> dict[str, Json]:
    """Return the document of these endpoints, as they are with this policy below this prefix.

    The names of its components begin with `authcore.`, so that it can be merged into another document.
    """
    read = [name for name, is_read in _PARAMETERS.items() if any(is_read(row, policy) for row in endpoints)]
    refused = sorted({kind for row in endpoints for kind in row.refusals(policy)}, key=_place)
    return {
        "openapi": "3.1.0",
        "info": {"title": "authcore", "version": _VERSION, "summary": "Accounts, sessions and verification."},
        "tags": [{"name": _TAG}],
        "paths": {f"{prefix}{row.path}": {row.method.lower(): _operation(row, policy)} for row in endpoints},
        "components": {
            "schemas": _named({**VIEWS, **{kind.__name__: problem_schema(kind) for kind in refused}}),
            "headers": _named(_HEADERS),
            "parameters": _named({name: _parameters(policy)[name] for name in read}),
            "securitySchemes": _named({"session": _session(policy), "basic": {"type": "http", "scheme": "basic"}}),
        },
    }


def _operation(row: Endpoint, policy: Policy) -> Schema:
    fields = row.declared(bearer=policy.bearer)
    parameters = [name for name, is_read in _PARAMETERS.items() if is_read(row, policy)]
    return {
        "operationId": row.name,
        "tags": [_TAG],
        "summary": row.summary,
        "security": _security(row),
        "parameters": [component(name, "parameters") for name in parameters],
        **({"requestBody": _body(row, fields)} if fields else {}),
        "responses": {str(row.answer.status): _answered(row.answer, policy), **_refused(row, policy)},
    }


def _body(row: Endpoint, fields: Sequence[Field]) -> Schema:
    members: Schema = {field.name: {"type": "string", "maxLength": field.max_length} for field in fields}
    schema = {**closed(members), "required": [field.name for field in fields if field.required]}
    alternatives: Schema = {"oneOf": [{"required": [name]} for name in row.one_of]} if row.one_of else {}
    return {"required": not row.basic, "content": {"application/json": {"schema": {**schema, **alternatives}}}}


def _answered(answer: Answer, policy: Policy) -> Schema:
    cookies: Schema = {} if policy.bearer or not answer.cookies else {"Set-Cookie": _set_cookie(answer, policy)}
    response: Schema = {"description": answer.description, "headers": {**_headers(answer.status), **cookies}}
    if answer.media is not None:
        return {**response, "content": {answer.media(policy): {}}}
    if answer.members is None:
        return response
    token = {answer.token: TEXT} if policy.bearer and answer.token else {}
    return {**response, "content": {"application/json": {"schema": closed({**answer.members, **token})}}}


def _set_cookie(answer: Answer, policy: Policy) -> Schema:
    names = {
        "session": policy.session_cookie.name,
        "challenge": policy.challenge_cookie.name,
        "captcha": policy.captcha_cookie.name,
    }
    # Not `re.escape`: a hyphen with a backslash is no pattern of JSON Schema.
    patterns = "|".join(re.sub(r"[$*+.^|]", r"\\\g<0>", names[cookie]) for cookie in answer.cookies)
    return {"required": not answer.if_due, "schema": {"type": "string", "pattern": f"^(?:{patterns})="}}


def _refused(row: Endpoint, policy: Policy) -> Schema:
    kinds = sorted(row.refusals(policy), key=_place)
    return {str(status.value): _problems(status, list(group)) for status, group in groupby(kinds, key=status_of_kind)}


def _problems(status: HTTPStatus, kinds: Sequence[Refusal]) -> Schema:
    references = [component(kind.__name__) for kind in kinds]
    schema = references[0] if len(references) == 1 else {"oneOf": references}
    return {
        "description": title_of(status),
        "headers": _headers(status),
        "content": {PROBLEM: {"schema": schema}},
    }


def _headers(status: int) -> Schema:
    return {name: component(name, "headers") for name in ("Cache-Control", *_HEADERS_OF.get(status, ()))}


def _security(row: Endpoint) -> Sequence[Schema]:
    """Return the ways of saying who calls: any of them will do, and an empty one means that nobody need say it."""
    ways = {"session": row.session or row.pending or row.former, "basic": row.basic}
    nobody: Sequence[Schema] = [] if row.session or row.pending else [{}]
    return [*nobody, *({f"authcore.{name}": []} for name, is_taken in ways.items() if is_taken)]


def _session(policy: Policy) -> Schema:
    if policy.bearer:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {"type": "apiKey", "in": "cookie", "name": policy.session_cookie.name}


def _parameters(policy: Policy) -> Mapping[str, Schema]:
    return {
        "Origin": {
            "name": "Origin",
            "in": "header",
            "description": "An origin of the application: browsers say it; who else sends a cookie must say it too.",
            "schema": {"type": "string", "format": "uri"},
        },
        "Challenge": _cookie(policy.challenge_cookie, "The challenge that the code belongs to, as it was set."),
        "Captcha": _cookie(policy.captcha_cookie, "The captcha, as it was set."),
        "CaptchaToken": _header(CAPTCHA.token, "The captcha's token."),
        "CaptchaCode": _header(CAPTCHA.code, "What the captcha shows."),
    }


def _cookie(settings: CookieSettings, description: str) -> Schema:
    return {"name": settings.name, "in": "cookie", "description": description, "required": True, "schema": TEXT}


def _header(name: bytes, description: str) -> Schema:
    words = name.decode().title()
    return {"name": words, "in": "header", "description": description, "required": True, "schema": TEXT}


def _named(components: Mapping[str, Schema]) -> Schema:
    return {f"authcore.{name}": value for name, value in components.items()}


def _place(kind: Refusal) -> tuple[int, str]:
    return status_of_kind(kind), kind.code
