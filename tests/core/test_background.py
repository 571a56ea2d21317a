"""Delivery in the background: how it is started, woken and closed, and what it survives."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.entities import UNSEALED, AuditEvent, AuditKind
from authcore.errors import DeliveryFault, InvalidToken, StoreFault
from authcore.memory import MemoryStore
from authcore.offload import Background
from authcore.system import inline
from authcore.testing import FakeClock, Mailbox, build_auth, run_sync

EMAIL, OTHER_EMAIL = "ada@example.org", "bob@example.org"
PASSWORD = "a loom that weaves algebra"
LONG = 3600.0


class Box(Mailbox):
    """A mailbox that says when something came."""

    def __init__(self):
        """Begin empty."""
        super().__init__()
        self.tried, self.came = asyncio.Event(), asyncio.Event()

    async def send(self, letter, /):
        """Keep the letter, and say so."""
        self.tried.set()
        await super().send(letter)
        self.came.set()


class CrashingStore(MemoryStore):
    """Raises once for each error that is given."""

    def __init__(self, *errors):
        """Prepare to fail."""
        super().__init__()
        self.errors = list(errors)

    async def find(self, key, /):
        """Fail, or find."""
        if self.errors:
            raise self.errors.pop(0)
        return await super().find(key)


async def until(condition):
    """Wait until something holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  what is waited for sets no event
            await asyncio.sleep(0.001)


async def soon(event):
    """Wait for an event."""
    async with asyncio.timeout(20):
        await event.wait()


async def test_background_delivers_what_was_there():
    """What waited in the outbox is delivered once it is started."""
    box = Box()
    auth = build_auth(courier=box)
    await auth.register(email=EMAIL, password=PASSWORD)
    background = Background(auth, interval=LONG)
    background.start()
    await soon(box.came)
    assert [letter.destination for letter in box.letters] == [EMAIL]
    await background.close()


async def test_waking_delivers_at_once():
    """After it was woken it looks again, without waiting for its interval; waking twice sends nothing twice."""
    box = Box()
    auth = build_auth(courier=box)
    background = Background(auth, interval=LONG)
    for number, email in enumerate((EMAIL, OTHER_EMAIL), 1):
        box.came.clear()
        await auth.register(email=email, password=PASSWORD)
        background.wake()
        background.wake()
        await soon(box.came)
        assert len(box.letters) == number
    await background.close()


async def test_it_looks_by_itself():
    """Without being woken it looks again after its interval, for what failed before."""
    box = Box()
    clock = FakeClock()
    auth = build_auth(courier=box, clock=clock)
    box.fault = DeliveryFault()
    await auth.register(email=EMAIL, password=PASSWORD)
    background = Background(auth, interval=0.001)
    background.start()
    await soon(box.tried)
    box.fault = None
    clock.advance(timedelta(minutes=1))
    await soon(box.came)
    await background.close()


@pytest.mark.parametrize("error", [StoreFault("down"), RuntimeError("bug")], ids=lambda error: type(error).__name__)
async def test_it_survives_failures(error, caplog):
    """Whatever goes wrong, it goes on, and says so in the log; of a fault's text nothing."""
    box = Box()
    auth = build_auth(courier=box)
    await auth.register(email=EMAIL, password=PASSWORD)
    store = CrashingStore(error, error)
    background = Background(build_auth(courier=box, store=store), interval=0.001)
    background.start()
    await until(lambda: not store.errors)
    await build_auth(courier=box, store=store).register(email=OTHER_EMAIL, password=PASSWORD)
    background.wake()
    await soon(box.came)
    assert [letter.destination for letter in box.letters] == [OTHER_EMAIL]
    assert {record.levelname for record in caplog.records} == {"WARNING" if isinstance(error, StoreFault) else "ERROR"}
    assert "down" not in caplog.text
    await background.close()


async def test_starting_and_closing_are_idempotent():
    """However often it is started there is one task, and closing ends it, however often, and before any start."""

    def running():
        return [task.get_name() for task in asyncio.all_tasks()].count("authcore outbox")

    background = Background(build_auth(), interval=LONG)
    await background.close()
    for _ in range(3):
        background.start()
        background.wake()
    assert running() == 1
    await background.close()
    await background.close()
    assert running() == 0


async def test_it_starts_again_after_closing():
    """After it was closed it can be started again."""
    box = Box()
    auth = build_auth(courier=box)
    background = Background(auth, interval=LONG)
    background.start()
    await background.close()
    await auth.register(email=EMAIL, password=PASSWORD)
    background.wake()
    await soon(box.came)
    await background.close()


