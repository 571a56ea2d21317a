"""The pages of another address: asking for it, and proving by a code that it is one's own."""

from authcore.errors import InvalidIdentifier
from authcore.identifiers import IdentifierKind, recognise
from authcore.web import Response
from examples.demo.application import Demo
from examples.demo.pages.codes import awaited_challenge, awaiting_code, sending_again
from examples.demo.pages.cookies import challenge_cookie, no_challenge, notice, session_cookie, session_token
from examples.demo.pages.page import Visit, by_action
from examples.demo.rendering import redirect

__all__ = ["ask", "confirm"]


async def ask(demo: Demo, visit: Visit) -> Response:
    """Send a code to the address that is wanted, or look as if: whose it is by now, only its owner is told."""
    wanted = recognise(visit.entries["address"])
    if wanted.kind is IdentifierKind.USERNAME:
        raise InvalidIdentifier("address", "no_address")
    issued = await demo.auth.request_address_change(
        token=session_token(demo, visit),
        password=visit.entries["current_password"],
        email=wanted.display if wanted.kind is IdentifierKind.EMAIL else None,
        phone=wanted.display if wanted.kind is IdentifierKind.PHONE else None,
        device=demo.access.device_of(visit.request),
    )
    return redirect("/new-address", challenge_cookie(demo, issued))


async def _confirm(demo: Demo, visit: Visit) -> Response:
    with awaiting_code():
        issued = await demo.auth.confirm_address_change(
            token=session_token(demo, visit),
            challenge=awaited_challenge(demo, visit),
            code=visit.entries["code"],
            device=demo.access.device_of(visit.request),
        )
    return redirect("/member", session_cookie(demo, issued), no_challenge(demo), notice("address-changed"))


confirm = by_action({"confirm": _confirm, "send-again": sending_again("/new-address")})
"""Make the address one's own by the code that was sent there, or have it sent again."""
