"""The real clock and the real randomness, without waiting for either."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from authcore.entities import Account
from authcore.system import SystemClock, SystemEntropy, inline
from authcore.testing import run_sync


class _Machine:
    """A machine whose clock shows what it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = 1_893_456_000_123_456_789
        self.slept: list[float] = []
        monkeypatch.setattr(time, "time_ns", lambda: self.wall)
        monkeypatch.setattr(time, "sleep", self.slept.append)


@pytest.fixture
def machine(monkeypatch):
    """Return a machine of our own."""
    return _Machine(monkeypatch)


class TestSystemClock:
    """The clock of a process."""

    def test_it_begins_with_the_wall_clock(self, machine):
        """A new clock shows what the wall clock shows, in UTC, to the microsecond."""
        assert SystemClock().now() == datetime(2030, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)

    def test_it_follows_the_machine(self, machine):
        """Time passes as the machine says, also while the process was asleep."""
        clock = SystemClock()
        before = clock.now()
        machine.wall += 1_500_000_000
        assert clock.now() - before == timedelta(seconds=1.5)

    @pytest.mark.parametrize("step", [1, 10**9, 10**18])
    def test_it_never_steps(self, machine, step):
        """When the machine's time is set back, it stands until that time has come again."""
        clock = SystemClock()
        before = clock.now()
        machine.wall -= step
        assert clock.now() == before
        machine.wall += step + 1000
        assert clock.now() - before == timedelta(microseconds=1)

    def test_its_times_can_be_stored(self):
        """The time of the real machine may stand in an entity."""
        now = SystemClock().now()
        assert Account(id="a", created_at=now, updated_at=now).created_at.utcoffset() == timedelta(0)

    def test_it_never_steps_back_in_fact(self):
        """A thousand readings of the real clock are in order."""
        clock = SystemClock()
        times = [clock.now() for _ in range(1000)]
        assert times == sorted(times)

    def test_its_sleep_stops_the_thread(self, machine):
        """Sleeping without an event loop is sleeping."""
        run_sync(SystemClock().sleep(0.25))
        assert machine.slept == [0.25]

    def test_it_says_nothing_of_the_machine(self):
        """How long the machine has run is not shown."""
        assert repr(SystemClock()) == "SystemClock()"


class TestSystemEntropy:
    """The operating system's randomness."""

    @given(st.integers(0, 64))
    def test_it_gives_what_is_asked_for(self, count):
        """As many bytes are drawn as are asked for."""
        assert len(SystemEntropy().token_bytes(count)) == count

    def test_it_never_repeats(self):
        """No two draws of 20 bytes are the same."""
        assert len({SystemEntropy().token_bytes(20) for _ in range(1000)}) == 1000

    def test_it_is_the_secure_source(self, monkeypatch):
        """Randomness comes from the `secrets` module."""
        monkeypatch.setattr("secrets.token_bytes", lambda count: b"x" * count)
        assert SystemEntropy().token_bytes(3) == b"xxx"


def test_inline_work_is_done_here_and_now():
    """Work without an offload is done at once, and raises what it raises."""
    assert run_sync(inline(lambda: 42)) == 42
    with pytest.raises(ZeroDivisionError):
        run_sync(inline(lambda: 1 // 0))
