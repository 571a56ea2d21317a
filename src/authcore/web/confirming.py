"""Having a caller prove more than a session does.  Which handlers ask for it is not told here.

Codes stand in a header and in no field of the body, so that a handler's own body is left to the handler.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from authcore.cookie_settings import CookieSettings
from authcore.errors import CaptchaRequired, MalformedRequest, NotAuthenticated, TwoStepRequired
from authcore.principal import Anonymous, Principal
from authcore.tokens import LONGEST_TOKEN
from authcore.web.access import Access
from authcore.web.cookies import find_cookie
from authcore.web.messages import Request

__all__ = [
    "CAPTCHA",
    "TWO_STEP",
    "Confirmation",
    "captcha_token",
    "confirm",
    "confirm_fresh",
    "confirm_person",
    "confirm_session",
]

_LONGEST_CODE: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The headers of one kind of code: what the person has read, and, for clients without cookies, its token."""

    code: bytes
    token: bytes


TWO_STEP: Final = Confirmation(code=b"two-step-code", token=b"two-step-challenge")
CAPTCHA: Final = Confirmation(code=b"captcha-code", token=b"captcha-token")


async def confirm(access: Access, request: Request, *, purpose: str) -> None:
    """Answer the challenge that a request presents for a purpose, by the code in its header.

    Raises TwoStepRequired if it has none of the two, and whatever `Auth.answer_two_step` raises.
    """
    token = access.session_token(request)
    if token is None:
        raise NotAuthenticated
    code = _header(request, TWO_STEP.code, longest=_LONGEST_CODE)
    challenge = _token(access, request, TWO_STEP, access.auth.policy.challenge_cookie)
    if code is None or challenge is None:
        raise TwoStepRequired(purpose)
    await access.auth.answer_two_step(
        token=token, challenge=challenge, purpose=purpose, code=code, device=access.device_of(request)
    )


async def confirm_person(access: Access, request: Request) -> None:
    """Answer the captcha that a request presents, by the code in its header.

    Raises CaptchaRequired if it has none of the two, and whatever `Auth.answer_captcha` raises.
    """
    code = _header(request, CAPTCHA.code, longest=_LONGEST_CODE)
    captcha = captcha_token(access, request)
    if code is None or captcha is None:
        raise CaptchaRequired
    await access.auth.answer_captcha(captcha, code=code, device=access.device_of(request))


def confirm_fresh(access: Access, caller: Principal | Anonymous, *, within: timedelta) -> Principal:
    """Return who is calling, if somebody has authenticated less than `within` ago.

    Raises the caller's own refusal if nobody is logged in, and ReauthenticationRequired.
    """
    return caller.authenticated().require_fresh(within=within, now=access.auth.clock.now())


async def confirm_session(access: Access, request: Request) -> Principal:
    """Return who sends a request by what the store says now, whatever may be recalled of the caller elsewhere.

    Raises NotAuthenticated if no token is presented, and whatever `Auth.authenticate` raises.
    """
    token = access.session_token(request)
    if token is None:
        raise NotAuthenticated
    return await access.auth.authenticate(token, device=access.device_of(request), revocation_within=timedelta(0))


def captcha_token(access: Access, request: Request) -> str | None:
    """Return the token of the captcha that a request presents, if any; nothing about it is checked yet."""
    return _token(access, request, CAPTCHA, access.auth.policy.captcha_cookie)


def _token(access: Access, request: Request, named: Confirmation, cookie: CookieSettings) -> str | None:
    if access.auth.policy.bearer:
        return _header(request, named.token, longest=LONGEST_TOKEN)
    return find_cookie(request.headers, cookie.name)


def _header(request: Request, name: bytes, *, longest: int) -> str | None:
    values = [value for given, value in request.headers if given.lower() == name]
    if len(values) > 1 or any(len(value) > longest for value in values):
        raise MalformedRequest(name.decode().replace("-", "_"))
    return values[0].decode("latin-1") if values else None
