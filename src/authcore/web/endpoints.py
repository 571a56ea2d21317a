"""The endpoints at work: what turns a request into the response of its row.  No framework is known here."""

import logging
from collections.abc import Collection

from authcore.auth import Auth
from authcore.errors import AuthError, ConfigurationError, Fault, MethodNotAllowed
from authcore.hazards import log_hazards
from authcore.web.access import Access
from authcore.web.authorization import Basic, parse_authorization
from authcore.web.bodies import fields, read_json
from authcore.web.confirming import confirm_person
from authcore.web.handlers import Texts
from authcore.web.messages import BODY_LIMIT, Request, Response
from authcore.web.problems import unexpected
from authcore.web.rows import Endpoint
from authcore.web.table import ENDPOINTS

__all__ = ["Endpoints"]

_log = logging.getLogger("authcore.web")


class Endpoints:
    """Answers requests to the endpoints under a prefix.

    `prefix` is where they stand, such as `/auth`, and `paths` are their full paths.  Raises ConfigurationError if the
    prefix is not of that form, or if the policy has a captcha asked by an endpoint that there is not.
    """

    def __init__(self, auth: Auth, *, prefix: str = "/auth") -> None:
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise ConfigurationError("prefix must begin with a slash and end without one, as in /auth")
        self.auth = auth
        self.access = Access(auth)
        log_hazards(auth.policy)
        _check_names(auth.policy.captcha.endpoints)
        self._rows = {f"{prefix}{row.path}": row for row in ENDPOINTS}
        self.paths = self._rows.keys()

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
            if isinstance(error, AuthError):
                _log.info("%s %s: %s (%s)", row.method, row.path, error.code, error.cause)
            return self.access.answer(error, request)
        except Exception:  # noqa: BLE001  the last resort: no traceback may reach a client
            _log.exception("%s %s failed", row.method, row.path)
            return unexpected()

    async def _answer(self, row: Endpoint, request: Request) -> Response:
        if request.method != row.method:
            raise MethodNotAllowed(row.method)
        if row.method == "POST":
            self.access.check_origin(request)
        # A body that cannot be read costs nobody a captcha.
        texts = self._texts(row, request)
        if row.asks_captcha(self.auth.policy):
            await confirm_person(self.access, request)
        return await row.handle(self.access, request, texts)

    def _texts(self, row: Endpoint, request: Request) -> Texts:
        """Read the fields that the endpoint declares; one that takes none reads no body at all."""
        declared = row.declared(bearer=self.auth.policy.bearer)
        if not declared or (row.basic and isinstance(parse_authorization(request.headers), Basic)):
            return {}
        return fields(read_json(request.body, request.headers, limit=BODY_LIMIT), declared)


def _check_names(asking: Collection[str]) -> None:
    able = {row.name for row in ENDPOINTS if row.may_ask_captcha}
    if not able.issuperset(asking):
        unknown = ", ".join(sorted(set(asking) - able))
        raise ConfigurationError(f"captcha endpoints: {unknown} can ask for none; use {', '.join(sorted(able))}")
