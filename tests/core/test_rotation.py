"""Which token of a session counts, and when the next one takes its place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from authcore.audit import session_digest
from authcore.entities import AuditEvent, AuditKind, AuthenticationSession, Device, SessionEnd
from authcore.errors import InvalidToken, SessionRevoked
from authcore.policy import Policy
from authcore.rotation import Circumstances, Presentation, Presented, deadlines, present

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
POLICY = Policy()
SESSION = AuthenticationSession(
    id="s",
    version=3,
    created_at=NOW,
    updated_at=NOW,
    account_id="a",
    epoch=7,
    network="192.0.2.1",
    user_agent="test",
    tag="app",
    amr=("pwd",),
    auth_time=NOW,
    generation=5,
    presented_at=NOW,
    expires_at=NOW + POLICY.absolute,
    **deadlines(now=NOW, expires_at=NOW + POLICY.absolute, policy=POLICY),
)
UNSEEN = replace(SESSION, presented_at=None)
DUE = SESSION.rotates_at
HERE = Device()
CHANGED_BY_ROTATION = {"updated_at", "generation", "rotated_at", "presented_at", "rotates_at", "inactive_at"}


def shown(generation=5, now=NOW, *, rotate=True, device=HERE, **changes):
    """Return a presentation of a token of some generation."""
    told = Circumstances(device=device, event="e", salt="salt")
    return Presentation(
        generation=generation, now=now, policy=POLICY, circumstances=lambda: told, rotate=rotate, **changes
    )


class TestCurrent:
    """Presenting the newest token."""

    def test_nothing_is_written_while_nothing_is_due(self):
        """A token in use is shown again and again without a write."""
        decision = present(SESSION, shown(now=DUE - TICK))
        assert (decision.outcome, decision.writes) == (Presented(session=SESSION), ())

    @pytest.mark.parametrize("late", [timedelta(0), TICK, timedelta(hours=20)])
    def test_a_due_token_is_replaced_once(self, late):
        """From its time on, a token is replaced by that of the next generation, whose times begin now."""
        now = DUE + late
        decision = present(SESSION, shown(now=now))
        turned = decision.outcome.session
        assert (decision.outcome.renewed, decision.writes) == (True, (turned,))
        assert (turned.generation, turned.updated_at, turned.presented_at) == (6, now, None)
        assert turned.rotated_at == now
        assert (turned.rotates_at, turned.inactive_at) == (now + POLICY.rotation, now + POLICY.inactivity)

    def test_who_asks_for_tokens_is_given_none_unasked(self):
        """Without rotation a due token goes on to count, and nothing is written."""
        decision = present(SESSION, shown(now=DUE, rotate=False))
        assert (decision.outcome, decision.writes) == (Presented(session=SESSION), ())

    @pytest.mark.parametrize("rotate", [True, False])
    @pytest.mark.parametrize("generation", [2, 5])
    def test_its_first_presentation_is_marked_once(self, rotate, generation):
        """The first time that a rotated token is shown is written down, and no other time."""
        unseen = replace(UNSEEN, generation=generation)
        decision = present(unseen, shown(generation, now=NOW + TICK, rotate=rotate))
        assert decision.outcome == Presented(session=replace(unseen, updated_at=NOW + TICK, presented_at=NOW + TICK))
        assert decision.writes == (decision.outcome.session,)
        assert present(decision.outcome.session, shown(generation, now=NOW + 2 * TICK)).writes == ()

    @pytest.mark.parametrize("seen", [None, DUE - POLICY.grace + TICK])
    @pytest.mark.parametrize("generation", [2, 5])
    def test_it_stays_while_the_one_before_may_come(self, seen, generation):
        """A due token is not replaced before the one that it replaced is surely too late."""
        decision = present(replace(SESSION, generation=generation, presented_at=seen), shown(generation, now=DUE))
        assert (decision.outcome.renewed, decision.outcome.session.generation) == (False, generation)

    def test_the_first_generation_needs_no_mark(self):
        """A session that was never rotated has no older token to tell apart: showing its token writes nothing."""
        assert present(replace(UNSEEN, generation=1), shown(1)).writes == ()

    def test_the_first_generation_waits_for_none(self):
        """There is no token before the first one, which is replaced as soon as it is due."""
        assert present(replace(UNSEEN, generation=1), shown(1, now=DUE)).outcome.session.generation == 2


class TestPredecessor:
    """Presenting the token before the newest one."""

    @pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=3)])
    def test_it_gets_the_same_successor_until_that_one_is_seen(self, late):
        """Whoever comes with the older token is given the successor that is there, and nothing is written."""
        decision = present(UNSEEN, shown(4, now=NOW + late))
        assert (decision.outcome, decision.writes) == (Presented(session=UNSEEN, renewed=True), ())

    def test_it_counts_for_a_while_after_that(self):
        """In the grace window the older token still gets the same successor: requests may be under way."""
        decision = present(SESSION, shown(4, now=NOW + POLICY.grace - TICK))
        assert (decision.outcome, decision.writes) == (Presented(session=SESSION, renewed=True), ())

    def test_who_asks_for_tokens_is_given_none_unasked(self):
        """Without rotation the older token counts in the same window, and no token is handed out."""
        assert present(SESSION, shown(4, rotate=False)).outcome == Presented(session=SESSION)

    @pytest.mark.parametrize("late", [timedelta(0), TICK, timedelta(hours=20)])
    def test_after_that_it_ends_the_session(self, late):
        """An older token that is used beside its successor revokes the session, and the trail says so."""
        now = NOW + POLICY.grace + late
        decision = present(SESSION, shown(4, now=now, device=Device(network="192.0.2.9")))
        assert isinstance(decision.refusal, SessionRevoked)
        assert decision.refusal.cause == "reuse"
        revoked, event = decision.writes
        assert revoked == replace(SESSION, updated_at=now, ended_at=now, ended_as=SessionEnd.REVOKED)
        assert isinstance(event, AuditEvent)
        assert (event.id, event.kind) == ("e-session_reused", AuditKind.SESSION_REUSED)
        assert (event.account_id, event.network) == ("a", "192.0.2.9")
        assert (event.session, event.created_at, event.updated_at) == (session_digest("s"), now, now)


class TestOthers:
    """Presenting any other token."""

    @pytest.mark.parametrize("session", [SESSION, UNSEEN])
    @pytest.mark.parametrize("generation", [3, 1, 0, -1])
    def test_older_ones_end_the_session(self, session, generation):
        """A token of any generation before that is a stolen one, or its owner's beside a stolen one."""
        decision = present(session, shown(generation))
        assert isinstance(decision.refusal, SessionRevoked)
        assert decision.writes[0].ended_as is SessionEnd.REVOKED

    def test_newer_ones_change_nothing(self):
        """A token of a generation that was never reached is refused, and nothing is written."""
        decision = present(SESSION, shown(6))
        assert (type(decision.refusal), decision.writes) == (InvalidToken, ())

    @pytest.mark.parametrize("generation", [3, 4, 5])
    def test_tags_are_exact(self, generation):
        """A session of another tag is refused, whatever its token, and nothing is written."""
        decision = present(SESSION, shown(generation, tag="other"))
        assert (type(decision.refusal), decision.writes) == (InvalidToken, ())
        assert present(SESSION, shown(tag="app")).outcome is not None


