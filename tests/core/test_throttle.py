"""Laws of a throttle as a setting: nothing means "for ever"."""

from datetime import timedelta

import pytest

from authcore.errors import ConfigurationError
from authcore.throttle import Throttle

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(("limit", "window"), [(1, timedelta(microseconds=1)), (100_000, timedelta(days=30))])
def test_bounds_are_inside(limit, window):
    """The smallest and the largest values can be set."""
    assert Throttle(limit=limit, window=window).limit == limit


@pytest.mark.parametrize(
    ("limit", "window", "about"),
    [
        (0, MINUTE, "limit must be 1 to 100000$"),
        (-1, MINUTE, "limit must be"),
        (100_001, MINUTE, "limit must be"),
        (1, timedelta(0), "window must be longer than zero and at most 30 days$"),
        (1, -MINUTE, "window must be"),
        (1, timedelta(days=30, microseconds=1), "window must be"),
    ],
)
def test_what_is_out_of_range_is_refused(limit, window, about):
    """Neither zero nor a huge value lifts a throttle."""
    with pytest.raises(ConfigurationError, match=f"^a throttle's {about}"):
        Throttle(limit=limit, window=window)
