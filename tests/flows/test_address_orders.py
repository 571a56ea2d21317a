"""Changes of address at the same time: what holds whoever is first, and whoever crashes.

Beside every other flow a change is walked in test_meetings.
"""

import pytest

from authcore.auth import Issued
from authcore.entities import Account, Identifier, Message, MessageKind
from authcore.errors import ChallengeEnded, InvalidToken
from authcore.memory import MemoryStore
from authcore.testing import Scenario
from tests.flows.broken_stores import BlindStore
from tests.flows.people import ADA, BOB, EVE, OTHER_PASSWORD, PASSWORD, derive, do, holder, join, kept, log_in, refusal
from tests.flows.playing import expect_broken, play_in_turn
from tests.flows.scenarios import empty, names_agree, only, took_place

PHONE = "+442079460018"


def asked(auth, session, password=PASSWORD, **address):
    """What enters the right code for an address that a session asks for."""
    challenge = do(auth.request_address_change(token=session.token, password=password, **address))
    code = derive(auth, challenge)
    return lambda auth: auth.confirm_address_change(token=session.token, challenge=challenge.token, code=code)


def two_accounts_want_one_address(store=MemoryStore):
    """Ada and Bob both enter the code that came to one address."""
    auth = empty(store)
    joined = {"ada": join(auth), "bob": join(auth, BOB, OTHER_PASSWORD)}
    flows = {
        "ada": asked(auth, log_in(auth), email=EVE),
        "bob": asked(auth, log_in(auth, BOB, OTHER_PASSWORD), OTHER_PASSWORD, email=EVE),
    }

    def check(outcomes, auth):
        only(outcomes, Issued, ChallengeEnded)
        owner = holder(auth, f"email:{EVE}")
        (loser,) = (name for name, account in joined.items() if account.id != owner.id)
        assert not isinstance(outcomes[loser], Issued)
        assert holder(auth, f"email:{joined[loser].email}").id == joined[loser].id
        names_agree(auth)

    return Scenario(auth=auth, flows=flows, check=check)


def address_is_given_up_while_another_wants_it(store=MemoryStore):
    """Ada leaves her address while Bob asks for it: he gets a code once it is free, and she is told while it is not."""
    auth = empty(store)
    join(auth)
    join(auth, BOB, OTHER_PASSWORD)
    bob = log_in(auth, BOB, OTHER_PASSWORD)
    flows = {
        "ada": asked(auth, log_in(auth), email=EVE),
        "bob": lambda auth: auth.request_address_change(token=bob.token, password=OTHER_PASSWORD, email=ADA),
    }

    def check(outcomes, auth):
        only(outcomes, Issued)
        names_agree(auth)
        if isinstance(outcomes["bob"], Issued):
            sent = [each for each in kept(auth, Message) if each.session_id == outcomes["bob"].session.id]
            told = [each for each in kept(auth, Message) if each.kind is MessageKind.ALREADY_REGISTERED]
            assert len(sent) + len(told) == 1

    return Scenario(auth=auth, flows=flows, check=check)


def two_changes(store=MemoryStore, **second):
    """One account has two codes, asked for on two devices, and only one of them is the newest."""
    auth = empty(store)
    account = join(auth)
    laptop, phone = log_in(auth), log_in(auth)
    older, newer = asked(auth, laptop, email=EVE), asked(auth, phone, **second or {"email": BOB})

    def check(outcomes, auth):
        only(outcomes, Issued, ChallengeEnded, InvalidToken)
        assert not isinstance(outcomes["older"], Issued)
        changed = bool(took_place({"newer": outcomes["newer"]}, Issued))
        (now,) = kept(auth, Account)
        wanted = (ADA, PHONE) if second else (BOB, None)
        assert (now.email, now.phone) == (wanted if changed else (ADA, None))
        assert now.epoch == account.epoch + changed
        names_agree(auth)
        for session in (laptop, phone):
            assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken) == changed

    return Scenario(auth=auth, flows={"older": older, "newer": newer}, check=check)


def two_changes_of_two_kinds(store=MemoryStore):
    """An email address and a phone number are asked for on two devices, and only the newer code counts."""
    return two_changes(store, phone=PHONE)


def one_code_twice(store=MemoryStore):
    """The right code is entered twice at the same time."""
    auth = empty(store)
    join(auth)
    enter = asked(auth, log_in(auth), email=EVE)

    def check(outcomes, auth):
        only(outcomes, Issued, ChallengeEnded, InvalidToken)
        assert len(took_place(outcomes, Issued)) == 1
        names_agree(auth)
        told = [each for each in kept(auth, Message) if each.kind is MessageKind.ADDRESS_CHANGED]
        assert [each.destination for each in told] == [ADA]

    return Scenario(auth=auth, flows={"a": enter, "b": enter}, check=check)


def change_while_a_stranger_registers_the_old_address(store=MemoryStore):
    """Ada leaves her address while somebody registers it: her account, or nobody's, is what he gets."""
    auth = empty(store)
    ada = join(auth)
    flows = {
        "change": asked(auth, log_in(auth), email=EVE),
        "register": lambda auth: auth.register(email=ADA, password=OTHER_PASSWORD),
    }

    def check(outcomes, auth):
        only(outcomes, Issued)
        names_agree(auth)
        assert [each.id for each in kept(auth, Account) if each.verified_at is not None] == [ada.id]
        proven = [each.id for each in kept(auth, Identifier) if each.proven_at is not None]
        changed = bool(took_place({"change": outcomes["change"]}, Issued))
        assert proven == [f"email:{EVE if changed else ADA}"]

    return Scenario(auth=auth, flows=flows, check=check)


LAWS = {
    "an address that two accounts want has one": two_accounts_want_one_address,
    "an address is free once it is given up": address_is_given_up_while_another_wants_it,
    "of two addresses that one account wants it gets the last": two_changes,
    "of two kinds of address that one account wants it gets the last": two_changes_of_two_kinds,
    "a right code gives an address once": one_code_twice,
    "whoever registers a given up address gets no account with it": change_while_a_stranger_registers_the_old_address,
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


@pytest.mark.parametrize("scenario", [two_accounts_want_one_address, one_code_twice])
def test_law_is_broken_by_a_broken_store(scenario):
    """The same search finds an order in which the law does not hold, once the store breaks its own."""
    expect_broken(scenario, BlindStore)


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_scenario_is_sound(scenario):
    """One flow after the other, the law holds: what the search finds is due to the order of their calls."""
    play_in_turn(scenario)
