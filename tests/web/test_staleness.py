"""How late a revocation may be seen at which path."""

from datetime import timedelta

import pytest

from authcore.errors import ConfigurationError
from authcore.web import RevocationBounds

SECOND, ZERO = timedelta(seconds=1), timedelta(0)
BOUNDS = RevocationBounds({"/feed": SECOND, "/feed/own/": ZERO, "/a": 2 * SECOND})


@pytest.mark.parametrize(
    ("path", "bound"),
    [
        ("/feed", SECOND),
        ("/feed/", SECOND),
        ("/feed/of/others", SECOND),
        ("/feed/own", ZERO),
        ("/feed/own/x", ZERO),
        ("/feed/owned", SECOND),
        ("/a", 2 * SECOND),
        ("/feeds", None),
        ("/FEED", None),
        ("/", None),
        ("", None),
    ],
)
def test_the_longest_path_counts(path, bound):
    """A path has the bound of the longest one that covers it, in whatever order they are given; most have none."""
    assert BOUNDS.at(path) == bound


def test_one_path_may_stand_for_all():
    """The root covers every path."""
    assert RevocationBounds({"/": SECOND}).at("/any/path") == SECOND


def test_by_default_no_path_has_one():
    """Without a word the policy's bound counts everywhere."""
    assert RevocationBounds().at("/") is None


@pytest.mark.parametrize("paths", ["/feed", {"feed": SECOND}, {"": SECOND}])
def test_what_was_meant_otherwise_is_refused(paths):
    """What is no mapping of paths is refused when it is given."""
    with pytest.raises(ConfigurationError, match=r"^revocation_within maps paths"):
        RevocationBounds(paths)


@pytest.mark.parametrize("bound", [-SECOND, timedelta(minutes=5, microseconds=1)])
def test_bounds_out_of_range_are_refused(bound):
    """A bound below zero, or over 5 minutes, is refused when it is given."""
    with pytest.raises(ConfigurationError, match=r"^revocation_within must be"):
        RevocationBounds({"/feed": bound})
