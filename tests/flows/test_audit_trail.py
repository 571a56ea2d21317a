"""The trail over its whole life: sealed in batches, verified, tampered with, erased from, and cut off."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings, strategies as st

from authcore import audit, sealing
from authcore.entities import UNSEALED, AuditEvent, AuditKind, AuditSeal
from authcore.errors import ConfigurationError, InvalidInput, StoreFault
from authcore.keyring import Keyring, RootKey
from authcore.ports import Store
from authcore.sealing import AuditFlaw, AuditHead
from authcore.testing import FakeClock, build_auth
from tests.flows.furnished import copied
from tests.flows.people import do

OLD = RootKey("old", bytes(range(100, 132)))
NEW = RootKey("new", bytes(range(200, 232)))
SETTLED = timedelta(minutes=10)


def event(number, **changes):
    """An event of a trail, as a flow would have written it."""
    moment = FakeClock().now() + timedelta(seconds=number)
    made = AuditEvent(
        id=f"{number:05}-{AuditKind.LOGGED_IN}",
        created_at=moment,
        updated_at=moment,
        kind=AuditKind.LOGGED_IN,
        account_id=f"account-{number % 3}",
        actor=f"account-{number % 3}",
        session=audit.session_digest(str(number)),
        network=f"192.0.2.{number % 250}",
        salt="",
        commitment="",
    )
    return audit.salted(replace(made, **changes), f"secret {number}")


def put(auth, *entities):
    """Write into a store past all flows."""
    do(auth.store.commit(entities))


def overwritten(auth, *entities):
    """Have a store hold something else than it did, as whoever owns the database can."""
    for entity in entities:
        auth.store._keep(replace(entity, version=max(entity.version - 1, 0)))  # noqa: SLF001


def removed(auth, entity):
    """Have a store not hold something any more."""
    store = auth.store
    store._kept.pop((type(entity), entity.id))  # noqa: SLF001
    for names in store._owned.values():  # noqa: SLF001
        if entity.id in names:
            names.remove(entity.id)


def kept(auth, kind):
    """All entities of a kind that a store holds."""
    return list(do(auth.store.page(kind, limit=10_000)))


def found(report):
    """What a verification has found, in short."""
    return {(each.flaw, each.kind, each.id) for each in report.findings}


def sealed_trail(*, batches=(3, 2, 4), keys=(OLD,)):
    """An Auth whose trail has batches of these sizes, each sealed after its events had settled."""
    auth = build_auth(keyring=Keyring(keys))
    for size in batches:
        now = (auth.clock.now() - FakeClock().now()) // timedelta(seconds=1)
        put(auth, *(event(now + place) for place in range(size)))
        auth.clock.advance(SETTLED + timedelta(minutes=1))
        assert do(auth.seal_audit()) == size
    return auth


TRAIL = sealed_trail()
HEAD = do(TRAIL.audit_head())


@pytest.fixture
def auth():
    """An Auth with a sealed trail, and a head that was kept."""
    return replace(TRAIL, store=copied(TRAIL.store))


def test_sealed_trail_is_intact(auth):
    """What nobody has touched is intact, and the report tells how much it was."""
    put(auth, event(5000))
    report = do(auth.verify_audit(head=HEAD))
    assert report.intact
    assert (report.seals, report.sealed, report.unsealed, report.blanked) == (3, 9, 1, 0)
    assert report.head == HEAD


def test_empty_trail_is_intact():
    """Where nothing has happened there is nothing to seal, and nothing wrong."""
    auth = build_auth()
    assert do(auth.seal_audit()) == 0
    assert do(auth.audit_head()) == AuditHead()
    assert do(auth.verify_audit(head=AuditHead())).intact


def test_every_batch_is_bounded():
    """However much waits, no commit writes more than a batch of it; nothing is left out, nothing sealed twice."""
    auth = build_auth()
    put(auth, *(event(number) for number in range(2 * sealing.BATCH + 50)))
    assert do(auth.seal_audit()) == 2 * sealing.BATCH + 50
    assert [len(seal.members) for seal in kept(auth, AuditSeal)] == [50, sealing.BATCH, sealing.BATCH]
    assert do(auth.verify_audit()).intact
    assert do(auth.seal_audit()) == 0


def test_limit_leaves_the_rest_for_later():
    """A limit ends the sealing after the batch that reaches it, and what is left counts as waiting, not as late."""
    auth = build_auth()
    put(auth, *(event(number) for number in range(2 * sealing.BATCH + 50)))
    auth.clock.advance(timedelta(days=1))
    assert do(auth.seal_audit(limit=1)) == sealing.BATCH
    report = do(auth.verify_audit())
    assert report.intact
    assert report.unsealed == sealing.BATCH + 50


def test_longest_ids_fit():
    """A batch of events with the longest ids is cut to what a seal has room for."""
    auth = build_auth()
    put(auth, *(event(number, id=f"{number:0300}") for number in range(sealing.BATCH)))
    assert do(auth.seal_audit(limit=1)) < sealing.BATCH
    assert do(auth.seal_audit()) > 0
    assert do(auth.verify_audit()).intact


def test_what_flows_write_is_sealed():
    """The events of real flows are sealed and verified like any other."""
    auth = build_auth()
    do(auth.register(email="ada@example.org", password="a loom that weaves algebra"))
    assert do(auth.seal_audit()) == 1
    assert do(auth.verify_audit(head=do(auth.audit_head()))).intact


# --- erasing and retention ------------------------------------------------------------------------------------------


@given(st.sets(st.integers(0, 8)))
def test_blanked_events_are_intact(which):
    """Whatever is erased of the trail, it stays intact; the report tells how many events have lost their network."""
    auth = replace(TRAIL, store=copied(TRAIL.store))
    events = kept(auth, AuditEvent)
    put(auth, *(audit.blanked(events[place]) for place in which))
    report = do(auth.verify_audit(head=HEAD))
    assert report.intact
    assert report.blanked == len(which)


def test_event_may_be_blanked_before_it_is_sealed():
    """What is erased while it waits for its seal is sealed without it, and intact."""
    auth = build_auth()
    put(auth, audit.blanked(event(0)))
    do(auth.seal_audit())
    assert do(auth.verify_audit()).intact


def test_rest_is_verified_from_a_kept_head():
    """After old batches were removed, the rest is intact from the head that was kept when they were the newest."""
    auth = sealed_trail(batches=(3, 2))
    kept_head = do(auth.audit_head())
    gone = [*kept(auth, AuditSeal), *kept(auth, AuditEvent)]
    put(auth, event(9000))
    do(auth.seal_audit())
    assert do(auth.verify_audit(since=kept_head)).intact
    for entity in gone:
        removed(auth, entity)
    report = do(auth.verify_audit(since=kept_head, head=do(auth.audit_head())))
    assert report.intact
    assert report.sealed == 1
    assert not do(auth.verify_audit()).intact
    assert not do(auth.verify_audit(since=replace(kept_head, fingerprint="0" * 64))).intact


def test_nothing_new_since_a_kept_head():
    """While nothing was sealed since a head was kept, that is the head, and nobody slips in what is older than it."""
    auth = sealed_trail(batches=(3, 2))
    kept_head = do(auth.audit_head())
    report = do(auth.verify_audit(since=kept_head, head=kept_head))
    assert (report.intact, report.head, report.sealed) == (True, kept_head, 0)
    put(auth, event(1, id="forged"))
    assert found(do(auth.verify_audit(since=kept_head))) == {(AuditFlaw.BACKDATED, AuditEvent, "forged")}


# --- tampering ------------------------------------------------------------------------------------------------------

SEEN = {
    AuditEvent: [field.name for field in fields(AuditEvent) if field.name not in {"id", "version"}],
    AuditSeal: [field.name for field in fields(AuditSeal) if field.name not in {"id", "version"}],
}
"""Every field but two: an entity of another id is another one, and versions are the store's."""


