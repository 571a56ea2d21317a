"""Costly work in threads, and waiting, under an event loop; delivery in the background has a file of its own."""

import asyncio
import os
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from authcore.captcha_settings import CaptchaSettings
from authcore.errors import ConfigurationError, Overloaded
from authcore.hashing import Argon2Hasher
from authcore.offload import Background, BoundedPool, LoopClock, on_event_loop, pool, threads_for
from authcore.rendering import Rendering
from authcore.system import SystemClock, inline
from authcore.testing import FakeClock, build_auth

EMAIL = "ada@example.org"
PASSWORD = "a loom that weaves algebra"


class Gate:
    """Work that stands still until it is let go."""

    def __init__(self):
        """Begin closed."""
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self):
        """Say that it has begun, and wait."""
        self.begun.set()
        assert self.open.wait(20)
        return threading.get_ident()


async def until(condition):
    """Wait until something holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  what is waited for sets no event
            await asyncio.sleep(0.001)


# --- the pool -------------------------------------------------------------------------------------------------------


async def test_results_pass():
    """The result of the work comes back."""
    assert await BoundedPool()(lambda: 42) == 42


@pytest.mark.parametrize("error", [LookupError("lost"), Overloaded("full")], ids=["any", "ours"])
async def test_exceptions_pass(error):
    """What the work raises is raised to whoever waits for it."""

    def fail():
        raise error

    with pytest.raises(type(error)) as raised:
        await BoundedPool()(fail)
    assert raised.value is error


async def test_work_runs_in_another_thread():
    """The loop goes on while the work runs, because it runs elsewhere."""
    gate, pool = Gate(), BoundedPool(threads=1)
    task = asyncio.create_task(pool(gate))
    await until(gate.begun.is_set)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    gate.open.set()
    assert await task != threading.get_ident()


async def test_beyond_its_bound_it_refuses():
    """One more than running and waiting together is refused, at once, and later taken again."""
    gate, pool = Gate(), BoundedPool(threads=1, waiting=2)
    tasks = [asyncio.create_task(pool(gate)) for _ in range(3)]
    await until(gate.begun.is_set)
    for _ in range(3):
        with pytest.raises(Overloaded):
            await pool(gate)
    gate.open.set()
    assert len(await asyncio.gather(*tasks)) == 3
    assert await pool(lambda: "again") == "again"


async def test_no_more_threads_than_said():
    """As much runs at once as there are threads, and not more."""
    gates, pool = [Gate() for _ in range(4)], BoundedPool(threads=2, waiting=2)
    tasks = [asyncio.create_task(pool(gate)) for gate in gates]
    await until(lambda: gates[0].begun.is_set() and gates[1].begun.is_set())
    assert [gate.begun.is_set() for gate in gates] == [True, True, False, False]
    for gate in gates:
        gate.open.set()
    assert len(set(await asyncio.gather(*tasks))) <= 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a thread a priority of its own")
async def test_work_gives_way_to_the_loop():
    """Threads of a pool have a lower priority than the loop, which keeps its own."""

    def niceness():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = niceness()
    assert await BoundedPool()(niceness) > before
    assert niceness() == before


async def test_work_runs_where_priorities_are_fixed(monkeypatch):
    """Where the system lets nobody change a priority, work runs at the one that there is."""

    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbidden, raising=False)
    assert await BoundedPool()(lambda: 42) == 42


async def test_failed_work_gives_its_room_back():
    """Work that raises leaves room for the next."""
    pool = BoundedPool(threads=1, waiting=0)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            await pool(lambda: 1 / 0)
    assert await pool(lambda: 1) == 1


async def test_work_that_no_thread_takes_takes_no_room(monkeypatch):
    """Where the system has no thread to give, the next work has room all the same, once there is one."""
    pool = BoundedPool(threads=1, waiting=0)

    def exhausted(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as context:
        context.setattr(threading.Thread, "start", exhausted)
        for _ in range(3):
            with pytest.raises(RuntimeError, match="thread"):
                await pool(lambda: "lost")
    assert await pool(lambda: "taken") == "taken"


async def test_cancelled_waiting_gives_its_room_back():
    """Whoever gives up while work waits for a thread leaves room, and the work is never begun."""
    gate, never, pool = Gate(), Gate(), BoundedPool(threads=1, waiting=1)
    running = asyncio.create_task(pool(gate))
    await until(gate.begun.is_set)
    for _ in range(5):
        waiting = asyncio.create_task(pool(never))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    last = asyncio.create_task(pool(lambda: "last"))
    gate.open.set()
    await running
    assert (await last, never.begun.is_set()) == ("last", False)


async def test_cancelled_running_keeps_its_room_until_it_ends():
    """Work that has begun is not stopped by whoever gives up, and holds its room, like its memory, until its end."""
    gate, pool = Gate(), BoundedPool(threads=1, waiting=0)
    task = asyncio.create_task(pool(gate))
    await until(gate.begun.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(Overloaded):
        await pool(lambda: 1)
    gate.open.set()

    taken = None
    async with asyncio.timeout(20):
        while taken is None:
            with suppress(Overloaded):
                taken = await pool(lambda: "taken")
            await asyncio.sleep(0)
    assert taken == "taken"


def test_pool_outlives_its_loop():
    """A pool belongs to no loop: a second one uses it like the first."""
    pool = BoundedPool(threads=1, waiting=0)
    for number in range(3):
        assert asyncio.run(_call(pool, number)) == number


async def _call(pool, number):
    return await pool(lambda: number)


def test_pool_costs_nothing_before_its_first_work():
    """Threads are started when the first work comes."""
    before = set(threading.enumerate())
    BoundedPool()
    assert set(threading.enumerate()) <= before


# --- how large it is ------------------------------------------------------------------------------------------------

MIB = 2**20


@pytest.mark.parametrize(
    ("cores", "memory", "processes", "threads"),
    [
        (1, 8192, 1, 1),
        (2, 8192, 1, 2),
        (64, 8192, 1, 4),
        (4, 1024, 1, 4),
        (4, 1023, 1, 3),
        (4, 512, 1, 2),
        (4, 511, 1, 1),
        (4, 64, 1, 1),
        (4, None, 1, 4),
        (64, None, 1, 4),
        (4, None, 8, 1),
        (16, 8192, 8, 2),
        (16, 8192, 4, 4),
        (16, 2048, 8, 1),
    ],
)
def test_pool_is_sized_from_cores_and_memory(cores, memory, processes, threads):
    """As many hashes of 64 MiB run as there are cores, up to 4, in a quarter of the memory; one always may."""
    size = memory and memory * MIB
    assert threads_for(memory_each=64 * MIB, cores=cores, memory=size, processes=processes) == threads


@given(st.integers(1, 2**33), st.integers(1, 9), st.none() | st.floats(0.5, 99), st.integers(1, 4))
def test_no_pool_outgrows_its_share(each, cores, fits, processes):
    """Whatever the machine, all hashes together hold at most a quarter of it, unless each process runs but one."""
    memory = None if fits is None else int(each * fits)
    try:
        threads = threads_for(memory_each=each, cores=cores, memory=memory, processes=processes)
    except ConfigurationError:
        assert memory is not None
        assert each * processes > memory
        return
    assert 1 <= threads <= max(1, cores // processes)
    assert threads == 1 or memory is None or threads * each * processes <= memory / 4
    assert memory is None or each * processes <= memory


@pytest.mark.parametrize("wrong", [{"memory_each": 0}, {"cores": 0}, {"processes": 0}])
def test_pool_of_nothing_is_refused(wrong):
    """Sizes that cannot be are refused."""
    with pytest.raises(ConfigurationError):
        threads_for(**{"memory_each": 64 * MIB, "cores": 4, "memory": None, **wrong})


def test_hash_that_does_not_fit_is_told_at_the_start(monkeypatch):
    """Where not even one hash fits into the memory, the application does not start, instead of failing at a login."""
    monkeypatch.setattr(pool, "usable_memory", lambda: 63 * MIB)
    with pytest.raises(ConfigurationError, match="takes 64 MiB, and there are 63"):
        on_event_loop(build_auth(hasher=Argon2Hasher()))


def test_adapters_size_their_pool(monkeypatch):
    """The pool that takes the place of none, in `on_event_loop` and so in every adapter, has room for the hasher."""
    monkeypatch.setattr(pool, "usable_cores", lambda: 3)
    monkeypatch.setattr(pool, "usable_memory", lambda: 512 * MIB)
    for hasher, threads in ((Argon2Hasher(), 2), (Argon2Hasher.owasp_minimum(), 3)):
        for ready in (on_event_loop(build_auth(hasher=hasher)), Background(build_auth(hasher=hasher)).auth):
            assert (type(ready.offload), ready.offload.threads, ready.offload.waiting) == (BoundedPool, threads, 64)


def test_application_has_the_last_word(monkeypatch):
    """Processes, threads and queue can be chosen, and a pool that was chosen is kept."""
    monkeypatch.setattr(pool, "usable_cores", lambda: 8)
    monkeypatch.setattr(pool, "usable_memory", lambda: None)
    chosen = BoundedPool.for_hasher(Argon2Hasher(), processes=4, waiting=7)
    assert (chosen.threads, chosen.waiting) == (2, 7)
    assert BoundedPool(threads=9).threads == 9
    assert BoundedPool().threads == 4
    assert on_event_loop(replace(build_auth(), offload=chosen)).offload is chosen


# --- the clock, and what is replaced --------------------------------------------------------------------------------


async def test_clock_lets_others_run():
    """While the clock of a loop waits, others run."""
    order = []

    async def other():
        order.append("other")

    task = asyncio.create_task(other())
    await LoopClock().sleep(0)
    order.append("slept")
    await task
    assert order == ["other", "slept"]


def test_clock_tells_the_systems_time():
    """Apart from waiting it is the system's clock."""
    assert abs(LoopClock().now() - SystemClock().now()) < timedelta(minutes=1)
    assert isinstance(LoopClock(), SystemClock)


