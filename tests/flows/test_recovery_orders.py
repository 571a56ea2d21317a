"""Recovery beside whatever else touches the account, in every order and with a crash at every point."""

from functools import partial

import pytest

from authcore.auth import Issued
from authcore.entities import Account, AuditEvent, AuditKind, ChallengeSlot
from authcore.errors import (
    AccountDeleted,
    AccountDisabled,
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidCredentials,
    InvalidToken,
    SecondFactorRequired,
)
from authcore.memory import MemoryStore
from authcore.policy import Policy
from authcore.testing import Crashed, Scenario
from tests.flows.broken_stores import BlindStore, TornStore
from tests.flows.people import (
    ADA,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    arrive_without_password,
    derive,
    do,
    join,
    kept,
    log_in,
    refusal,
    stored,
    wrong,
)
from tests.flows.playing import expect_broken, play_in_turn
from tests.flows.scenarios import empty, of, only, opens, took_place, trail


def asking(store=MemoryStore, **parts):
    """A world in which Ada has asked for a code, and the flow that enters it."""
    auth = empty(store, **parts)
    join(auth)
    return auth, entering(auth, NEW_PASSWORD)


def entering(auth, password, issued=None):
    """The flow that sets a password, by the code of a challenge, which is asked for unless there is one."""
    issued = issued or do(auth.request_recovery(identifier=ADA))
    code = derive(auth, issued)
    return lambda auth: auth.recover(challenge=issued.token, code=code, new_password=password)


def recovered(auth):
    """Whether a recovery took place: what crashed after its commit may only have counted a wrong code."""
    return any(
        event.kind is AuditKind.PASSWORD_CHANGED and event.reason == "recover" for event in kept(auth, AuditEvent)
    )


def opening(auth):
    """Which of the passwords opens the account."""
    return [each for each in (PASSWORD, OTHER_PASSWORD, NEW_PASSWORD) if opens(auth, each)]


def one_code_twice(store=MemoryStore, *, passwordless=False, two_codes=False):
    """A code is entered twice at the same time, with another password each time; or two codes are, once each."""
    auth = empty(store)
    if passwordless:
        arrive_without_password(auth)
    else:
        join(auth)
    (ada,) = kept(auth, Account)
    issued = do(auth.request_recovery(identifier=ADA))
    flows = {
        "a": entering(auth, OTHER_PASSWORD, issued),
        "b": entering(auth, NEW_PASSWORD, None if two_codes else issued),
    }

    def check(outcomes, auth):
        only(outcomes, Account, CodeMismatch if two_codes else ChallengeEnded)
        winners = of(outcomes, Account)
        assert len(winners) <= 1
        assert opening(auth)[0] in [{"a": OTHER_PASSWORD, "b": NEW_PASSWORD}[each] for each in winners or outcomes]
        assert len(opening(auth)) == 1
        assert trail(auth).count(AuditKind.PASSWORD_CHANGED) == 1
        assert stored(auth, ada).epoch == ada.epoch + 1

    return Scenario(auth=auth, flows=flows, check=check)


def login_during_recovery(store=MemoryStore, *, outdated=False):
    """Somebody logs in by the forgotten password while its owner replaces it; its hash may be an old one."""
    auth, recover = asking(store)
    auth.hasher.parameters += outdated

    def check(outcomes, auth):
        only(outcomes, Account, Issued, InvalidCredentials)
        for name in of(outcomes, Issued):
            assert isinstance(refusal(auth.authenticate(outcomes[name].token)), InvalidToken) == recovered(auth)
        assert opening(auth) == [NEW_PASSWORD if recovered(auth) else PASSWORD]

    flows = {"recover": recover, "login": lambda auth: auth.log_in(identifier=ADA, password=PASSWORD)}
    return Scenario(auth=auth, flows=flows, check=check)


def change_during_recovery(store=MemoryStore):
    """Somebody who is logged in changes the password while somebody else recovers."""
    auth, recover = asking(store)
    session = log_in(auth)

    def change(auth):
        return auth.change_password(token=session.token, current=PASSWORD, new=OTHER_PASSWORD)

    def check(outcomes, auth):
        only(outcomes, Account, Issued, InvalidToken, CodeMismatch)
        assert trail(auth).count(AuditKind.PASSWORD_CHANGED) == 1
        assert opening(auth) == [NEW_PASSWORD if recovered(auth) else OTHER_PASSWORD]
        assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)

    return Scenario(auth=auth, flows={"recover": recover, "change": change}, check=check)


