"""Throttles: of passwords, exact against one account; of what a network shares; of messages; alike for strangers.

Captchas have theirs, in test_captchas.
"""

import itertools
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from authcore import Policy, Throttle
from authcore.auth import Issued
from authcore.entities import Attempt, AuditEvent, AuditKind, Device, MessageKind, Tally
from authcore.errors import CodeMismatch, Conflict, InvalidCredentials, PasswordMismatch, Throttled
from authcore.memory import MemoryStore
from authcore.testing import Scenario, build_auth
from tests.flows.broken_stores import BlindStore, everything
from tests.flows.people import (
    ADA,
    BOB,
    EVE,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    WatchedStore,
    change_password,
    code_to,
    do,
    holder,
    join,
    kept,
    log_in,
    refusal,
    verify,
    wrong,
)
from tests.flows.playing import expect_broken, play_in_turn
from tests.flows.scenarios import only

HERE, THERE = Device(network="192.0.2.7"), Device(network="2001:db8::7")
WINDOW = timedelta(minutes=10)


def with_limits(store=None, **limits):
    """A world with these limits, in which Ada has an account."""
    policy = Policy(**{name: Throttle(limit=limit, window=WINDOW) for name, limit in limits.items()})
    auth = build_auth(store=store or WatchedStore(), policy=policy, hasher=QuickHasher())
    join(auth, username="ada")
    auth.hasher.runs.clear()
    return auth


def attempt(auth, identifier=ADA, password=OTHER_PASSWORD, device=HERE):
    """How a login is refused; None if it succeeds."""
    return refusal(auth.log_in(identifier=identifier, password=password, device=device))


class TestAccounts:
    """Wrong passwords against one account."""

    def test_count_is_over_all_names_and_networks(self):
        """However an account is named, and wherever from, one count is kept; at its limit nothing is tried."""
        auth = with_limits(password_failures=3)
        tries = [(ADA, HERE), ("ada", THERE), ("Ada@EXAMPLE.org", HERE)]
        assert [type(attempt(auth, *tried[:1], device=tried[1])) for tried in tries] == [InvalidCredentials] * 3
        auth.hasher.runs.clear()
        before = everything(auth.store)
        for identifier, password in ((ADA, PASSWORD), ("ada", OTHER_PASSWORD)):
            told = attempt(auth, identifier, password)
            assert type(told) is Throttled
            assert told.retry_after == 600
        assert not auth.hasher.runs
        assert everything(auth.store) == before

    def test_stranger_is_treated_alike(self):
        """A name that nobody has is throttled after as many tries, in the same words, with the same rows and hashes."""
        seen = []
        for identifier in (ADA, BOB, "nobody", "+442079460958"):
            auth = with_limits(password_failures=2)
            auth.store.commits.clear()
            told = [attempt(auth, identifier) for _ in range(3)]
            shapes = [sorted(type(entity).__name__ for entity in writes) for writes in auth.store.commits]
            seen.append(([(type(each), dict(each.evidence)) for each in told], dict(auth.hasher.runs), shapes))
        assert seen[1:] == seen[:1] * 3

    def test_window_ends(self):
        """When the window is over that began with the first failure, passwords are tried again."""
        auth = with_limits(password_failures=2)
        attempt(auth)
        auth.clock.advance(WINDOW / 2)
        attempt(auth)
        assert attempt(auth, password=PASSWORD).retry_after == 300
        auth.clock.advance(WINDOW / 2)
        assert type(attempt(auth)) is InvalidCredentials
        assert attempt(auth, password=PASSWORD) is None

    def test_right_password_forgets_wrong_ones(self):
        """After the right password the count begins anew; a right code, or another success, changes nothing."""
        auth = with_limits(password_failures=3)
        session = log_in(auth)
        assert [type(attempt(auth)) for _ in range(2)] == [InvalidCredentials] * 2
        challenge = do(auth.request_two_step(token=session.token, purpose="pay"))
        code = code_to(auth)
        assert isinstance(
            refusal(
                auth.answer_two_step(token=session.token, challenge=challenge.token, purpose="pay", code=wrong(code))
            ),
            CodeMismatch,
        )
        do(auth.answer_two_step(token=session.token, challenge=challenge.token, purpose="pay", code=code))
        assert [each.failures for each in kept(auth, Tally)] == [2]
        assert attempt(auth, password=PASSWORD) is None
        assert [type(attempt(auth)) for _ in range(3)] == [InvalidCredentials] * 3

    def test_current_password_counts_as_well(self):
        """Who holds a session guesses at the password by the same count, wherever it is asked for."""
        auth = with_limits(password_failures=3)
        token = log_in(auth).token
        flows = [
            partial(auth.change_password, token=token, current=OTHER_PASSWORD, new=NEW_PASSWORD),
            partial(auth.change_second_factor, token=token, password=OTHER_PASSWORD, required=True),
        ]
        assert [type(refusal(flow())) for flow in flows] == [PasswordMismatch] * 2
        assert type(attempt(auth)) is InvalidCredentials
        auth.hasher.runs.clear()
        right = [
            partial(auth.change_password, token=token, current=PASSWORD, new=NEW_PASSWORD),
            partial(auth.change_second_factor, token=token, password=PASSWORD, required=True),
        ]
        assert [type(refusal(flow())) for flow in (*flows, *right)] == [Throttled] * 4
        assert not auth.hasher.runs

    def test_owner_stays_in(self):
        """Whoever uses up the guesses keeps nobody out who is in: open sessions go on, and are renewed."""
        auth = with_limits(password_failures=1)
        session = log_in(auth)
        assert [type(attempt(auth)) for _ in range(2)] == [InvalidCredentials, Throttled]
        auth.clock.advance(auth.policy.rotation)
        assert do(auth.identify(session.token)).renewed is not None

    def test_changed_password_begins_anew(self):
        """A password that was changed is guessed at from the start."""
        auth = with_limits(password_failures=2)
        session = log_in(auth)
        attempt(auth)
        do(auth.change_password(token=session.token, current=PASSWORD, new=NEW_PASSWORD))
        assert [each.failures for each in kept(auth, Tally)] == [0]


