"""What each endpoint does: ask `Auth`, and put its answer into a response.

Where a request may come from, and what its body may hold, is checked before, in `endpoints`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias, TypeVar

from authcore.auth import Issued
from authcore.cookie_settings import CookieSettings
from authcore.entities import AuthenticationSession, Session, TwoStepSession
from authcore.errors import (
    CaptchaRequired,
    ChallengeEnded,
    NotAuthenticated,
    SecondFactorFulfilled,
    SecondFactorRequired,
)
from authcore.principal import Principal
from authcore.tokens import LONGEST_TOKEN
from authcore.web.access import Access
from authcore.web.authorization import Basic, parse_authorization
from authcore.web.bodies import Field
from authcore.web.confirming import captcha_token
from authcore.web.cookies import clear_cookie, find_cookie
from authcore.web.issuing import token_cookie
from authcore.web.messages import Json, Request, Response, json_response, media_response
from authcore.web.views import captcha_view, challenge_view, open_session_view, principal_view, session_view

__all__ = [
    "CHALLENGE",
    "Handler",
    "Texts",
    "answer_two_step",
    "change_password",
    "confirm_address_change",
    "draw_captcha",
    "fulfil_second_factor",
    "list_sessions",
    "log_in",
    "log_out",
    "open_captcha",
    "reauthenticate",
    "recover",
    "refresh",
    "register",
    "request_address_change",
    "request_recovery",
    "request_second_factor",
    "request_two_step",
    "request_verification",
    "resend_code",
    "revoke_other_sessions",
    "revoke_session",
    "session",
    "speak_captcha",
    "turn_second_factor_off",
    "turn_second_factor_on",
    "verify",
]

S = TypeVar("S", bound=Session)

Texts: TypeAlias = Mapping[str, str]
"""The text fields of a body; an optional one may be absent."""

Handler: TypeAlias = Callable[[Access, Request, Texts], Awaitable[Response]]

CHALLENGE: Final = Field("challenge", LONGEST_TOKEN)
"""Where clients without cookies put the token of the challenge that they answer."""


async def register(access: Access, request: Request, texts: Texts) -> Response:
    """Register an account, or look as if."""
    issued = await access.auth.register(
        email=texts.get("email"),
        phone=texts.get("phone"),
        username=texts.get("username"),
        password=texts["password"],
        device=access.device_of(request),
    )
    return _challenged(access, issued)


async def request_verification(access: Access, request: Request, texts: Texts) -> Response:
    """Send another code, or look as if."""
    issued = await access.auth.request_verification(
        challenge=_challenge(access, request, texts), device=access.device_of(request)
    )
    return _challenged(access, issued)


async def verify(access: Access, request: Request, texts: Texts) -> Response:
    """Prove an address."""
    await access.auth.verify_account(
        challenge=_challenge(access, request, texts), code=texts["code"], device=access.device_of(request)
    )
    return _answered(access, {"purpose": "verify"})


async def log_in(access: Access, request: Request, texts: Texts) -> Response:
    """Open a session, in place of the one that the request presents, if it does."""
    basic = parse_authorization(request.headers)
    identifier, password = (
        (basic.user, basic.password) if isinstance(basic, Basic) else (texts["identifier"], texts["password"])
    )
    issued = await access.auth.log_in(
        identifier=identifier, password=password, former=access.session_token(request), device=access.device_of(request)
    )
    return _opened(access, issued)


async def log_out(access: Access, request: Request, _: Texts) -> Response:
    """End the session, if there is one; the cookies go in any case."""
    token = access.session_token(request)
    if token is not None:
        await access.auth.log_out(token, device=access.device_of(request))
    cookies = _cleared(access, access.auth.policy.session_cookie, access.auth.policy.challenge_cookie)
    return Response(status=204, headers=((b"cache-control", b"no-store"), *cookies))


async def session(access: Access, request: Request, _: Texts) -> Response:
    """Tell who is calling."""
    presence = await access.identify(request)
    return json_response(200, principal_view(presence.caller.authenticated()), *presence.renewal)


async def refresh(access: Access, request: Request, _: Texts) -> Response:
    """Hand out the newest token of a session."""
    return _opened(access, await access.auth.refresh(_session_token(access, request), device=access.device_of(request)))


async def reauthenticate(access: Access, request: Request, texts: Texts) -> Response:
    """Open a session in place of the caller's, who has given the password once more."""
    issued = await access.auth.reauthenticate(
        token=_session_token(access, request),
        password=texts["current_password"],
        device=access.device_of(request),
    )
    return _opened(access, issued)


