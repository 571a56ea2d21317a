"""Deciding about sessions other than the one in use."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import revocation
from authcore.audit import session_digest
from authcore.entities import AuditEvent, AuditKind, SessionEnd
from authcore.errors import AccountNotFound, InvalidInput, ReauthenticationRequired, StateUnchanged
from authcore.policy import Policy
from authcore.rotation import last_used
from tests.core.ada import BEFORE, DECOY, LIVE, NOW, OCCASION
from tests.core.test_principal import SESSION

CURRENT = replace(SESSION, id="current", account_id=LIVE.id)
OTHER = replace(CURRENT, id="other", created_at=NOW + timedelta(minutes=1))
ENDED = {"ended_at": NOW, "ended_as": SessionEnd.CLOSED}


def listed(*found, account=LIVE, now=NOW):
    """The ids of the sessions that are listed, the current one marked."""
    seen = revocation.open_sessions(found, account=account, current=CURRENT, policy=Policy(), now=now)
    return [f"{each.session.id}!" if each.current else each.session.id for each in seen]


class TestListing:
    """Which sessions their holder sees."""

    def test_newest_first(self):
        """Sessions that count are listed, newest first, and the one that asks is marked."""
        assert listed(CURRENT, OTHER) == listed(OTHER, CURRENT) == ["other", "current!"]

    def test_own_session_is_always_there(self):
        """However few of the sessions were read, the one that asks is among them."""
        assert listed() == ["current!"]

    @pytest.mark.parametrize(
        "changes",
        [
            ENDED,
            {"deleted_at": NOW},
            {"epoch": LIVE.epoch - 1},
            {"requires_second_factor": True},
            {"expires_at": NOW},
            {"inactive_at": NOW},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_what_does_not_count_is_not_listed(self, changes):
        """A session that is over, or pending, is not listed."""
        assert listed(CURRENT, replace(OTHER, **changes)) == ["current!"]

    @pytest.mark.parametrize(
        ("presented", "used"), [(None, NOW), (NOW + timedelta(minutes=5), NOW + timedelta(minutes=5))]
    )
    def test_last_use(self, presented, used):
        """A session was used last when its newest token came first, or else when that token was made."""
        session = replace(CURRENT, presented_at=presented)
        assert last_used(session) == used
        assert revocation.OpenSession(session=session, current=True).last_used_at == used


class TestRevokingOne:
    """Ending a session from elsewhere."""

    @pytest.mark.parametrize("changes", [{}, {"requires_second_factor": True}], ids=["whole", "pending"])
    def test_open_session_ends(self, changes):
        """A session that is open, or pending, is revoked, and the trail names it by its digest."""
        decision = revocation.revoke(OCCASION, account=LIVE, session=replace(OTHER, **changes))
        ended, event = decision.writes
        assert decision.settle() is ended
        assert (ended.ended_at, ended.ended_as) == (NOW, SessionEnd.REVOKED)
        assert (event.kind, event.account_id, event.actor) == (AuditKind.SESSION_REVOKED, LIVE.id, LIVE.id)
        assert event.session == session_digest("other")

    @pytest.mark.parametrize(
        ("changes", "cause"),
        [
            (ENDED, "closed"),
            ({"ended_at": NOW, "ended_as": SessionEnd.REVOKED}, "revoked"),
            ({"epoch": LIVE.epoch - 1}, "epoch"),
            ({"expires_at": NOW}, "deadline"),
        ],
    )
    def test_second_time_is_refused(self, changes, cause):
        """What is over already, however it ended, is refused, and stays as it ended; logs are told how."""
        decision = revocation.revoke(OCCASION, account=LIVE, session=replace(OTHER, **changes))
        assert (type(decision.refusal), decision.refusal.cause, decision.writes) == (StateUnchanged, cause, ())

    @pytest.mark.parametrize("session", [None, replace(OTHER, account_id="b"), replace(OTHER, account_id=None)])
    def test_only_own_sessions_end(self, session):
        """Nobody ends another's session, nor learns whether there is one."""
        decision = revocation.revoke(OCCASION, account=LIVE, session=session)
        assert isinstance(decision.refusal, InvalidInput)
        assert (decision.refusal.evidence, decision.writes) == ({"field": "session", "reason": "unknown"}, ())