class TestNetworks:
    """What many strangers share."""

    def test_logins_of_one_network(self):
        """Right or wrong, one network tries so many passwords in a window, whosever; others are not concerned."""
        auth = with_limits(logins_per_network=3)
        assert [attempt(auth, password=PASSWORD), type(attempt(auth, BOB)), attempt(auth, "ada", PASSWORD)] == [
            None,
            InvalidCredentials,
            None,
        ]
        auth.hasher.runs.clear()
        told = attempt(auth, password=PASSWORD)
        assert (type(told), told.retry_after, dict(auth.hasher.runs)) == (Throttled, 600, {})
        assert attempt(auth, password=PASSWORD, device=THERE) is None
        auth.clock.advance(WINDOW)
        assert attempt(auth, password=PASSWORD) is None

    def test_registrations_of_one_network(self):
        """Registrations, and further codes, are counted together; a refused one costs no hash and no message."""
        auth = with_limits(registrations_per_network=3)
        registered = do(auth.register(email=BOB, password=PASSWORD, device=HERE))
        other = do(auth.request_verification(challenge=registered.token, device=HERE))
        do(auth.register(email=ADA, password=PASSWORD, device=HERE))
        auth.hasher.runs.clear()
        before = everything(auth.store)
        for flow in (
            auth.register(email=EVE, password=PASSWORD, device=HERE),
            auth.request_verification(challenge=other.token, device=HERE),
        ):
            assert type(refusal(flow)) is Throttled
        assert (dict(auth.hasher.runs), everything(auth.store)) == ({}, before)
        assert verify(auth, other, code_to(auth, BOB)).email == BOB

    def test_scanning_for_usernames_is_counted(self):
        """Who asks for one username after the other, to see which are taken, is throttled like everybody."""
        auth = with_limits(registrations_per_network=2)
        told = [
            refusal(auth.register(email=f"{n}@example.org", password=PASSWORD, username="ada", device=HERE))
            for n in "abc"
        ]
        assert type(told[-1]) is Throttled

    def test_knocking_at_a_dead_challenge_leaves_nothing(self):
        """Asking for another code where there is nothing to prove any more is not counted, and stores nothing."""
        auth = with_limits()
        registered = do(auth.register(email=BOB, password=PASSWORD))
        verify(auth, registered, code_to(auth, BOB))
        before = everything(auth.store)
        assert refusal(auth.request_verification(challenge=registered.token)) is not None
        assert everything(auth.store) == before

    def test_neighbours_do_not_wait_for_each_other(self):
        """The attempts of others are read without being held against a login's own commit."""
        auth = with_limits()
        attempt(auth, BOB)
        auth.store.commits.clear()
        log_in(auth)
        assert len(auth.store.commits) == 1
        assert sum(isinstance(each, Attempt) for each in auth.store.commits[0]) == 1