@given(
    st.lists(st.tuples(st.integers(0, 3), st.timedeltas(TICK, timedelta(hours=3)), st.booleans()), max_size=30),
)
def test_rotation_changes_nothing_but_generation_and_times(presentations):
    """Whatever is presented and when, the absolute end, the factors, the account and the rest stay as they were."""
    session, now = replace(SESSION, generation=1, presented_at=None), NOW
    for older, pause, rotate in presentations:
        now += pause
        decision = present(session, shown(session.generation - older, now=now, rotate=rotate))
        if decision.outcome is None:
            return
        after = decision.outcome.session
        assert replace(after, **{name: getattr(session, name) for name in CHANGED_BY_ROTATION}) == session
        assert after.generation - session.generation in {0, 1}
        assert max(after.rotates_at, after.inactive_at) <= after.expires_at
        session = after


@given(
    st.lists(st.tuples(st.sampled_from(["new", "old"]), st.timedeltas(timedelta(0), timedelta(hours=3))), max_size=40)
)
def test_a_client_that_keeps_its_newest_token_stays_in(steps):
    """Who uses the newest token that reached it, and the one before only within the rules, is never shut out."""
    session, now, held = replace(SESSION, generation=1, presented_at=None), NOW, [1]
    for which, pause in steps:
        now += pause
        may_use_old = len(held) > 1 and (session.presented_at is None or now < session.presented_at + POLICY.grace)
        used = held[-2] if which == "old" and may_use_old else held[-1]
        decision = present(session, shown(used, now=now))
        assert decision.refusal is None
        session = decision.outcome.session
        if decision.outcome.renewed and session.generation != held[-1]:
            held.append(session.generation)


@given(st.timedeltas(TICK, POLICY.absolute))
def test_no_deadline_is_later_than_the_absolute_end(before):
    """However late a session is rotated, it ends when it had to."""
    expires_at = NOW + before
    times = deadlines(now=NOW, expires_at=expires_at, policy=POLICY)
    assert times["rotated_at"] == NOW
    assert NOW < times["rotates_at"] <= times["inactive_at"] <= expires_at
