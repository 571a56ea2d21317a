"""Flows at the same time, in every order and with a crash at every point.  The scenarios are in `scenarios`."""

import pytest

from tests.flows import scenarios
from tests.flows.broken_stores import BlindStore, TornStore, UnguardedStore
from tests.flows.playing import expect_broken, play_in_turn

LAWS = {
    "one address has one account": scenarios.same_address,
    "one address has one account, with one of two usernames": scenarios.same_address_with_usernames,
    "a form that was sent twice is refused to nobody": scenarios.same_form_twice,
    "a form that was sent twice, after an earlier one, is refused to nobody": scenarios.same_form_twice_again,
    "a taken address has one decoy": scenarios.same_taken_address,
    "one username has one account": scenarios.same_username,
    "a username that is set free has one holder": scenarios.username_set_free,
    "a username is proven or taken over": scenarios.username_proven,
    "a code is guessed at no more often than its limit": scenarios.last_guess,
    "a right code verifies once": scenarios.right_answers,
    "a right code of the application is accepted once": scenarios.right_two_step_answers,
    "of two codes for one purpose one counts": scenarios.newest_codes,
    "nobody verifies a stranger's password": scenarios.stranger_registers_while_owner_verifies,
    "somebody who asks for a new code can verify by one": scenarios.new_code_while_old_one_is_entered,
    "a code does not outlive the password": scenarios.answer_during_change,
    "a code does not outlive its session": scenarios.answer_during_logout,
    "no session of an old password lives on": scenarios.login_during_change,
    "no rehash brings an old password back": scenarios.rehash_during_change,
    "no upgrade of a foreign hash brings an old password back": scenarios.upgrade_during_change,
    "two rehashes spoil nothing": scenarios.two_rehashes,
    "one of two new passwords counts": scenarios.two_changes,
    "one of two new passwords counts, from two devices": scenarios.two_changes_on_two_devices,
    "a session that was logged out is over": scenarios.use_during_logout,
    "a session that was logged out is over, read in steps": scenarios.use_during_logout_in_steps,
    "a session is logged out once": scenarios.two_logouts,
    "a session that is replaced, and logged out, ends once": scenarios.login_in_place_of_a_session_during_logout,
    "a session that is replaced twice ends once": scenarios.two_logins_in_place_of_a_session,
    "a session that is replaced, and changes the password, ends once": (
        scenarios.login_in_place_of_a_session_during_change
    ),
    "a session that was logged out changes nothing": scenarios.change_after_logout,
    "a role is given or taken": scenarios.assign_and_withdraw,
    "a role that was given is given or taken": scenarios.assign_and_withdraw_what_was_given,
    "a role has one definition": scenarios.two_definitions,
    "a message is sent by one of two deliverers": scenarios.two_deliverers,
    "a code that is entered while it is sent spoils nothing": scenarios.delivery_during_answer,
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


@pytest.mark.parametrize("scenario", [scenarios.guesses, scenarios.guesses_with_a_right_one], ids=["wrong", "right"])
def test_limit_of_guesses_holds_for_three(scenario, explore):
    """Of three answers to a challenge that allows two, two are judged, and a right one only if it is among them."""
    assert explore(scenario).orders > 100


NEEDS_VERSIONS = [
    scenarios.same_address,
    scenarios.same_taken_address,
    scenarios.same_username,
    scenarios.username_proven,
    scenarios.guesses,
    scenarios.guesses_with_a_right_one,
    scenarios.last_guess,
    scenarios.right_answers,
    scenarios.right_two_step_answers,
    scenarios.stranger_registers_while_owner_verifies,
    scenarios.rehash_during_change,
    scenarios.upgrade_during_change,
    scenarios.two_changes,
    scenarios.two_changes_on_two_devices,
    scenarios.two_logouts,
    scenarios.two_definitions,
    scenarios.two_deliverers,
]

NEEDS_WHOLE_COMMITS = [
    scenarios.same_address,
    scenarios.username_set_free,
    scenarios.username_proven,
    scenarios.newest_codes,
    scenarios.two_rehashes,
]

NEEDS_UNCHANGED = [
    scenarios.login_during_change,
    scenarios.answer_during_change,
    scenarios.answer_during_logout,
]


@pytest.mark.parametrize(
    ("scenario", "store"),
    [
        *((scenario, BlindStore) for scenario in NEEDS_VERSIONS),
        *((scenario, UnguardedStore) for scenario in NEEDS_UNCHANGED),
        *((scenario, TornStore) for scenario in NEEDS_WHOLE_COMMITS),
    ],
)
def test_law_is_broken_by_a_broken_store(scenario, store):
    """The same search finds an order in which the law does not hold, once the store breaks its own."""
    expect_broken(scenario, store)


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_scenario_is_sound(scenario):
    """One flow after the other, the law holds: what the search finds is due to the order of their calls."""
    play_in_turn(scenario)
