"""Reading a whole trail.  What counts as wrong with a seal is tested in test_sealing.py, whole lives in flows/."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import audit, sealing
from authcore.entities import AuditEvent, AuditKind, AuditSeal
from authcore.inspection import Inspection
from authcore.keyring import Keyring, RootKey
from authcore.memory import MemoryStore
from authcore.sealing import AuditFlaw, AuditHead
from authcore.testing import run_sync
from tests.core.ada import NOW, OCCASION

KEYRING = Keyring([RootKey("k", bytes(range(32)))])
RECORDED = audit.record(OCCASION, AuditKind.LOGGED_IN, account_id="a")


class Trail(MemoryStore):
    """A trail that grows by `meanwhile` once its seals were read, before its events are; it notes how it is read."""

    meanwhile = ()
    limits = frozenset()
    sought = ()

    async def find(self, key, /):
        """Find, and note what was sought by its id."""
        self.sought += (key.value,) if key.field == "id" else ()
        return await super().find(key)

    async def page(self, kind, /, *, beginning="", after=None, limit):
        """Grow, and list."""
        self.limits |= {limit}
        if kind is AuditEvent:
            written, self.meanwhile = self.meanwhile, ()
            await self.commit(written)
        return await super().page(kind, beginning=beginning, after=after, limit=limit)


def event(name, **changes):
    """An event of this id."""
    return replace(RECORDED, id=name, **changes)


def put(trail, *entities):
    """Write past all flows; returns what was written."""
    run_sync(trail.commit(entities))
    return entities


def batch_of(*names, latest=None):
    """A seal and its events, all of them new, in the order in which a flow writes them."""
    key = KEYRING.derive("k", sealing.AUDIT_KEY)
    return sealing.seal([event(name) for name in names], latest=latest, kid="k", key=key, now=NOW).writes


def trail_of(*batches):
    """A trail of batches of events of these ids, and its seals, the oldest first."""
    trail, seals = Trail(), []
    for names in batches:
        seal, *_ = put(trail, *batch_of(*names, latest=seals[-1] if seals else None))
        seals.append(seal)
    return trail, seals


def inspect(trail, *, head=None, since=None, kept_from=None):
    """The report on a trail."""
    return run_sync(Inspection(trail, trail, KEYRING, head, since or AuditHead(), kept_from).report())


def found(report):
    """What is wrong, in the order in which it was found."""
    return [(each.flaw, each.id) for each in report.findings]


def test_report_counts_what_was_read():
    """Seals, sealed events, those that wait and those that are blank are counted, however many pages they fill."""
    trail, seals = trail_of(*([f"{number:03}a", f"{number:03}b"] for number in range(201)))
    put(trail, *(event(f"{number:03}c") for number in range(205)))
    put(trail, *(audit.blanked(event(f"{number:03}d")) for number in range(3)))
    report = inspect(trail)
    assert report.intact
    assert (report.seals, report.sealed, report.unsealed, report.blanked) == (201, 402, 208, 3)
    assert report.head == sealing.head_of(seals[-1])
    assert trail.limits == {200}


def test_what_was_purged_is_counted():
    """Batches that are gone whole, and may be, are counted as that; one of which something is left is not whole."""
    trail, _ = trail_of(["a", "b"], ["c", "d", "e"], ["f", "g"], ["h"])
    events = {each.id: each for each in run_sync(trail.page(AuditEvent, limit=99))}
    run_sync(trail.remove([events[name] for name in "abcdef"]))
    report = inspect(trail, kept_from=NOW + timedelta(microseconds=1))
    assert (report.seals, report.purged, report.sealed) == (4, 5, 3)
    assert found(report) == [(AuditFlaw.REMOVED, "f")]
    assert [id_ for _, id_ in found(inspect(trail, kept_from=NOW))] == list("fcdeab")


def test_event_without_a_name_is_read_as_well():
    """The first page begins before every id, be it empty."""
    trail, _ = trail_of("a")
    put(trail, event("", batch="nowhere"))
    assert found(inspect(trail)) == [(AuditFlaw.UNLISTED, "")]


def test_empty_trail_has_the_first_head():
    """Where nothing was ever written, nothing is wrong, and a chain begins."""
    report = inspect(Trail(), head=AuditHead())
    assert (report.intact, report.head, report.seals, report.sealed) == (True, AuditHead(), 0, 0)


def test_what_is_sealed_meanwhile_is_no_flaw():
    """What was sealed after the seals were read is looked up in its own seal, and is not counted as waiting."""
    trail, (seal,) = trail_of(["a"])
    trail.meanwhile = batch_of("b", latest=seal)
    report = inspect(trail, head=sealing.head_of(seal))
    assert report.intact
    assert (report.head, report.seals, report.unsealed) == (sealing.head_of(seal), 1, 0)


def test_nobody_slips_in_with_what_is_sealed_meanwhile():
    """An event that says that it was sealed meanwhile, and is not listed there, or by no seal at all, is found."""
    trail, (seal,) = trail_of(["a"])
    later, *rest = batch_of("b", latest=seal)
    further, *_ = batch_of("c", latest=later)
    trail.meanwhile = (later, *rest, event("x", batch=later.id), event("y", batch=further.id))
    assert found(inspect(trail)) == [(AuditFlaw.UNLISTED, "x"), (AuditFlaw.UNLISTED, "y")]


def test_first_batch_may_be_sealed_meanwhile():
    """A trail that had no seal yet when it was read may have one before its events are."""
    trail = Trail()
    trail.meanwhile = batch_of("a")
    assert inspect(trail).intact


@pytest.mark.parametrize("which", [0, 1, 2])
def test_nothing_is_said_of_what_is_older_than_asked_for(which):
    """Of seals up to a head that was kept, and of what says that it is in their batches, nothing is told or counted."""
    trail, seals = trail_of("a", "b", "c")
    for seal in seals[: which + 1]:
        put(trail, event(f"in {seal.id}", batch=seal.id))
    report = inspect(trail, since=sealing.head_of(seals[which]))
    assert report.intact
    assert (report.seals, report.sealed) == (2 - which, 2 - which)


def test_what_follows_a_kept_head_is_looked_at():
    """The batch right after a head that was kept is looked at as all others are."""
    trail, seals = trail_of("a", "b", "c")
    put(trail, event("x", batch=seals[1].id))
    assert found(inspect(trail, since=sealing.head_of(seals[0]))) == [(AuditFlaw.UNLISTED, "x")]


def test_what_is_missing_is_found():
    """A seal is missed by the next newer one, and by a head that was kept of it or of any that came after it."""
    trail, seals = Trail(), []
    for name in "abc":
        seals.append(batch_of(name, latest=seals[-1] if seals else None)[0])
    first, second, third = seals
    head = sealing.head_of(third)
    put(trail, first, event("a", batch=first.id), third, event("c", batch=third.id))
    assert found(inspect(trail)) == [(AuditFlaw.REMOVED, second.id)]
    trail = Trail()
    put(trail, first, event("a", batch=first.id))
    assert inspect(trail).intact
    assert found(inspect(trail, head=head)) == [(AuditFlaw.REMOVED, second.id)]
    assert found(inspect(Trail(), head=head)) == [(AuditFlaw.REMOVED, first.id)]


def test_seal_in_no_place_hides_nothing():
    """A seal that has no place in the chain is told of, and what comes after it is looked at all the same."""
    trail, (first, second) = trail_of("a", "b")
    put(trail, replace(first, id="!"), event("x", batch=first.id))
    report = inspect(trail)
    assert found(report) == [(AuditFlaw.UNLISTED, "!"), (AuditFlaw.UNLISTED, "x")]
    assert (report.seals, report.head) == (2, sealing.head_of(second))


def test_of_those_in_a_batch_one_is_enough():
    """However many were put into a batch, no more of it is read than shows that somebody was."""
    trail, (seal,) = trail_of(["a", "b"])
    put(trail, *(event(f"x{number}", batch=seal.id) for number in range(20)))
    assert found(inspect(trail)) == [(AuditFlaw.UNLISTED, "x0")]


def test_nobody_is_crowded_out_of_a_batch():
    """However many were put in before its members, what has become of these is told as if they had a batch alone."""
    first, b, c, d, _ = batch_of(*"bcde")
    second, *rest = batch_of("f", latest=first)
    crowd = [event(f"a{number}", batch=first.id) for number in range(10)]
    trail = Trail()
    put(trail, first, *crowd, b, replace(c, reason="other"), replace(d, batch=second.id), second, *rest)
    assert found(inspect(trail)) == [
        (AuditFlaw.UNLISTED, "d"),
        *((AuditFlaw.UNLISTED, each.id) for each in crowd[:5]),
        (AuditFlaw.CHANGED, "c"),
        (AuditFlaw.REMOVED, "d"),
        (AuditFlaw.REMOVED, "e"),
    ]
    assert trail.sought == ("b", "c", "d", "e")


def test_members_are_sought_one_by_one_only_in_a_crowd():
    """A member that is not found where all of its batch was read is gone, and is not sought once more."""
    seal, _, b = batch_of("a", "b")
    trail = Trail()
    put(trail, seal, b)
    assert found(inspect(trail)) == [(AuditFlaw.REMOVED, "a")]
    assert trail.sought == ()


def test_what_is_older_than_its_batch_allows_is_found():
    """An event that was sealed after a seal that would have listed it is found, if it is not in the oldest batch."""
    trail, (first,) = trail_of(["a"])
    old = event("b", created_at=NOW - timedelta(days=1))
    key = KEYRING.derive("k", sealing.AUDIT_KEY)
    put(trail, *sealing.seal([old], latest=first, kid="k", key=key, now=NOW).writes)
    assert found(inspect(trail)) == [(AuditFlaw.BACKDATED, "b")]
    assert found(inspect(trail, since=sealing.head_of(first))) == [(AuditFlaw.BACKDATED, "b")]
    put(trail, event("c", created_at=NOW - timedelta(days=1)))
    assert found(inspect(trail)) == [(AuditFlaw.BACKDATED, "b"), (AuditFlaw.BACKDATED, "c")]


def test_findings_have_an_end():
    """However much is wrong, a bounded part of it is told; what was read is counted to the end."""
    trail, (seal,) = trail_of(["a"])
    put(trail, *(event(f"x{number:04}", batch="nowhere") for number in range(1200)), audit.blanked(event("y")))
    put(trail, replace(seal, id="!"))
    report = inspect(trail)
    assert found(report) == [
        (AuditFlaw.UNLISTED, "!"),
        *((AuditFlaw.UNLISTED, f"x{number:04}") for number in range(999)),
    ]
    assert (report.unsealed, report.blanked) == (1, 1)


def test_seal_that_is_not_ours_vouches_for_none():
    """A seal that is not ours vouches for none that is older, though the older one's key has left the ring."""
    old = Keyring([RootKey("old", bytes(range(100, 132)))])
    key = old.derive("old", sealing.AUDIT_KEY)
    trail = Trail()
    first, *_ = put(trail, *sealing.seal([event("a")], latest=None, kid="old", key=key, now=NOW).writes)
    second, *rest = batch_of("b", latest=first)
    put(trail, second, *rest)
    assert inspect(trail).intact
    trail, seals = Trail(), [first, replace(second, mac="0" * 64)]
    put(trail, *seals, event("a", batch=first.id), *rest)
    assert found(inspect(trail)) == [(AuditFlaw.CHANGED, second.id), (AuditFlaw.UNPROVEN, first.id)]


def test_kept_head_vouches_for_a_seal():
    """A seal whose key has left the ring, and that no newer one vouches for, is proven by the head that was kept."""
    key = Keyring([RootKey("old", bytes(range(100, 132)))]).derive("old", sealing.AUDIT_KEY)
    trail = Trail()
    seal, *_ = put(trail, *sealing.seal([event("a")], latest=None, kid="old", key=key, now=NOW).writes)
    assert isinstance(seal, AuditSeal)
    assert found(inspect(trail)) == [(AuditFlaw.UNPROVEN, seal.id)]
    assert inspect(trail, head=sealing.head_of(seal)).intact
