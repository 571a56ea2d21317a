"""Keeping the trail while things happen: in every order, and with a crash at every point, nothing of it is lost."""

from collections import Counter
from functools import partial

import pytest

from authcore import audit
from authcore.decisions import accept
from authcore.entities import AuditEvent, AuditKind, AuditSeal
from authcore.errors import InvalidToken
from authcore.memory import MemoryStore
from authcore.ports import by_id
from authcore.testing import Crashed, Scenario, build_auth
from tests.flows.broken_stores import BlindStore, TornStore
from tests.flows.people import ADA, PASSWORD, do, join, kept, log_in
from tests.flows.playing import expect_broken
from tests.flows.scenarios import only


def seal(auth):
    """Seal what waits."""
    return auth.seal_audit()


def told(store=MemoryStore):
    """An Auth of whose trail a part is sealed, and a part waits."""
    auth = build_auth(store=store())
    join(auth)
    do(auth.seal_audit())
    session = log_in(auth)
    return auth, session


def everything_is_sealed_once(auth):
    """After a last sealing each event is in one batch, and the trail is intact."""
    do(auth.seal_audit())
    listed = Counter(member.partition(":")[2] for each in kept(auth, AuditSeal) for member in each.members)
    assert listed == Counter(event.id for event in kept(auth, AuditEvent))
    assert do(auth.verify_audit(head=do(auth.audit_head()))).intact


def two_sealers(store=MemoryStore):
    """Two processes seal at the same time: each event is sealed once."""
    auth, _ = told(store)

    def check(outcomes, auth):
        only(outcomes, int)
        assert sum(end for end in outcomes.values() if isinstance(end, int)) <= 1
        everything_is_sealed_once(auth)

    return Scenario(auth=auth, flows={"a": seal, "b": seal}, check=check)


def sealing_during_login(store=MemoryStore):
    """Somebody logs in meanwhile: nobody waits for the other, and the event is sealed, then or later."""
    auth, _ = told(store)
    flows = {"seal": seal, "log in": lambda auth: auth.log_in(identifier=ADA, password=PASSWORD)}

    def check(outcomes, auth):
        assert not any(isinstance(end, Exception) for end in outcomes.values() if not isinstance(end, Crashed))
        everything_is_sealed_once(auth)

    return Scenario(auth=auth, flows=flows, check=check)


def sealing_during_erasure(store=MemoryStore):
    """An event is blanked while it is sealed: it is blank, and sealed."""
    auth, session = told(store)
    [event] = [each for each in kept(auth, AuditEvent) if each.session == audit.session_digest(session.session.id)]

    async def decide(work):
        found = await work.get(by_id(AuditEvent, event.id))
        return accept(found.id, [audit.blanked(found)])

    flows = {"seal": seal, "erase": lambda auth: auth._flows.run(decide)}  # noqa: SLF001  as an erasure does

    def check(outcomes, auth):
        only({"erase": outcomes["erase"]}, str)
        crashed = isinstance(outcomes["erase"], Crashed) and not outcomes["erase"].after_commit
        everything_is_sealed_once(auth)
        assert do(auth.verify_audit()).blanked == (not crashed)

    return Scenario(auth=auth, flows=flows, check=check)


def _refused(auth, times):
    """Another process's Auth, which has refused somebody so often."""
    for _ in range(times):
        auth.note_refusal(InvalidToken())
    return auth.refusals.take()


def two_counts(store=MemoryStore, *, besides=None):
    """Two processes write what they refused in the same minute: it is one event, and its count is that of both."""
    auth, _ = told(store)
    counts = _refused(auth, 2)

    async def write(auth):
        auth.refusals.give_back(counts)
        return await auth.record_refusals()

    def check(outcomes, auth):
        only(outcomes, int)
        auth.refusals.take()
        found = [event.count for event in kept(auth, AuditEvent) if event.kind is AuditKind.REFUSED]
        unheard = sum(isinstance(end, Crashed) and not end.after_commit for end in outcomes.values())
        assert len(found) <= 1
        assert sum(found) >= 2 * (2 - unheard) - (2 if besides else 0)
        everything_is_sealed_once(auth)

    return Scenario(auth=auth, flows={"a": write, "b": besides or write}, check=check)


LAWS = {
    "of two sealers each event is sealed once": two_sealers,
    "no login waits for a sealer, or is left out": sealing_during_login,
    "what is erased while it is sealed is both": sealing_during_erasure,
    "two processes count in one event": two_counts,
    "no count is changed once it is sealed": partial(two_counts, besides=seal),
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


@pytest.mark.parametrize(
    ("scenario", "store"),
    [(two_sealers, BlindStore), (sealing_during_erasure, BlindStore), (sealing_during_erasure, TornStore)],
)
def test_law_is_broken_by_a_broken_store(scenario, store):
    """The same search finds an order in which the law does not hold, once the store breaks its own."""
    expect_broken(scenario, store)
