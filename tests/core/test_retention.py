"""Deciding what has been over for long enough to go: to the microsecond, kind by kind, and never what still counts."""

import time
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone

import pytest

from authcore.captcha_settings import CaptchaSettings
from authcore.entities import (
    ENTITIES,
    Account,
    Attempt,
    AuditEvent,
    AuditSeal,
    AuthenticationSession,
    CaptchaSession,
    ChallengeSlot,
    Credential,
    Grant,
    Identifier,
    Message,
    MessageKind,
    Milestone,
    Role,
    SessionRoster,
    Tally,
    TwoStepSession,
)
from authcore.errors import InvalidInput
from authcore.policy import LONGEST_SESSION, SHORTEST_RETENTION, Policy
from authcore.retention import RULES, Purged, bounds, checked, longest_window, over, trail_bound
from authcore.throttle import Throttle
from tests.core.ada import NOW

TICK = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = Policy()
BOUND = NOW - 40 * DAY
THROTTLES = [each.name for each in fields(POLICY) if isinstance(getattr(POLICY, each.name), Throttle)]


def slot(failing_since):
    """The room for one account's challenges, last written long ago."""
    times = {"created_at": BOUND - DAY, "updated_at": BOUND - DAY}
    return ChallengeSlot(
        id="ada:pay", **times, account_id="ada", challenge_id="c", failures=50, failing_since=failing_since
    )


def tally(failing_since):
    """What has failed against somebody, last long ago."""
    return Tally(
        id="password:ada", created_at=BOUND - DAY, updated_at=BOUND - DAY, failures=50, failing_since=failing_since
    )


def message(queue):
    """A message that was last looked at long ago."""
    times = {"created_at": BOUND - DAY, "updated_at": BOUND - DAY, "due_at": BOUND - DAY}
    return Message(id="m", **times, kind=MessageKind.CODE, destination="a@b.example", account_id="ada", queue=queue)


def refused(before, policy=POLICY):
    """Why a time is refused."""
    with pytest.raises(InvalidInput) as caught:
        checked(before, now=NOW, policy=policy)
    return caught.value.field, caught.value.reason


class TestTimes:
    """Before which time something must have been over."""

    def test_policy_says_since_when(self):
        """Unless it is asked for otherwise, what has been over for as long as the policy says may go."""
        assert checked(None, now=NOW, policy=Policy(retention=9 * DAY)) == NOW - 9 * DAY

    def test_time_may_be_given(self, monkeypatch):
        """A time of one's own counts, whatever the policy says, in whatever zone it was told, and wherever that is."""
        monkeypatch.setenv("TZ", "JST-9")
        time.tzset()
        there = (NOW - 2 * HOUR).astimezone(timezone(timedelta(hours=9)))
        for before in (NOW - SHORTEST_RETENTION, NOW - 400 * DAY, there):
            assert checked(before, now=NOW, policy=POLICY) == before
        assert checked(there, now=NOW, policy=POLICY).utcoffset() == timedelta(0)
        monkeypatch.undo()
        time.tzset()

    def test_young_time_is_refused(self):
        """A flow that is under way may have read what would go, and clocks differ: an hour must have passed."""
        assert refused(NOW - SHORTEST_RETENTION + TICK) == ("before", "too_young")
        assert refused(NOW) == ("before", "too_young")
        assert refused(NOW + 400 * DAY) == ("before", "too_young")

    def test_time_within_a_flow_is_refused(self):
        """Where flows may take longer than that, so much must have passed."""
        patient = Policy(flow_patience=3 * HOUR)
        assert refused(NOW - 3 * HOUR + TICK, patient) == ("before", "too_young")
        assert checked(NOW - 3 * HOUR, now=NOW, policy=patient) == NOW - 3 * HOUR

    def test_time_of_nowhere_is_refused(self):
        """A time without a zone is refused: nobody knows when it was."""
        assert refused(datetime(2000, 1, 1)) == ("before", "not_utc")  # noqa: DTZ001  that is what is refused

    def test_any_old_time_will_do(self):
        """However long ago a time is, it is one: nothing is older than 1970."""
        oldest = datetime.min.replace(tzinfo=NOW.tzinfo)
        for before in (oldest, None):
            found = checked(before, now=NOW, policy=Policy(retention=36_500 * DAY))
            assert found.year == 1970
            assert set(bounds(found, policy=POLICY)) == set(RULES)