def _other(value, draw):
    """Another value of the type of this one."""
    if isinstance(value, AuditKind):
        return draw(st.sampled_from([kind for kind in AuditKind if kind is not value]))
    if isinstance(value, str):
        return draw(st.text("abc0:", max_size=15).filter(lambda text: text != value))
    if isinstance(value, int):
        return draw(st.integers(-5, 5).filter(lambda number: number != value))
    if isinstance(value, tuple):
        places = st.integers(0, len(value) - 1)
        return draw(
            st.one_of(
                places.map(lambda place: value[:place] + value[place + 1 :]),
                st.just((*value, "0" * 64 + ":x")),
                st.just(value[1:] + value[:1]).filter(lambda turned: turned != value),
            )
        )
    moment = FakeClock().now() if value is None else value
    return draw(st.sampled_from([moment + timedelta(microseconds=1), moment - timedelta(days=1)]))


@settings(max_examples=300)
@given(st.data())
def test_every_change_is_found(data):
    """Whichever field of whichever event or seal is changed, on whichever day, it is found."""
    auth = replace(TRAIL, store=copied(TRAIL.store))
    kind = data.draw(st.sampled_from([AuditEvent, AuditSeal]))
    entity = data.draw(st.sampled_from(kept(auth, kind)))
    name = data.draw(st.sampled_from(SEEN[kind]))
    overwritten(auth, replace(entity, **{name: _other(getattr(entity, name), data.draw)}))
    assert not do(auth.verify_audit(head=HEAD)).intact
    assert not do(auth.verify_audit()).intact


