"""Purging the trail: whole batches go, once they are older than is kept; and what was tampered with is still found."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from authcore import Policy, sealing
from authcore.audit import blanked
from authcore.entities import UNSEALED, AuditEvent, AuditSeal
from authcore.keyring import Keyring
from authcore.retention import Purged
from authcore.sealing import AuditFlaw
from authcore.testing import Crashed, Scenario
from tests.flows.furnished import copied
from tests.flows.people import do
from tests.flows.test_audit_trail import NEW, OLD, event, found, kept, overwritten, put, removed, sealed_trail

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
KEPT = 60 * DAY
POLICY = Policy(audit_retention=KEPT)

TRAIL = sealed_trail()
"""Batches of 3, 2 and 4 events, the newest first in order of their seals' ids."""


def newest_first(auth):
    """The seals of a trail."""
    return kept(auth, AuditSeal)


def world(old=1):
    """A trail of which so many batches, the oldest ones, are older than is kept, to the second."""
    auth = replace(TRAIL, store=copied(TRAIL.store), policy=POLICY, clock=type(TRAIL.clock)(TRAIL.clock.now()))
    seal = newest_first(auth)[-old]
    auth.clock.advance(seal.created_at + KEPT + SECOND - auth.clock.now())
    return auth


def purge(auth, **options):
    """Purge; returns how many events went."""
    return do(auth.purge(**options)).counts[AuditEvent]


def batch(auth, number):
    """The events of a batch, by its number from the oldest one."""
    name = newest_first(auth)[-number].id
    return [each for each in kept(auth, AuditEvent) if each.batch == name]


@pytest.mark.parametrize(("old", "gone"), [(1, 3), (2, 5), (3, 9)])
def test_whole_batches_go(old, gone):
    """What was sealed longer ago than the trail is kept goes, whole batches of it; the trail is intact without them."""
    auth = world(old)
    head = do(auth.audit_head())
    assert purge(auth) == gone
    report = do(auth.verify_audit(head=head))
    assert report.intact
    assert (report.purged, report.sealed, report.seals, report.head) == (gone, 9 - gone, 3, head)
    assert purge(auth) == 0


def test_nothing_goes_too_soon():
    """Until the second has come nothing goes, and whatever time is given, the trail is kept for its own period."""
    auth = world()
    early = replace(auth, clock=type(auth.clock)(auth.clock.now() - 2 * SECOND))
    assert purge(early) == 0
    assert purge(early, before=early.clock.now() - DAY) == 0
    assert purge(auth, before=auth.clock.now() - KEPT - DAY) == 0
    assert purge(auth, before=auth.clock.now() - DAY) == 3


def test_trail_stays_unless_told_otherwise():
    """Without a period of its own the trail is kept for good, and whatever is missing was removed by somebody."""
    auth = replace(world(3), policy=Policy())
    assert AuditEvent not in do(auth.purge()).counts
    assert len(kept(auth, AuditEvent)) == 9
    purge(replace(auth, policy=POLICY))
    assert {flaw for flaw, _, _ in found(do(auth.verify_audit()))} == {AuditFlaw.REMOVED}
    assert len(do(auth.verify_audit()).findings) == 9


def test_trail_goes_on():
    """New events are sealed onto what was purged, and keys may leave the ring; the whole chain stays proven."""
    auth = world(3)
    purge(auth)
    auth = replace(auth, keyring=Keyring([NEW, OLD]))
    put(auth, event(90 * 86_400))
    do(auth.seal_audit())
    assert do(replace(auth, keyring=Keyring([NEW])).verify_audit()).intact


@pytest.mark.parametrize("number", [2, 3])
def test_removal_of_what_is_kept_is_found(number):
    """Whoever removes a batch that is to be kept is found out, event by event, also where older ones were purged."""
    auth = world()
    purge(auth)
    gone = batch(auth, number)
    for each in gone:
        removed(auth, each)
    assert found(do(auth.verify_audit())) == {(AuditFlaw.REMOVED, AuditEvent, each.id) for each in gone}