def change_of_state_during_recovery(change, told, store=MemoryStore):
    """An operator keeps somebody out while the password is recovered."""
    auth, recover = asking(store)
    (ada,) = kept(auth, Account)

    def check(outcomes, auth):
        assert isinstance(outcomes["recover"], (Account, CodeMismatch, Crashed))
        changed = bool(took_place({"change": outcomes["change"]}, Account))
        right = NEW_PASSWORD if recovered(auth) else PASSWORD
        assert opening(auth) == [right]
        assert isinstance(refusal(auth.log_in(identifier=ADA, password=right)), told) == changed
        assert stored(auth, ada).epoch == ada.epoch + changed + recovered(auth)

    flows = {"recover": recover, "change": lambda auth: getattr(auth, change)(ada.id)}
    return Scenario(auth=auth, flows=flows, check=check)


def factor_during_recovery(store=MemoryStore):
    """Somebody who is logged in turns the second factor on while somebody else recovers."""
    auth, recover = asking(store)
    session = log_in(auth)

    def choose(auth):
        return auth.change_second_factor(token=session.token, password=PASSWORD, required=True)

    def check(outcomes, auth):
        only(outcomes, Account, Issued, InvalidToken, CodeMismatch)
        chosen = AuditKind.SECOND_FACTOR_CHANGED in trail(auth)
        assert chosen != recovered(auth)
        right = NEW_PASSWORD if recovered(auth) else PASSWORD
        assert (
            isinstance(refusal(auth.authenticate(log_in(auth, password=right).token)), SecondFactorRequired) == chosen
        )

    return Scenario(auth=auth, flows={"recover": recover, "choose": choose}, check=check)


def stranger_asks_during_recovery(store=MemoryStore):
    """A stranger asks for a code while the owner enters hers."""
    auth, recover = asking(store)

    def check(outcomes, auth):
        only(outcomes, Account, Issued)
        assert opening(auth) == [NEW_PASSWORD if recovered(auth) else PASSWORD]

    flows = {"recover": recover, "stranger": lambda auth: auth.request_recovery(identifier=ADA)}
    return Scenario(auth=auth, flows=flows, check=check)


def guesses_side_by_side(store=MemoryStore):
    """Two codes are guessed at where the account allows one wrong guess."""
    auth, _ = asking(store, policy=Policy(challenge_failures=1))
    issued = [do(auth.request_recovery(identifier=ADA)) for _ in range(2)]

    def guess(each):
        code = wrong(derive(auth, each))
        return lambda auth: auth.recover(challenge=each.token, code=code, new_password=NEW_PASSWORD)

    def check(outcomes, auth):
        only(outcomes, CodeMismatch, AttemptsExhausted)
        judged = [stored(auth, each).attempts for each in issued]
        assert sum(judged) == len(took_place(outcomes, CodeMismatch)) == 1
        assert [slot.failures for slot in kept(auth, ChallengeSlot) if slot.id.endswith(":recover")] == [1]

    return Scenario(auth=auth, flows={"a": guess(issued[0]), "b": guess(issued[1])}, check=check)


first_password_twice = partial(one_code_twice, passwordless=True)
two_codes_at_once = partial(one_code_twice, two_codes=True)
rehash_during_recovery = partial(login_during_recovery, outdated=True)
disabling_during_recovery = partial(change_of_state_during_recovery, "disable_account", AccountDisabled)
deletion_during_recovery = partial(change_of_state_during_recovery, "delete_account", AccountDeleted)

LAWS = {
    "of recoveries with one code one succeeds": one_code_twice,
    "of recoveries with two codes one succeeds": two_codes_at_once,
    "of two first passwords one counts": first_password_twice,
    "no session of a forgotten password lives on": login_during_recovery,
    "no rehash brings a forgotten password back": rehash_during_recovery,
    "a password is changed or recovered": change_during_recovery,
    "nobody recovers an account that is disabled": disabling_during_recovery,
    "nobody recovers an account that is deleted": deletion_during_recovery,
    "recovery leaves the second factor as it is": factor_during_recovery,
    "a stranger who asks keeps nobody from recovering": stranger_asks_during_recovery,
    "guesses at codes side by side share one cap": guesses_side_by_side,
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


NEEDS_VERSIONS = [
    one_code_twice,
    two_codes_at_once,
    first_password_twice,
    rehash_during_recovery,
    change_during_recovery,
    disabling_during_recovery,
    deletion_during_recovery,
    factor_during_recovery,
    guesses_side_by_side,
]


@pytest.mark.parametrize(
    ("scenario", "store"),
    [
        *((scenario, BlindStore) for scenario in NEEDS_VERSIONS),
        (two_codes_at_once, TornStore),
    ],
)
def test_law_is_broken_by_a_broken_store(scenario, store):
    """The same search finds an order in which the law does not hold, once the store breaks its own."""

    def on(store=MemoryStore):
        return scenario(store=store)

    expect_broken(on, store)


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_scenario_is_sound(scenario):
    """One flow after the other, the law holds: what the search finds is due to the order of their calls."""

    def on(store=MemoryStore):
        return scenario(store=store)

    play_in_turn(on)
