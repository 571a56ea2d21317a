"""The guest book: whoever reads or hears six digits may write a line, logged in or not."""

from collections.abc import Mapping

from authcore import AuthError
from authcore.errors import CodeMismatch, Throttled
from authcore.web import Headers, Response
from examples.demo.application import Demo
from examples.demo.guestbook import Line
from examples.demo.pages.codes import awaiting_code
from examples.demo.pages.cookies import captcha_cookie, captcha_token, notice
from examples.demo.pages.page import Visit
from examples.demo.rendering import redirect

__all__ = ["hand_out_captcha", "show", "write"]


async def show(demo: Demo, _: Visit) -> Mapping[str, object]:
    """Show the newest lines."""
    return {"lines": list(demo.guestbook)}


def hand_out_captcha(demo: Demo, refusal: AuthError | None) -> Headers:
    """Give each page a captcha of its own; after a mistake the one before still counts."""
    keeps = (CodeMismatch, Throttled)
    return [] if isinstance(refusal, keeps) else [captcha_cookie(demo, demo.auth.open_captcha())]


async def write(demo: Demo, visit: Visit) -> Response | None:
    """Write a line, or show another captcha; a line that cannot be written costs nobody one."""
    if visit.entries["action"] == "another":
        return None
    line = Line(visit.entries["name"].strip(), visit.entries["text"])
    with awaiting_code():
        await demo.auth.answer_captcha(
            captcha_token(demo, visit) or "", code=visit.entries["code"], device=demo.access.device_of(visit.request)
        )
    demo.guestbook.add(line)
    return redirect("/guestbook", notice("line-written"))
