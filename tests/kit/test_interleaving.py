"""The search for orders: it misses none, tries none twice, finds what is planted.  Real flows are tested in flows/."""

import itertools
import re
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings, strategies as st

from authcore.entities import Grant, Role
from authcore.errors import Conflict
from authcore.ports import by_id, by_owner
from authcore.system import SystemEntropy
from authcore.testing import Crashed, Explored, FakeClock, Scenario, build_auth, interleavings, run_sync
from authcore.testing.stepping import Run
from tests.flows.broken_stores import BlindStore, TornStore, UnguardedStore

NOW = FakeClock().now()


def cell(name, value="", version=0):
    """A role stands for a cell of memory: its description is what the cell holds."""
    return Role(id=name, created_at=NOW, updated_at=NOW, description=value, permissions=(), version=version)


def value_of(auth, name):
    """What a cell holds now."""
    found = run_sync(auth.store.get(by_id(Role, name)))
    return "" if found is None else found.description


async def read(store, name):
    """The cell, or an empty one that was never stored."""
    return await store.get(by_id(Role, name)) or cell(name)


def writes(*names):
    """A flow of commits only, each of a fresh cell."""

    async def flow(auth):
        for name in names:
            await auth.store.commit([cell(name)])

    return flow


def reads(*names):
    """A flow of reads only."""

    async def flow(auth):
        return [await auth.store.get(by_id(Role, name)) for name in names]

    return flow


def appends(letter, name="x"):
    """A flow that adds a letter to a cell, again on conflict."""

    async def flow(auth):
        for _ in range(5):
            before = await read(auth.store, name)
            try:
                await auth.store.commit([replace(before, description=before.description + letter)])
            except Conflict:
                continue
            return letter
        raise AssertionError

    return flow


def nothing_to_check(outcomes, auth):
    """Every end is right."""


def world(check=nothing_to_check, /, store=None, **flows):
    """Scenarios of these flows, each on a fresh store of its own."""
    return lambda: Scenario(auth=build_auth(store=store and store()), flows=flows, check=check)


# --- how many orders there are ----------------------------------------------------------------------------------------


def test_two_commits_have_two_orders():
    """Two flows of one commit each go one way or the other."""
    assert interleavings(world(a=writes("x"), b=writes("y"))) == Explored(orders=2, steps=4)


@pytest.mark.parametrize(("first", "second", "orders"), [(1, 2, 3), (2, 2, 6), (3, 3, 20), (2, 5, 21)])
def test_commits_interleave_in_every_way(first, second, orders):
    """Flows of m and n commits have (m + n)! / m! n! orders."""
    flows = {"a": writes(*map(str, range(first))), "b": writes(*map(str, range(10, 10 + second)))}
    assert interleavings(world(**flows)).orders == orders


def test_three_flows_interleave():
    """Three flows of two commits each have 6! / 2!2!2! orders."""
    assert interleavings(world(a=writes("1", "2"), b=writes("3", "4"), c=writes("5", "6"))).orders == 90


def test_reads_are_merged():
    """Where one flow only reads, and the other one reads and then commits, all that counts is where the commit is."""

    async def reads_then_writes(auth):
        await reads("x", "y")(auth)
        await writes("x")(auth)

    assert interleavings(world(a=reads("x", "x", "x"), b=reads_then_writes)).orders == 4


def test_reads_of_something_else_are_merged():
    """A read by another id than what is committed can stand anywhere; the commits cannot."""

    async def reads_then_writes(auth):
        await reads("1", "2", "3")(auth)
        await writes("a")(auth)

    assert interleavings(world(a=reads_then_writes, b=writes("b", "c"))).orders == 3


def test_reads_of_a_set_are_not_merged():
    """A read by owner may see any commit of that kind: its place counts."""

    async def lists(auth):
        await auth.store.find(by_owner(Grant, "somebody"))

    async def grants(auth):
        await auth.store.commit([Grant(id="g", created_at=NOW, updated_at=NOW, account_id="else", role="r")])

    assert interleavings(world(a=lists, b=grants)).orders == 2