STRANGERS_ASK = ("register", "register a taken address", "request verification", "recover", "recover nobody")
MEMBERS_ASK = ("request two-step", "request second factor", "change address", "resend")


class TestMessages:
    """Messages that somebody causes by asking for a code: all of them together, and those to one address."""

    @pytest.fixture
    def asking(self):
        """A world in which Ada has a session, a pending one and a challenge, Bob has registered; and ways to ask."""

        def furnish(**limits):
            auth = with_limits(**limits)
            session, challenge = log_in(auth), do(auth.register(email=BOB, password=PASSWORD))
            pending = log_in(replace(auth, policy=replace(auth.policy, second_factor=True)))
            for _ in range(2):
                pay = do(auth.request_two_step(token=session.token, purpose="pay"))
            auth.hasher.runs.clear()
            return auth, {
                "register": partial(auth.register, email=EVE, password=PASSWORD),
                "register a taken address": partial(auth.register, email=ADA, password=PASSWORD),
                "request verification": partial(auth.request_verification, challenge=challenge.token),
                "recover": partial(auth.request_recovery, identifier=ADA),
                "recover nobody": partial(auth.request_recovery, identifier="nobody@example.org"),
                "resend": partial(auth.resend_code, pay.token),
                "change address": partial(
                    auth.request_address_change, token=session.token, password=PASSWORD, email="new@example.org"
                ),
                "request two-step": partial(auth.request_two_step, token=session.token, purpose="leave"),
                "request second factor": partial(auth.request_second_factor, pending.token),
            }

        return furnish

    def test_full_count_refuses_every_way_of_asking(self, asking):
        """Once so many messages were caused, whoever asks for one is told when to come again; it costs no hash."""
        auth, ways = asking(messages_overall=2)
        before = everything(auth.store)
        told = {name: refusal(ask()) for name, ask in ways.items()}
        assert {name: (type(each), each.retry_after) for name, each in told.items()} == dict.fromkeys(
            ways, (Throttled, 600)
        )
        assert (dict(auth.hasher.runs), everything(auth.store)) == ({}, before)
        auth.clock.advance(WINDOW)
        assert refusal(ways["register"]()) is None

    @pytest.mark.parametrize(("one", "other"), [*itertools.permutations(STRANGERS_ASK, 2)])
    def test_strangers_are_counted_together(self, asking, one, other):
        """Each code that anybody can ask for is one message of the same count, sent or not: a decoy is one as well."""
        _, ways = asking(messages_overall=3)
        assert refusal(ways[one]()) is None
        assert type(refusal(ways[other]())) is Throttled
        assert [refusal(ways[way]()) for way in MEMBERS_ASK[:1]] == [None]

    @pytest.mark.parametrize(("one", "other"), [*itertools.permutations(MEMBERS_ASK, 2)])
    def test_members_are_counted_apart(self, asking, one, other):
        """What needs a session is counted together, and apart: no stranger uses up what a member needs to get in."""
        _, ways = asking(messages_overall=3)
        assert refusal(ways[one]()) is None
        assert type(refusal(ways[other]())) is Throttled
        assert [refusal(ways[way]()) for way in STRANGERS_ASK[:1]] == [None]

    def test_what_sends_nothing_is_not_counted(self, asking):
        """Knocking at a challenge that is over uses up nobody's messages."""
        auth, ways = asking(messages_overall=3)
        do(auth.revoke_sessions(holder(auth, f"email:{BOB}").id))
        assert [refusal(ways["request verification"]()).code for _ in range(3)] == ["challenge_ended"] * 3
        assert refusal(ways["register"]()) is None

    def test_notices_are_always_sent(self, asking):
        """At the limit the owner is told of a new password all the same."""
        auth, _ = asking(messages_overall=2)
        do(auth.deliver_due())
        auth.courier.letters.clear()
        change_password(auth, log_in(auth))
        do(auth.deliver_due())
        assert [letter.kind for letter in auth.courier.letters] == [MessageKind.PASSWORD_CHANGED]

    @pytest.mark.parametrize("address", [ADA, BOB])
    def test_one_address_gets_so_many(self, address):
        """Whoever registers one address again and again is stopped, be it taken or not; other addresses go on."""
        auth = with_limits(codes_per_address=3)
        auth.clock.advance(WINDOW)
        told = [refusal(auth.register(email=address, password=OTHER_PASSWORD)) for _ in range(4)]
        assert told[:3] == [None] * 3
        assert (type(told[3]), told[3].retry_after) == (Throttled, 600)
        assert refusal(auth.register(email=EVE, password=PASSWORD)) is None
        auth.clock.advance(WINDOW)
        assert refusal(auth.register(email=address, password=OTHER_PASSWORD)) is None

    def test_proof_leaves_the_count_alone(self):
        """The count of an address goes on when it is proven, so that nobody sees by it that it was."""
        auth = with_limits(codes_per_address=3)
        verify(auth, do(auth.register(email=BOB, password=PASSWORD)), code_to(auth, BOB))
        told = [refusal(auth.register(email=BOB, password=OTHER_PASSWORD)) for _ in range(3)]
        assert [type(each) for each in told] == [type(None), type(None), Throttled]

    def test_spelling_makes_no_count_of_its_own(self):
        """An address is the same address in every spelling."""
        auth = with_limits(codes_per_address=2)
        spelt = [f"{address}@example.org" for address in ("bob", "BOB", "Bob")]
        told = [refusal(auth.register(email=each, password=OTHER_PASSWORD)) for each in spelt]
        assert [type(each) for each in told] == [type(None), type(None), Throttled]

    def test_strangers_use_up_nobodys_second_factor(self, asking):
        """What a stranger can have sent is counted apart from what needs a session or the password."""
        auth, ways = asking(codes_per_address=3)
        auth.clock.advance(WINDOW)
        told = [refusal(ways["register a taken address"]()) for _ in range(4)]
        assert type(told[3]) is Throttled
        assert [refusal(ways[way]()) for way in ("request second factor", "request two-step")] == [None, None]

    def test_purposes_are_no_way_around(self, asking):
        """Whoever holds a session has so many codes sent, whatever he calls them; the second factor is another."""
        auth, ways = asking(codes_per_address=3)
        auth.clock.advance(WINDOW)
        token = log_in(auth).token
        told = [refusal(auth.request_two_step(token=token, purpose=f"purpose-{n}")) for n in range(4)]
        assert [type(each) for each in told] == [type(None)] * 3 + [Throttled]
        assert refusal(ways["request second factor"]()) is None

    def test_counts_hold_no_address(self, asking):
        """What is counted for an address does not tell it."""
        auth, _ = asking()
        assert len(kept(auth, Attempt)) > 3
        assert not [each for each in kept(auth, Attempt) if "example" in each.subject + each.id]

    @pytest.mark.parametrize("way", ["register", "request second factor", "request two-step"])
    def test_nobody_waits_for_what_all_share(self, asking, way):
        """The counts that others share are read without being held against anybody's commit."""
        auth, ways = asking(messages_overall=2, codes_per_address=2, registrations_per_network=2)
        auth.clock.advance(WINDOW)
        original = auth.store.find

        async def find(key):
            found = await original(key)
            if key.kind is Attempt:
                await auth.store.commit(found)
            return found

        auth.store.find = find
        auth.store.commits.clear()
        assert refusal(ways[way]()) is None
        touched = [writes for writes in auth.store.commits if all(isinstance(each, Attempt) for each in writes)]
        assert len(auth.store.commits) == len(touched) + 1
        assert [writes for writes in touched if writes] != []


