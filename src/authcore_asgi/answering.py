"""Letting a refusal win over the response that a framework makes of it.

A guard raises inside the application.  Whatever stands in between may answer 500, or close the websocket, before the
exception gets here, and may never let it get here.  So whoever refuses leaves a note, and a failure that a refusal led
to is replaced as it is sent.
"""

import sys
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from authcore.errors import AuthError, Fault
from authcore.principal import Anonymous, Principal
from authcore.web import Access
from authcore_asgi.messages import Event, Scope, Send, refuse, request_of

__all__ = ["Answer", "Visit"]

_BEGINNINGS: Final = frozenset({"http.response.start", "websocket.http.response.start"})


@dataclass(slots=True)
class Visit:
    """One connection's stay in the application: who came, and why a guard turned the caller away, if one did.

    `access` asks the Auth that is fit for an event loop.  `recalled` is as in `Presence`.
    """

    caller: Principal | Anonymous
    access: Access
    recalled: bool = False
    refusal: AuthError | None = None


@dataclass(slots=True)
class Answer:
    """A `send` that has a refusal answered in place of the failure it led to, and knows whether anything has gone out.

    At once, and not when the application is done: some wait for the client to leave, which waits for an answer.
    """

    scope: Scope
    send: Send
    visit: Visit
    started: bool = False
    replaced: bool = False

    async def __call__(self, event: Event) -> None:
        """Send an event, or what replaces it; after that, nothing more."""
        refusal = None if self.started or not _is_failure(event) else self._refusal()
        if refusal is not None:
            await self.replace(refusal)
        elif not self.replaced:
            self.started = True
            await self.send(event)

    async def replace(self, error: AuthError | Fault) -> None:
        """Send a refusal or fault, whatever else the application has to say."""
        self.started = self.replaced = True
        await refuse(self.scope, self.visit.access.answer(error, request_of(self.scope)), self.send)

    def _refusal(self) -> AuthError | Fault | None:
        """Return what is being handled right now, as some frameworks answer in an `except`, or what was noted."""
        error = sys.exception()
        return error if isinstance(error, AuthError | Fault) else self.visit.refusal


def _is_failure(event: Event) -> bool:
    kind = event["type"]
    return kind == "websocket.close" or (kind in _BEGINNINGS and event["status"] == HTTPStatus.INTERNAL_SERVER_ERROR)
