"""Occasions: when, from where, by which policy, and the fresh names that a decision may use."""

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta

import pytest

from authcore.entities import Device
from authcore.occasion import Ids, Occasion, time_prefix, timed_id
from authcore.policy import Policy

NOW = datetime(2030, 1, 1, tzinfo=UTC)
OCCASION = Occasion(
    now=NOW,
    device=Device(network="192.0.2.1", user_agent="test"),
    policy=Policy(),
    ids=Ids(account="a", session="s", message="m", event="e", salt="salt"),
    code_key="k",
)


def test_another_attempt_changes_the_time_only():
    """The same occasion at another attempt has another time, and everything else of it, the fresh names included."""
    later = OCCASION.at(NOW + timedelta(seconds=1))
    assert later.now == NOW + timedelta(seconds=1)
    others = [field.name for field in fields(Occasion) if field.name != "now"]
    assert [getattr(later, name) for name in others] == [getattr(OCCASION, name) for name in others]


def test_the_first_attempt_is_left_as_it_was():
    """An occasion cannot be changed."""
    OCCASION.at(NOW + timedelta(seconds=1))
    assert OCCASION.now == NOW
    with pytest.raises(FrozenInstanceError):
        OCCASION.now = NOW


def test_all_names_are_needed():
    """There is no default for a fresh name: an id that was forgotten would be shared."""
    with pytest.raises(TypeError):
        Ids(account="a", session="s", message="m")


def test_timed_ids_stand_in_the_order_of_time():
    """The id of a later time comes later, whatever else it is made of: a page begins with the oldest."""
    moments = [NOW + timedelta(microseconds=n) for n in (-1, 0, 1)] + [datetime(9999, 12, 31, tzinfo=UTC)]
    ids = [timed_id(moment, name) for moment, name in zip(moments, "dcba", strict=True)]
    assert sorted(ids) == ids
    assert timed_id(NOW, "x", "y") == "0006ba1694472000-x-y"


def test_first_of_a_time_comes_before_its_ids():
    """Ids of a moment come after its beginning, and those of the moment before do not."""
    just_before = NOW - timedelta(microseconds=1)
    assert timed_id(just_before, "z") < time_prefix(NOW) < timed_id(NOW, "")