# --- at the same time -------------------------------------------------------------------------------------------------


def guesses(store=MemoryStore, *, passwords, before):
    """Some logins at the same time, after some wrong ones, with three wrong ones allowed."""
    auth = with_limits(store(), password_failures=3)
    for _ in range(before):
        attempt(auth)
    flows = {
        name: lambda auth, given=given: auth.log_in(identifier=ADA, password=given) for name, given in passwords.items()
    }

    def check(outcomes, auth):
        only(outcomes, Issued, InvalidCredentials, Throttled)
        told = list(outcomes.values())
        entered = any(event.kind is AuditKind.LOGGED_IN for event in kept(auth, AuditEvent))
        judged = sum(isinstance(each, InvalidCredentials) for each in told)
        (tally,) = kept(auth, Tally) or [None]
        failures = 0 if tally is None else tally.failures
        assert failures <= 3
        assert entered or before + judged <= failures

    return Scenario(auth=auth, flows=flows, check=check)


def counting(store):
    """Return the list into which a store puts each race that is lost on it."""
    lost, original = [], store.commit

    async def commit(writes, unchanged=()):
        try:
            await original(writes, unchanged)
        except Conflict:
            lost.append(writes)
            raise

    store.commit = commit
    return lost


def neighbours(store=MemoryStore, *, flows):
    """Different people behind one address, at the same time."""
    auth = build_auth(store=store(), hasher=QuickHasher())
    for address in (ADA, BOB):
        join(auth, address)
    lost = counting(auth.store)

    def check(outcomes, auth):
        only(outcomes, Issued)
        assert lost == []

    return Scenario(auth=auth, flows=flows, check=check)


