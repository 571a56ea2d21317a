"""One endpoint as data: where it stands, what it reads, what it answers, and what it may refuse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from authcore import errors
from authcore.errors import AuthError, Fault
from authcore.policy import Policy
from authcore.web.bodies import Field
from authcore.web.handlers import CHALLENGE, Handler
from authcore.web.schemas import Answer

__all__ = ["Endpoint", "Refusal"]

Refusal: TypeAlias = type[AuthError] | type[Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One row: where it stands, which fields it reads, what answers, and how.

    `name` is its `operationId`, and `one_of` names optional fields of which exactly one is needed.  `challenge` says
    that it needs the challenge's token, `session` that it needs a whole session's, `pending` that it needs one that
    awaits its second factor, `former` that it ends the session that a request may present, and `basic` that a Basic
    header may stand in for the body.  `captcha` says that it shows one, and `may_ask_captcha` that the policy may have
    it ask for one first; `needs_fresh` that it may be refused where the login is older than the policy lets it be.
    `refuses` lists what does not follow from that.
    """

    method: str
    path: str
    name: str
    summary: str
    handle: Handler
    answer: Answer
    fields: tuple[Field, ...] = ()
    one_of: tuple[str, ...] = ()
    challenge: bool = False
    session: bool = False
    pending: bool = False
    former: bool = False
    basic: bool = False
    captcha: bool = False
    may_ask_captcha: bool = False
    needs_fresh: bool = False
    refuses: tuple[Refusal, ...] = ()

    def declared(self, *, bearer: bool) -> tuple[Field, ...]:
        """Return the fields of its body: without cookies, what a challenge cookie would carry is one of them."""
        return (*self.fields, CHALLENGE) if self.challenge and bearer else self.fields

    def asks_captcha(self, policy: Policy) -> bool:
        """Tell whether it wants a captcha answered first."""
        return self.may_ask_captcha and self.name in policy.captcha.endpoints

    def reads_captcha(self, policy: Policy) -> bool:
        """Tell whether it reads the token of a captcha."""
        return self.captcha or self.asks_captcha(policy)

    def refusals(self, policy: Policy) -> frozenset[Refusal]:
        """Return every refusal and fault that it may answer with, once the method is right."""
        implied = (kinds for is_so, kinds in _IMPLIED if is_so(self, policy))
        return frozenset(self.refuses).union(*implied)


_IMPLIED: Final[tuple[tuple[Callable[[Endpoint, Policy], bool], tuple[Refusal, ...]], ...]] = (
    (lambda row, _: row.method == "POST", (errors.CrossSiteRequest,)),
    (
        lambda row, policy: bool(row.declared(bearer=policy.bearer)),
        (errors.RequestTooLarge, errors.UnsupportedMediaType, errors.InvalidInput),
    ),
    (
        lambda row, _: bool(row.fields) or row.challenge or row.session or row.pending or row.former or row.captcha,
        (errors.MalformedRequest, errors.Fault),
    ),
    (lambda row, _: row.session or row.pending, (errors.NotAuthenticated, errors.InvalidToken)),
    (lambda row, _: row.session, (errors.SecondFactorRequired,)),
    (lambda row, _: row.pending, (errors.SecondFactorFulfilled,)),
    (lambda row, _: row.challenge or row.captcha, (errors.InvalidToken, errors.ChallengeEnded)),
    (lambda row, policy: row.needs_fresh and policy.fresh_for is not None, (errors.ReauthenticationRequired,)),
    (lambda row, _: row.captcha, (errors.CaptchaRequired, errors.Throttled)),
    (
        Endpoint.asks_captcha,
        (
            errors.CaptchaRequired,
            errors.InvalidToken,
            errors.CodeMismatch,
            errors.ChallengeEnded,
            errors.AttemptsExhausted,
            errors.Throttled,
        ),
    ),
)
