"""Having the code answered that a request carries in a header.  Which handlers ask for one is not told here.

A header and no field of the body, so that a handler's own body is left to the handler.
"""

from typing import Final

from authcore.errors import MalformedRequest, NotAuthenticated, TwoStepRequired
from authcore.tokens import LONGEST_TOKEN
from authcore.web.access import Access, device_of
from authcore.web.cookies import find_cookie
from authcore.web.messages import Request

__all__ = ["CHALLENGE_HEADER", "CODE_HEADER", "confirm"]

CODE_HEADER: Final = b"two-step-code"
"""What the person has read from the message."""

CHALLENGE_HEADER: Final = b"two-step-challenge"
"""Where clients without cookies put the token of the challenge."""

_LONGEST: Final = {CODE_HEADER: 1024, CHALLENGE_HEADER: LONGEST_TOKEN}


async def confirm(access: Access, request: Request, *, purpose: str) -> None:
    """Answer the challenge that a request presents for a purpose, by the code in its header.

    Raises TwoStepRequired if it has none of the two, and whatever `Auth.answer_two_step` raises.
    """
    token = access.session_token(request)
    if token is None:
        raise NotAuthenticated
    code, challenge = _header(request, CODE_HEADER), _challenge(access, request)
    if code is None or challenge is None:
        raise TwoStepRequired(purpose)
    await access.auth.answer_two_step(
        token=token, challenge=challenge, purpose=purpose, code=code, device=device_of(request)
    )


def _challenge(access: Access, request: Request) -> str | None:
    if access.auth.policy.bearer:
        return _header(request, CHALLENGE_HEADER)
    return find_cookie(request.headers, access.auth.policy.challenge_cookie.name)


def _header(request: Request, name: bytes) -> str | None:
    values = [value for given, value in request.headers if given.lower() == name]
    if len(values) > 1 or any(len(value) > _LONGEST[name] for value in values):
        raise MalformedRequest(name.decode().replace("-", "_"))
    return values[0].decode("latin-1") if values else None
