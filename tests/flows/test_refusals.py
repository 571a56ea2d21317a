"""Refusals that write nothing else: what is counted, when it is written, and that strangers cost the store nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.entities import AuditEvent, AuditKind, Device
from authcore.errors import AuthError, CodeMismatch, Conflict, InvalidCredentials, InvalidToken, StoreFault
from authcore.memory import MemoryStore
from authcore.testing import build_auth
from tests.flows.people import ADA, OTHER_PASSWORD, do, kept, refusal, register

HOME = Device(network="192.0.2.1")


def refused(auth):
    """What the trail says was refused: why, to whom, how often."""
    return [(e.reason, e.network, e.count) for e in kept(auth, AuditEvent) if e.kind is AuditKind.REFUSED]


def knock(auth, times=1):
    """Come with a token that is none, as often as is said, and be refused as an adapter would."""
    for _ in range(times):
        auth.note_refusal(refusal(auth.authenticate("x", device=HOME)), device=HOME)


class CountingStore(MemoryStore):
    """Counts what it is asked, and fails a commit for each error that is given."""

    def __init__(self, *errors):
        """Begin with no calls."""
        super().__init__()
        self.calls, self.errors = 0, list(errors)

    async def find(self, key, /):
        """Count, and find."""
        self.calls += 1
        return await super().find(key)

    async def commit(self, writes, unchanged=()):
        """Count, and fail or store."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        await super().commit(writes, unchanged)


def test_bad_token_costs_no_store_call():
    """However often a stranger comes with a bad token, the store is asked nothing until the counts are written."""
    auth = build_auth(store=CountingStore())
    knock(auth, 50)
    assert auth.store.calls == 0
    assert do(auth.record_refusals()) == 50
    assert refused(auth) == [("invalid_token", "192.0.2.1", 50)]


def test_a_minute_has_one_event():
    """Counts of one minute, wherever they were counted, are one event; those of the next one are another."""
    auth = build_auth()
    other = replace(auth, refusals=type(auth.refusals)())
    for each in (auth, other):
        knock(each, 3)
        do(each.record_refusals())
    auth.clock.advance(timedelta(minutes=1))
    knock(auth)
    do(auth.record_refusals())
    assert refused(auth) == [("invalid_token", "192.0.2.1", 6), ("invalid_token", "192.0.2.1", 1)]


def test_nothing_refused_writes_nothing():
    """Where nothing was refused there is nothing to write."""
    auth = build_auth(store=CountingStore())
    assert do(auth.record_refusals()) == 0
    assert auth.store.calls == 0


def test_sealed_minute_is_followed_by_the_next():
    """What was counted after its minute was sealed is written in the next one, and the trail stays intact."""
    auth = build_auth()
    knock(auth)
    do(auth.record_refusals())
    do(auth.seal_audit())
    knock(auth, 2)
    assert do(auth.record_refusals()) == 0
    auth.clock.advance(timedelta(minutes=1))
    assert do(auth.record_refusals()) == 2
    do(auth.seal_audit())
    assert do(auth.verify_audit(head=do(auth.audit_head()))).intact
    assert [count for _, _, count in refused(auth)] == [1, 2]


def test_race_loses_no_count():
    """Of two that write the same event at the same time, the one that comes second adds to it."""
    auth = build_auth(store=CountingStore(Conflict()))
    knock(auth, 4)
    assert do(auth.record_refusals()) == 4
    assert refused(auth) == [("invalid_token", "192.0.2.1", 4)]


def test_fault_loses_no_count():
    """What could not be written is still counted, and written when the store is back."""
    auth = build_auth(store=CountingStore(StoreFault("down")))
    knock(auth, 4)
    assert isinstance(refusal(auth.record_refusals()), StoreFault)
    knock(auth)
    assert do(auth.record_refusals()) == 5


def test_copies_of_an_auth_count_together():
    """An Auth that was made from another one, as adapters do, counts with it."""
    auth = build_auth()
    knock(replace(auth, posted=print))
    assert do(auth.record_refusals()) == 1


def test_failed_login_is_counted(auth):
    """A wrong password leaves no event of its own, so it is counted."""
    found = refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD, device=HOME))
    assert isinstance(found, InvalidCredentials)
    auth.note_refusal(found, device=HOME)
    do(auth.record_refusals())
    assert refused(auth) == [("invalid_credentials", "192.0.2.1", 1)]


def test_wrong_code_is_not_counted_besides(auth):
    """A wrong code has its own event, and is not counted besides."""
    challenge = register(auth)
    found = refusal(auth.verify_account(challenge=challenge.token, code="000000"))
    assert isinstance(found, CodeMismatch)
    found.code = "challenge_ended"
    auth.note_refusal(found, device=HOME)
    do(auth.record_refusals())
    assert refused(auth) == []


@pytest.mark.parametrize("kind", [InvalidToken, AuthError])
def test_refusal_is_logged_once(auth, caplog, kind):
    """A refusal is one line of the log, however often it is noted and whoever raised it first."""
    caplog.set_level("INFO", logger="authcore.security")
    found = kind(cause="why")
    auth.note_refusal(found)
    auth.note_refusal(found)
    knock(auth)
    assert [record.getMessage().split()[1] for record in caplog.records] == [kind.code, "invalid_token"]