def test_three_readers_and_a_writer():
    """Three flows of one read each, and a commit: each read stands before or after it."""
    assert interleavings(world(a=reads("x"), b=reads("x"), c=reads("x"), d=writes("x"))).orders == 8


def test_retries_are_walked():
    """A flow that reads again after a conflict adds the orders of its second attempt."""
    ends = Counter()
    explored = interleavings(world(lambda _, auth: ends.update([value_of(auth, "x")]), a=appends("a"), b=appends("b")))
    assert (explored.orders, ends) == (4, {"ab": 2, "ba": 2})


# --- compared with brute force ----------------------------------------------------------------------------------------

PROGRAMS = st.lists(st.tuples(st.sampled_from("raw"), st.sampled_from("xy")), min_size=1, max_size=3)


def program(name, steps):
    """A flow of steps: read a cell, append to it by what was last read, or write it whatever was there."""

    async def flow(auth):
        seen, trace = {}, []
        for what, at in steps:
            if what == "r" or at not in seen:
                seen[at] = await read(auth.store, at)
                trace.append(seen[at].description)
            if what == "r":
                continue
            try:
                await auth.store.commit([replace(seen[at], description=seen[at].description + name)])
            except Conflict:
                trace.append("conflict")
        return tuple(trace)

    return flow


def end_of(outcomes, auth):
    """All that can be seen of a run when it is over."""
    return tuple(outcomes[name] for name in sorted(outcomes)), value_of(auth, "x"), value_of(auth, "y")


def every_run(flows, chosen=(), *, crashes=False):
    """Run flows in every order, with no thought of what commutes; the choices and the end of each run."""
    auth, run = build_auth(), Run()
    run.start(flows, auth, whole_callers=True)
    events = []
    for turn in chosen:
        move = run.moves(crashes=crashes)[turn]
        events.append((move.flow, str(move.call)))
        run.make(move)
    run.close()
    if not run.pending:
        yield events, end_of(run.outcomes, auth)
    for turn in range(len(run.moves(crashes=crashes))):
        yield from every_run(flows, (*chosen, turn), crashes=crashes)


def depends(one, two):
    """Whether the order of two calls can matter: both commit, or one commits the cell that the other one reads."""
    (how, what), (other_how, other_what) = ((call.split()[0], re.search(r"[xyz]\b", call)[0]) for call in (one, two))
    return {how, other_how} == {"commit"} or ("commit" in {how, other_how} and what == other_what)


def equivalence_class(events):
    """What equal runs have in common: of each two calls whose order can matter, which one was first."""
    counts, named = Counter(), []
    for name, call in events:
        counts[name] += 1
        named.append((name, counts[name], call))
    return frozenset((one[:2], two[:2]) for one, two in itertools.combinations(named, 2) if depends(one[2], two[2]))


@settings(max_examples=60)
@given(st.lists(PROGRAMS, min_size=2, max_size=2))
def test_nothing_is_missed_and_nothing_tried_twice(programs):
    """The search reaches exactly the ends that brute force reaches, by one run for each class of equal orders."""
    flows = {name: program(name, steps) for name, steps in zip("ab", programs, strict=False)}
    brute = list(every_run(flows))
    classes = {equivalence_class(events) for events, _ in brute}
    ends = Counter()
    searched = world(lambda outcomes, auth: ends.update([end_of(outcomes, auth)]), **flows)
    if len(classes) == 1:
        with pytest.raises(RuntimeError, match="only one order"):
            interleavings(searched)
    else:
        assert interleavings(searched).orders == len(classes)
        assert ends.keys() == {end for _, end in brute}


def test_three_programs_miss_nothing():
    """The same with three flows that read and write two cells."""
    flows = {"a": program("a", ["rx", "ay"]), "b": program("b", ["ax"]), "c": program("c", ["ry", "wx"])}
    brute, ends = list(every_run(flows)), set()
    explored = interleavings(world(lambda outcomes, auth: ends.add(end_of(outcomes, auth)), **flows))
    assert explored.orders == len({equivalence_class(events) for events, _ in brute}) < len(brute)
    assert ends == {end for _, end in brute}


