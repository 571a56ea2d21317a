"""Every flow that touches Ada's account or Eve's registration, as a table, and what is left when two of them meet.

They are run, each with each and with itself, in test_meetings.  What holds afterwards is in `laws`.
"""

import itertools
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

from authcore.auth import Auth, Issued
from authcore.entities import Account, AuditEvent, AuthenticationSession, Entity, Grant, TwoStepSession
from authcore.errors import (
    AttemptsExhausted,
    AuthError,
    ChallengeEnded,
    CodeMismatch,
    InvalidCredentials,
    InvalidToken,
    PasswordMismatch,
    UsernameTaken,
)
from authcore.memory import MemoryStore
from authcore.policy import Policy
from authcore.principal import Principal
from authcore.testing import Outcomes, Scenario, SeededEntropy, build_auth
from tests.flows.people import (
    ADA,
    EVE,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    derive,
    do,
    log_in,
    register,
    verify,
    wrong,
)

# --- the furnished world ----------------------------------------------------------------------------------------------

POLICY = Policy(code_attempts=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The world in which flows meet: what is stored, and what people hold in their hands."""

    store: MemoryStore
    ada: str
    laptop: Issued[AuthenticationSession]
    phone: Issued[AuthenticationSession]
    pay: Issued[TwoStepSession]
    pay_code: str
    eve: Issued[TwoStepSession]
    eve_code: str


@cache
def furnished() -> Place:
    """Ada has an account, two sessions, a role and an open challenge; Eve has registered, and proven nothing yet."""
    auth = build_auth(store=MemoryStore(), hasher=QuickHasher(), policy=POLICY)
    registered = register(auth, ADA, username="ada")
    ada = verify(auth, registered, derive(auth, registered))
    do(auth.assign_role(account_id=ada.id, role="editor", permissions=["article"]))
    laptop, phone = log_in(auth), log_in(auth)
    pay = do(auth.request_two_step(token=laptop.token, purpose="pay"))
    eve = register(auth, EVE, username="countess")
    codes = {"pay_code": derive(auth, pay), "eve_code": derive(auth, eve)}
    return Place(store=auth.store, ada=ada.id, laptop=laptop, phone=phone, pay=pay, eve=eve, **codes)


def copied(store: MemoryStore, kind: type[MemoryStore] = MemoryStore) -> MemoryStore:
    """Another store, perhaps of another kind, that holds the same."""
    copy = kind()
    copy._kept.update(store._kept)  # noqa: SLF001  furnishing anew for each order would take most of the time
    copy._owned.update({key: set(ids) for key, ids in store._owned.items()})  # noqa: SLF001
    return copy


# --- the flows --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """How to start a flow in the furnished world, and every way in which it may end there, whatever it meets.

    `instead` lists refusals of a flow that read one thing before the other flow's commit and another one after it, each
    with the refusal that it would have met a moment later: it writes nothing, so no commit finds out.
    """

    start: Callable[[Auth, Place], Coroutine[object, None, object]]
    ends: tuple[type, ...]
    instead: Mapping[type[AuthError], type[AuthError]] = field(default_factory=dict)


def _change_password(auth, session):
    return auth.change_password(token=session.token, current=PASSWORD, new=NEW_PASSWORD)


def _answer(auth, here, code):
    return auth.answer_two_step(token=here.laptop.token, challenge=here.pay.token, purpose="pay", code=code)


FLOWS = {
    # Eve's address is not proven: a stranger may register it anew, and then it is no more the one that she registered.
    "register": Flow(
        start=lambda auth, here: auth.register(email=EVE, password=OTHER_PASSWORD, username="eve"),
        ends=(Issued,),
    ),
    # What Eve has not proven is not hers either: her username goes to whoever registers next.
    "register a taken address": Flow(
        start=lambda auth, here: auth.register(email=ADA, password=OTHER_PASSWORD, username="countess"),
        ends=(Issued, UsernameTaken),
    ),
    "verify": Flow(
        start=lambda auth, here: auth.verify_account(challenge=here.eve.token, code=here.eve_code),
        ends=(Account, ChallengeEnded),
    ),
    "verify wrongly": Flow(
        start=lambda auth, here: auth.verify_account(challenge=here.eve.token, code=wrong(here.eve_code)),
        ends=(CodeMismatch, AttemptsExhausted, ChallengeEnded),
    ),
    "request another code": Flow(
        start=lambda auth, here: auth.request_verification(challenge=here.eve.token),
        ends=(Issued, ChallengeEnded),
    ),
    "request two-step": Flow(
        start=lambda auth, here: auth.request_two_step(token=here.laptop.token, purpose="pay"),
        ends=(Issued, InvalidToken),
    ),
    "answer two-step": Flow(
        start=lambda auth, here: _answer(auth, here, here.pay_code),
        ends=(TwoStepSession, ChallengeEnded, InvalidToken),
        instead={ChallengeEnded: InvalidToken},
    ),
    "answer two-step wrongly": Flow(
        start=lambda auth, here: _answer(auth, here, wrong(here.pay_code)),
        ends=(CodeMismatch, AttemptsExhausted, ChallengeEnded, InvalidToken),
        instead={ChallengeEnded: InvalidToken},
    ),
    "log in": Flow(
        start=lambda auth, here: auth.log_in(identifier=ADA, password=PASSWORD),
        ends=(Issued, InvalidCredentials),
    ),
    "log in again": Flow(
        start=lambda auth, here: auth.log_in(identifier="ada", password=PASSWORD, former=here.laptop.token),
        ends=(Issued, InvalidCredentials),
    ),
    "authenticate": Flow(
        start=lambda auth, here: auth.authenticate(here.laptop.token),
        ends=(Principal, InvalidToken),
    ),
    "change password": Flow(
        start=lambda auth, here: _change_password(auth, here.laptop),
        ends=(Issued, InvalidToken),
        instead={PasswordMismatch: InvalidToken},
    ),
    "change password elsewhere": Flow(
        start=lambda auth, here: _change_password(auth, here.phone),
        ends=(Issued, InvalidToken),
        instead={PasswordMismatch: InvalidToken},
    ),
    "log out": Flow(
        start=lambda auth, here: auth.log_out(here.laptop.token),
        ends=(bool,),
    ),
    "assign": Flow(
        start=lambda auth, here: auth.assign_role(account_id=here.ada, role="editor", permissions=["article"]),
        ends=(Grant,),
    ),
    "assign a new role": Flow(
        start=lambda auth, here: auth.assign_role(account_id=here.ada, role="author", permissions=["draft"]),
        ends=(Grant,),
    ),
    "withdraw": Flow(
        start=lambda auth, here: auth.withdraw_role(account_id=here.ada, role="editor"),
        ends=(bool,),
    ),
}

Pair = tuple[str, str]

PAIRS: tuple[Pair, ...] = tuple(itertools.combinations_with_replacement(FLOWS, 2))
"""Every flow with every flow, and with itself."""

COMMUTING = frozenset(
    pair
    for pair in PAIRS
    # Twice the same look; and Ada has the role, so that assigning it only looks, at what three of the flows write.
    if pair == ("authenticate", "authenticate")
    or ("assign" in pair and not {"change password", "change password elsewhere", "withdraw"}.intersection(pair))
)
"""The pairs that have a single order, because none of the two writes what the other one reads."""

BY_TOKEN = (
    "request two-step",
    "answer two-step",
    "answer two-step wrongly",
    "authenticate",
    "change password",
    "change password elsewhere",
    "log out",
)
"""The flows that begin by reading who is calling: session, account, grants and roles."""

PAIRS_IN_STEPS = tuple(pair for pair in PAIRS if set(BY_TOKEN).intersection(pair))

COMMUTING_IN_STEPS = COMMUTING | {
    (other, "authenticate")
    for other in FLOWS
    # Read in steps, a caller may meet only who writes its own session, its own account, a grant or a role.
    if other.startswith(("register", "verify", "request", "answer")) or other == "log in"
}
"""The pairs that have a single order where a caller is read in steps."""


# --- what came of it --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What is left when two flows have met: laws read it, or ask `auth`."""

    pair: Pair
    outcomes: Outcomes
    auth: Auth
    entities: tuple[Entity, ...]

    def all(self, kind):
        """All entities of a kind, in the order in which they were first stored."""
        return [entity for entity in self.entities if isinstance(entity, kind)]

    def told(self, *kinds):
        """All events of these kinds, in the order of their commits."""
        return [event for event in self.all(AuditEvent) if event.kind in kinds]

    def held(self, kind):
        """Every session of a kind whose token somebody holds."""
        here = furnished()
        issued = (here.laptop, here.phone, here.pay, here.eve, *self.outcomes.values())
        return [each for each in issued if isinstance(each, Issued) and isinstance(each.session, kind)]


Law = Callable[[Aftermath], None]


def flows_of(pair: Pair) -> Mapping[str, Flow]:
    """The two flows, by names that differ even where a flow meets itself."""
    first, second = pair
    return {first: FLOWS[first], second if second != first else f"{second}, twice": FLOWS[second]}


def meeting(
    pair: Pair, laws: Iterable[Law] = (), *, store: type[MemoryStore] = MemoryStore, whole_callers: bool = True
) -> Scenario:
    """The two flows at the same time in a world of their own, and the laws that hold afterwards."""
    here = furnished()

    def check(outcomes, auth):
        entities = tuple(auth.store._kept.values())  # noqa: SLF001  no port lists what no flow may list
        after = Aftermath(pair=pair, outcomes=outcomes, auth=auth, entities=entities)
        for law in laws:
            law(after)

    return Scenario(
        auth=build_auth(
            store=copied(here.store, store), hasher=QuickHasher(), policy=POLICY, entropy=SeededEntropy("afterwards")
        ),
        flows={name: partial(flow.start, here=here) for name, flow in flows_of(pair).items()},
        check=check,
        whole_callers=whole_callers,
    )