async def list_sessions(access: Access, request: Request, _: Texts) -> Response:
    """Tell on which devices the caller is logged in."""
    listed = await access.auth.list_sessions(_session_token(access, request), device=access.device_of(request))
    return json_response(200, {"sessions": [open_session_view(each) for each in listed]})


async def revoke_session(access: Access, request: Request, texts: Texts) -> Response:
    """End a session of the caller's on some device."""
    ended = await access.auth.revoke_session(
        _session_token(access, request), session=texts["session"], device=access.device_of(request)
    )
    return json_response(200, {"session": session_view(ended)})


async def revoke_other_sessions(access: Access, request: Request, _: Texts) -> Response:
    """End every session of the caller's but a new one."""
    token = _session_token(access, request)
    return _opened(access, await access.auth.revoke_other_sessions(token, device=access.device_of(request)))


async def request_second_factor(access: Access, request: Request, _: Texts) -> Response:
    """Send a code to the holder of a pending session."""
    token = _session_token(access, request)
    return _challenged(access, await access.auth.request_second_factor(token, device=access.device_of(request)))


async def fulfil_second_factor(access: Access, request: Request, texts: Texts) -> Response:
    """Open a whole session in place of a pending one."""
    token = _session_token(access, request)
    try:
        challenge = _challenge(access, request, texts)
    except ChallengeEnded:
        await _check_pending(access, request)
        raise
    issued = await access.auth.fulfil_second_factor(
        token=token, challenge=challenge, code=texts["code"], device=access.device_of(request)
    )
    return _opened(access, issued, *_cleared(access, access.auth.policy.challenge_cookie))


async def turn_second_factor_on(access: Access, request: Request, texts: Texts) -> Response:
    """Have the caller's account need a second factor."""
    return await _second_factor(access, request, texts, required=True)


async def turn_second_factor_off(access: Access, request: Request, texts: Texts) -> Response:
    """Have the caller's account need no second factor."""
    return await _second_factor(access, request, texts, required=False)


async def resend_code(access: Access, request: Request, texts: Texts) -> Response:
    """Send a code once more, or look as if."""
    sent = await access.auth.resend_code(_challenge(access, request, texts), device=access.device_of(request))
    return json_response(202, challenge_view(sent))


async def request_two_step(access: Access, request: Request, texts: Texts) -> Response:
    """Send a code to the caller."""
    issued = await access.auth.request_two_step(
        token=_session_token(access, request), purpose=texts["purpose"], device=access.device_of(request)
    )
    return _challenged(access, issued)


async def answer_two_step(access: Access, request: Request, texts: Texts) -> Response:
    """Check a code that the caller asked for."""
    token = _session_token(access, request)
    spent = await access.auth.answer_two_step(
        token=token,
        challenge=await _own_challenge(access, request, texts),
        purpose=texts["purpose"],
        code=texts["code"],
        device=access.device_of(request),
    )
    return _answered(access, {"purpose": spent.purpose})


async def request_recovery(access: Access, request: Request, texts: Texts) -> Response:
    """Send a code to whoever has forgotten a password, or look as if."""
    issued = await access.auth.request_recovery(identifier=texts["identifier"], device=access.device_of(request))
    return _challenged(access, issued)


async def recover(access: Access, request: Request, texts: Texts) -> Response:
    """Set a new password."""
    await access.auth.recover(
        challenge=_challenge(access, request, texts),
        code=texts["code"],
        new_password=texts["new_password"],
        device=access.device_of(request),
    )
    return _answered(access, {"purpose": "recover"})


async def open_captcha(access: Access, _request: Request, _: Texts) -> Response:
    """Hand out a captcha."""
    issued = access.auth.open_captcha()
    fields, cookies = _carried(access, issued, name="captcha", cookie=access.auth.policy.captcha_cookie)
    return json_response(201, {**captcha_view(issued.session), **fields}, *cookies)


async def draw_captcha(access: Access, request: Request, _: Texts) -> Response:
    """Show the captcha that a request presents."""
    drawn = await access.auth.draw_captcha(_captcha(access, request), device=access.device_of(request))
    return media_response(200, drawn.media_type, drawn.content)


