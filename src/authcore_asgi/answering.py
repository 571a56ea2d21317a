"""Letting a refusal win over the response that a framework makes of it.

A guard raises inside the application.  Whatever stands in between may have answered 500 by the time the exception gets
here (and may never let it get here), so an error response is held back until the application is done.
"""

from dataclasses import dataclass, field
from http import HTTPStatus

from authcore.errors import AuthError, Fault
from authcore.principal import Anonymous, Principal
from authcore.web import Access
from authcore_asgi.messages import Event, Send

__all__ = ["Answer", "Visit"]


@dataclass(slots=True)
class Visit:
    """One connection's stay in the application: who came, and why a guard turned the caller away, if one did.

    `access` asks the Auth that is fit for an event loop.
    """

    caller: Principal | Anonymous
    access: Access
    refusal: AuthError | None = None


@dataclass(slots=True)
class Answer:
    """A `send` that holds back a complete 500 response, and remembers whether anything else has gone out."""

    send: Send
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
        if event["type"] == "http.response.start":
            return bool(event["status"] == HTTPStatus.INTERNAL_SERVER_ERROR)
        return bool(self.held) and event["type"] == "http.response.body" and not event.get("more_body", False)