async def test_closing_while_it_sends():
    """Closing does not wait for a courier that hangs."""

    class Hanging(Box):
        async def send(self, letter, /):
            self.tried.set()
            await asyncio.Event().wait()

    box = Hanging()
    auth = build_auth(courier=box)
    await auth.register(email=EMAIL, password=PASSWORD)
    background = Background(auth, interval=LONG)
    background.start()
    await soon(box.tried)
    async with asyncio.timeout(20):
        await background.close()


def test_second_loop():
    """On another loop it begins anew, though its task on the first one, which stands still, has not ended."""
    box = Mailbox()
    auth = build_auth(courier=box)
    background = Background(auth, interval=LONG)

    async def deliver(email, sent):
        await auth.register(email=email, password=PASSWORD)
        background.wake()
        await until(lambda: len(box.letters) == sent)

    async def end():
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    first.run_until_complete(deliver(EMAIL, 1))
    second.run_until_complete(deliver(OTHER_EMAIL, 2))
    second.run_until_complete(background.close())
    first.run_until_complete(end())
    for loop in (first, second):
        loop.close()
    assert [letter.destination for letter in box.letters] == [EMAIL, OTHER_EMAIL]


async def test_its_auth_wakes_it():
    """Whatever a flow of its own Auth leaves in the outbox is delivered at once; nobody has to wake it."""
    box = Box()
    background = Background(build_auth(courier=box), interval=LONG)
    await background.auth.register(email=EMAIL, password=PASSWORD)
    await soon(box.came)
    assert [letter.destination for letter in box.letters] == [EMAIL]
    await background.close()


def test_without_a_loop_the_message_waits():
    """Where no event loop runs, its Auth works all the same: the message stays in the outbox."""
    box = Box()
    auth = Background(build_auth(courier=box)).auth
    run_sync(replace(auth, offload=inline).register(email=EMAIL, password=PASSWORD))
    assert box.letters == []


def trail(store):
    """The events that a store holds: their kinds, how many each stands for, and whether they wait for a seal."""
    events = [kept for kept in store._kept.values() if isinstance(kept, AuditEvent)]  # noqa: SLF001  all, in order
    return [(event.kind, event.count, event.batch == UNSEALED) for event in events]


def knock(auth):
    """Come with a token that is none."""
    auth.note_refusal(InvalidToken())


async def test_it_keeps_the_trail():
    """As often as the policy says, what was refused is written, and what happened is sealed; not sooner."""
    auth = build_auth(courier=Box())
    background = Background(auth, interval=0.001)
    knock(background.auth)
    background.start()
    await auth.register(email=EMAIL, password=PASSWORD)
    background.wake()
    await soon(auth.courier.came)
    assert trail(auth.store) == [(AuditKind.REGISTERED, 1, True)]
    auth.clock.advance(auth.policy.audit_interval)
    await until(lambda: trail(auth.store)[1:] == [(AuditKind.REFUSED, 1, False)])
    assert trail(auth.store)[0] == (AuditKind.REGISTERED, 1, False)
    await background.close()


async def test_closing_writes_what_was_refused():
    """What was counted is written when it is closed, though it never began."""
    auth = build_auth()
    knock(auth)
    await Background(auth, interval=LONG).close()
    assert trail(auth.store) == [(AuditKind.REFUSED, 1, True)]


async def test_closing_survives_a_store_that_fails(caplog):
    """Where the store is gone already, closing says so in the log, and ends."""
    auth = build_auth(store=CrashingStore(StoreFault("down")))
    knock(auth)
    await Background(auth, interval=LONG).close()
    assert "what was refused could not be written" in caplog.text
    assert "down" not in caplog.text


class StubbornStore(MemoryStore):
    """Swallows the first cancellation, as some drivers do where it meets the end of what they wait for."""

    def __init__(self):
        """Begin with nothing swallowed."""
        super().__init__()
        self.asked, self.swallowed = asyncio.Event(), False

    async def find(self, key, /):
        """Wait for ever, and find nothing."""
        if not self.swallowed:
            self.asked.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.swallowed = True
        return []


async def test_closing_insists():
    """A cancellation that a driver has swallowed does not keep the background going."""
    store = StubbornStore()
    background = Background(build_auth(store=store), interval=LONG)
    background.start()
    await soon(store.asked)
    async with asyncio.timeout(20):
        await background.close()
    assert store.swallowed