@settings(max_examples=30)
@given(st.lists(PROGRAMS, min_size=2, max_size=2))
def test_no_crash_is_missed(programs):
    """With crashes, too, the search reaches exactly the ends that brute force reaches."""
    flows = {name: program(name, steps[:2]) for name, steps in zip("ab", programs, strict=True)}
    brute, ends = {end for _, end in every_run(flows, crashes=True)}, set()
    searched = world(lambda outcomes, auth: ends.add(end_of(outcomes, auth)), **flows)
    with suppress(RuntimeError):
        interleavings(searched, crashes=True)
        assert ends == brute


# --- what is planted is found -----------------------------------------------------------------------------------------


def both_letters(outcomes, auth):
    """No append was lost."""
    assert sorted(value_of(auth, "x")) == ["a", "b"]


def test_lost_update_is_found():
    """A store that ignores versions loses one of two appends, and the search finds the order."""
    with pytest.raises(AssertionError, match="after this order"):
        interleavings(world(both_letters, store=BlindStore, a=appends("a"), b=appends("b")))


def test_lost_update_is_not_found_where_there_is_none():
    """The same flows lose nothing on a store that keeps the law."""
    assert interleavings(world(both_letters, a=appends("a"), b=appends("b"))).orders == 4


def goes_off_duty(mine, other):
    """A flow that may leave only while the other one stays: it reads two cells and writes one."""

    async def flow(auth):
        me, them = await read(auth.store, mine), await read(auth.store, other)
        if them.description != "off":
            await auth.store.commit([replace(me, description="off")], [them])

    return flow


def on_call(store=None):
    """Two on duty, both of whom want to leave."""

    def build():
        auth = build_auth(store=store and store())
        run_sync(auth.store.commit([cell("a", "on"), cell("b", "on")]))
        flows = {"a": goes_off_duty("a", "b"), "b": goes_off_duty("b", "a")}
        return Scenario(auth=auth, flows=flows, check=somebody_stays)

    return build


def somebody_stays(outcomes, auth):
    """One of the two is on duty still."""
    assert "on" in {value_of(auth, "a"), value_of(auth, "b")}


def test_write_skew_is_found():
    """Without `unchanged`, two flows that read two cells and write one break what holds between them."""
    with pytest.raises(AssertionError):
        interleavings(on_call(UnguardedStore))


def test_write_skew_is_not_found_where_there_is_none():
    """With `unchanged`, they do not."""
    assert interleavings(on_call()).orders > 1


def test_torn_commit_is_found():
    """A store that keeps half of a refused commit is found out."""

    def pair(letter, *names):
        async def flow(auth):
            found = [await read(auth.store, name) for name in names]
            await auth.store.commit([replace(one, description=one.description + letter) for one in found])

        return flow

    def all_or_nothing(outcomes, auth):
        for letter, names in (("a", "xy"), ("b", "zy")):
            stored = [letter in value_of(auth, name) for name in names]
            assert stored == ([False] * 2 if isinstance(outcomes[letter], Conflict) else [True] * 2)

    flows = {"a": pair("a", "x", "y"), "b": pair("b", "z", "y")}
    assert interleavings(world(all_or_nothing, **flows)).orders > 1
    with pytest.raises(AssertionError):
        interleavings(world(all_or_nothing, store=TornStore, **flows))


def test_failure_names_the_order():
    """A failed check tells which flow did what, in order, what came of each, and what the check said."""

    def check(outcomes, auth):
        assert value_of(auth, "x") == "ab", "b came first"

    with pytest.raises(AssertionError) as failed:
        interleavings(world(check, a=appends("a"), b=appends("b")))
    message = str(failed.value)
    assert message.startswith("b came first")
    order = ["a: get Role id=x", "b: get Role id=x", "b: commit Role x@0; unchanged: nothing"]
    positions = [message.index(line) for line in order]
    assert positions == sorted(positions)
    assert "Conflict" not in message.split("which ended as:")[1]
    assert isinstance(failed.value.__cause__, AssertionError)


def test_exceptions_are_outcomes():
    """What a flow raises is handed to the check."""

    async def fails(auth):
        await writes("x")(auth)
        raise LookupError

    def check(outcomes, auth):
        assert isinstance(outcomes["a"], LookupError | Conflict)

    assert interleavings(world(check, a=fails, b=writes("x"))).orders == 2


