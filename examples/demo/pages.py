"""The pages: what each of them shows, and what its form does.  How a request finds its page is not decided here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from authcore import (
    Anonymous,
    AuthenticationSession,
    CookieSettings,
    Issued,
    MessageKind,
    Permission,
    PermissionSet,
    Principal,
    Requirement,
    TwoStepSession,
)
from authcore.audit import session_digest
from authcore.errors import ChallengeEnded, InvalidToken, NotAuthenticated
from authcore.web import Request, Response, clear_cookie, device_of, find_cookie, set_cookie, token_cookie
from examples.demo.application import Demo
from examples.demo.rendering import redirect
from examples.demo.seeding import make_member

__all__ = ["NOTICE_COOKIE", "PAGES", "Page", "Submit", "Visit"]

NOTICE_COOKIE: Final = CookieSettings(name="__Host-demo-notice")
"""Carries the name of a notice to the next page, and nothing personal."""

_NOTICE_LIFETIME: Final = 60

_QUESTIONS: Final = ("profile:edit", "notes:write:today", "notes:delete", "reports:read")
"""Permissions that the member page asks about, to show what the caller's grants imply."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, who sends it, and what was typed into the page's form."""

    request: Request
    caller: Principal | Anonymous
    entries: Mapping[str, str] = field(default_factory=dict)


Show: TypeAlias = Callable[[Demo, Visit], Mapping[str, object]]
Submit: TypeAlias = Callable[[Demo, Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its template and what that shows, its form's fields and what they do, and who may come here."""

    template: str | None = None
    show: Show = lambda _demo, _visit: {}
    fields: tuple[str, ...] = ()
    submit: Submit | None = None
    members_only: bool = False
    needs: Requirement | None = None


# --- what forms do --------------------------------------------------------------------------------------------------


async def _register(demo: Demo, visit: Visit) -> Response:
    issued = await demo.auth.register(
        email=visit.entries["email"],
        username=visit.entries["username"].strip() or None,
        password=visit.entries["password"],
        device=device_of(visit.request),
    )
    return redirect("/code", _challenge_cookie(demo, issued))


async def _send_another_code(demo: Demo, visit: Visit) -> Response:
    try:
        issued = await demo.auth.request_verification(
            challenge=_challenge(demo, visit) or "", device=device_of(visit.request)
        )
    except (ChallengeEnded, InvalidToken):
        return redirect("/code", clear_cookie(demo.auth.policy.challenge_cookie), _notice("nothing-to-confirm"))
    return redirect("/code", _challenge_cookie(demo, issued), _notice("code-sent"))


async def _verify(demo: Demo, visit: Visit) -> Response:
    try:
        account = await demo.auth.verify_account(
            challenge=_challenge(demo, visit) or "", code=visit.entries["code"], device=device_of(visit.request)
        )
    except InvalidToken as refusal:
        # To the person there is no difference: this browser awaits no code any more.
        raise ChallengeEnded(cause=refusal.cause) from None
    await make_member(demo.auth, account)
    return redirect("/login", clear_cookie(demo.auth.policy.challenge_cookie), _notice("verified"))


async def _log_in(demo: Demo, visit: Visit) -> Response:
    issued = await demo.auth.log_in(
        identifier=visit.entries["identifier"],
        password=visit.entries["password"],
        # The browser forgets that token now, so nobody else shall find a use for it.
        former=demo.access.session_token(visit.request),
        device=device_of(visit.request),
    )
    return redirect("/member", _session_cookie(demo, issued), _notice("logged-in"))


async def _change_password(demo: Demo, visit: Visit) -> Response:
    issued = await demo.auth.change_password(
        token=_session_token(demo, visit),
        current=visit.entries["current_password"],
        new=visit.entries["new_password"],
        device=device_of(visit.request),
    )
    return redirect("/member", _session_cookie(demo, issued), _notice("password-changed"))


async def _log_out(demo: Demo, visit: Visit) -> Response:
    token = demo.access.session_token(visit.request)
    if token is not None:
        await demo.auth.log_out(token, device=device_of(visit.request))
    policy = demo.auth.policy
    cookies = (clear_cookie(policy.session_cookie), clear_cookie(policy.challenge_cookie))
    return redirect("/", *cookies, _notice("logged-out"))


# --- what pages show ------------------------------------------------------------------------------------------------


def _show_code(demo: Demo, visit: Visit) -> Mapping[str, object]:
    return {"awaited": _challenge(demo, visit) is not None}


def _show_member(_: Demo, visit: Visit) -> Mapping[str, object]:
    principal = visit.caller.authenticated()
    return {
        "principal": principal,
        "session_digest": session_digest(principal.session.id),
        "granted": sorted(map(str, principal.permissions)),
        "answers": [(question, _granted_by(principal.permissions, question)) for question in _QUESTIONS],
    }


def _show_reports(demo: Demo, _: Visit) -> Mapping[str, object]:
    letters = list(demo.courier)
    return {
        "since": demo.courier.since,
        "sent": [(kind, sum(posted.letter.kind is kind for posted in letters)) for kind in _KINDS],
        "addressees": len({posted.letter.destination for posted in letters}),
    }


def _show_mailbox(demo: Demo, _: Visit) -> Mapping[str, object]:
    return {"letters": list(demo.courier)}


PAGES: Final[Mapping[str, Page]] = {
    "/": Page(template="welcome.html"),
    "/register": Page(template="register.html", fields=("email", "username", "password"), submit=_register),
    "/code": Page(template="code.html", show=_show_code, fields=("code",), submit=_verify),
    "/another-code": Page(submit=_send_another_code),
    "/login": Page(template="login.html", fields=("identifier", "password"), submit=_log_in),
    "/logout": Page(submit=_log_out),
    "/member": Page(template="member.html", show=_show_member, members_only=True),
    "/reports": Page(
        template="reports.html", show=_show_reports, members_only=True, needs=Requirement(all_of="reports:read")
    ),
    "/password": Page(
        template="password.html",
        fields=("current_password", "new_password"),
        submit=_change_password,
        members_only=True,
    ),
    "/mailbox": Page(template="mailbox.html", show=_show_mailbox),
}
"""Every page there is, by its path."""

_KINDS: Final = tuple(kind for kind in MessageKind if kind is not MessageKind.DECOY)


def _granted_by(granted: PermissionSet, question: str) -> str | None:
    """Return the grant that implies a permission, if one does."""
    asked = Permission.parse(question)
    return next((str(grant) for grant in sorted(granted, key=str) if grant.implies(asked)), None)


def _challenge(demo: Demo, visit: Visit) -> str | None:
    """Return the token of the challenge that this browser is about to answer, if any; it is not checked yet."""
    return find_cookie(visit.request.headers, demo.auth.policy.challenge_cookie.name)


def _session_token(demo: Demo, visit: Visit) -> str:
    token = demo.access.session_token(visit.request)
    if token is None:
        raise NotAuthenticated
    return token


def _session_cookie(demo: Demo, issued: Issued[AuthenticationSession]) -> tuple[bytes, bytes]:
    return token_cookie(demo.auth.policy.session_cookie, issued)


def _challenge_cookie(demo: Demo, issued: Issued[TwoStepSession]) -> tuple[bytes, bytes]:
    return token_cookie(demo.auth.policy.challenge_cookie, issued)


def _notice(name: str) -> tuple[bytes, bytes]:
    return set_cookie(NOTICE_COOKIE, name, max_age=_NOTICE_LIFETIME)
