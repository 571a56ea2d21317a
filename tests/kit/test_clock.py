"""The clock of the kit.  The real clock is tested in core/."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from authcore.testing import FakeClock, run_sync


def test_clock_stands_still():
    """Time does not pass by itself, and begins at an aware moment in UTC."""
    clock = FakeClock()
    assert clock.now() == clock.now()
    assert clock.now().tzinfo is UTC


def test_clock_starts_where_it_is_told():
    """The first moment can be chosen, to the microsecond."""
    start = datetime(2031, 2, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert FakeClock(start).now() == start


@given(st.lists(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)), max_size=5))
def test_advance_adds_up(steps):
    """Advancing moves by exactly what is said."""
    clock = FakeClock()
    start = clock.now()
    for step in steps:
        clock.advance(step)
    assert clock.now() - start == sum(steps, timedelta(0))


def test_clock_never_steps_back():
    """A step back is refused, and moves nothing."""
    clock = FakeClock()
    before = clock.now()
    with pytest.raises(ValueError, match="never steps back"):
        clock.advance(timedelta(microseconds=-1))
    assert clock.now() == before


def test_sleep_moves_the_clock_and_waits_for_nothing():
    """Sleeping is advancing: no event loop is needed for it."""
    clock = FakeClock()
    before = clock.now()
    run_sync(clock.sleep(0.25))
    assert clock.now() - before == timedelta(milliseconds=250)
