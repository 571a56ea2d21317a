"""The endpoints: one table of rows, and what turns a request into the response of its row.

No framework is known here.
"""

import logging
from dataclasses import dataclass
from typing import Final

from authcore.auth import Auth
from authcore.errors import AuthError, ConfigurationError, Fault, MethodNotAllowed
from authcore.web import handlers
from authcore.web.access import Access
from authcore.web.authorization import Basic, parse_authorization
from authcore.web.bodies import Field, fields, read_json
from authcore.web.handlers import CHALLENGE, Handler, Texts
from authcore.web.messages import BODY_LIMIT, Request, Response
from authcore.web.problems import problem, unexpected

__all__ = ["ENDPOINTS", "Endpoint", "Endpoints"]

_log = logging.getLogger("authcore.web")

_TEXT: Final = 1024
_CODE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One row: where it stands, which fields it reads, and what answers.

    `challenge` says that it needs the challenge's token, `session` that it needs a session's, and `basic` that a Basic
    header may stand in for the body.
    """

    method: str
    path: str
    summary: str
    handle: Handler
    fields: tuple[Field, ...] = ()
    challenge: bool = False
    session: bool = False
    basic: bool = False


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/register",
        summary="Register under an email address or a phone number; a code is sent there.",
        handle=handlers.register,
        fields=(
            Field("email", 320, required=False),
            Field("phone", 64, required=False),
            Field("username", 64, required=False),
            Field("password", _TEXT),
        ),
    ),
    Endpoint(
        method="POST",
        path="/verification",
        summary="Ask for another code for a registration.",
        handle=handlers.request_verification,
        challenge=True,
    ),
    Endpoint(
        method="POST",
        path="/verify",
        summary="Enter the code that proves the address of an account.",
        handle=handlers.verify,
        fields=(Field("code", _CODE),),
        challenge=True,
    ),
    Endpoint(
        method="POST",
        path="/login",
        summary="Log in with an identifier and a password, in the body or a Basic header.",
        handle=handlers.log_in,
        fields=(Field("identifier", 320), Field("password", _TEXT)),
        basic=True,
    ),
    Endpoint(method="POST", path="/logout", summary="End the session.", handle=handlers.log_out),
    Endpoint(
        method="GET",
        path="/session",
        summary="Tell who is logged in, and what it may do.",
        handle=handlers.session,
        session=True,
    ),
    Endpoint(
        method="POST",
        path="/two-step",
        summary="Ask for a code for one purpose of the application.",
        handle=handlers.request_two_step,
        fields=(Field("purpose", 20),),
        session=True,
    ),
    Endpoint(
        method="POST",
        path="/two-step/answer",
        summary="Enter that code.",
        handle=handlers.answer_two_step,
        fields=(Field("purpose", 20), Field("code", _CODE)),
        challenge=True,
        session=True,
    ),
    Endpoint(
        method="POST",
        path="/password",
        summary="Change the password; every session ends, and the caller gets a new one.",
        handle=handlers.change_password,
        fields=(Field("current_password", _TEXT), Field("new_password", _TEXT)),
        session=True,
    ),
)
"""Every endpoint there is."""


class Endpoints:
    """Answers requests to the endpoints under a prefix.

    `prefix` is where they stand, such as `/auth`, and `paths` are their full paths.  Raises ConfigurationError if the
    prefix is not of that form.
    """

    def __init__(self, auth: Auth, *, prefix: str = "/auth") -> None:
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise ConfigurationError("prefix must begin with a slash and end without one, as in /auth")
        self.auth = auth
        self.access = Access(auth)
        self._rows = {f"{prefix}{row.path}": row for row in ENDPOINTS}
        self.paths = tuple(self._rows)

    async def respond(self, request: Request) -> Response | None:
        """Return the response of the endpoint at the request's path, or None if there is none.

        Never raises: every refusal and fault, foreseen or not, is a problem document.
        """
        row = self._rows.get(request.path)
        if row is None:
            return None
        try:
            return await self._answer(row, request)
        except (AuthError, Fault) as error:
            _log.info("%s %s: %s (%s)", row.method, row.path, error.code, getattr(error, "cause", ""))
            return problem(error)
        except Exception:  # noqa: BLE001  the last resort: no traceback may reach a client
            _log.exception("%s %s failed", row.method, row.path)
            return unexpected()

    async def _answer(self, row: Endpoint, request: Request) -> Response:
        if request.method != row.method:
            raise MethodNotAllowed(row.method)
        if row.method == "POST":
            self.access.check_origin(request)
        return await row.handle(self.access, request, self._texts(row, request))

    def _texts(self, row: Endpoint, request: Request) -> Texts:
        """Read the fields that the endpoint declares; one that takes none reads no body at all."""
        declared = self._declared(row)
        if not declared or (row.basic and isinstance(parse_authorization(request.headers), Basic)):
            return {}
        return fields(read_json(request.body, request.headers, limit=BODY_LIMIT), declared)

    def _declared(self, row: Endpoint) -> tuple[Field, ...]:
        """Without cookies, what a challenge cookie would carry is a field of the body."""
        return (*row.fields, CHALLENGE) if row.challenge and self.auth.policy.bearer else row.fields
