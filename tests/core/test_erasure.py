"""Deciding about erasure."""

from dataclasses import replace

import pytest

from authcore import erasure
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    Message,
    MessageKind,
    MessageState,
    TwoStepSession,
)
from authcore.errors import AccountNotFound
from tests.core.ada import BEFORE, DECOY, LIVE, NOW, OCCASION, PENDING, USERNAME, identifier_of

BESIDE = replace(DECOY, beside_id=LIVE.id)
HERS, ITS = identifier_of(), identifier_of(held_by=BESIDE, id="decoy:email:Ada@example.org")
WANTED = TwoStepSession(
    id="c",
    version=1,
    created_at=BEFORE,
    updated_at=BEFORE,
    account_id="b",
    epoch=1,
    expires_at=NOW,
    code_key="k",
    max_attempts=5,
    purpose="change-email",
    destination="Ada@example.org",
    wanted_id=HERS.id,
)
WAITING = Message(
    id="m",
    version=1,
    created_at=BEFORE,
    updated_at=BEFORE,
    kind=MessageKind.CODE,
    destination="Ada@example.org",
    account_id="b",
    session_id=WANTED.id,
    state=MessageState.SENDING,
    queue="due",
    due_at=BEFORE,
    leased_until=NOW,
)


def entomb(account=LIVE, decoys=(), names=()):
    """What is decided."""
    return erasure.entomb(OCCASION, account=account, decoys=decoys, names=names)


def of(writes, kind):
    """Those of a kind among what is written."""
    return [entity for entity in writes if isinstance(entity, kind)]


@pytest.mark.parametrize("account", [LIVE, PENDING, replace(LIVE, disabled_at=BEFORE)], ids=["live", "new", "disabled"])
def test_account_becomes_a_tombstone(account):
    """It keeps its id, shows no name, is deleted from now on, and in a new epoch; its names are removed."""
    decision = entomb(account, names=[HERS])
    (tomb,) = of(decision.writes, Account)
    assert (tomb.id, tomb.version, tomb.epoch) == (account.id, account.version, account.epoch + 1)
    assert (tomb.username, tomb.email, tomb.phone) == (None, None, None)
    assert (tomb.deleted_at, tomb.erased_at, tomb.updated_at) == (NOW, NOW, NOW)
    assert decision.removed == (HERS,)
    assert decision.settle().people == (account.id,)


def test_deleted_account_keeps_its_time():
    """When it was deleted is not forgotten."""
    (tomb,) = of(entomb(replace(LIVE, deleted_at=BEFORE)).writes, Account)
    assert (tomb.deleted_at, tomb.erased_at) == (BEFORE, NOW)


def test_decoys_go_with_it():
    """What strangers left at her address becomes a tombstone too, and each of them is told of."""
    decision = entomb(decoys=[BESIDE], names=[HERS, ITS])
    assert decision.settle().people == (LIVE.id, BESIDE.id)
    assert [tomb.email for tomb in of(decision.writes, Account)] == [None, None]
    assert decision.removed == (HERS, ITS)
    told = of(decision.writes, AuditEvent)
    assert [(event.kind, event.account_id) for event in told] == [
        (AuditKind.ACCOUNT_ERASED, LIVE.id),
        (AuditKind.ACCOUNT_ERASED, BESIDE.id),
    ]
    assert len({event.id for event in told}) == len(told)
    assert len({event.salt for event in told}) == len(told)


def test_tombstone_stays_as_it_is():
    """A second time only what has come since is removed."""
    erased = replace(LIVE, email=None, username=None, deleted_at=BEFORE, erased_at=BEFORE)
    decision = entomb(erased, names=[ITS])
    assert (decision.writes, decision.removed, decision.settle().people) == ((), (ITS,), (LIVE.id,))


@pytest.mark.parametrize("account", [None, DECOY], ids=["nobody", "decoy"])
def test_nobody_is_erased(account):
    """What is no account is refused, and nothing is written."""
    decision = entomb(account, names=[ITS])
    assert (type(decision.refusal), decision.writes, decision.removed) == (AccountNotFound, (), ())


def test_addresses_are_told_of():
    """Of her names those are told that somebody else may have asked for as his own: addresses, and no username."""
    decision = entomb(names=[HERS, identifier_of(USERNAME)])
    assert decision.settle().addresses == {HERS.id}


def test_what_others_wanted_is_blanked():
    """Challenges of those who wanted an address, and the messages of those, forget it; it is told if there was any."""
    decision = erasure.unwanted([WANTED], [WAITING], now=NOW)
    assert decision.settle() is True
    assert decision.writes == (
        replace(WANTED, destination="", wanted_id=None, updated_at=NOW),
        replace(WAITING, destination="", state=MessageState.DISCARDED, queue=None, leased_until=None, updated_at=NOW),
    )
    assert erasure.unwanted([], [WAITING], now=NOW).settle() is False


@pytest.mark.parametrize("entity", [WANTED, replace(WANTED, destination=""), replace(WANTED, wanted_id=None)])
def test_blanking_is_a_change_of_now(entity):
    """What names a person is blanked now, however much of it there is, and what is blank is not touched again."""
    blank = erasure.blanked(entity, now=NOW)
    assert blank == replace(WANTED, destination="", wanted_id=None, updated_at=NOW)
    assert erasure.blanked(blank, now=NOW + (NOW - BEFORE)) is blank


def test_sent_message_keeps_how_it_ended():
    """A message that waits for nobody is blanked, and stays what it came to."""
    sent = replace(WAITING, state=MessageState.SENT, queue=None, leased_until=None)
    assert erasure.blanked(sent, now=NOW) == replace(sent, destination="", updated_at=NOW)