class TestBounds:
    """How long something counts after its date."""

    def test_what_has_an_end_counts_no_longer(self):
        """A session says itself when its token is over, and a message that is finished is over."""
        found = bounds(NOW, policy=POLICY)
        ending = [AuthenticationSession, TwoStepSession, CaptchaSession, Message]
        assert {found[kind] for kind in ending} == {NOW}
        assert {kind.DATED for kind in ending} == {"expires_at", "updated_at"}

    def test_counts_are_kept_for_their_windows(self):
        """What is counted stays for the longest window of the policy besides."""
        found = bounds(NOW, policy=POLICY)
        assert {found[kind] for kind in (Attempt, Tally, ChallengeSlot)} == {NOW - DAY}

    def test_rosters_are_kept_for_the_longest_session(self):
        """A roster stays for as long as any session may last that was opened last, under whatever policy."""
        short = Policy(absolute=DAY, inactivity=HOUR * 2)
        assert bounds(NOW, policy=short)[SessionRoster] == NOW - LONGEST_SESSION

    @pytest.mark.parametrize("name", THROTTLES)
    def test_every_throttle_is_waited_for(self, name):
        """Whichever throttle has the longest window, no count goes before it is over."""
        assert longest_window(replace(POLICY, **{name: Throttle(limit=1, window=29 * DAY)})) == 29 * DAY

    def test_captchas_and_codes_are_waited_for(self):
        """The throttle of captchas counts as well, their own life, and the window in which wrong codes are counted."""
        assert longest_window(Policy(challenge_window=30 * DAY)) == 30 * DAY
        captcha = CaptchaSettings(per_network=Throttle(limit=1, window=29 * DAY))
        assert longest_window(Policy(captcha=captcha)) == 29 * DAY
        brief = {name: Throttle(limit=1, window=HOUR / 2) for name in THROTTLES}
        own = CaptchaSettings(per_network=Throttle(limit=1, window=HOUR / 2), lifetime=HOUR)
        assert longest_window(Policy(**brief, challenge_window=HOUR / 2, captcha=own)) == HOUR


class TestOver:
    """What goes of what is old."""

    def test_waiting_messages_stay(self):
        """A message that still waits stays, however long it has waited."""
        assert over([message("outbox-0"), message(None)], bound=BOUND) == [message(None)]

    @pytest.mark.parametrize("counted", [slot, tally])
    def test_counts_stay_while_they_count(self, counted):
        """Failures are remembered from the first one on, whatever a clock that was behind has written since."""
        going = [counted(None), counted(BOUND - TICK)]
        assert over([*going, counted(BOUND), counted(BOUND + DAY)], bound=BOUND) == going

    @pytest.mark.parametrize("kind", [AuthenticationSession, TwoStepSession, CaptchaSession, SessionRoster, Attempt])
    def test_most_go_for_their_age_alone(self, kind):
        """Sessions, challenges, captchas, rosters and attempts go once they are old enough, however they have ended."""
        assert RULES[kind].is_over(None, BOUND) is True

    def test_nobody_goes(self):
        """People, their names, passwords and roles, what happens once, and seals never go for their age."""
        staying = {Account, Identifier, Credential, Role, Grant, Milestone, AuditSeal}
        assert set(ENTITIES) == staying | set(RULES) | {AuditEvent}
        assert {kind for kind in ENTITIES if kind.DATED is None} == staying

    def test_messages_go_first(self):
        """A challenge goes after its messages, which are found by it when an address has to be forgotten."""
        order = list(RULES)
        assert order.index(Message) < order.index(TwoStepSession)


class TestTrail:
    """What goes of the trail."""

    def test_trail_stays(self):
        """Without a period of its own the trail stays, however old."""
        assert trail_bound(BOUND, now=NOW, policy=POLICY) is None

    def test_trail_has_its_own_period(self):
        """The trail is kept for its own period, and longer if all else is."""
        policy = Policy(audit_retention=400 * DAY)
        assert trail_bound(BOUND, now=NOW, policy=policy) == NOW - 400 * DAY
        assert trail_bound(NOW - 500 * DAY, now=NOW, policy=policy) == NOW - 500 * DAY


def test_total_is_of_all_kinds():
    """How much is gone is told by kind, and in all."""
    assert Purged(counts={Message: 2, Tally: 3}, more=False).total == 5
