"""What all pages share that ask for a code.  What a code is worth is their own part."""

from collections.abc import Iterator
from contextlib import contextmanager

from authcore.errors import ChallengeEnded, InvalidToken
from authcore.web import Response
from examples.demo.application import Demo
from examples.demo.pages.cookies import challenge_token, notice
from examples.demo.pages.page import Submit, Visit
from examples.demo.rendering import redirect

__all__ = ["awaited_challenge", "awaiting_code", "sending_again"]


def awaited_challenge(demo: Demo, visit: Visit) -> str:
    """Return the token of the challenge that this browser is about to answer; raises ChallengeEnded without one."""
    token = challenge_token(demo, visit)
    if token is None:
        raise ChallengeEnded(cause="no challenge")
    return token


@contextmanager
def awaiting_code() -> Iterator[None]:
    """Take a token that names no challenge for one whose challenge is over: this browser awaits no code any more."""
    try:
        yield
    except InvalidToken as refusal:
        raise ChallengeEnded(cause=refusal.cause) from None


def sending_again(path: str) -> Submit:
    """Return what sends the same code once more, and stays on the page where it is to be entered."""

    async def submit(demo: Demo, visit: Visit) -> Response:
        with awaiting_code():
            await demo.auth.resend_code(awaited_challenge(demo, visit), device=demo.access.device_of(visit.request))
        return redirect(path, notice("code-sent-again"))

    return submit