async def speak_captcha(access: Access, request: Request, _: Texts) -> Response:
    """Let the captcha that a request presents be heard."""
    spoken = await access.auth.speak_captcha(_captcha(access, request), device=access.device_of(request))
    return media_response(200, spoken.media_type, spoken.content)


async def change_password(access: Access, request: Request, texts: Texts) -> Response:
    """Change the password of the caller."""
    return _opened(
        access,
        await access.auth.change_password(
            token=_session_token(access, request),
            current=texts["current_password"],
            new=texts["new_password"],
            device=access.device_of(request),
        ),
    )


async def request_address_change(access: Access, request: Request, texts: Texts) -> Response:
    """Send a code to an address that the caller wants, or look as if."""
    issued = await access.auth.request_address_change(
        token=_session_token(access, request),
        password=texts["current_password"],
        email=texts.get("email"),
        phone=texts.get("phone"),
        device=access.device_of(request),
    )
    return _challenged(access, issued)


async def confirm_address_change(access: Access, request: Request, texts: Texts) -> Response:
    """Give the caller the address that a code came to."""
    token = _session_token(access, request)
    issued = await access.auth.confirm_address_change(
        token=token,
        challenge=await _own_challenge(access, request, texts),
        code=texts["code"],
        device=access.device_of(request),
    )
    return _opened(access, issued, *_cleared(access, access.auth.policy.challenge_cookie))


async def _own_challenge(access: Access, request: Request, texts: Texts) -> str:
    """Return the challenge that somebody answers who must be logged in, and is told so first."""
    try:
        return _challenge(access, request, texts)
    except ChallengeEnded:
        (await access.identify(request)).caller.authenticated()
        raise


async def _check_pending(access: Access, request: Request) -> None:
    """Tell first whoever is not even half-way in, or is in already."""
    caller = (await access.identify(request)).caller
    if isinstance(caller, Principal):
        raise SecondFactorFulfilled
    if not isinstance(caller.refusal, SecondFactorRequired):
        raise caller.refusal


async def _second_factor(access: Access, request: Request, texts: Texts, *, required: bool) -> Response:
    issued = await access.auth.change_second_factor(
        token=_session_token(access, request),
        password=texts["current_password"],
        required=required,
        device=access.device_of(request),
    )
    return _opened(access, issued)


def _session_token(access: Access, request: Request) -> str:
    token = access.session_token(request)
    if token is None:
        raise NotAuthenticated
    return token


def _challenge(access: Access, request: Request, texts: Texts) -> str:
    token = (
        texts.get(CHALLENGE.name)
        if access.auth.policy.bearer
        else find_cookie(request.headers, access.auth.policy.challenge_cookie.name)
    )
    if token is None:
        raise ChallengeEnded(cause="no challenge")
    return token


def _captcha(access: Access, request: Request) -> str:
    token = captcha_token(access, request)
    if token is None:
        raise CaptchaRequired
    return token


def _opened(access: Access, issued: Issued[AuthenticationSession], *more: tuple[bytes, bytes]) -> Response:
    fields, cookies = _carried(access, issued, name="token", cookie=access.auth.policy.session_cookie)
    return json_response(200, {"session": session_view(issued.session), **fields}, *cookies, *more)


def _challenged(access: Access, issued: Issued[TwoStepSession]) -> Response:
    fields, cookies = _carried(access, issued, name=CHALLENGE.name, cookie=access.auth.policy.challenge_cookie)
    return json_response(202, {**challenge_view(issued.session), **fields}, *cookies)


def _carried(
    access: Access, issued: Issued[S], *, name: str, cookie: CookieSettings
) -> tuple[dict[str, Json], list[tuple[bytes, bytes]]]:
    """Return what hands out a token: a cookie, or by policy a field of the body and no cookie."""
    if access.auth.policy.bearer:
        return {name: issued.token}, []
    return {}, [token_cookie(cookie, issued)]


def _answered(access: Access, payload: dict[str, Json]) -> Response:
    return json_response(200, payload, *_cleared(access, access.auth.policy.challenge_cookie))


def _cleared(access: Access, *cookies: CookieSettings) -> list[tuple[bytes, bytes]]:
    return [] if access.auth.policy.bearer else [clear_cookie(cookie) for cookie in cookies]
