"""Letting a refusal win over the response that a framework makes of it.

A guard raises inside the application.  Whatever stands in between may have answered 500, or closed the websocket, by
the time the exception gets here (and may never let it get here), so such an answer is held back until the application
is done.
"""

import sys
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from authcore.errors import AuthError, Fault
from authcore.principal import Anonymous, Principal
from authcore.web import Access
from authcore_asgi.messages import Event, Send

__all__ = ["Answer", "Visit"]

_BEGINNINGS: Final = frozenset({"http.response.start", "websocket.http.response.start"})
_BODIES: Final = frozenset({"http.response.body", "websocket.http.response.body"})


@dataclass(slots=True)
class Visit:
    """One connection's stay in the application: who came, and why a guard turned the caller away, if one did.

    `access` asks the Auth that is fit for an event loop.
    """

    caller: Principal | Anonymous
    access: Access
    refusal: AuthError | Fault | None = None


@dataclass(slots=True)
class Answer:
    """A `send` that holds back a complete 500 response, and remembers whether anything else has gone out.

    Where a refusal led to the 500, it is held back be it in one piece or many, and so is the closing of a websocket.
    """

    send: Send
    visit: Visit
    started: bool = False
    held: list[Event] = field(default_factory=list)

    async def __call__(self, event: Event) -> None:
        """Send an event, or keep it for later."""
        if self._is_holding(event):
            self.held.append(event)
        else:
            await self.release()
            self.started = True
            await self.send(event)

    async def release(self) -> None:
        """Send what was held back."""
        held, self.held = self.held, []
        for event in held:
            self.started = True
            await self.send(event)

    def replaces(self, error: AuthError | Fault | None) -> bool:
        """Tell whether an error can still be answered, dropping what was held back; not once a response has begun."""
        if error is None or self.started:
            return False
        self.held.clear()
        return True

    def _is_holding(self, event: Event) -> bool:
        kind = event["type"]
        if kind in _BEGINNINGS:
            return bool(event["status"] == HTTPStatus.INTERNAL_SERVER_ERROR)
        if kind == "websocket.close":
            return not self.started and self._is_refused()
        return bool(self.held) and kind in _BODIES and (self._is_refused() or not event.get("more_body", False))

    def _is_refused(self) -> bool:
        """Tell whether a refusal was noted, or is being handled right now: some frameworks answer in an `except`."""
        error = sys.exception()
        if isinstance(error, AuthError | Fault):
            self.visit.refusal = error
        return self.visit.refusal is not None
