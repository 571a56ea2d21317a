"""The world in which flows meet: what is stored there, and what people hold in their hands.  It is furnished once."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from authcore.auth import Issued
from authcore.entities import AuthenticationSession, TwoStepSession
from authcore.memory import MemoryStore
from authcore.policy import Policy
from authcore.testing import build_auth
from tests.flows.people import ADA, BOB, EVE, PASSWORD, QuickHasher, derive, do, log_in, register, verify

POLICY = Policy(code_attempts=2, code_sendings=2)

LINKED = {"issuer": "https://id.example.org", "subject": "1815"}
UNLINKED = {"issuer": "https://id.example.org", "subject": "1852"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Ada's account and what hangs on it, and what others have of their own; `tokens` are all that were ever issued.

    The tablet's token is due.  The watch has had a successor, which nobody has shown yet; somebody else has the token
    that was lost, whose successor has long been in use.
    """

    store: MemoryStore
    now: datetime
    ada: str
    bob: str
    laptop: Issued[AuthenticationSession]
    phone: Issued[AuthenticationSession]
    tablet: Issued[AuthenticationSession]
    watch: Issued[AuthenticationSession]
    lost: Issued[AuthenticationSession]
    pending: Issued[AuthenticationSession]
    pay: Issued[TwoStepSession]
    pay_code: str
    factor: Issued[TwoStepSession]
    factor_code: str
    forgotten: Issued[TwoStepSession]
    forgotten_code: str
    move: Issued[TwoStepSession]
    move_code: str
    eve: Issued[TwoStepSession]
    eve_code: str
    tokens: tuple[Issued[AuthenticationSession] | Issued[TwoStepSession], ...]


@cache
def furnished() -> Place:
    """Ada has an account, a role, sessions of all sorts and open challenges; Eve has registered, and proven nothing.

    Both have a code at the address that Eve has registered: whoever enters it first has the address.

    One of Ada's sessions is pending although her account asks for no second factor: the application did when it began.
    """
    auth = build_auth(store=MemoryStore(), hasher=QuickHasher(), policy=POLICY)
    ada, bob = _joined(auth, ADA, "ada"), _joined(auth, BOB, None)
    do(auth.assign_role(account_id=ada, role="editor", permissions=["article"]))
    do(auth.link_external_identity(ada, **LINKED))
    tablet, watch, lost = (log_in(auth) for _ in range(3))
    auth.clock.advance(POLICY.rotation)
    watch_now, found = (do(auth.refresh(each.token)) for each in (watch, lost))
    do(auth.authenticate(found.token))
    auth.clock.advance(POLICY.grace)
    laptop, phone = log_in(auth), log_in(auth)
    pending = log_in(replace(auth, policy=replace(POLICY, second_factor=True)))
    pay = do(auth.request_two_step(token=laptop.token, purpose="pay"))
    factor = do(auth.request_second_factor(pending.token))
    forgotten = do(auth.request_recovery(identifier=ADA))
    move = do(auth.request_address_change(token=laptop.token, password=PASSWORD, email=EVE))
    eve = register(auth, EVE, username="countess")
    return Place(
        store=auth.store,
        now=auth.clock.now(),
        ada=ada,
        bob=bob,
        laptop=laptop,
        phone=phone,
        tablet=tablet,
        watch=watch_now,
        lost=lost,
        pending=pending,
        pay=pay,
        pay_code=derive(auth, pay),
        factor=factor,
        factor_code=derive(auth, factor),
        forgotten=forgotten,
        forgotten_code=derive(auth, forgotten),
        move=move,
        move_code=derive(auth, move),
        eve=eve,
        eve_code=derive(auth, eve),
        tokens=(laptop, phone, tablet, watch, watch_now, lost, found, pending, pay, factor, forgotten, move, eve),
    )


def copied(store: MemoryStore, kind: type[MemoryStore] = MemoryStore) -> MemoryStore:
    """Another store, perhaps of another kind, that holds the same."""
    copy = kind()
    copy._kept.update(store._kept)  # noqa: SLF001  furnishing anew for each order would take most of the time
    copy._owned.update({key: [*ids] for key, ids in store._owned.items()})  # noqa: SLF001
    return copy


def _joined(auth, address, username):
    registered = register(auth, address, username=username)
    return verify(auth, registered, derive(auth, registered)).id
