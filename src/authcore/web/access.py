"""Finding out who sends a request: which credential counts, and when it counts.

What the caller may do is decided elsewhere.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from ipaddress import ip_network
from typing import Final

from authcore.auth import Auth
from authcore.entities import Device
from authcore.errors import AuthError, Fault, InvalidToken, SecondFactorRequired
from authcore.principal import Anonymous, Principal
from authcore.web.authorization import Bearer, parse_authorization
from authcore.web.clients import Networks, client_of
from authcore.web.cookies import find_cookie
from authcore.web.issuing import token_cookie
from authcore.web.messages import Headers, Request, Response
from authcore.web.origins import canonical_origin, check_origin
from authcore.web.problems import answer_to

__all__ = ["Access", "Presence"]

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Who sends a request, and what its response must carry besides its own headers: a renewed token, or nothing.

    `recalled` tells that the caller's session was not looked up for this very request.
    """

    caller: Principal | Anonymous
    renewal: Headers = ()
    recalled: bool = False


@dataclass(frozen=True)
class Access:
    """Reads the credential of a request: the session cookie, or with `Policy.bearer` the Authorization header.

    Raises ConfigurationError if a configured origin is none.
    """

    auth: Auth

    def __post_init__(self) -> None:
        """Refuse a bad origin when the application starts, not at the first request."""
        _ = self._origins

    async def identify(
        self, request: Request, *, websocket: bool = False, revocation_within: timedelta | None = None
    ) -> Presence:
        """Return who sends a request; the store is read only if a credential was presented.

        A credential that does not count makes the caller anonymous, with the reason at hand.  A cookie's token is
        renewed when that is due; bearers of tokens ask for it themselves.  `revocation_within` takes the place of the
        policy's.  Raises MalformedRequest for duplicate or malformed ones; and CrossSiteRequest if a page of another
        site opens a websocket, or uses the cookie to change something.
        """
        token = self.session_token(request)
        if websocket or (token is not None and not self.auth.policy.bearer and request.method not in _SAFE_METHODS):
            self.check_origin(request)
        if token is None:
            return Presence(caller=Anonymous())
        policy = self.auth.policy
        try:
            found = await self.auth.identify(
                token,
                rotate=not policy.bearer,
                device=partial(self.device_of, request),
                revocation_within=revocation_within,
            )
        except (InvalidToken, SecondFactorRequired) as refusal:
            self.note(refusal, request)
            return Presence(caller=Anonymous(refusal=refusal))
        renewal = [] if found.renewed is None else [token_cookie(policy.session_cookie, found.renewed)]
        return Presence(caller=found.caller, renewal=renewal, recalled=found.recalled)

    def note(self, error: AuthError | Fault, request: Request) -> None:
        """Have the log and the trail tell of what a request was refused; of a fault they have nothing to tell."""
        if isinstance(error, AuthError):
            self.auth.note_refusal(error, device=self.device_of(request))

    def answer(self, error: AuthError | Fault, request: Request) -> Response:
        """Return the problem document of a refusal or fault, once the log and the trail have been told."""
        self.note(error, request)
        return answer_to(error, f"{request.method} {request.path}")

    def session_token(self, request: Request) -> str | None:
        """Return the token of a session that a request presents, if any; nothing about it is checked yet."""
        authorization = parse_authorization(request.headers)
        if self.auth.policy.bearer:
            return authorization.token if isinstance(authorization, Bearer) else None
        return find_cookie(request.headers, self.auth.policy.session_cookie.name)

    def check_origin(self, request: Request) -> None:
        """Raise CrossSiteRequest unless a request came from a page of an allowed origin, or from no browser."""
        cookies = any(name.lower() == b"cookie" for name, _ in request.headers)
        check_origin(request.headers, allowed=self._origins, cookie_present=cookies and not self.auth.policy.bearer)

    def device_of(self, request: Request) -> Device:
        """Return where a request came from: from the client itself, or by way of proxies that the policy trusts."""
        agent = next((value for name, value in request.headers if name.lower() == b"user-agent"), b"")
        network = client_of(request.client, request.headers, trusted=self._proxies)
        return Device(network=network, user_agent=agent.decode("utf-8", "replace"))

    @cached_property
    def _proxies(self) -> Networks:
        return tuple(map(ip_network, self.auth.policy.trusted_proxies))

    @cached_property
    def _origins(self) -> frozenset[str]:
        return frozenset(map(canonical_origin, self.auth.policy.origins))
