"""Every endpoint there is, in one table.  What answers stands in `handlers`, and how a row is used in `endpoints`."""

from typing import Final

from authcore import errors
from authcore.policy import Policy
from authcore.web import handlers, schemas
from authcore.web.access import Access
from authcore.web.bodies import Field
from authcore.web.handlers import Texts
from authcore.web.messages import Json, Request, Response, json_response
from authcore.web.openapi import describe
from authcore.web.rows import Endpoint

__all__ = ["ENDPOINTS", "openapi_document"]

_TEXT: Final = 1024
_CODE: Final = 64
_DOCUMENT: Final = "/openapi.json"


def openapi_document(policy: Policy, *, prefix: str = "/auth") -> dict[str, Json]:
    """Return the OpenAPI 3.1 document of the endpoints, as they are with this policy below this prefix."""
    return describe(ENDPOINTS, policy=policy, prefix=prefix)


async def _describe(access: Access, request: Request, _: Texts) -> Response:
    """Tell what there is; as plain JSON, since readers of such documents ask for no type of their own."""
    return json_response(200, openapi_document(access.auth.policy, prefix=request.path.removesuffix(_DOCUMENT)))


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/register",
        name="register",
        summary="Register under an email address or a phone number; a code is sent there.",
        handle=handlers.register,
        answer=schemas.CHALLENGED,
        fields=(
            Field("email", 320, required=False),
            Field("phone", 64, required=False),
            Field("username", 64, required=False),
            Field("password", _TEXT),
        ),
        one_of=("email", "phone"),
        refuses=(errors.InvalidIdentifier, errors.InvalidPassword, errors.UsernameTaken),
    ),
    Endpoint(
        method="POST",
        path="/verification",
        name="request_verification",
        summary="Ask for another code for a registration.",
        handle=handlers.request_verification,
        answer=schemas.CHALLENGED,
        challenge=True,
    ),
    Endpoint(
        method="POST",
        path="/verify",
        name="verify",
        summary="Enter the code that proves the address of an account.",
        handle=handlers.verify,
        answer=schemas.CONFIRMED,
        fields=(Field("code", _CODE),),
        challenge=True,
        refuses=(errors.CodeMismatch, errors.AttemptsExhausted),
    ),
    Endpoint(
        method="POST",
        path="/login",
        name="log_in",
        summary="Log in with an identifier and a password, in the body or a Basic header.",
        handle=handlers.log_in,
        answer=schemas.OPENED,
        fields=(Field("identifier", 320), Field("password", _TEXT)),
        former=True,
        basic=True,
        refuses=(
            errors.InvalidIdentifier,
            errors.InvalidPassword,
            errors.InvalidCredentials,
            errors.AccountUnverified,
            errors.AccountDisabled,
            errors.AccountDeleted,
        ),
    ),
    Endpoint(
        method="POST",
        path="/logout",
        name="log_out",
        summary="End the session.",
        handle=handlers.log_out,
        answer=schemas.ENDED,
        former=True,
    ),
    Endpoint(
        method="GET",
        path="/session",
        name="show_session",
        summary="Tell who is logged in, and what it may do.",
        handle=handlers.session,
        answer=schemas.SEEN,
        session=True,
    ),
    Endpoint(
        method="POST",
        path="/two-step",
        name="request_two_step",
        summary="Ask for a code for one purpose of the application.",
        handle=handlers.request_two_step,
        answer=schemas.CHALLENGED,
        fields=(Field("purpose", 20),),
        session=True,
    ),
    Endpoint(
        method="POST",
        path="/two-step/answer",
        name="answer_two_step",
        summary="Enter that code.",
        handle=handlers.answer_two_step,
        answer=schemas.CONFIRMED,
        fields=(Field("purpose", 20), Field("code", _CODE)),
        challenge=True,
        session=True,
        refuses=(errors.CodeMismatch, errors.AttemptsExhausted),
    ),
    Endpoint(
        method="POST",
        path="/password",
        name="change_password",
        summary="Change the password; every session ends, and the caller gets a new one.",
        handle=handlers.change_password,
        answer=schemas.OPENED,
        fields=(Field("current_password", _TEXT), Field("new_password", _TEXT)),
        session=True,
        refuses=(errors.InvalidPassword, errors.PasswordMismatch),
    ),
    Endpoint(
        method="GET",
        path=_DOCUMENT,
        name="show_openapi_document",
        summary="Tell what all these endpoints read and answer, as OpenAPI.",
        handle=_describe,
        answer=schemas.DESCRIBED,
    ),
)
"""Every endpoint there is."""
