"""The pages about one's own account: what it is and may do, its password, its second factor and its sessions."""

from collections.abc import Mapping
from typing import Final

from authcore import AuthenticationSession, Issued, Permission, PermissionSet
from authcore.audit import session_digest
from authcore.errors import StateUnchanged
from authcore.web import Response
from examples.demo.application import Demo
from examples.demo.devices import device_named
from examples.demo.pages.cookies import notice, session_cookie, session_token
from examples.demo.pages.logins import ask_second_factor
from examples.demo.pages.page import Visit, by_action
from examples.demo.rendering import redirect

__all__ = ["change_password", "change_security", "show_member", "show_security"]

_QUESTIONS: Final = ("profile:edit", "notes:write:today", "notes:delete", "reports:read", "accounts:manage")
"""Permissions that the member page asks about, to show what the caller's grants imply."""


async def show_member(_: Demo, visit: Visit) -> Mapping[str, object]:
    """Show the account, this session, and what the caller may do."""
    principal = visit.caller.authenticated()
    return {
        "principal": principal,
        "session_digest": session_digest(principal.session.id),
        "granted": sorted(map(str, principal.permissions)),
        "answers": [(question, _granted_by(principal.permissions, question)) for question in _QUESTIONS],
    }


async def change_password(demo: Demo, visit: Visit) -> Response:
    """Change the password, which ends every other session."""
    issued = await demo.auth.change_password(
        token=session_token(demo, visit),
        current=visit.entries["current_password"],
        new=visit.entries["new_password"],
        device=demo.access.device_of(visit.request),
    )
    return redirect("/member", session_cookie(demo, issued), notice("password-changed"))


async def show_security(demo: Demo, visit: Visit) -> Mapping[str, object]:
    """Show the second factor, and where the caller is logged in."""
    listed = await demo.auth.list_sessions(session_token(demo, visit), device=demo.access.device_of(visit.request))
    return {
        "second_factor": visit.caller.authenticated().account.second_factor,
        "sessions": [
            {
                "id": session_digest(each.session.id),
                "device": device_named(each.session.user_agent),
                "network": each.session.network,
                "since": each.session.created_at,
                "used": each.last_used_at,
                "current": each.current,
            }
            for each in listed
        ],
    }


async def _turn_on(demo: Demo, visit: Visit) -> Response:
    issued = await _change_second_factor(demo, visit, required=True)
    # It is pending, so that whoever has turned it on shows at once that the codes arrive.
    return await ask_second_factor(demo, visit, issued, said="second-factor-on")


async def _turn_off(demo: Demo, visit: Visit) -> Response:
    issued = await _change_second_factor(demo, visit, required=False)
    return redirect("/security", session_cookie(demo, issued), notice("second-factor-off"))


async def _change_second_factor(demo: Demo, visit: Visit, *, required: bool) -> Issued[AuthenticationSession]:
    return await demo.auth.change_second_factor(
        token=session_token(demo, visit),
        password=visit.entries["current_password"],
        required=required,
        device=demo.access.device_of(visit.request),
    )


async def _end(demo: Demo, visit: Visit) -> Response:
    try:
        await demo.auth.revoke_session(
            session_token(demo, visit), session=visit.entries["session"], device=demo.access.device_of(visit.request)
        )
    except StateUnchanged:
        return redirect("/security", notice("session-over"))
    return redirect("/security", notice("session-ended"))


async def _end_others(demo: Demo, visit: Visit) -> Response:
    issued = await demo.auth.revoke_other_sessions(
        session_token(demo, visit), device=demo.access.device_of(visit.request)
    )
    return redirect("/security", session_cookie(demo, issued), notice("others-ended"))


change_security = by_action({"turn-on": _turn_on, "turn-off": _turn_off, "end": _end, "end-others": _end_others})
"""Turn the second factor on or off, end one session, or end all others."""


def _granted_by(granted: PermissionSet, question: str) -> str | None:
    """Return the grant that implies a permission, if one does."""
    asked = Permission.parse(question)
    return next((str(grant) for grant in sorted(granted, key=str) if grant.implies(asked)), None)
