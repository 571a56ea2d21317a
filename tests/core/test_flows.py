"""The one loop: read, decide, commit, again on Conflict."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuthenticationSession, Entity, Grant, Message, MessageKind, Role
from authcore.errors import Conflict, Contention, Fault, InvalidCredentials, Overloaded, RaceLost, StoreFault
from authcore.flows import Flows, Work
from authcore.memory import MemoryStore
from authcore.ports import Entropy, Transaction, by_id, by_owner
from authcore.system import inline
from authcore.testing import FakeClock, run_sync

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ADA = Account(id="ada", created_at=NOW, updated_at=NOW)
EVE = Account(id="eve", created_at=NOW, updated_at=NOW)


class _Store(MemoryStore):
    """Keeps entities, writes down each commit, and fails as often as it is told to."""

    def __init__(self, *faults: Exception) -> None:
        super().__init__()
        self.faults = list(faults)
        self.commits: list[tuple[Collection[Entity], Collection[Entity]]] = []

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        self.commits.append((writes, unchanged))
        if self.faults:
            raise self.faults.pop(0)
        await super().commit(writes, unchanged)


@dataclass
class _Clock(FakeClock):
    """Writes down how long it was asked to wait."""

    waits: list[float] = field(default_factory=list)
    slower: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        super().__init__()

    async def sleep(self, seconds: float, /) -> None:
        self.waits.append(seconds)
        self.advance(timedelta(seconds=seconds) + self.slower)


class _Bytes(Entropy):
    """Draws the same byte for ever."""

    def __init__(self, byte: int = 255) -> None:
        self.byte = byte

    def token_bytes(self, count: int, /) -> bytes:
        return bytes([self.byte]) * count


def _flows(store: MemoryStore, **changes: object) -> Flows:
    parts = {
        "clock": _Clock(),
        "entropy": _Bytes(),
        "offload": inline,
        "attempts": 12,
        "patience": timedelta(seconds=5),
    }
    return Flows(store=store, **parts | changes)


def _writing(*writes: Entity, outcome: object = "done") -> Callable[[Work], object]:
    async def decide(work: Work) -> Decision[object]:
        return accept(outcome, writes)

    return decide


def _stored(store: MemoryStore, *entities: Entity) -> list[Entity]:
    run_sync(MemoryStore.commit(store, entities))
    return [replace(entity, version=1) for entity in entities]


class TestDeciding:
    """What becomes of a decision."""

    def test_an_outcome_is_returned_after_its_commit(self):
        """What a decision writes is stored, and its outcome returned."""
        store = _Store()
        assert run_sync(_flows(store).run(_writing(ADA))) == "done"
        assert run_sync(store.get(by_id(Account, "ada"))) == replace(ADA, version=1)

    def test_a_refusal_is_raised_after_its_commit(self):
        """What a refusal leaves behind is stored first, and then it is raised."""
        store = _Store()

        async def decide(work: Work) -> Decision[object]:
            return refuse(InvalidCredentials(), [ADA])

        with pytest.raises(InvalidCredentials):
            run_sync(_flows(store).run(decide))
        assert run_sync(store.get(by_id(Account, "ada"))) is not None

    def test_a_refusal_that_was_not_stored_is_not_raised(self):
        """A refusal whose commit met a conflict is not raised: the decision is taken again."""
        decisions = iter([refuse(InvalidCredentials(), [ADA]), accept("done")])

        async def decide(work: Work) -> Decision[object]:
            return next(decisions)

        assert run_sync(_flows(_Store(Conflict())).run(decide)) == "done"

    @pytest.mark.parametrize("decision", [accept("done"), refuse(InvalidCredentials())], ids=["accepted", "refused"])
    def test_nothing_to_write_is_not_committed(self, decision):
        """A decision that writes nothing costs no commit, whatever was read."""
        store = _Store()
        _stored(store, ADA)

        async def decide(work: Work) -> Decision[object]:
            await work.get(by_id(Account, "ada"))
            return decision

        with suppress(InvalidCredentials):
            run_sync(_flows(store).run(decide))
        assert store.commits == []


class TestUnchanged:
    """What a commit must find as it was read."""

    def test_what_was_read_and_is_not_written_is_guarded(self):
        """A commit is given what was read and is not written, each once, and not what is written."""
        store = _Store()
        ada, eve = _stored(store, ADA, EVE)

        async def decide(work: Work) -> Decision[object]:
            for name in ("ada", "eve", "ada", "nobody"):
                await work.get(by_id(Account, name))
            return accept("done", [replace(eve, epoch=2)])

        run_sync(_flows(store).run(decide))
        ((writes, unchanged),) = store.commits
        assert (list(writes), list(unchanged)) == ([replace(eve, epoch=2)], [ada])

    def test_kinds_with_one_id_are_told_apart(self):
        """An entity is not guarded less because another one of the same id and of another kind is written."""
        store = _Store()
        role = Role(id="ada", created_at=NOW, updated_at=NOW, permissions=())
        ada, _ = _stored(store, ADA, role)

        async def decide(work: Work) -> Decision[object]:
            await work.get(by_id(Account, "ada"))
            found = await work.get(by_id(Role, "ada"))
            return accept("done", [replace(found, description="x")])

        run_sync(_flows(store).run(decide))
        assert list(store.commits[0][1]) == [ada]

    def test_all_that_an_owner_has_is_guarded(self):
        """Everything that a search found is guarded, and so is everything that a caller's reading found."""
        store = _Store()
        session = AuthenticationSession(
            id="s",
            created_at=NOW,
            updated_at=NOW,
            account_id="ada",
            epoch=1,
            network="",
            user_agent="",
            amr=(),
            auth_time=NOW,
            rotated_at=NOW,
            rotates_at=NOW,
            inactive_at=NOW,
            expires_at=NOW,
        )
        role = Role(id="r", created_at=NOW, updated_at=NOW, permissions=())
        grant = Grant(id="ada:r", created_at=NOW, updated_at=NOW, account_id="ada", role="r")
        stored = _stored(store, ADA, session, role, grant)

        async def calling(work: Work) -> Decision[object]:
            await work.caller("s")
            return accept("done", [EVE])

        async def searching(work: Work) -> Decision[object]:
            await work.find(by_owner(Grant, "ada"))
            return accept("done", [replace(EVE, version=1)])

        run_sync(_flows(store).run(calling))
        run_sync(_flows(store).run(searching))
        assert {(type(each), each.id, each.version) for each in store.commits[0][1]} == {
            (type(each), each.id, 1) for each in stored
        }
        assert [each.id for each in store.commits[1][1]] == ["ada:r"]

    def test_a_change_of_what_was_read_is_a_conflict(self):
        """A flow whose reading was overtaken decides again, by what is there now."""
        store = _Store()
        _stored(store, ADA)
        seen = []

        async def decide(work: Work) -> Decision[object]:
            ada = await work.get(by_id(Account, "ada"))
            seen.append(ada.epoch)
            if len(seen) == 1:
                await MemoryStore.commit(store, [replace(ada, epoch=9)])
            return accept(ada.epoch, [EVE])

        assert run_sync(_flows(store).run(decide)) == 9
        assert seen == [1, 9]

    @pytest.mark.parametrize("writes_it", [False, True], ids=["guarded", "written"])
    def test_two_readings_that_differ_are_a_conflict(self, writes_it):
        """A decision that saw an entity twice, changed in between, is never stored, even if it writes the newer one."""
        store = _Store()
        _stored(store, ADA)
        attempts = []

        async def decide(work: Work) -> Decision[object]:
            first = await work.get(by_id(Account, "ada"))
            attempts.append(first)
            if len(attempts) == 1:
                await MemoryStore.commit(store, [replace(first, epoch=9)])
            second = await work.get(by_id(Account, "ada"))
            return accept((first.epoch, second.epoch), [replace(second, epoch=10)] if writes_it else [EVE])

        first, second = run_sync(_flows(store).run(decide))
        assert first == second


