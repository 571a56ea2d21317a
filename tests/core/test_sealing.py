"""Deciding about seals.  What becomes of a whole trail in a store, over its whole life, is tested in flows/."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import audit, sealing
from authcore.entities import AuditEvent, AuditKind, AuditSeal
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
    first = sealed()
    assert (first.created_at, first.updated_at, first.previous) == (NOW, NOW, "")
    assert sealed(first).previous == sealing.head_of(first).fingerprint
    assert first.complete_until == NOW - timedelta(minutes=10)
    assert sealed(first, now=NOW - timedelta(days=1)).complete_until == first.complete_until


def test_seal_known_answer():
    """What is sealed and signed is written as it ever was, lest the trail of yesterday count as changed."""
    former = audit.salted(replace(EVENT, id="new-e-logged_in"), OCCASION.ids.salt)
    made = sealing.seal([former], latest=None, kid="k", key=KEY, now=NOW).writes[0]
    assert made.members == ("bafb78a6b6773270ee3edc62e08efb83cc5765e8f6300a6052197defdcde5195:new-e-logged_in",)
    assert made.mac == "21ced89de2095b38f67c8fd0da82fd05aece5abf9c6e9ac2bae1bb8762238353"
    assert sealing.head_of(made).fingerprint == "e528de6cb63ff176939154eabf24f75836d7d344f02e28b88f9e9e829f81a17e"


@pytest.mark.parametrize(("longest", "listed"), [(91, sealing.BATCH), (92, sealing.BATCH - 1)])
def test_seal_is_filled_to_its_last_character(longest, listed):
    """A seal lists as many events as it has room for, and leaves the rest to the next one."""
    lengths = [92] * (sealing.BATCH - 1) + [longest]  # one character more than there is room for, or none
    waiting = [replace(EVENT, id=f"{place:0{length}}") for place, length in enumerate(lengths)]
    decided = sealing.seal(waiting, latest=None, kid="k", key=KEY, now=NOW)
    made, *events = decided.writes
    assert decided.outcome == len(made.members) == listed
    assert events == [replace(event, batch=made.id) for event in waiting[:listed]]


def test_event_is_listed_by_its_whole_id():
    """An event's id is all that stands behind its digest, whatever it holds."""
    event = replace(EVENT, id="a:b")
    made = sealing.seal([event], latest=None, kid="k", key=KEY, now=NOW).writes[0]
    assert sealing.is_listed(event, made)
    assert not sealing.is_listed(replace(event, id="b"), made)


@pytest.mark.parametrize(
    ("found", "until", "flaws"),
    [
        ([EVENT], NOW, []),
        ([EVENT], NOW + timedelta(microseconds=1), [(AuditFlaw.BACKDATED, EVENT.id)]),
        ([replace(EVENT, reason="other")], NOW, [(AuditFlaw.CHANGED, EVENT.id)]),
        ([replace(EVENT, network="other")], NOW, [(AuditFlaw.CHANGED, EVENT.id)]),
        ([EVENT, replace(EVENT, id="x")], NOW, [(AuditFlaw.UNLISTED, "x")]),
        ([EVENT, EVENT], NOW, [(AuditFlaw.UNLISTED, EVENT.id)]),
        ([], NOW, [(AuditFlaw.REMOVED, EVENT.id)]),
    ],
    ids=["nothing", "older", "changed", "elsewhere", "added", "twice", "gone"],
)
def test_each_flaw_of_a_batch_has_its_name(found, until, flaws):
    """What is wrong with a batch is told of each event by its id."""
    findings = sealing.flaws_of_batch(SECOND, found, older=replace(FIRST, complete_until=until))
    assert list(findings) == [AuditFinding(flaw, AuditEvent, id_) for flaw, id_ in flaws]


def test_whole_old_batch_may_go():
    """A batch goes once it was sealed before a time, as it was sealed and with all that is in it; without, it stays."""
    tick = timedelta(microseconds=1)
    assert sealing.may_go(SECOND, [EVENT], before=NOW + tick)
    assert not sealing.may_go(SECOND, [EVENT], before=NOW)
    assert not sealing.may_go(None, [EVENT], before=NOW + tick)
    assert not sealing.may_go(None, [], before=NOW + tick)
    assert not sealing.may_go(SECOND, [], before=NOW + tick)
    assert not sealing.may_go(SECOND, [replace(EVENT, reason="other")], before=NOW + tick)


@pytest.mark.parametrize(
    ("found", "before", "purged"),
    [
        ([], NOW + timedelta(microseconds=1), True),
        ([], NOW, False),
        ([], None, False),
        ([EVENT], NOW + timedelta(microseconds=1), False),
        ([EVENT], NOW, False),
    ],
)
def test_only_an_old_batch_may_be_gone(found, before, purged):
    """A batch of which nothing is left was purged if it was sealed before the time from which the trail is kept."""
    assert sealing.was_purged(SECOND, found, before=before) is purged


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


@pytest.mark.parametrize(("oldest", "told"), [(SECOND, SECOND), (None, FIRST)], ids=["more", "nothing more"])
def test_trail_goes_on_from_one_head_only(oldest, told):
    """What does not go on from a kept head is told by its first seal, or, where there is none, by the one before."""
    own, other = sealing.head_of(FIRST), sealing.head_of(replace(FIRST, kid="other"))
    assert not list(sealing.flaws_of_start(oldest, before=FIRST, since=own, head=None))
    found = sealing.flaws_of_start(oldest, before=FIRST, since=other, head=None)
    assert list(found) == [AuditFinding(AuditFlaw.CHANGED, AuditSeal, told.id)]


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