def test_check_that_cannot_run_fails():
    """A check that raises anything at all is a failed one."""
    with pytest.raises(AssertionError) as failed:
        interleavings(world(lambda outcomes, _: outcomes["c"], a=writes("x"), b=writes("y")))
    assert isinstance(failed.value.__cause__, KeyError)


# --- scenarios that show nothing --------------------------------------------------------------------------------------


def test_single_order_is_refused():
    """Flows that only read cannot race: such a test would show nothing."""
    with pytest.raises(RuntimeError, match="only one order"):
        interleavings(world(a=reads("x"), b=reads("x")))


def test_flows_that_commute_are_named_so():
    """Flows that never meet have one order, and crashes all the same; but only where that is what was claimed."""
    commuting = interleavings(world(a=reads("x"), b=reads("x", "y")), commuting=True, crashes=True)
    assert (commuting.orders, commuting.crashes) == (1, 3)
    with pytest.raises(RuntimeError, match="do not commute: they have 2 orders"):
        interleavings(world(a=reads("x"), b=writes("x")), commuting=True)


def test_limit_is_an_error():
    """Orders beyond the limit are never left out in silence."""
    flows = {"a": writes("1", "2"), "b": writes("3", "4")}
    assert interleavings(world(**flows), limit=6).orders == 6
    with pytest.raises(RuntimeError, match="more than 5 runs"):
        interleavings(world(**flows), limit=5)


def test_chance_is_reported():
    """A scenario that does something else when it is run again is refused."""

    def build():
        auth = build_auth(entropy=SystemEntropy())
        chance = auth.entropy.token_bytes(8).hex()
        flows = {"a": writes(chance), "b": writes("y")}
        return Scenario(auth=auth, flows=flows, check=nothing_to_check)

    with pytest.raises(RuntimeError, match="something else"):
        interleavings(build)


def test_shared_memory_is_reported():
    """Worlds that share something are found out: no run may depend on the one before."""
    turns = []

    async def impatient(auth):
        turns.append(1)
        await writes(f"x{len(turns)}")(auth)

    with pytest.raises(RuntimeError, match="something else"):
        interleavings(world(a=impatient, b=writes("y")))


def test_foreign_waiting_is_reported():
    """A flow that waits for something else would never be woken: that is told, not hung on."""

    class Never:
        def __await__(self):
            yield "for ever"

    async def waits(auth):
        await writes("x")(auth)
        await Never()

    with pytest.raises(RuntimeError, match="b waits for something else"):
        interleavings(world(a=writes("y"), b=waits))


def test_endless_flow_is_reported():
    """A flow that never comes to an end is told, too."""

    async def spins(auth):
        while True:
            await auth.store.get(by_id(Role, "x"))

    with pytest.raises(RuntimeError, match="still go on"):
        interleavings(world(a=spins, b=writes("x")))


def test_nothing_is_left_open():
    """Whatever happens, every flow is closed: no coroutine is left for the garbage collector to complain about."""
    closed = []

    async def careful(auth):
        try:
            await writes("x", "y")(auth)
        finally:
            closed.append(True)

    with pytest.raises(AssertionError):
        interleavings(world(lambda outcomes, _: outcomes["nobody"], a=careful, b=careful))
    assert len(closed) == 2


# --- crashes ----------------------------------------------------------------------------------------------------------


def test_crash_at_each_pause():
    """A flow is closed before each of its calls, and after each of its commits, in every order of what is left."""
    ends = Counter()

    def check(outcomes, auth):
        crashed = [f"{name}: {end}" for name, end in outcomes.items() if isinstance(end, Crashed)]
        ends.update(crashed)
        assert len(crashed) <= 1

    async def reads_and_writes(auth):
        await reads("x")(auth)
        await writes("y")(auth)

    explored = interleavings(world(check, a=reads_and_writes, b=writes("x")), crashes=True)
    commit = "commit Role {}@0; unchanged: nothing".format
    assert ends == {
        "a: crashed before get Role id=x": 1,
        f"a: crashed before {commit('y')}": 2,
        f"a: crashed after {commit('y')}": 3,
        f"b: crashed before {commit('x')}": 1,
        f"b: crashed after {commit('x')}": 3,
    }
    assert explored.orders == 3
    assert explored.crashes == ends.total()