class TestWeakReading:
    """What may change before the commit."""

    def test_weak_reading_is_not_held_against_the_commit(self):
        """What was read weakly is not among what must be unchanged, and changing it conflicts with nothing."""
        store = _Store()
        ada, eve = _stored(store, ADA, EVE)

        async def decide(work: Work) -> Decision[object]:
            read = await work.weak.get(by_id(Account, "ada"))
            await MemoryStore.commit(store, [replace(ada, epoch=9)])
            return accept(read, [replace(eve, epoch=2)])

        assert run_sync(_flows(store, attempts=1).run(decide)) == ada
        assert [list(unchanged) for _, unchanged in store.commits] == [[]]


class TestRetrying:
    """Losing races, and giving up."""

    @given(st.integers(0, 11))
    def test_conflicts_are_tried_again(self, lost):
        """A flow that loses fewer races than its attempts comes to its outcome, stored once."""
        store = _Store(*[Conflict()] * lost)
        assert run_sync(_flows(store).run(_writing(ADA))) == "done"
        assert len(store.commits) == lost + 1
        assert run_sync(store.get(by_id(Account, "ada"))).version == 1

    @pytest.mark.parametrize("attempts", [1, 2, 12])
    def test_attempts_are_bounded(self, attempts):
        """A flow that loses every race gives up after its attempts, with nothing stored."""
        store = _Store(*[Conflict()] * 99)
        with pytest.raises(Contention):
            run_sync(_flows(store, attempts=attempts, patience=timedelta(days=1)).run(_writing(ADA)))
        assert len(store.commits) == attempts
        assert run_sync(store.get(by_id(Account, "ada"))) is None

    def test_patience_is_bounded(self):
        """A flow begins no attempt after its patience is over, however many attempts it has left."""
        clock = _Clock(slower=timedelta(seconds=1))
        start = clock.now()
        store = _Store(*[Conflict()] * 99)
        with pytest.raises(Contention):
            run_sync(_flows(store, clock=clock, attempts=99, patience=timedelta(seconds=3)).run(_writing(ADA)))
        assert 3 <= len(store.commits) <= 4
        assert clock.now() - start <= timedelta(seconds=3 + 1 + 0.25)

    def test_each_attempt_has_its_own_time_and_reading(self):
        """Every attempt is given the time of now, and reads anew."""
        store, clock, works = _Store(Conflict(), Conflict()), _Clock(), []

        async def decide(work: Work) -> Decision[object]:
            works.append(work)
            return accept("done", [ADA])

        run_sync(_flows(store, clock=clock).run(decide))
        assert [work.now for work in works] == sorted({work.now for work in works})
        assert len({id(work) for work in works}) == 3

    def test_pauses_grow_to_a_bound(self):
        """The longest pause doubles with each attempt, up to a quarter of a second."""
        clock = _Clock()
        with pytest.raises(Contention):
            run_sync(_flows(_Store(*[Conflict()] * 12), clock=clock, patience=timedelta(days=1)).run(_writing(ADA)))
        assert clock.waits[:9] == [0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.25, 0.25]

    @given(st.integers(0, 255))
    def test_pauses_have_jitter(self, byte):
        """Each byte of randomness makes a pause of its own, never none and never more than the longest."""
        clock = _Clock()
        run_sync(_flows(_Store(Conflict()), clock=clock, entropy=_Bytes(byte)).run(_writing(ADA)))
        assert clock.waits == [0.002 * (1 + byte) / 256]

    def test_nobody_waits_for_nothing(self):
        """After the last attempt there is no pause."""
        clock = _Clock()
        with pytest.raises(Contention):
            run_sync(_flows(_Store(*[Conflict()] * 9), clock=clock, attempts=3).run(_writing(ADA)))
        assert len(clock.waits) == 2

    def test_any_number_of_attempts_has_a_pause(self):
        """However many attempts a policy allows, a flow that loses them all ends in Contention."""
        store = _Store(*[Conflict()] * 1100)
        with pytest.raises(Contention):
            run_sync(_flows(store, attempts=1100, patience=timedelta(days=1)).run(_writing(ADA)))

    @pytest.mark.parametrize(
        "fault", [StoreFault("gone"), Overloaded("full"), RuntimeError("bug"), InvalidCredentials()]
    )
    def test_nothing_else_is_tried_again(self, fault):
        """Whatever else a commit raises ends the flow at once: its outcome may be unknown, and is never repeated."""
        store, clock = _Store(fault), _Clock()
        with pytest.raises(type(fault)) as caught:
            run_sync(_flows(store, clock=clock).run(_writing(ADA)))
        assert caught.value is fault
        assert (len(store.commits), clock.waits) == (1, [])

    def test_faults_of_reading_are_not_tried_again(self):
        """A store that cannot answer ends the flow at once."""

        class Broken(_Store):
            async def find(self, key):
                raise StoreFault("gone")

        async def decide(work: Work) -> Decision[object]:
            return accept(await work.get(by_id(Account, "ada")))

        with pytest.raises(Fault):
            run_sync(_flows(Broken()).run(decide))