def _logging_in(address):
    return lambda auth: auth.log_in(identifier=address, password=PASSWORD, device=HERE)


def _registering(address):
    return lambda auth: auth.register(email=address, password=PASSWORD, device=HERE)


LAWS = {
    "neighbours log in without waiting for each other": partial(
        neighbours, flows={address: _logging_in(address) for address in (ADA, BOB)}
    ),
    "neighbours register without waiting for each other": partial(
        neighbours, flows={address: _registering(address) for address in (EVE, "new@example.org")}
    ),
    "two wrong passwords are both counted": partial(
        guesses, passwords={"a": OTHER_PASSWORD, "b": OTHER_PASSWORD}, before=0
    ),
    "the limit of wrong passwords holds": partial(
        guesses, passwords={"a": OTHER_PASSWORD, "b": OTHER_PASSWORD}, before=2
    ),
    "a right password counts within the limit only": partial(
        guesses, passwords={"a": OTHER_PASSWORD, "b": PASSWORD}, before=2
    ),
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


@pytest.mark.parametrize("law", ["two wrong passwords are both counted", "the limit of wrong passwords holds"])
def test_law_is_broken_by_a_broken_store(law):
    """The same search finds an order in which the law does not hold, once the store breaks its own."""
    expect_broken(LAWS[law], BlindStore)


async def test_many_neighbours_lose_no_race():
    """Fifty people behind one address who log in at the same moment are all let in at once, in one commit each."""
    auth = build_auth(hasher=QuickHasher())
    names = [f"person-{number}@example.org" for number in range(50)]
    for name in names:
        join(auth, name)
    lost = counting(auth.store)
    reached, original = [], auth.store.commit

    async def commit(writes, unchanged=()):
        reached.append(len(writes))
        while len(reached) < len(names):  # nobody has committed before everybody has read
            await checkpoint()
        await original(writes, unchanged)

    auth.store.commit = commit
    async with create_task_group() as group:
        for name in names:
            group.start_soon(partial(auth.log_in, identifier=name, password=PASSWORD, device=HERE))
    assert (lost, len(reached)) == ([], len(names))


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS)
def test_scenario_is_sound(scenario):
    """One flow after the other, the law holds: what the search finds is due to the order of their calls."""
    play_in_turn(scenario)