@given(st.data())
def test_every_removal_is_found(data):
    """Whichever event or seal is removed, it is found; the newest seal, with a head that was kept."""
    auth = replace(TRAIL, store=copied(TRAIL.store))
    gone = data.draw(st.sampled_from([*kept(auth, AuditEvent), *kept(auth, AuditSeal)]))
    removed(auth, gone)
    assert not do(auth.verify_audit(head=HEAD)).intact
    if isinstance(gone, AuditEvent):
        assert found(do(auth.verify_audit())) == {(AuditFlaw.REMOVED, AuditEvent, gone.id)}


@given(st.data())
def test_every_insertion_is_found(data):
    """An event that is put into a batch, into none, or among those that wait, but dated back, is found."""
    auth = replace(TRAIL, store=copied(TRAIL.store))
    batches = [seal.id for seal in kept(auth, AuditSeal)]
    batch = data.draw(st.sampled_from([*batches, UNSEALED, "", "unsealed ", "0" * 15, "9" * 15, "000000000000001"]))
    put(auth, event(data.draw(st.integers(0, 1000)), id="put in", batch=batch))
    flaw = AuditFlaw.BACKDATED if batch == UNSEALED else AuditFlaw.UNLISTED
    assert found(do(auth.verify_audit(head=HEAD))) == {(flaw, AuditEvent, "put in")}


@given(st.data())
def test_every_swap_is_found(data):
    """Two events, or two seals, that trade places are found, all else of them being as it was."""
    auth = replace(TRAIL, store=copied(TRAIL.store))
    kind = data.draw(st.sampled_from([AuditEvent, AuditSeal]))
    one, other = data.draw(st.lists(st.sampled_from(kept(auth, kind)), min_size=2, max_size=2, unique=True))
    overwritten(auth, replace(one, id=other.id), replace(other, id=one.id))
    assert not do(auth.verify_audit(head=HEAD)).intact


@given(st.data())
def test_events_that_trade_batches_are_found(data):
    """Two events of different batches that trade them are found in both."""
    auth = replace(TRAIL, store=copied(TRAIL.store))
    events = st.sampled_from(kept(auth, AuditEvent))
    one, other = data.draw(st.tuples(events, events).filter(lambda two: two[0].batch != two[1].batch))
    overwritten(auth, replace(one, batch=other.batch), replace(other, batch=one.batch))
    wrong = {(flaw, AuditEvent, each.id) for each in (one, other) for flaw in (AuditFlaw.REMOVED, AuditFlaw.UNLISTED)}
    assert found(do(auth.verify_audit(head=HEAD))) == wrong


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_truncation_is_found_by_a_kept_head(auth, cut):
    """Whoever cuts off the newest batches, events and all, is found by a head that was kept elsewhere, and only so."""
    for seal in kept(auth, AuditSeal)[:cut]:
        for each in [each for each in kept(auth, AuditEvent) if each.batch == seal.id]:
            removed(auth, each)
        removed(auth, seal)
    assert do(auth.verify_audit()).intact
    assert AuditFlaw.REMOVED in {each.flaw for each in do(auth.verify_audit(head=HEAD)).findings}


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_truncation_is_found_at_where_one_goes_on_from(auth, cut):
    """If the seal is gone that a head was kept of, and there is no newer one, the trail does not go on from there."""
    kept_head = do(auth.audit_head())
    for gone in kept(auth, AuditSeal)[:cut]:
        removed(auth, gone)
        for each in kept(auth, AuditEvent):
            if each.batch == gone.id:
                removed(auth, each)
    last = sealing._id_of(kept_head.sequence)  # noqa: SLF001
    assert found(do(auth.verify_audit(since=kept_head))) == {(AuditFlaw.REMOVED, AuditSeal, last)}
    put(auth, event(9000))
    auth.clock.advance(SETTLED)
    do(auth.seal_audit())
    assert not do(auth.verify_audit(since=kept_head)).intact


def test_seal_that_one_goes_on_from_is_compared(auth):
    """The seal that a head was kept of is as it was, or else it could hide what is older than it."""
    kept_head, newest = do(auth.audit_head()), kept(auth, AuditSeal)[0]
    overwritten(auth, replace(newest, complete_until=newest.created_at - timedelta(days=1)))
    assert found(do(auth.verify_audit(since=kept_head))) == {(AuditFlaw.CHANGED, AuditSeal, newest.id)}


def test_truncation_is_found_after_new_seals(auth):
    """Cutting off the newest batch, and having as many sealed in its place, does not fit a head that was kept."""
    seal = kept(auth, AuditSeal)[0]
    for each in [each for each in kept(auth, AuditEvent) if each.batch == seal.id]:
        removed(auth, each)
    removed(auth, seal)
    put(auth, event(30_000))
    do(auth.seal_audit())
    assert do(auth.verify_audit()).intact
    assert found(do(auth.verify_audit(head=HEAD))) == {(AuditFlaw.CHANGED, AuditSeal, seal.id)}


