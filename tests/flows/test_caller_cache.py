"""Going by what was read of a caller a while ago: how soon whatever ends a session, or a permission, is seen.

In every order of flows that meet it is tested in test_caller_cache_orders, and in several tasks at once here.
"""

import asyncio
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from authcore.audit import session_digest
from authcore.auth import Identified
from authcore.caller_cache import CallerCache
from authcore.entities import Role, SessionEnd
from authcore.errors import ConfigurationError, InvalidToken, SecondFactorRequired, SessionRevoked, StoreFault
from authcore.memory import MemoryStore
from authcore.policy import Policy
from authcore.ports import Store, by_id
from authcore.principal import Anonymous
from authcore.testing import build_auth
from authcore_sqlalchemy import SqliteStore
from tests.flows.people import (
    ADA,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    WatchedStore,
    change_password,
    code_to,
    do,
    join,
    log_in,
    put,
    refusal,
    stored,
)

TICK = timedelta(microseconds=1)
BOUND = timedelta(seconds=30)
EDITOR = {"role": "editor", "permissions": ["article:write"]}


@pytest.fixture
def revocation_within():
    """What was read within the bound is accepted."""
    return BOUND


@pytest.fixture
def elsewhere(auth):
    """The same application in another process."""
    return replace(auth, callers=CallerCache())


@pytest.fixture
def account(auth):
    """Ada has an account, and a role."""
    account = join(auth, username="ada")
    do(auth.assign_role(account_id=account.id, **EDITOR))
    return account


@pytest.fixture
def session(auth, account):
    """She is logged in, was recognised just now, and nothing is counted yet."""
    session = log_in(auth)
    do(auth.identify(session.token))
    auth.store.reads.clear()
    return session


def may_write(auth, session):
    """Whether a session's holder is let in, and may write articles."""
    try:
        return do(auth.authenticate(session.token)).may(all_of="article:write")
    except (InvalidToken, SecondFactorRequired):
        return False


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_within_the_bound_nothing_is_read(auth, session):
    """Within the bound neither way of being recognised calls the store, and both say what they said before."""
    auth.clock.advance(BOUND - TICK)
    found = do(auth.identify(session.token))
    principal = do(auth.authenticate(session.token))
    assert not auth.store.reads
    assert found == Identified(caller=principal, recalled=True)
    assert principal.session == stored(auth, session)
    assert principal.roles == ("editor",)


def test_after_the_bound_it_is_read_once(auth, session):
    """At the bound the store is asked again, by one call, and the next bound begins."""
    auth.clock.advance(BOUND)
    for _ in range(3):
        do(auth.identify(session.token))
    assert auth.store.reads["caller"] == 1


def test_by_default_the_store_is_read_each_time(auth, session):
    """Without a bound every request asks the store, and nothing is kept."""
    strict = replace(auth, policy=Policy(), callers=CallerCache())
    for _ in range(3):
        do(strict.identify(session.token))
        do(strict.authenticate(session.token))
    assert auth.store.reads["caller"] == 6
    assert strict.callers.recall(session.session.id, now=auth.clock.now(), within=BOUND) is None


@pytest.mark.parametrize("way", [lambda auth: auth.identify, lambda auth: auth.authenticate], ids=["identify", "auth"])
def test_each_call_may_say_another_bound(auth, session, way):
    """For one call the bound may be larger, smaller, or zero."""
    auth.clock.advance(timedelta(seconds=20))
    for bound, reads in ((timedelta(seconds=20), 1), (TICK, 1), (timedelta(0), 2)):
        do(way(auth)(session.token, revocation_within=bound))
        assert auth.store.reads["caller"] == reads
    auth.clock.advance(timedelta(minutes=5) - TICK)
    do(way(auth)(session.token, revocation_within=timedelta(minutes=5)))
    assert auth.store.reads["caller"] == 2


