"""Finding the page of a request, and turning whatever goes wrong into one.  What a page does is its own part."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Final

from authcore import Anonymous, AuthError, Fault, Principal
from authcore.errors import MethodNotAllowed, PermissionDenied, ReauthenticationRequired, SecondFactorRequired
from authcore.principal import authorize
from authcore.web import Headers, Request, Response, clear_cookie, find_cookie, problem, status_of
from examples.demo.application import Demo
from examples.demo.forms import read_form
from examples.demo.pages import AGAIN, PAGES, Audience, Page, Submit, Visit
from examples.demo.pages.cookies import NOTICE_COOKIE
from examples.demo.reach import OutOfReach
from examples.demo.rendering import file_response, page_response, redirect
from examples.demo.wording import LETTERS, NOTICES, Complaint, complaint_about, headline

__all__ = ["Site"]

_log = logging.getLogger("examples.demo")

_FILES: Final = {"/static/demo.css": "demo.css", "/static/icon.svg": "icon.svg"}
_READING: Final = frozenset({"GET", "HEAD"})
_SECRETS: Final = frozenset({"password", "current_password", "new_password", "code"})
_TOLD_BY_HEADERS: Final = frozenset({b"www-authenticate", b"retry-after", b"allow"})


@dataclass(frozen=True, slots=True)
class Site:
    """All pages of the demo, as one function from a request and its caller to a response."""

    demo: Demo

    async def respond(self, request: Request, caller: Principal | Anonymous) -> Response:
        """Answer a request; never raises: every refusal and fault, foreseen or not, is a page."""
        visit = Visit(request, caller, subject=request.path.rpartition("/")[2])
        try:
            return await self._answer(visit)
        except ReauthenticationRequired:
            return redirect(f"{AGAIN}{request.path}")
        except (AuthError, Fault) as error:
            _log.info("%s %s: %s (%s)", request.method, request.path, error.code, getattr(error, "cause", ""))
            return self._error_page(visit, error)
        except Exception:  # noqa: BLE001  the last resort: no traceback may reach a browser
            _log.exception("%s %s failed", request.method, request.path)
            return self._plain_page(visit, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong", _OUR_FAULT)

    async def _answer(self, visit: Visit) -> Response:
        request = visit.request
        if request.path in _FILES:
            return file_response(_FILES[request.path])
        page = _page_of(request)
        if page is None:
            return self._plain_page(visit, HTTPStatus.NOT_FOUND, "There is no such page", _NOT_FOUND)
        elsewhere = _due_elsewhere(page, visit.caller, now=self.demo.auth.clock.now())
        if elsewhere is not None:
            return redirect(elsewhere)
        if request.method in _READING and page.template is not None:
            return await self._shown(visit, page, page.template)
        if request.method == "POST" and page.submit is not None:
            return await self._submitted(visit, page, page.submit)
        raise MethodNotAllowed(*(["GET"] if page.template else []), *(["POST"] if page.submit else []))

    async def _shown(self, visit: Visit, page: Page, template: str) -> Response:
        """Show a page, and with it what the one before wanted to say."""
        name = find_cookie(visit.request.headers, NOTICE_COOKIE.name)
        cookies = [] if name is None else [clear_cookie(NOTICE_COOKIE)]
        said = {"said": name, "notice": NOTICES.get(name or "")}
        facts = {**self._common(visit), **await page.show(self.demo, visit), **said}
        return page_response(template, facts, headers=[*cookies, *page.hand_out(self.demo, None)])

    async def _submitted(self, visit: Visit, page: Page, submit: Submit) -> Response:
        """Do what a form asks for, or show it again, filled in, with what is wrong."""
        # Every form, with or without a cookie: a stranger's page must not log anybody in either.
        self.demo.access.check_origin(visit.request)
        filled = replace(visit, entries=read_form(visit.request, page.fields)) if page.fields else visit
        try:
            response = await submit(self.demo, filled)
        except AuthError as refusal:
            complaint = complaint_about(refusal, fields=page.fields, policy=self.demo.auth.policy)
            if complaint is None or page.template is None:
                raise
            return await self._shown_again(filled, page, page.template, refusal, complaint)
        if response is None:
            return await self._shown_again(filled, page, page.template or "", None, _NO_COMPLAINT)
        return response

    async def _shown_again(
        self, visit: Visit, page: Page, template: str, refusal: AuthError | None, complaint: Complaint
    ) -> Response:
        """Show a form as it was filled in, perhaps with what is wrong."""
        facts = {**self._common(visit), **await page.show(self.demo, visit), "complaint": complaint}
        status, headers = (HTTPStatus.OK, []) if refusal is None else (status_of(refusal), _headers_of(refusal))
        headers = [*headers, *page.hand_out(self.demo, refusal)]
        return page_response(template, facts, status=status, headers=headers)

    def _error_page(self, visit: Visit, error: AuthError | Fault) -> Response:
        title, text = headline(error)
        page = _page_of(visit.request)
        is_about_page = isinstance(error, PermissionDenied) and not isinstance(error, OutOfReach)
        missing = page.needs if page is not None and is_about_page else None
        return self._plain_page(visit, status_of(error), title, text, missing=missing, headers=_headers_of(error))

    def _plain_page(
        self,
        visit: Visit,
        status: HTTPStatus,
        title: str,
        text: str,
        *,
        missing: object = None,
        headers: Headers = (),
    ) -> Response:
        facts = {**self._common(visit), "status": status, "headline": title, "text": text, "missing": missing}
        return page_response("error.html", facts, status=status, headers=headers)

    def _common(self, visit: Visit) -> dict[str, object]:
        """What every template may use; a secret that was typed is never shown again."""
        return {
            "path": visit.request.path,
            "caller": visit.caller,
            "pending": _is_pending(visit.caller),
            "policy": self.demo.auth.policy,
            "entries": {name: text for name, text in visit.entries.items() if name not in _SECRETS},
            "complaint": _NO_COMPLAINT,
            "kinds": LETTERS,
            "said": None,
            "notice": None,
        }


_NO_COMPLAINT: Final = Complaint("", "")
_NOT_FOUND: Final = "The address may have been typed wrongly. Every page is in the menu above."
_OUR_FAULT: Final = "It is not your doing. Try again; if it happens once more, look into the terminal."


def _page_of(request: Request) -> Page | None:
    return PAGES.get(request.path) or PAGES.get(f"{request.path.rpartition('/')[0]}/*")


def _due_elsewhere(page: Page, caller: Principal | Anonymous, *, now: datetime) -> str | None:
    """Return where somebody is sent who is between password and code, or is so no more; refuse who may not come."""
    if page.audience is Audience.PENDING and caller.is_authenticated:
        return "/member"
    if page.audience is Audience.MEMBERS and _is_pending(caller):
        return "/second-factor"
    if page.audience is not Audience.EVERYBODY and not _is_pending(caller):
        principal = authorize(caller, page.needs)
        if page.fresh_for is not None:
            principal.require_fresh(within=page.fresh_for, now=now)
    return None


def _is_pending(caller: Principal | Anonymous) -> bool:
    return isinstance(caller, Anonymous) and isinstance(caller.refusal, SecondFactorRequired)


def _headers_of(error: AuthError | Fault) -> Headers:
    """What HTTP wants said besides a status; the library knows it, and says it in its problem documents."""
    return [(name, value) for name, value in problem(error).headers if name in _TOLD_BY_HEADERS]
