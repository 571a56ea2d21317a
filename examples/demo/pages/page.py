"""What a page is made of, and what it is told of the request.  No single page is known here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import TypeAlias

from authcore import Anonymous, AuthError, Principal, Requirement
from authcore.errors import MalformedRequest
from authcore.web import Headers, Request, Response
from examples.demo.application import Demo

__all__ = ["Audience", "HandOut", "Page", "Show", "Submit", "Visit", "by_action"]


class Audience(Enum):
    """Who may come to a page."""

    EVERYBODY = auto()
    PENDING = auto()
    """Whose password was right, and whose code is still to come."""
    MEMBERS = auto()


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, who sends it, and what was typed into the form; `subject` is what a path like `/a/*` names."""

    request: Request
    caller: Principal | Anonymous
    subject: str = ""
    entries: Mapping[str, str] = field(default_factory=dict)


Show: TypeAlias = Callable[[Demo, Visit], Awaitable[Mapping[str, object]]]
Submit: TypeAlias = Callable[[Demo, Visit], Awaitable[Response | None]]
"""Does what a form asks for; None shows the form again as it was filled in."""
HandOut: TypeAlias = Callable[[Demo, AuthError | None], Headers]


async def _nothing(_demo: Demo, _visit: Visit) -> Mapping[str, object]:
    return {}


def _no_cookies(_demo: Demo, _refusal: AuthError | None) -> Headers:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its template and what that shows, its form's fields and what they do, and who may come here.

    `hand_out` returns the cookies that come with the page, and is told what was refused when it is shown again.
    `fresh_for` is how long after a login one may come here without giving the password once more.
    """

    template: str | None = None
    show: Show = _nothing
    hand_out: HandOut = _no_cookies
    fields: tuple[str, ...] = ()
    submit: Submit | None = None
    audience: Audience = Audience.EVERYBODY
    needs: Requirement | None = None
    fresh_for: timedelta | None = None


def by_action(actions: Mapping[str, Submit]) -> Submit:
    """Return what a page with several forms does: each has a button called `action`, whose value tells which one."""

    async def submit(demo: Demo, visit: Visit) -> Response | None:
        action = actions.get(visit.entries["action"])
        if action is None:
            raise MalformedRequest("unknown_action")
        return await action(demo, visit)

    return submit