def test_part_of_an_old_batch_is_found():
    """Whoever removes some events of a batch, however old, is found out; and the rest stays, to show it."""
    auth = world()
    gone = batch(auth, 1)[1]
    removed(auth, gone)
    assert purge(auth) == 0
    assert found(do(auth.verify_audit())) == {(AuditFlaw.REMOVED, AuditEvent, gone.id)}


def test_changed_batch_stays():
    """A batch in which something was changed stays, however old, until somebody has looked at it."""
    auth = world(2)
    changed = replace(batch(auth, 1)[0], reason="nothing to see")
    overwritten(auth, changed)
    assert purge(auth) == 2
    assert found(do(auth.verify_audit())) == {(AuditFlaw.CHANGED, AuditEvent, changed.id)}


def test_foreign_event_keeps_its_batch():
    """Whoever puts an event into a batch does not have it taken away: it stays, with all others, to be found."""
    auth = world()
    foreign = event(1, id="foreign", batch=batch(auth, 1)[0].batch)
    put(auth, foreign)
    assert purge(auth) == 0
    assert (AuditFlaw.UNLISTED, AuditEvent, "foreign") in found(do(auth.verify_audit()))


def test_event_without_a_seal_stays():
    """An event that says that it was sealed by what is no seal stays, to be found."""
    auth = world()
    put(auth, event(1, id="foreign", batch="000000000000001"))
    assert purge(auth) == 3
    assert found(do(auth.verify_audit())) == {(AuditFlaw.UNLISTED, AuditEvent, "foreign")}


def test_chain_must_be_whole():
    """Seals never go: whoever removes one is found out, whatever has become of its batch."""
    auth = world(2)
    purge(auth)
    removed(auth, newest_first(auth)[-1])
    assert {flaw for flaw, kind, _ in found(do(auth.verify_audit())) if kind is AuditSeal} == {AuditFlaw.REMOVED}


def test_erased_events_go_as_well():
    """What was blanked is still what was sealed, and goes with its batch."""
    auth = world()
    overwritten(auth, *map(blanked, batch(auth, 1)))
    assert purge(auth) == 3
    assert do(auth.verify_audit()).intact


def test_unsealed_events_stay():
    """What waits for its seal stays, however old and however much of it, and keeps nothing in."""
    auth = world()
    put(auth, *(event(place, id=f"!{place:03}") for place in range(300)))
    assert purge(auth) == 3
    assert sum(each.batch == UNSEALED for each in kept(auth, AuditEvent)) == 300


def test_every_batch_is_a_commit():
    """However much goes, a commit removes one batch; and where a limit was asked for, it stops after one."""
    auth = world(3)
    removals = []

    class Watching(type(auth.store)):
        """Remembers what each commit has removed."""

        async def remove(self, removed, writes=(), unchanged=()):
            removals.append(len(removed))
            await super().remove(removed, writes, unchanged)

    auth = replace(auth, store=copied(auth.store, Watching))
    purged = do(auth.purge(limit=4))
    assert (removals, purged.more) == ([3, 2], True)
    assert do(auth.purge(limit=100)).more is False
    assert (removals, sealing.BATCH) == ([3, 2, 4], 100)


# --- while others are under way ---------------------------------------------------------------------------------------


def meeting(flow):
    """Something that flows do to the trail while its oldest batch goes: it is intact afterwards."""
    auth = world()
    put(auth, event(70 * 86_400))
    head = do(auth.audit_head())

    def check(outcomes, after):
        for outcome in outcomes.values():
            assert isinstance(outcome, (Purged, Crashed, int)), repr(outcome)
        assert do(after.verify_audit(head=head)).intact
        purge(after)
        assert len(kept(after, AuditEvent)) == 7

    return Scenario(auth=auth, flows={"purge": lambda auth: auth.purge(), "other": flow}, check=check)


@pytest.mark.parametrize("flow", ["purge", "seal_audit"])
def test_trail_is_intact_in_every_order(flow, explore):
    """Whoever seals or purges at the same time, and crashes, the trail is intact."""
    explored = explore(partial(meeting, lambda auth: getattr(auth, flow)()), crashes=True)
    assert explored.orders > 1