@pytest.mark.parametrize("bound", [-TICK, timedelta(minutes=5) + TICK])
def test_a_bound_out_of_range_is_refused(auth, session, bound):
    """No call accepts a bound below zero, or over 5 minutes."""
    for way in (auth.identify, auth.authenticate):
        with pytest.raises(ConfigurationError, match=r"^revocation_within"):
            do(way(session.token, revocation_within=bound))


def test_within_the_bound_a_store_may_be_away(auth, session):
    """Who was recognised just now is so again while the store answers nothing."""

    async def away(_):
        raise StoreFault

    auth.store.caller = away
    assert do(auth.authenticate(session.token)).account.email == ADA
    auth.clock.advance(BOUND)
    with pytest.raises(StoreFault):
        do(auth.authenticate(session.token))


# --- what ends it -----------------------------------------------------------------------------------------------------


def revoked_by_owner(auth, account, session):
    """Ada ends the session from another one."""
    do(auth.revoke_session(log_in(auth).token, session=session_digest(session.session.id)))


def recovered(auth, account, session):
    """Ada sets a new password without the old one."""
    asked = do(auth.request_recovery(identifier=ADA))
    do(auth.recover(challenge=asked.token, code=code_to(auth), new_password=NEW_PASSWORD))


def logged_in_in_its_place(auth, account, session):
    """Ada logs in once more on the same device."""
    do(auth.log_in(identifier=ADA, password=PASSWORD, former=session.token))


def displaced(auth, account, session):
    """Ada logs in, and there is room for one session."""
    narrow = replace(auth, policy=replace(auth.policy, sessions_per_account=1))
    log_in(narrow)


def another_address(auth, account, session):
    """Ada moves to another address."""
    asked = do(auth.request_address_change(token=session.token, email=BOB, password=PASSWORD))
    do(auth.confirm_address_change(token=session.token, challenge=asked.token, code=code_to(auth, BOB)))


def reused(auth, account, session):
    """A token that was outdated long ago comes once more."""
    auth.clock.advance(auth.policy.rotation)
    newer = do(auth.identify(session.token)).renewed
    do(auth.identify(newer.token))
    do(auth.identify(newer.token))
    auth.clock.advance(auth.policy.grace)
    refusal(auth.authenticate(session.token))


def purged(auth, account, session):
    """The session is purged after it was over for long."""
    do(auth.log_out(session.token))
    auth.clock.advance(auth.policy.absolute + auth.policy.retention)
    do(auth.purge())


