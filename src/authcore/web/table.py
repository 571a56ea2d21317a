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
        may_ask_captcha=True,
        refuses=(errors.InvalidIdentifier, errors.InvalidPassword, errors.UsernameTaken, errors.Throttled),
    ),
    Endpoint(
        method="POST",
        path="/verification",
        name="request_verification",
        summary="Ask for another code for a registration.",
        handle=handlers.request_verification,
        answer=schemas.CHALLENGED,
        challenge=True,
        refuses=(errors.Throttled,),
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
        may_ask_captcha=True,
        refuses=(
            errors.InvalidIdentifier,
            errors.InvalidPassword,
            errors.InvalidCredentials,
            errors.Throttled,
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
        path="/refresh",
        name="refresh",
        summary="Ask for the newest token of the session, which replaces the one that is due.",
        handle=handlers.refresh,
        answer=schemas.RENEWED,
        session=True,
    ),
    Endpoint(
        method="POST",
        path="/reauthenticate",
        name="reauthenticate",
        summary="Give the password once more; a new session, as after a login, takes the place of this one.",
        handle=handlers.reauthenticate,
        answer=schemas.OPENED,
        fields=(Field("current_password", _TEXT),),
        session=True,
        refuses=(errors.InvalidPassword, errors.PasswordMismatch, errors.Throttled),
    ),
    Endpoint(
        method="GET",
        path="/sessions",
        name="list_sessions",
        summary="List the sessions of the account that count, with their devices.",
        handle=handlers.list_sessions,
        answer=schemas.LISTED,
        session=True,
    ),
    Endpoint(
        method="POST",
        path="/sessions/revoke",
        name="revoke_session",
        summary="End one session of the account, on whatever device it is.",
        handle=handlers.revoke_session,
        answer=schemas.REVOKED,
        fields=(Field("session", 64),),
        session=True,
        needs_fresh=True,
        refuses=(errors.StateUnchanged,),
    ),
    Endpoint(
        method="POST",
        path="/sessions/revoke-others",
        name="revoke_other_sessions",
        summary="End every session of the account; the caller gets a new one.",
        handle=handlers.revoke_other_sessions,
        answer=schemas.OPENED,
        session=True,
        needs_fresh=True,
    ),
    Endpoint(
        method="POST",
        path="/second-factor",
        name="request_second_factor",
        summary="Ask for the code that makes a pending session whole.",
        handle=handlers.request_second_factor,
        answer=schemas.CHALLENGED,
        pending=True,
        refuses=(errors.SecondFactorUnavailable,),
    ),
    Endpoint(
        method="POST",
        path="/second-factor/answer",
        name="fulfil_second_factor",
        summary="Enter that code; a new session takes the place of the pending one.",
        handle=handlers.fulfil_second_factor,
        answer=schemas.LIFTED,
        fields=(Field("code", _CODE),),
        challenge=True,
        pending=True,
        refuses=(errors.CodeMismatch, errors.AttemptsExhausted),
    ),
    Endpoint(
        method="POST",
        path="/second-factor/on",
        name="turn_second_factor_on",
        summary="Need a second factor from now on; every session ends, and the caller gets a pending one.",
        handle=handlers.turn_second_factor_on,
        answer=schemas.OPENED,
        fields=(Field("current_password", _TEXT),),
        session=True,
        refuses=(
            errors.InvalidPassword,
            errors.PasswordMismatch,
            errors.Throttled,
            errors.SecondFactorUnavailable,
        ),
    ),
    Endpoint(
        method="POST",
        path="/second-factor/off",
        name="turn_second_factor_off",
        summary="Need no second factor any more; every session ends, and the caller gets a new one.",
        handle=handlers.turn_second_factor_off,
        answer=schemas.OPENED,
        fields=(Field("current_password", _TEXT),),
        session=True,
        refuses=(errors.InvalidPassword, errors.PasswordMismatch, errors.Throttled),
    ),
    Endpoint(
        method="POST",
        path="/resend",
        name="resend_code",
        summary="Have the very code that is awaited sent once more.",
        handle=handlers.resend_code,
        answer=schemas.RESENT,
        challenge=True,
        refuses=(errors.ResendLimit,),
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
        path="/recovery",
        name="request_recovery",
        summary="Ask for a code at an address whose account's password was forgotten.",
        handle=handlers.request_recovery,
        answer=schemas.CHALLENGED,
        fields=(Field("identifier", 320),),
        may_ask_captcha=True,
        refuses=(errors.InvalidIdentifier, errors.Throttled),
    ),
    Endpoint(
        method="POST",
        path="/recovery/answer",
        name="recover",
        summary="Set a new password by that code; every session ends, and nobody is logged in.",
        handle=handlers.recover,
        answer=schemas.CONFIRMED,
        fields=(Field("code", _CODE), Field("new_password", _TEXT)),
        challenge=True,
        refuses=(errors.InvalidPassword, errors.CodeMismatch, errors.AttemptsExhausted),
    ),
    Endpoint(
        method="POST",
        path="/captcha",
        name="open_captcha",
        summary="Ask for a captcha, or for another one.",
        handle=handlers.open_captcha,
        answer=schemas.SHOWN,
    ),
    Endpoint(
        method="GET",
        path="/captcha/picture",
        name="draw_captcha",
        summary="Look at the captcha.",
        handle=handlers.draw_captcha,
        answer=schemas.DRAWN,
        captcha=True,
    ),
    Endpoint(
        method="GET",
        path="/captcha/sound",
        name="speak_captcha",
        summary="Listen to the captcha.",
        handle=handlers.speak_captcha,
        answer=schemas.SPOKEN,
        captcha=True,
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
        refuses=(errors.InvalidPassword, errors.PasswordMismatch, errors.Throttled),
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
