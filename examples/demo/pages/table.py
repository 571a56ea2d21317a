"""The table of all pages, and the few that only show something."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from authcore import MessageKind, Requirement
from examples.demo.application import Demo
from examples.demo.pages import account, addresses, administration, guestbook, logins, recovery, registration
from examples.demo.pages.cookies import challenge_token
from examples.demo.pages.page import Audience, Page, Visit

__all__ = ["PAGES"]

_KINDS: Final = tuple(kind for kind in MessageKind if kind is not MessageKind.DECOY)


async def _show_awaited(demo: Demo, visit: Visit) -> Mapping[str, object]:
    return {"awaited": challenge_token(demo, visit) is not None}


async def _show_reports(demo: Demo, _: Visit) -> Mapping[str, object]:
    letters = list(demo.courier)
    return {
        "since": demo.since,
        "sent": [(kind, sum(posted.letter.kind is kind for posted in letters)) for kind in _KINDS],
        "addressees": len({posted.letter.destination for posted in letters}),
    }


async def _show_mailbox(demo: Demo, _: Visit) -> Mapping[str, object]:
    return {"letters": list(demo.courier)}


_MANAGE: Final = Requirement(all_of="accounts:manage")

_FRESH: Final = timedelta(minutes=15)

_PAGES: Final[Mapping[str, Page]] = {
    "/": Page(template="welcome.html"),
    "/register": Page(template="register.html", fields=("email", "username", "password"), submit=registration.register),
    "/code": Page(template="code.html", show=_show_awaited, fields=("code",), submit=registration.verify),
    "/another-code": Page(submit=registration.send_another_code),
    "/login": Page(template="login.html", fields=("identifier", "password"), submit=logins.log_in),
    "/forgotten": Page(template="forgotten.html", fields=("address",), submit=recovery.ask),
    "/recover": Page(
        template="recover.html",
        show=_show_awaited,
        fields=("code", "new_password", "action"),
        submit=recovery.recover,
    ),
    "/second-factor": Page(
        template="second_factor.html",
        show=_show_awaited,
        fields=("code", "action"),
        submit=logins.answer_second_factor,
        audience=Audience.PENDING,
    ),
    "/logout": Page(submit=logins.log_out),
    "/member": Page(template="member.html", show=account.show_member, audience=Audience.MEMBERS),
    "/password": Page(
        template="password.html",
        fields=("current_password", "new_password"),
        submit=account.change_password,
        audience=Audience.MEMBERS,
    ),
    "/address": Page(
        template="address.html",
        fields=("address", "current_password"),
        submit=addresses.ask,
        audience=Audience.MEMBERS,
    ),
    "/new-address": Page(
        template="new_address.html",
        show=_show_awaited,
        fields=("code", "action"),
        submit=addresses.confirm,
        audience=Audience.MEMBERS,
    ),
    "/security": Page(
        template="security.html",
        show=account.show_security,
        fields=("current_password", "session", "action"),
        submit=account.change_security,
        audience=Audience.MEMBERS,
    ),
    "/reports": Page(
        template="reports.html",
        show=_show_reports,
        audience=Audience.MEMBERS,
        needs=Requirement(all_of="reports:read"),
    ),
    "/admin": Page(
        template="admin.html",
        fields=("identifier",),
        submit=administration.find,
        audience=Audience.MEMBERS,
        needs=_MANAGE,
        fresh_for=_FRESH,
    ),
    "/admin/*": Page(
        template="account.html",
        show=administration.show_account,
        fields=("role", "action"),
        submit=administration.change_account,
        audience=Audience.MEMBERS,
        needs=_MANAGE,
        fresh_for=_FRESH,
    ),
    "/guestbook": Page(
        template="guestbook.html",
        show=guestbook.show,
        hand_out=guestbook.hand_out_captcha,
        fields=("name", "text", "code", "action"),
        submit=guestbook.write,
    ),
    "/mailbox": Page(template="mailbox.html", show=_show_mailbox),
}

_LOG_IN_AGAIN: Final = Page(
    template="again.html", fields=("current_password",), submit=logins.log_in_again, audience=Audience.MEMBERS
)

PAGES: Final[Mapping[str, Page]] = {
    **_PAGES,
    **{f"{logins.AGAIN}{path}": _LOG_IN_AGAIN for path, page in _PAGES.items() if page.audience is Audience.MEMBERS},
}
"""Every page there is, by its path; `*` stands for a last segment, which names what the page is about."""