def test_bare_parts_are_replaced():
    """What would hold up the loop is replaced, and nothing else."""
    bare = build_auth(clock=SystemClock())
    ready = on_event_loop(bare)
    assert (type(ready.clock), type(ready.offload)) == (LoopClock, BoundedPool)
    for part in ("store", "keyring", "courier", "policy", "entropy", "hasher"):
        assert getattr(ready, part) is getattr(bare, part)
    assert bare.offload is inline


def test_chosen_parts_are_kept():
    """What the application chose itself is kept, and an Auth that is ready stays as it is."""

    class OwnClock(SystemClock):
        pass

    clock = OwnClock()
    assert on_event_loop(build_auth(clock=clock)).clock is clock
    ready = on_event_loop(build_auth(clock=FakeClock()))
    again = on_event_loop(ready)
    assert (again.clock, again.offload) == (ready.clock, ready.offload)


async def test_hashing_leaves_the_loop_alone():
    """A password is hashed in another thread than the loop's."""
    seen = []
    auth = on_event_loop(build_auth())
    original = auth.hasher.hash

    class Spy(type(auth.hasher)):
        __slots__ = ()

        def hash(self, password, salt):
            seen.append(threading.get_ident())
            return original(password, salt)

    spy = Spy(time_cost=1, memory_cost=8, parallelism=1)
    await on_event_loop(build_auth(hasher=spy)).register(email=EMAIL, password=PASSWORD)
    assert seen
    assert threading.get_ident() not in seen


