"""Sessions in every order of their flows, and with a crash at every point.  They stand in `session_scenarios`."""

import pytest

from tests.flows import session_scenarios as scenarios
from tests.flows.broken_stores import BlindStore, TornStore, UnguardedStore
from tests.flows.playing import expect_broken, play_in_turn

LAWS = {
    "a due token has one successor": scenarios.one_due_token,
    "a due token has one successor, read in steps": scenarios.one_due_token_in_steps,
    "a late request and the first of its successor both stay in": scenarios.first_use_of_a_successor,
    "the first use of a successor is written down once": scenarios.two_first_uses_of_a_successor,
    "a token that was used after its successor ends the session": scenarios.reuse_during_use,
    "a token that was used after its successor ends the session, rotated or not": scenarios.reuse_during_rotation,
    "a reuse is told once": scenarios.two_reuses,
    "a session is reused or logged out": scenarios.reuse_during_logout,
    "no successor outlives a logout": scenarios.rotation_during_logout,
    "no successor outlives the password": scenarios.rotation_during_change,
    "no successor outlives the password, on any device": scenarios.rotation_during_change_elsewhere,
    "no successor outlives a login in its place": scenarios.rotation_during_login_in_place,
    "a session of nobody ends once": scenarios.two_logins_in_place_of_nobody,
    "no successor of nobody outlives a login": scenarios.rotation_of_nobody_during_login,
    "a right code makes one whole session": scenarios.two_right_codes,
    "a pending session is fulfilled or left": scenarios.code_during_logout,
    "no right code outlives a choice of factors": scenarios.code_during_choice,
    "no right code outlives the password": scenarios.code_during_change,
    "of two codes one counts": scenarios.two_codes,
    "of two codes one counts, over all devices": scenarios.two_codes_on_two_devices,
    "a code counts until a newer one is asked for": scenarios.code_while_a_new_one_is_asked_for,
    "an account's guesses have a limit over all sessions": scenarios.last_guesses,
    "a right code counts within the limit only": scenarios.last_guesses_with_the_right_one,
    "an account's guesses have a limit over all codes": scenarios.guesses_at_two_codes,
    "of two choices of factors one counts": scenarios.two_choices,
    "of two choices of factors one counts, from one session": scenarios.two_choices_from_one_session,
    "no password alone lets in once a factor was chosen": scenarios.login_during_choice,
    "a spent code is not sent again": scenarios.resending_during_answer,
    "a code is sent no more often than its limit": scenarios.two_resendings,
    "an account has no more sessions than its limit": scenarios.two_logins_at_the_limit,
    "what is renewed makes no room": scenarios.login_at_the_limit_during_rotation,
    "nobody makes room where there is some": scenarios.login_at_the_limit_during_logout,
    "of whole and of pending sessions each have their limit": scenarios.two_codes_at_the_limit,
    "one session goes on after a rotation and the password": scenarios.reauthentication_during_rotation,
    "one session goes on after a logout and the password": scenarios.reauthentication_during_logout,
    "one session goes on after a revocation and the password": scenarios.reauthentication_during_revocation,
    "none goes on after disabling and the password": scenarios.reauthentication_during_disabling,
    "one session goes on after the password was given twice": scenarios.two_reauthentications,
}

OF_THREE = {
    "a due token has one successor": scenarios.one_due_token_of_three,
    "an account's guesses have a limit over all sessions": scenarios.last_guesses_of_three,
    "an account has no more sessions than its limit": scenarios.three_logins_at_the_limit,
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


@pytest.mark.parametrize("scenario", OF_THREE.values(), ids=OF_THREE.keys())
def test_law_holds_for_three(scenario, explore):
    """The law holds for three at the same time."""
    assert explore(scenario).orders > 10


NEEDS_VERSIONS = [
    scenarios.reuse_during_rotation,
    scenarios.reuse_during_logout,
    scenarios.rotation_during_logout,
    scenarios.rotation_during_login_in_place,
    scenarios.rotation_of_nobody_during_login,
    scenarios.two_right_codes,
    scenarios.code_during_logout,
    scenarios.last_guesses,
    scenarios.guesses_at_two_codes,
    scenarios.two_choices,
    scenarios.two_resendings,
    scenarios.two_logins_at_the_limit,
    scenarios.login_at_the_limit_during_rotation,
    scenarios.two_reauthentications,
]

NEEDS_UNCHANGED = [
    scenarios.code_during_choice,
    scenarios.code_during_change,
]

NEEDS_WHOLE_COMMITS = [
    scenarios.rotation_during_change,
    scenarios.code_during_logout,
    scenarios.two_codes,
    scenarios.two_logins_in_place_of_nobody,
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


@pytest.mark.parametrize(
    "scenario", [*LAWS.values(), *OF_THREE.values()], ids=[*LAWS, *(f"{law}, of three" for law in OF_THREE)]
)
def test_scenario_is_sound(scenario):
    """One flow after the other, the law holds: what the search finds is due to the order of their calls."""
    play_in_turn(scenario)