ENDS = {
    "logged out": lambda auth, account, session: do(auth.log_out(session.token)),
    "revoked by its owner": revoked_by_owner,
    "revoked from itself": lambda auth, account, session: do(
        auth.revoke_session(session.token, session=session_digest(session.session.id))
    ),
    "revoked with the others": lambda auth, account, session: do(auth.revoke_other_sessions(log_in(auth).token)),
    "revoked by an operator": lambda auth, account, session: do(
        auth.revoke_session_of(account.id, session=session_digest(session.session.id))
    ),
    "all revoked by an operator": lambda auth, account, session: do(auth.revoke_sessions(account.id)),
    "password changed": lambda auth, account, session: change_password(auth, session),
    "password given again": lambda auth, account, session: do(
        auth.reauthenticate(token=session.token, password=PASSWORD)
    ),
    "recovered": recovered,
    "recovery asked by an operator": lambda auth, account, session: do(auth.require_recovery(account.id)),
    "logged in in its place": logged_in_in_its_place,
    "displaced": displaced,
    "another address": another_address,
    "second factor asked": lambda auth, account, session: do(auth.require_second_factor(account.id)),
    "second factor chosen": lambda auth, account, session: do(
        auth.change_second_factor(token=session.token, password=PASSWORD, required=True)
    ),
    "disabled": lambda auth, account, session: do(auth.disable_account(account.id)),
    "deleted": lambda auth, account, session: do(auth.delete_account(account.id)),
    "erased": lambda auth, account, session: do(auth.erase_account(account.id)),
    "reused": reused,
    "purged": purged,
    "role withdrawn": lambda auth, account, session: do(auth.withdraw_role(account_id=account.id, role="editor")),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_it_is_seen_at_once_in_the_same_process(auth, account, session, end):
    """Once a flow has returned that ends a session, or takes a permission, nothing from before it is told."""
    assert may_write(auth, session)
    end(auth, account, session)
    assert not may_write(auth, session)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_it_is_seen_at_once_by_what_was_made_of_it(auth, account, session, end):
    """An `Auth` that was made of another one, as adapters make theirs, is one process with it."""
    other = replace(auth, posted=lambda: None)
    assert may_write(auth, session)
    end(other, account, session)
    assert not may_write(auth, session)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_it_is_seen_within_the_bound_in_another_process(auth, elsewhere, account, session, end):
    """Another process sees it when what it has read is as old as the bound, and not a microsecond later."""
    began = auth.clock.now()
    assert may_write(auth, session)
    end(elsewhere, account, session)
    if auth.clock.now() - began < BOUND:
        auth.clock.advance(BOUND - TICK - (auth.clock.now() - began))
        assert may_write(auth, session)  # or nothing is shown
        auth.clock.advance(TICK)
    assert not may_write(auth, session)


def test_a_role_is_given_at_once(auth, account, session):
    """What is given counts as soon as what is taken."""
    do(auth.assign_role(account_id=account.id, role="chief", permissions=["article:delete"]))
    assert do(auth.authenticate(session.token)).may(all_of="article:delete")


def test_a_role_that_was_changed_elsewhere_is_seen_within_the_bound(auth, account, session):
    """A role that permits less is seen like one that was withdrawn."""
    put(auth, do(auth.store.get(by_id(Role, "editor"))), permissions=("article:read",))
    assert may_write(auth, session)
    auth.clock.advance(BOUND)
    assert not may_write(auth, session)


def test_others_are_not_disturbed(auth, account, session):
    """Who logs in, or out, takes nothing from anybody else."""
    log_in(auth)
    do(auth.log_out(log_in(auth).token))
    join(auth, BOB)
    log_in(auth, BOB)
    auth.store.reads.clear()
    do(auth.identify(session.token))
    assert not auth.store.reads


@pytest.mark.parametrize("kind", [StoreFault, asyncio.CancelledError], ids=["fault", "cancelled"])
def test_a_commit_of_unknown_outcome_ends_it_too(auth, account, session, kind):
    """A flow that was broken off after its commit has told nobody, and counts all the same."""
    commit = auth.store.commit

    async def broken_off(writes, unchanged=()):
        await commit(writes, unchanged)
        raise kind

    auth.store.commit = broken_off
    with pytest.raises(kind):
        do(auth.revoke_sessions(account.id))
    assert not may_write(auth, session)


# --- what never comes of it -------------------------------------------------------------------------------------------


SENSITIVE = {
    "list_sessions": lambda auth, token: auth.list_sessions(token),
    "revoke_session": lambda auth, token: auth.revoke_session(token, session="x"),
    "revoke_other_sessions": lambda auth, token: auth.revoke_other_sessions(token),
    "change_password": lambda auth, token: auth.change_password(token=token, current=PASSWORD, new=NEW_PASSWORD),
    "reauthenticate": lambda auth, token: auth.reauthenticate(token=token, password=PASSWORD),
    "refresh": lambda auth, token: auth.refresh(token),
    "change_second_factor": lambda auth, token: auth.change_second_factor(
        token=token, password=PASSWORD, required=True
    ),
    "request_address_change": lambda auth, token: auth.request_address_change(
        token=token, email=BOB, password=PASSWORD
    ),
    "request_two_step": lambda auth, token: auth.request_two_step(token=token, purpose="pay"),
    "request_second_factor": lambda auth, token: auth.request_second_factor(token),
}


@pytest.mark.parametrize("flow", SENSITIVE.values(), ids=SENSITIVE.keys())
def test_whatever_is_sensitive_reads_the_store(auth, elsewhere, account, session, flow):
    """Whatever changes a session or a credential, or shows them, sees at once what another process has ended.

    And once it has told so, nobody is let in by what was read before.
    """
    do(elsewhere.revoke_sessions(account.id))
    assert may_write(auth, session)
    assert isinstance(refusal(flow(auth, session.token)), SessionRevoked)
    assert not may_write(auth, session)


def test_only_two_ways_go_by_it(auth, session):
    """Nothing but `identify` and `authenticate` accepts anything that was read before."""

    class Deaf(CallerCache):
        def recall(self, *_, within, **__):
            assert not within

    deaf = replace(auth, callers=Deaf())
    for flow in SENSITIVE.values():
        assert not isinstance(refusal(flow(deaf, session.token)), AssertionError)
    for way in (deaf.identify, deaf.authenticate):
        with pytest.raises(AssertionError):
            do(way(session.token))


def test_a_refusal_comes_from_the_store(auth, session):
    """Whatever a token is refused for, the store was asked."""
    for tag in ("x", "y"):
        with pytest.raises(InvalidToken):
            do(auth.authenticate(session.token, tag=tag))
    assert auth.store.reads["caller"] == 2


def test_a_refusal_of_a_tag_ends_nothing(auth, session):
    """A session that is refused for another one's tag is told on where it counts."""
    refusal(auth.authenticate(session.token, tag="x"))
    auth.store.reads.clear()
    do(auth.authenticate(session.token))
    assert not auth.store.reads


def test_nobody_in_particular_is_read_each_time(auth):
    """A session of nobody is read from the store each time."""
    nobody = do(auth.open_anonymous())
    auth.store.reads.clear()
    for _ in range(2):
        assert isinstance(do(auth.identify(nobody.token)).caller, Anonymous)
    assert auth.store.reads["caller"] == 2


def test_a_pending_session_is_read_each_time(auth, account):
    """A session that lacks its second factor is read from the store each time."""
    do(auth.require_second_factor(account.id))
    pending = log_in(auth)
    auth.store.reads.clear()
    for _ in range(2):
        assert isinstance(refusal(auth.identify(pending.token)), SecondFactorRequired)
    assert auth.store.reads["caller"] == 2


def test_a_due_token_is_rotated_in_time(auth, session):
    """However late somebody was recognised, the token is replaced when it is due."""
    auth.clock.advance(auth.policy.rotation - TICK)
    assert do(auth.identify(session.token)).renewed is None
    auth.clock.advance(TICK)
    assert do(auth.identify(session.token)).renewed.session.generation == 2


def test_the_first_use_of_a_successor_is_written_down(auth, session):
    """The first time that a successor is shown is written, although its session has just been read."""
    auth.clock.advance(auth.policy.rotation)
    newer = do(auth.identify(session.token)).renewed
    do(auth.identify(session.token))
    do(auth.identify(newer.token))
    assert stored(auth, session).presented_at == auth.clock.now()


def accepting_most(auth):
    """The same process, accepting what is 5 minutes old: much longer than the grace window."""
    return replace(auth, policy=replace(auth.policy, revocation_within=timedelta(minutes=5)))


@pytest.mark.parametrize("way", [lambda auth: auth.identify, lambda auth: auth.authenticate], ids=["identify", "auth"])
def test_no_reuse_is_overlooked(auth, elsewhere, session, way):
    """A token that was rotated in another process ends its session when it comes too late, as without a bound.

    However long the bound is: whatever could have been rotated since is read.
    """
    patient = accepting_most(auth)
    auth.clock.advance(auth.policy.rotation - TICK)
    do(way(patient)(session.token))
    auth.clock.advance(TICK)
    newer = do(elsewhere.identify(session.token)).renewed
    do(elsewhere.identify(newer.token))
    auth.clock.advance(auth.policy.grace)
    assert isinstance(refusal(way(patient)(session.token)), SessionRevoked)
    assert stored(auth, session).ended_as is SessionEnd.REVOKED


def test_a_token_of_before_is_judged_by_the_store(auth, elsewhere, session):
    """A token that awaits its successor's use is read each time: how long it counts may be decided elsewhere."""
    patient = accepting_most(auth)
    auth.clock.advance(auth.policy.rotation)
    newer = do(patient.identify(session.token)).renewed
    do(patient.identify(session.token))
    do(elsewhere.identify(newer.token))
    auth.clock.advance(auth.policy.grace)
    assert isinstance(refusal(patient.identify(session.token)), SessionRevoked)


def test_another_store_is_another_world(auth, session):
    """A session that was read of one store lets nobody into another one, although one key signs for both."""
    tenant = replace(auth, store=WatchedStore())
    assert isinstance(refusal(tenant.authenticate(session.token)), InvalidToken)
    assert do(auth.authenticate(session.token))


def test_nothing_secret_is_kept(auth, session):
    """What is kept is what `caller` answers, by the session's id: no token, no hash, no code."""
    ((name, kept),) = auth.callers._kept.items()  # noqa: SLF001  all of it is looked at
    assert name == session.session.id
    assert kept.caller == do(auth.store.caller(session.session.id))
    assert session.token not in str(kept)


# --- many at once -----------------------------------------------------------------------------------------------------


class Travelling(Store):
    """Another store, whose answers are under way for a while, each for another one."""

    def __init__(self, store):
        """Wrap a store."""
        self._store = store
        self._asked = 0

    async def find(self, key, /):
        """Find, and have the answer travel."""
        return await self._brought(await self._store.find(key))

    async def caller(self, session_id, /):
        """Read, and have the answer travel."""
        return await self._brought(await self._store.caller(session_id))

    async def commit(self, writes, unchanged=()):
        """Commit, and have the answer travel."""
        await self._brought(await self._store.commit(writes, unchanged))

    async def _brought(self, answer):
        self._asked += 1
        for _ in range(self._asked % 5):
            await asyncio.sleep(0)
        return answer


async def seen_by_many(auth, token, account_id, *, rounds=20, readers=6):
    """Take a role and give it again, while many are recognised; return what they saw, and what it should have been.

    What is seen while a change is under way is left out, since it may come before or after it.
    """
    turn, seen = 0, set()

    async def read():
        while turn < 4 * rounds:
            began = turn
            writes = (await auth.identify(token)).caller.may(all_of="article:write")
            if turn == began and turn % 2 == 0:
                seen.add((writes, turn % 4 == 0))
            await asyncio.sleep(0)

    async def change():
        nonlocal turn
        for _ in range(rounds):
            for change in (partial(auth.withdraw_role, role="editor"), partial(auth.assign_role, **EDITOR)):
                turn += 1
                await change(account_id=account_id)
                turn += 1
                for _ in range(9):
                    await asyncio.sleep(0)

    await asyncio.gather(change(), *(read() for _ in range(readers)))
    return seen


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_many_tasks_see_what_was_committed(kind, hasher, tmp_path):
    """In many tasks of one event loop everybody sees what a flow has committed once it has returned."""
    with closing(SqliteStore(tmp_path / "accounts")) if kind == "file" else nullcontext(MemoryStore()) as store:
        auth = build_auth(store=store, hasher=hasher, policy=Policy(revocation_within=BOUND))
        account = join(auth)
        do(auth.assign_role(account_id=account.id, **EDITOR))
        token = log_in(auth).token
        slow = replace(auth, store=Travelling(store))
        assert asyncio.run(seen_by_many(slow, token, account.id)) == {(True, True), (False, False)}
