"""Every two flows that touch one account or one identifier, in every order; and with a crash at every point.

The flows are a table in `rows`, what is there when they begin in `furnished`; the laws, which know nothing of any flow,
are in `laws`.  Crashes are tried where one flow writes what the other one reads or writes: elsewhere a crash is that of
a flow alone, and each flow meets itself.  Where a caller is read in several steps they are not tried once more, because
a flow that crashes while it reads leaves nothing behind.
"""

import itertools
from collections import defaultdict
from functools import partial

import pytest

from authcore import challenges, lifecycle, sessions
from authcore.errors import AuthError
from authcore.testing import interleavings
from tests.flows import laws
from tests.flows.broken_stores import BlindStore, TornStore, UnguardedStore
from tests.flows.laws import LAWS
from tests.flows.meetings import PAIRS, PAIRS_IN_STEPS, commute, flows_of, meet, meeting
from tests.flows.rows import FLOWS
from tests.flows.turns import in_turn


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if meet(pair)], ids=" x ".join)
def test_laws_hold_wherever_two_flows_meet(pair, explore):
    """Whatever two flows meet, every law holds whoever is first, and whoever crashes."""
    explored = explore(partial(meeting, pair, LAWS), crashes=True, commuting=commute(pair))
    assert explored.crashes > explored.orders


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if not meet(pair)], ids=" x ".join)
def test_laws_hold_where_flows_pass_each_other(pair, explore):
    """Where neither writes what the other one looks at, every law holds in every order as well."""
    explore(partial(meeting, pair, LAWS), commuting=commute(pair))


@pytest.mark.parametrize("pair", PAIRS_IN_STEPS, ids=" x ".join)
def test_laws_hold_where_a_caller_is_read_in_steps(pair, explore):
    """The laws hold as well on a store that reads who is calling by several calls, with others in between."""
    explore(partial(meeting, pair, LAWS, whole_callers=False))


def test_every_end_in_the_table_is_met():
    """Each flow ends in each way that the table knows, and in no other, where another one has gone before it."""
    met = defaultdict(set)
    for pair in PAIRS:
        for turns in itertools.permutations(flows_of(pair)):
            answers, _ = in_turn(pair, turns)
            for name, flow in flows_of(pair).items():
                met[id(flow)].add(answers[name])
    for name, flow in FLOWS.items():
        ends = {end.code if issubclass(end, AuthError) else end.__name__ for end in flow.ends}
        assert met[id(flow)] == ({"True", "False"} | ends - {"bool"} if "bool" in ends else ends), name


@pytest.mark.parametrize("name", [name for name, flow in FLOWS.items() if flow.instead])
def test_every_refusal_in_between_is_met(name):
    """What a flow may be refused for in between, it is refused for in some order, and so by no single snapshot."""
    met = set()

    def look(after):
        met.update(type(after.outcomes[each]) for each, flow in flows_of(after.pair).items() if flow is FLOWS[name])

    for pair in PAIRS:
        if name in pair and meet(pair) and not met.issuperset(FLOWS[name].instead):
            interleavings(partial(meeting, pair, [look]), commuting=commute(pair))
    assert met.issuperset(FLOWS[name].instead)


# --- laws that can be broken ------------------------------------------------------------------------------------------

CAUGHT_ON_A_STORE = {
    laws.each_ends_as_the_table_says: (TornStore, ("request two-step", "request two-step")),
    laws.it_is_as_if_one_came_after_the_other: (UnguardedStore, ("log in", "change password")),
    laws.claims_and_display_copies_agree: (BlindStore, ("register", "verify")),
    laws.addresses_are_proven_by_codes: (BlindStore, ("register", "verify")),
    laws.identities_are_told: (BlindStore, ("link", "link to another")),
    laws.epochs_are_told: (BlindStore, ("change password", "change password elsewhere")),
    laws.states_are_told: (BlindStore, ("disable", "disable")),
    laws.one_password_opens: (TornStore, ("change password", "log out")),
    laws.sessions_are_told: (BlindStore, ("log out", "log out")),
    laws.tokens_follow_one_another: (BlindStore, ("identify", "revoke")),
    laws.challenges_are_told: (TornStore, ("request another code", "request another code")),
    laws.guesses_are_counted: (BlindStore, ("verify", "verify wrongly")),
    laws.failures_are_counted: (BlindStore, ("verify wrongly", "verify wrongly")),
    laws.messages_have_a_reason: (TornStore, ("request two-step", "request two-step")),
    laws.roles_are_told: (BlindStore, ("withdraw", "withdraw")),
}


def _passes(*_, **__):
    return None


def _same(account, _):
    return account


CAUGHT_BY_A_RULE = {
    laws.sessions_end_once: (sessions, "validate", _passes, ("log out", "log out")),
    laws.pending_sessions_stay_pending: (sessions, "gate", _passes, ("choose a second factor", "log in")),
    laws.sessions_count_until_they_end: (sessions, "gate", _passes, ("authenticate", "change password elsewhere")),
    laws.logins_pass_the_gate: (sessions, "gate", _passes, ("log in", "disable")),
    laws.nothing_comes_back: (lifecycle, "raised", _same, ("authenticate", "disable")),
    laws.one_challenge_counts: (challenges, "outdated", _passes, ("request two-step", "request two-step")),
}


@pytest.mark.parametrize(("law", "planted"), CAUGHT_ON_A_STORE.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_law_is_broken_on_a_broken_store(law, planted):
    """Each law finds an order in which it does not hold, once the store breaks its own."""
    store, pair = planted
    with pytest.raises(AssertionError, match="after this order"):
        interleavings(partial(meeting, pair, [law], store=store))


@pytest.mark.parametrize(("law", "planted"), CAUGHT_BY_A_RULE.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_law_is_broken_without_a_rule(law, planted, monkeypatch):
    """A law that no store alone can break does not hold once a rule lets everything pass, or changes nothing."""
    module, rule, broken, pair = planted
    monkeypatch.setattr(module, rule, broken)
    with pytest.raises(AssertionError, match="after this order"):
        interleavings(partial(meeting, pair, [law]))


def test_no_law_is_only_claimed():
    """Every law is broken by one of the planted faults."""
    assert {*CAUGHT_ON_A_STORE, *CAUGHT_BY_A_RULE} == set(LAWS)
