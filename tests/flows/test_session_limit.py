"""How many sessions an account may have.  Who makes room is tested in core/, and races in test_session_orders."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.auth import session_control
from authcore.entities import AuditKind
from authcore.errors import SessionClosed
from authcore.policy import Policy
from authcore.testing import build_auth
from tests.flows.people import (
    ADA,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    change_password,
    code_to,
    do,
    join,
    log_in,
    refusal,
    stored,
)
from tests.flows.scenarios import trail

LIMIT = 2
STEP = timedelta(minutes=1)


@pytest.fixture
def auth(store, hasher):
    """Accounts may have two sessions, and Ada has one."""
    auth = build_auth(store=store, hasher=hasher, policy=Policy(sessions_per_account=LIMIT))
    join(auth)
    return auth


def later(auth, **given):
    """Log in a minute later."""
    auth.clock.advance(STEP)
    return do(auth.log_in(identifier=ADA, password=PASSWORD, **given))


def counting(auth, *sessions):
    """Which of these sessions count."""
    return [refusal(auth.authenticate(each.token)) is None for each in sessions]


def in_two_steps(auth):
    """Log in where a second factor is called for, and enter its code."""
    strict = replace(auth, policy=replace(auth.policy, second_factor=True))
    pending = later(strict)
    asked = do(strict.request_second_factor(pending.token))
    return do(strict.fulfil_second_factor(token=pending.token, challenge=asked.token, code=code_to(strict)))


def test_newest_login_always_gets_in(auth):
    """Whoever logs in gets in, and the session that was not used for longest is over, with an event that says so."""
    first, second, third = (later(auth) for _ in range(3))
    assert counting(auth, first, second, third) == [False, True, True]
    assert isinstance(refusal(auth.authenticate(first.token)), SessionClosed)
    assert stored(auth, first).ended_as == "displaced"
    assert trail(auth).count(AuditKind.SESSION_DISPLACED) == 1


def test_session_in_use_stays(auth):
    """Not the oldest session goes, but the one that was renewed or shown last before all others."""
    old, new = later(auth), later(auth)
    auth.clock.advance(auth.policy.rotation)
    old = do(auth.refresh(old.token))
    third = later(auth)
    assert counting(auth, old, new, third) == [True, False, True]


def test_others_are_not_concerned(auth):
    """Each account has a limit of its own."""
    join(auth, BOB)
    bobs = log_in(auth, BOB)
    adas = [later(auth) for _ in range(LIMIT + 1)]
    assert counting(auth, bobs, *adas) == [True, False, True, True]


def test_login_in_place_of_another_displaces_nobody(auth):
    """Whoever logs in anew on a device takes the place of the session that was there."""
    other, session = later(auth), later(auth)
    for _ in range(3):
        session = later(auth, former=session.token)
    assert counting(auth, other, session) == [True, True]


@pytest.mark.parametrize("ending", ["log_out", "inactivity"])
def test_what_is_over_makes_room_first(auth, ending):
    """Nobody has to go while there are sessions that are over, however they ended."""
    gone, stays = later(auth), later(auth)
    if ending == "log_out":
        do(auth.log_out(gone.token))
    else:
        auth.clock.advance(auth.policy.inactivity - 2 * STEP)
        stays = do(auth.refresh(stays.token))
    third = later(auth)
    assert counting(auth, stays, third) == [True, True]
    assert AuditKind.SESSION_DISPLACED not in trail(auth)


WAYS = {
    "log in": later,
    "log in in two steps": in_two_steps,
    "give the password once more": lambda auth: do(auth.reauthenticate(token=later(auth).token, password=PASSWORD)),
    "end all others": lambda auth: do(auth.revoke_other_sessions(later(auth).token)),
    "choose a second factor": lambda auth: do(
        auth.change_second_factor(token=later(auth).token, password=PASSWORD, required=False)
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_limit_holds_however_a_session_comes_about(auth, way):
    """Every way to a session counts, as often as it is gone, and from each epoch to the next."""
    opened = []
    for _ in range(LIMIT + 2):
        opened += [way(auth), later(auth)]
        live = counting(auth, *opened)
        assert live.count(True) <= LIMIT
        assert live[-1]


def test_limit_holds_after_a_change_of_password(auth):
    """Who goes on after a change counts among those who log in by the new password."""
    caller = change_password(auth, later(auth))
    others = []
    for _ in range(LIMIT):
        auth.clock.advance(STEP)
        others.append(log_in(auth, ADA, NEW_PASSWORD))
    assert counting(auth, caller, *others) == [False, True, True]


def test_password_alone_drives_out_nobody(auth):
    """Where a second factor is called for, whoever has only the password ends no whole session, however often."""
    whole = [in_two_steps(auth) for _ in range(LIMIT)]
    strict = replace(auth, policy=replace(auth.policy, second_factor=True))
    pending = [later(strict) for _ in range(LIMIT + 3)]
    assert counting(strict, *whole) == [True] * LIMIT
    assert [stored(auth, each).ended_at is None for each in pending].count(True) == LIMIT


def test_lower_limit_is_kept_from_the_next_login_on(auth):
    """Where a policy allows fewer than there are, as many as are too many end at the next login."""
    sessions = [later(auth) for _ in range(LIMIT)]
    newest = later(replace(auth, policy=Policy(sessions_per_account=1)))
    assert counting(auth, *sessions, newest) == [False] * LIMIT + [True]


def test_login_reads_no_more_than_the_limit(auth):
    """However many sessions of an account are over, a login reads no more of them than may stand in its roster."""
    reads = []
    for _ in range(20):
        auth.store.reads.clear()
        session = later(auth)
        reads.append(auth.store.reads["find"])
        do(auth.log_out(session.token))
    assert max(reads) <= min(reads) + LIMIT
    assert sorted(reads[-LIMIT:]) == sorted(reads[-2 * LIMIT : -LIMIT])


def test_request_costs_one_read_at_the_limit(auth):
    """Being recognised asks for no roster."""
    session = [later(auth) for _ in range(LIMIT)][-1]
    auth.store.reads.clear()
    do(auth.authenticate(session.token))
    assert auth.store.reads["caller"] == 1


def test_open_sessions_are_found_among_very_many(auth, monkeypatch):
    """However many sessions of an account are over, its holder sees and ends each that is not."""
    monkeypatch.setattr(session_control, "_MOST_READ", 1)
    for _ in range(5):
        do(auth.log_out(later(auth).token))
    first, second = later(auth), later(auth)
    listed = do(auth.list_sessions(first.token))
    assert [each.session.id for each in listed] == [second.session.id, first.session.id]
