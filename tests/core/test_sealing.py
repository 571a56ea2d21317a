"""Deciding about seals.  What becomes of a whole trail in a store, over its whole life, is tested in flows/."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import audit, sealing
from authcore.entities import AuditKind, AuditSeal
from authcore.errors import InvalidInput, StoreFault
from authcore.sealing import AuditFinding, AuditFlaw, AuditHead
from tests.core.ada import NOW, OCCASION

KEY = bytes(range(32))
EVENT = audit.record(OCCASION, AuditKind.LOGGED_IN, account_id="a")


def sealed(latest=None, *, now=NOW):
    """The seal that comes after another one."""
    return sealing.seal([EVENT], latest=latest, kid="k", key=KEY, now=now).writes[0]


FIRST = sealed()
SECOND = sealed(FIRST)
THIRD = sealed(SECOND)


def missing(seal):
    """The finding that a seal is not there."""
    return AuditFinding(AuditFlaw.REMOVED, AuditSeal, seal.id)


def test_seal_says_when_it_was_made_and_what_it_follows():
    """A seal has its time, the fingerprint of the one before, and until when no older event can come any more."""
    assert (FIRST.created_at, FIRST.updated_at, FIRST.previous) == (NOW, NOW, "")
    assert SECOND.previous == sealing.head_of(FIRST).fingerprint
    assert FIRST.complete_until == NOW - timedelta(minutes=10)
    assert sealed(FIRST, now=NOW - timedelta(days=1)).complete_until == FIRST.complete_until


@pytest.mark.parametrize("of", [None, FIRST, THIRD], ids=["none", "older", "newer"])
def test_head_vouches_for_its_own_seal_alone(of):
    """Without its key a seal is proven by the head that is its own, and by no other one."""
    head = None if of is None else sealing.head_of(of)
    assert sealing.is_ours(SECOND, newer=None, key=None, head=head) is None
    assert sealing.is_ours(SECOND, newer=None, key=None, head=sealing.head_of(SECOND)) is True
    unproven = [AuditFinding(AuditFlaw.UNPROVEN, AuditSeal, SECOND.id)]
    assert list(sealing.flaws_of_chain(SECOND, newer=THIRD, ours=None, head=None)) == unproven


def test_missing_are_those_that_a_seal_lists_and_nobody_has_found():
    """Of the events that a seal lists, those are missing that were not found, in the order of the seal."""
    events = [replace(EVENT, id=name) for name in "cab"]
    made = sealing.seal(events, latest=None, kid="k", key=KEY, now=NOW).writes[0]
    assert sealing.missing(made, [events[1], replace(EVENT, id="x")]) == ["c", "b"]
    assert sealing.missing(made, events) == []


def test_gap_is_named_by_what_is_missing():
    """What is missing after a seal, at the end of a chain or at its beginning is named by its first seal's id."""
    head = sealing.head_of(SECOND)
    assert list(sealing.flaws_of_chain(FIRST, newer=THIRD, ours=True, head=None)) == [missing(SECOND)]
    assert list(sealing.flaws_of_chain(FIRST, newer=None, ours=True, head=head)) == [missing(SECOND)]
    for oldest in (None, SECOND):
        found = sealing.flaws_of_start(oldest, before=None, since=AuditHead(), head=head)
        assert list(found) == [missing(FIRST)]


@pytest.mark.parametrize(("seal_id", "place"), [(FIRST.id, 1), ("9" * 15, None), ("0" * 14, None), ("x", None)])
def test_places_begin_with_one(seal_id, place):
    """The first seal has the first place; what is no seal's id has none, and nothing goes on from it."""
    assert sealing.sequence_of(seal_id) == place
    if place is None:
        with pytest.raises(StoreFault, match=r"^the newest seal of the trail has no place in its chain$"):
            sealing.head_of(replace(FIRST, id=seal_id))


def test_what_is_no_head_is_refused():
    """A text that is no head is refused by the name of the field."""
    with pytest.raises(InvalidInput) as refused:
        AuditHead.parse("audit-head:2:1:")
    assert (refused.value.field, refused.value.reason) == ("head", "malformed")
