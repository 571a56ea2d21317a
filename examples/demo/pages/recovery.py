"""The pages of a forgotten password: asking for a code, and setting a new password by it.  Neither logs anybody in."""

from authcore.web import Response
from examples.demo.application import Demo
from examples.demo.pages.codes import awaited_challenge, awaiting_code, sending_again
from examples.demo.pages.cookies import challenge_cookie, no_challenge, notice
from examples.demo.pages.page import Visit, by_action
from examples.demo.rendering import redirect

__all__ = ["ask", "recover"]


async def ask(demo: Demo, visit: Visit) -> Response:
    """Send a code to an address, or look as if: the next page is the same whether it is anybody's or not."""
    issued = await demo.auth.request_recovery(
        identifier=visit.entries["address"], device=demo.access.device_of(visit.request)
    )
    return redirect("/recover", challenge_cookie(demo, issued))


async def _set_password(demo: Demo, visit: Visit) -> Response:
    with awaiting_code():
        await demo.auth.recover(
            challenge=awaited_challenge(demo, visit),
            code=visit.entries["code"],
            new_password=visit.entries["new_password"],
            device=demo.access.device_of(visit.request),
        )
    return redirect("/login", no_challenge(demo), notice("recovered"))


recover = by_action({"set": _set_password, "send-again": sending_again("/recover")})
"""Set a new password by the code that was sent, or have it sent again."""
