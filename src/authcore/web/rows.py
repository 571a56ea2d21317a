"""One endpoint as data: where it stands, what it reads, what it answers, and what it may refuse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from authcore import errors
from authcore.errors import AuthError, Fault
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
    header may stand in for the body.  `refuses` lists what does not follow from that.
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
    refuses: tuple[Refusal, ...] = ()

    def declared(self, *, bearer: bool) -> tuple[Field, ...]:
        """Return the fields of its body: without cookies, what a challenge cookie would carry is one of them."""
        return (*self.fields, CHALLENGE) if self.challenge and bearer else self.fields

    def refusals(self, *, bearer: bool) -> frozenset[Refusal]:
        """Return every refusal and fault that it may answer with, once the method is right."""
        implied = (kinds for is_so, kinds in _IMPLIED if is_so(self, bearer))
        return frozenset(self.refuses).union(*implied)


_IMPLIED: Final[tuple[tuple[Callable[[Endpoint, bool], bool], tuple[Refusal, ...]], ...]] = (
    (lambda row, _: row.method == "POST", (errors.CrossSiteRequest,)),
    (
        lambda row, bearer: bool(row.declared(bearer=bearer)),
        (errors.RequestTooLarge, errors.UnsupportedMediaType, errors.InvalidInput),
    ),
    (
        lambda row, _: bool(row.fields) or row.challenge or row.session or row.pending or row.former,
        (errors.MalformedRequest, errors.Fault),
    ),
    (lambda row, _: row.session or row.pending, (errors.NotAuthenticated, errors.InvalidToken)),
    (lambda row, _: row.session, (errors.SecondFactorRequired,)),
    (lambda row, _: row.pending, (errors.SecondFactorFulfilled,)),
    (lambda row, _: row.challenge, (errors.InvalidToken, errors.ChallengeEnded)),
)
