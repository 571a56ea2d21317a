"""The pages of coming and going: logging in, with a code where the account calls for one, once more, and out."""

from typing import Final

from authcore import AuthenticationSession, Issued
from authcore.web import Response
from examples.demo.application import Demo
from examples.demo.pages.codes import awaited_challenge, awaiting_code, sending_again
from examples.demo.pages.cookies import (
    challenge_cookie,
    no_challenge,
    no_session,
    notice,
    session_cookie,
    session_token,
)
from examples.demo.pages.page import Visit, by_action
from examples.demo.rendering import redirect

__all__ = ["AGAIN", "answer_second_factor", "ask_second_factor", "log_in", "log_in_again", "log_out"]

AGAIN: Final = "/again"
"""Stands before the path of a page, where the password is asked for once more before one gets there."""


async def log_in(demo: Demo, visit: Visit) -> Response:
    """Open a session, which goes nowhere but to the second factor where one is called for."""
    issued = await demo.auth.log_in(
        identifier=visit.entries["identifier"],
        password=visit.entries["password"],
        # The browser forgets that token now, so nobody else shall find a use for it.
        former=demo.access.session_token(visit.request),
        device=demo.access.device_of(visit.request),
    )
    if issued.session.requires_second_factor:
        return await ask_second_factor(demo, visit, issued, said="second-factor-asked")
    return redirect("/member", session_cookie(demo, issued), notice("logged-in"))


async def log_in_again(demo: Demo, visit: Visit) -> Response:
    """Open a session in place of the caller's, as a login does, and go on to the page that called for it."""
    issued = await demo.auth.reauthenticate(
        token=session_token(demo, visit),
        password=visit.entries["current_password"],
        device=demo.access.device_of(visit.request),
    )
    if issued.session.requires_second_factor:
        return await ask_second_factor(demo, visit, issued, said="second-factor-asked")
    return redirect(visit.request.path.removeprefix(AGAIN), session_cookie(demo, issued), notice("logged-in-again"))


async def ask_second_factor(demo: Demo, visit: Visit, issued: Issued[AuthenticationSession], *, said: str) -> Response:
    """Hand out a pending session, with a code on its way, and go where that is entered."""
    asked = await demo.auth.request_second_factor(issued.token, device=demo.access.device_of(visit.request))
    return redirect("/second-factor", session_cookie(demo, issued), challenge_cookie(demo, asked), notice(said))


async def _enter(demo: Demo, visit: Visit) -> Response:
    with awaiting_code():
        issued = await demo.auth.fulfil_second_factor(
            token=session_token(demo, visit),
            challenge=awaited_challenge(demo, visit),
            code=visit.entries["code"],
            device=demo.access.device_of(visit.request),
        )
    return redirect("/member", session_cookie(demo, issued), no_challenge(demo), notice("logged-in"))


async def _send_another(demo: Demo, visit: Visit) -> Response:
    asked = await demo.auth.request_second_factor(
        session_token(demo, visit), device=demo.access.device_of(visit.request)
    )
    return redirect("/second-factor", challenge_cookie(demo, asked), notice("code-sent"))


answer_second_factor = by_action(
    {"enter": _enter, "send-again": sending_again("/second-factor"), "send-another": _send_another}
)
"""Enter the code, which opens a whole session in place of the pending one; or ask for it again, or for another."""


async def log_out(demo: Demo, visit: Visit) -> Response:
    """End the session, if there is one; the cookies go in any case."""
    token = demo.access.session_token(visit.request)
    if token is not None:
        await demo.auth.log_out(token, device=demo.access.device_of(visit.request))
    return redirect("/", no_session(demo), no_challenge(demo), notice("logged-out"))