class TestCostlyWork:
    """What is computed once, however often a flow is tried."""

    @staticmethod
    def _run(store: _Store, *tasks: tuple[object, ...]) -> tuple[list[object], list[object]]:
        done: list[object] = []

        def square(number: int) -> int:
            done.append(number)
            return number * number

        async def decide(work: Work) -> Decision[list[object]]:
            return accept([await work.costly(square, *task) for task in tasks], [ADA])

        return run_sync(_flows(store).run(decide)), done

    def test_costly_work_is_done_once(self):
        """Work is remembered across attempts."""
        assert self._run(_Store(Conflict(), Conflict()), (3,)) == ([9], [3])

    def test_other_arguments_are_other_work(self):
        """Work is remembered by its arguments."""
        assert self._run(_Store(Conflict()), (3,), (4,), (3,)) == ([9, 16, 9], [3, 4])

    def test_other_functions_are_other_work(self):
        """Work is remembered by its function, too."""

        async def decide(work: Work) -> Decision[tuple[object, ...]]:
            return accept((await work.costly(str, 1), await work.costly(float, 1)))

        assert run_sync(_flows(_Store()).run(decide)) == ("1", 1.0)

    def test_no_flow_remembers_for_another(self):
        """What one flow computed is not there for the next one."""
        store, calls = _Store(), []

        async def decide(work: Work) -> Decision[object]:
            return accept(await work.costly(calls.append, 1))

        for _ in range(2):
            run_sync(_flows(store).run(decide))
        assert calls == [1, 1]

    def test_results_of_none_are_remembered(self):
        """Work that returns None is done once, too."""
        calls = []

        async def decide(work: Work) -> Decision[object]:
            return accept([await work.costly(calls.append, 1) for _ in range(3)])

        run_sync(_flows(_Store()).run(decide))
        assert calls == [1]

    def test_what_is_drawn_once_stays(self):
        """What an attempt has drawn under a name is there for the next one, and for no other name or flow."""
        drawn, kept = iter("abcd"), []

        async def decide(work: Work) -> Decision[object]:
            kept.append((work.once("salt", lambda: next(drawn)), work.once("pepper", lambda: next(drawn))))
            return accept("done", [ADA])

        run_sync(_flows(_Store(Conflict())).run(decide))
        run_sync(_flows(_Store(Conflict())).run(decide))
        assert kept == [("a", "b")] * 2 + [("c", "d")] * 2

    def test_work_runs_where_it_stops_nobody(self):
        """All costly work goes through the offload, and what that raises ends the flow."""

        async def full(work: Callable[[], object], /) -> object:
            raise Overloaded

        async def decide(work: Work) -> Decision[object]:
            return accept(await work.costly(str, 1))

        with pytest.raises(Overloaded):
            run_sync(_flows(_Store(), offload=full).run(decide))

    def test_arguments_are_not_shown(self):
        """The repr of an attempt, which a log may show by accident, holds no password that was hashed."""
        shown = []

        async def decide(work: Work) -> Decision[object]:
            await work.costly(str.upper, "s3cr3t password")
            shown.append(repr(work))
            return accept("done")

        run_sync(_flows(_Store()).run(decide))
        assert "s3cr3t" not in shown[0].lower()