# --- renderings -----------------------------------------------------------------------------------------------------


class StuckRenderer:
    """A renderer that stands still while it draws, until it is let go."""

    def __init__(self):
        """Begin closed."""
        self.gate = Gate()

    def picture(self, code):
        """Wait, and draw nothing much."""
        self.gate()
        return Rendering("image/png", code.encode())

    sound = picture


async def test_renderings_are_bounded_and_keep_no_hash_waiting():
    """Beyond its bound a rendering is refused at once, while passwords are hashed as ever; room comes back."""
    auth = on_event_loop(build_auth(renderer=StuckRenderer(), clock=LoopClock()))
    captcha = auth.open_captcha().token
    roomy = replace(auth, policy=replace(auth.policy, captcha=CaptchaSettings(renderings=100)))
    tasks = [asyncio.create_task(roomy.draw_captcha(captcha)) for _ in range(18)]
    await until(auth.renderer.gate.begun.is_set)
    await until(lambda: sum(not task.done() for task in tasks) == 18)
    for _ in range(100):
        await asyncio.sleep(0)  # until every one of them has come to the pool
    with pytest.raises(Overloaded):
        await roomy.speak_captcha(captcha)
    assert (await auth.register(email=EMAIL, password=PASSWORD)).token
    auth.renderer.gate.open.set()
    assert len({rendering.content for rendering in await asyncio.gather(*tasks)}) == 1
    assert (await roomy.speak_captcha(captcha)).content