def test_crash_before_a_commit_leaves_nothing():
    """What a flow was about to write when it crashed is not there; what it had written and not learned of is."""

    def check(outcomes, auth):
        for name, cell_name in (("a", "x"), ("b", "y")):
            end = outcomes[name]
            is_there = run_sync(auth.store.get(by_id(Role, cell_name))) is not None
            assert is_there == (not isinstance(end, Crashed) or end.after_commit)

    assert interleavings(world(check, a=writes("x"), b=writes("y")), crashes=True).crashes == 6


def test_bug_that_needs_a_crash_is_found():
    """A sum that is taken from one cell and put into another one by two commits is lost by a crash in between."""

    async def moves(auth):
        for name, value in (("x", "0"), ("y", "1")):
            await auth.store.commit([replace(await read(auth.store, name), description=value)])

    def build():
        auth = build_auth()
        run_sync(auth.store.commit([cell("x", "1"), cell("y", "0")]))
        flows = {"a": moves, "b": reads("x", "y")}
        return Scenario(auth=auth, flows=flows, check=lambda _, auth: exactly_one(auth))

    def exactly_one(auth):
        assert [value_of(auth, "x"), value_of(auth, "y")] in (["1", "0"], ["0", "1"])

    assert interleavings(build).orders > 1
    with pytest.raises(AssertionError, match="crashed"):
        interleavings(build, crashes=True)


def test_crash_is_no_exception_that_a_flow_may_catch():
    """A crashed flow goes through its `finally`, and through no `except Exception`."""
    seen = Counter()

    async def careful(auth):
        try:
            await writes("x")(auth)
        except Exception:
            seen["except"] += 1
            raise
        finally:
            seen["finally"] += 1

    assert interleavings(world(a=careful, b=writes("y")), crashes=True).crashes
    assert seen.keys() == {"finally"}


# --- what flows are given ---------------------------------------------------------------------------------------------


def test_flows_draw_their_own_randomness():
    """What one flow draws does not depend on when the others draw."""
    drawn = set()

    async def draws(auth):
        await writes("x" + auth.entropy.token_bytes(4).hex())(auth)
        return auth.entropy.token_bytes(4)

    interleavings(world(lambda outcomes, _: drawn.add(tuple(outcomes.items())), a=draws, b=draws))
    assert len(drawn) == 1
    assert len(set(dict(*drawn).values())) == 2


def test_flows_have_their_own_time():
    """When one flow sleeps, the others are no later for it, and nor is the check."""
    ends = set()

    async def sleeps(auth):
        await writes("x")(auth)
        await auth.clock.sleep(1)
        return auth.clock.now() - NOW

    async def looks(auth):
        await writes("y")(auth)
        return auth.clock.now() - NOW

    def check(outcomes, auth):
        ends.add((outcomes["a"], outcomes["b"], auth.clock.now() - NOW))

    interleavings(world(check, a=sleeps, b=looks))
    assert ends == {(timedelta(seconds=1), timedelta(0), timedelta(0))}


def test_caller_is_one_call_or_several():
    """`caller` is one call of the store, or, if a scenario says so, those of its default."""

    async def calls(auth):
        return await auth.store.caller("nobody")

    def steps(*, whole):
        flows = {"a": calls, "b": writes("x", "y"), "c": writes("z")}
        return interleavings(
            lambda: Scenario(auth=build_auth(), flows=flows, check=nothing_to_check, whole_callers=whole)
        ).orders

    # As one call it may see any commit; its first step is known to see sessions only.
    assert steps(whole=True) == 12
    assert steps(whole=False) == 3


def test_explored_says_it_in_one_line():
    """What was walked can be printed."""
    assert str(Explored(orders=2, crashes=3, steps=40)) == "2 orders and 3 crashes, in 40 calls of the store"


def test_kit_needs_no_pytest():
    """The kit can be imported where pytest and hypothesis are not installed."""
    unwanted = {"pytest", "_pytest", "hypothesis", "asyncio"}
    code = f"import sys, authcore.testing; print(sorted({unwanted} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "[]"