class TestFreshness:
    """Who may end others' sessions: by policy, whoever has authenticated a short while ago."""

    TICK = timedelta(microseconds=1)
    STRICT = replace(OCCASION, policy=Policy(fresh_for=timedelta(minutes=5)))

    def since(self, ago):
        """The current session, of somebody who has authenticated so long ago."""
        return replace(CURRENT, auth_time=NOW - ago)

    @pytest.mark.parametrize(("later", "may"), [(-TICK, True), (timedelta(0), False), (TICK, False)])
    def test_others_are_ended_by_a_fresh_login(self, later, may):
        """Another session, or all of them, are ended until that time is over, and nothing is written after it."""
        current = self.since(timedelta(minutes=5) + later)
        for decision in (
            revocation.revoke(self.STRICT, account=LIVE, session=OTHER, current=current),
            revocation.revoke_others(self.STRICT, account=LIVE, session=current),
        ):
            assert (decision.refusal is None) is may
            assert may or (type(decision.refusal), decision.writes) == (ReauthenticationRequired, ())

    def test_the_own_session_is_ended_at_any_time(self):
        """Logging out asks for nothing."""
        current = self.since(timedelta(days=1))
        assert revocation.revoke(self.STRICT, account=LIVE, session=current, current=current).refusal is None

    def test_operators_have_no_session(self):
        """Whoever acts from no session is asked for no newer one."""
        assert revocation.revoke(self.STRICT, account=LIVE, session=OTHER).refusal is None

    def test_by_default_any_login_will_do(self):
        """A policy that says nothing asks for nothing."""
        current = self.since(timedelta(days=29))
        assert revocation.revoke_others(OCCASION, account=LIVE, session=current).refusal is None

    def test_strangers_sessions_stay_unknown(self):
        """Whether somebody else's session exists is told to nobody, whenever they logged in."""
        current, theirs = self.since(timedelta(days=1)), replace(OTHER, account_id="b")
        decision = revocation.revoke(self.STRICT, account=LIVE, session=theirs, current=current)
        assert isinstance(decision.refusal, InvalidInput)


class TestRevokingAll:
    """Ending whatever is open."""

    def test_others_end_and_the_caller_goes_on(self):
        """The account has a new epoch, and the caller a new session under it, with the same factors."""
        decision = revocation.revoke_others(OCCASION, account=LIVE, session=replace(CURRENT, tag="app"))
        opened, _, account, former, event = decision.writes
        assert decision.settle() is opened
        assert account == replace(LIVE, epoch=LIVE.epoch + 1, updated_at=NOW)
        assert (opened.epoch, opened.amr, opened.tag) == (account.epoch, CURRENT.amr, "app")
        assert (former.id, former.ended_as) == ("current", SessionEnd.SUPERSEDED)
        assert (event.kind, event.account_id, event.actor) == (AuditKind.SESSIONS_REVOKED, LIVE.id, LIVE.id)
        assert event.session == session_digest(opened.id)

    def test_caller_goes_on_no_longer_than_before(self):
        """The new session ends when the old one had to, and its holder has authenticated then."""
        before = replace(CURRENT, auth_time=BEFORE)
        opened = revocation.revoke_others(OCCASION, account=LIVE, session=before).settle()
        assert (opened.expires_at, opened.auth_time) == (CURRENT.expires_at, BEFORE)

    def test_caller_who_may_not_go_on_changes_nothing(self):
        """Who may have no session gets none, and ends none."""
        decision = revocation.revoke_others(OCCASION, account=replace(LIVE, disabled_at=NOW), session=CURRENT)
        assert (decision.outcome, decision.writes) == (None, ())

    def test_operator_ends_all(self):
        """An account that is there has a new epoch, whatever its state."""
        for account in (LIVE, replace(LIVE, disabled_at=NOW)):
            decision = revocation.revoke_all(OCCASION, account=account)
            assert decision.settle().epoch == LIVE.epoch + 1
            (event,) = [entity for entity in decision.writes if isinstance(entity, AuditEvent)]
            assert (event.kind, event.account_id) == (AuditKind.SESSIONS_REVOKED, LIVE.id)

    @pytest.mark.parametrize("account", [None, DECOY, replace(LIVE, deleted_at=NOW)])
    def test_whoever_is_not_there_is_refused(self, account):
        """What is no account, or is deleted, has no sessions to end."""
        assert type(revocation.revoke_all(OCCASION, account=account).refusal) is AccountNotFound