def test_backdated_event_is_found_even_once_sealed(auth):
    """Having an event sealed that says that it is older than an earlier seal does not make it true."""
    put(auth, event(1, id="put in"))
    do(auth.seal_audit())
    assert found(do(auth.verify_audit())) == {(AuditFlaw.BACKDATED, AuditEvent, "put in")}


def test_late_commit_is_not_taken_for_a_forgery():
    """What a slow flow stores after the seal of its time is sealed with the next batch, and intact."""
    auth = build_auth()
    put(auth, event(0), event(2))
    auth.clock.advance(timedelta(seconds=30))
    do(auth.seal_audit())
    put(auth, event(1))
    assert do(auth.verify_audit()).intact
    do(auth.seal_audit())
    assert do(auth.verify_audit()).intact


def test_nobody_signs_without_the_key(auth):
    """A chain that was made anew with another key, to the last digest, is not ours: not even one of an unknown key."""
    for key in (RootKey("old", bytes(range(50, 82))), RootKey("other", bytes(range(50, 82)))):
        forged = sealed_trail(keys=(key,))
        assert not do(replace(auth, store=forged.store).verify_audit()).intact


# --- keys -----------------------------------------------------------------------------------------------------------


def test_old_seals_outlive_their_key():
    """With a newer key in front, and later without the older one, the trail stays intact: newer seals vouch for it."""
    auth = sealed_trail(batches=(2, 2))
    rotated = replace(auth, keyring=Keyring([NEW, OLD]))
    put(rotated, event(9000))
    do(rotated.seal_audit())
    assert do(rotated.verify_audit()).intact
    alone = replace(auth, keyring=Keyring([NEW]))
    assert do(alone.verify_audit()).intact
    oldest = kept(alone, AuditSeal)[-1]
    overwritten(alone, replace(oldest, members=oldest.members[:1]))
    assert (AuditFlaw.CHANGED, AuditSeal, oldest.id) in found(do(alone.verify_audit()))


def test_seals_that_nobody_vouches_for_are_unproven():
    """Where the key of the newest seals has left the ring, only a head that was kept shows that they are ours."""
    auth = sealed_trail(batches=(2, 2))
    head = do(auth.audit_head())
    alone = replace(auth, keyring=Keyring([NEW]))
    assert {each.flaw for each in do(alone.verify_audit()).findings} == {AuditFlaw.UNPROVEN}
    assert do(alone.verify_audit(head=head)).intact


# --- heads, stores --------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**15 - 1), st.binary(min_size=32, max_size=32))
def test_heads_are_read_as_they_were_written(sequence, fingerprint):
    """The text of a head gives the same head again."""
    head = AuditHead(sequence=sequence, fingerprint=fingerprint.hex())
    assert AuditHead.parse(f"{head}\n") == head


@pytest.mark.parametrize(
    "text", ["", "audit-head:1:", "audit-head:2:1:", f"audit-head:1:-1:{'0' * 64}", "audit-head:1:1:A"]
)
def test_other_texts_are_no_heads(text):
    """What is no head is refused, and not taken for the beginning."""
    with pytest.raises(InvalidInput):
        AuditHead.parse(text)


def test_store_that_cannot_list_is_refused():
    """A store that cannot list everything leaves nobody in the belief that it was verified."""

    class Unlisted(Store):
        async def find(self, key, /):
            return []

        async def commit(self, writes, unchanged=()):
            pass

    with pytest.raises(ConfigurationError):
        do(build_auth(store=Unlisted()).verify_audit())


def test_nobody_seals_after_a_strange_seal(auth):
    """A seal with an id that is no place in the chain stops the sealing, and is found."""
    put(auth, replace(kept(auth, AuditSeal)[0], id="!", version=0), event(5000))
    with pytest.raises(StoreFault):
        do(auth.seal_audit())
    assert found(do(auth.verify_audit(head=HEAD))) == {(AuditFlaw.UNLISTED, AuditSeal, "!")}


def test_every_field_of_an_event_is_sealed_but_these():
    """What is not sealed of an event are its batch, the store's version, and what erasing blanks."""
    sealed = set(sealing.SEALED_FIELDS[event(1).form])
    assert {field.name for field in fields(AuditEvent)} - sealed == {"version", "batch", "network", "salt"}


def test_every_field_of_a_seal_is_signed_but_these():
    """What is not signed of a seal are the store's version, and the signature."""
    signed = set(sealing.SIGNED_FIELDS[kept(TRAIL, AuditSeal)[0].form])
    assert {field.name for field in fields(AuditSeal)} - signed == {"version", "mac"}