class TestPosting:
    """Whoever delivers is told of messages."""

    MESSAGE = Message(
        id="m",
        created_at=NOW,
        updated_at=NOW,
        kind=MessageKind.DECOY,
        destination="",
        account_id=None,
        queue="q",
        due_at=NOW,
    )

    def test_a_new_message_is_announced_after_its_commit(self):
        """After a commit that has left a message the deliverer is told, once."""
        store, told = MemoryStore(), []
        flows = _flows(store, posted=lambda: told.append(run_sync(store.get(by_id(Message, "m")))))
        run_sync(flows.run(_writing(self.MESSAGE)))
        assert told == [replace(self.MESSAGE, version=1)]

    def test_nothing_else_is_announced(self):
        """A commit without a message, a message that was there before, and a commit that was refused tell nobody."""
        store, told = MemoryStore(), []
        flows = _flows(store, posted=lambda: told.append("told"), attempts=1)
        run_sync(flows.run(_writing()))
        (kept,) = _stored(store, self.MESSAGE)
        run_sync(flows.run(_writing(kept)))
        with pytest.raises(Contention):
            run_sync(flows.run(_writing(self.MESSAGE)))
        assert told == []


class _Staged(Transaction):
    """A transaction in which one thing was written already; it fails as often as it is told to."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.staged: list[tuple[list[Entity], list[Entity]]] = []

    async def find(self, key):
        return [EVE] if key == by_id(Account, "eve") else []

    async def stage(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.staged.append((list(writes), list(unchanged)))


class TestTakingPart:
    """Running once, within a transaction of the application's."""

    def test_all_goes_through_the_transaction(self):
        """A flow reads in the transaction and writes there, with what it has read, and the store is not asked."""
        transaction, store = _Staged(), _Store()

        async def decide(work: Work) -> Decision[object]:
            return accept(await work.get(by_id(Account, "eve")), [ADA])

        assert run_sync(_flows(store).run_within(transaction, decide)) == EVE
        assert (transaction.staged, store.commits) == ([([ADA], [EVE])], [])

    @pytest.mark.parametrize("reading", [False, True], ids=["writing", "reading"])
    def test_there_is_one_attempt(self, reading):
        """A conflict ends the flow at once, as a race that was lost: nothing is decided again, and nobody waits."""
        transaction, clock, attempts = _Staged(Conflict(), Conflict()), _Clock(), []

        async def decide(work: Work) -> Decision[object]:
            attempts.append(work)
            if reading:
                await transaction.stage([])
            return accept("done", [ADA])

        with pytest.raises(RaceLost):
            run_sync(_flows(_Store(), clock=clock).run_within(transaction, decide))
        assert (len(attempts), clock.waits, transaction.staged) == (1, [], [])

    def test_a_refusal_is_raised_after_its_writing(self):
        """What a refusal leaves behind is in the transaction before it is raised, for the application to commit."""
        transaction = _Staged()

        async def decide(work: Work) -> Decision[object]:
            return refuse(InvalidCredentials(), [ADA])

        with pytest.raises(InvalidCredentials):
            run_sync(_flows(_Store()).run_within(transaction, decide))
        assert transaction.staged == [([ADA], [])]

    def test_nothing_to_write_is_not_staged(self):
        """A decision that writes nothing says nothing to the transaction."""
        transaction = _Staged()
        run_sync(_flows(_Store()).run_within(transaction, _writing()))
        assert transaction.staged == []

    def test_no_message_is_announced(self):
        """Whoever delivers is told nothing, because a message that is not committed cannot be found."""
        told = []
        flows = _flows(_Store(), posted=lambda: told.append("told"))
        run_sync(flows.run_within(_Staged(), _writing(TestPosting.MESSAGE)))
        assert told == []

    def test_faults_pass(self):
        """Whatever else goes wrong is raised as it is."""
        fault = StoreFault("gone")
        with pytest.raises(StoreFault) as caught:
            run_sync(_flows(_Store()).run_within(_Staged(fault), _writing(ADA)))
        assert caught.value is fault
