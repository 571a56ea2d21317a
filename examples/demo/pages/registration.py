"""The pages of registering: the form, and the code that proves the address."""

from authcore.errors import ChallengeEnded, InvalidToken
from authcore.web import Response
from examples.demo.application import Demo
from examples.demo.pages.codes import awaited_challenge, awaiting_code
from examples.demo.pages.cookies import challenge_cookie, no_challenge, notice
from examples.demo.pages.page import Visit
from examples.demo.rendering import redirect
from examples.demo.roles import give_role

__all__ = ["register", "send_another_code", "verify"]


async def register(demo: Demo, visit: Visit) -> Response:
    """Register an account, or look as if."""
    issued = await demo.auth.register(
        email=visit.entries["email"],
        username=visit.entries["username"].strip() or None,
        password=visit.entries["password"],
        device=demo.access.device_of(visit.request),
    )
    return redirect("/code", challenge_cookie(demo, issued))


async def verify(demo: Demo, visit: Visit) -> Response:
    """Prove an address, which makes its owner a member."""
    with awaiting_code():
        account = await demo.auth.verify_account(
            challenge=awaited_challenge(demo, visit),
            code=visit.entries["code"],
            device=demo.access.device_of(visit.request),
        )
    await give_role(demo.auth, account.id, "member")
    return redirect("/login", no_challenge(demo), notice("verified"))


async def send_another_code(demo: Demo, visit: Visit) -> Response:
    """Send another code, or look as if."""
    try:
        issued = await demo.auth.request_verification(
            challenge=awaited_challenge(demo, visit), device=demo.access.device_of(visit.request)
        )
    except (ChallengeEnded, InvalidToken):
        return redirect("/code", no_challenge(demo), notice("nothing-to-confirm"))
    return redirect("/code", challenge_cookie(demo, issued), notice("code-sent"))
