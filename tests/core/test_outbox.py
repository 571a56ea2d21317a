"""Deciding about messages: PENDING -> SENDING -> SENT, or FAILED, or DISCARDED."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from authcore import outbox
from authcore.entities import Account, Device, Message, MessageKind, MessageState, TwoStepSession
from authcore.occasion import Ids, Occasion
from authcore.policy import Policy

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
POLICY = Policy(message_attempts=4)
QUEUES = outbox.queues(POLICY)
OCCASION = Occasion(
    now=NOW,
    device=Device(),
    policy=POLICY,
    ids=Ids(account="a", session="s", message="m", event="e", salt="salt"),
    code_key="k",
)
ACCOUNT = Account(id="a", created_at=NOW, updated_at=NOW, email="ada@example.org")
MESSAGE = outbox.notice(OCCASION, MessageKind.PASSWORD_CHANGED, account=ACCOUNT, destination="ada@example.org")
HELD = outbox.lease(MESSAGE, now=NOW, policy=POLICY).settle()


def _challenge() -> TwoStepSession:
    return TwoStepSession(
        id="c",
        created_at=NOW,
        updated_at=NOW,
        account_id="a",
        epoch=1,
        expires_at=NOW,
        code_key="k",
        max_attempts=5,
        purpose="verify",
        destination="ada@example.org",
    )


class TestWriting:
    """What a message is when it is written."""

    def test_a_notice_waits_at_once(self):
        """A notice is due now, pending, never tried, and in the queue of what is fresh."""
        assert (
            Message(
                id="m",
                created_at=NOW,
                updated_at=NOW,
                kind=MessageKind.PASSWORD_CHANGED,
                destination="ada@example.org",
                account_id="a",
                queue=QUEUES[0],
                due_at=NOW,
            )
            == MESSAGE
        )

    def test_a_code_message_holds_no_code(self):
        """The message of a code names its challenge, from which the code is derived when it is sent."""
        message = outbox.code_message(OCCASION, _challenge(), is_decoy=False)
        assert (message.kind, message.session_id, message.account_id) == (MessageKind.CODE, "c", "a")
        assert message.destination == "ada@example.org"

    def test_decoys_wait_like_others(self):
        """The message of a decoy differs from one that is sent by its kind alone."""
        decoy, real = (outbox.code_message(OCCASION, _challenge(), is_decoy=is_decoy) for is_decoy in (True, False))
        assert decoy == replace(real, kind=MessageKind.DECOY)


class TestBeingDue:
    """Whether a message waits for a deliverer."""

    @pytest.mark.parametrize(
        ("changes", "is_due"),
        [
            ({}, True),
            ({"due_at": NOW + TICK}, False),
            ({"due_at": NOW - TICK}, True),
            ({"queue": None}, False),
            ({"queue": QUEUES[1]}, True),
            ({"leased_until": NOW + TICK}, False),
            ({"leased_until": NOW}, True),
            ({"leased_until": NOW - TICK}, True),
            ({"leased_until": NOW, "due_at": NOW + TICK}, False),
        ],
    )
    def test_due_means_queued_in_time_and_not_leased(self, changes, is_due):
        """A message is due from its time on, while it is in a queue and nobody holds it."""
        assert outbox.is_due(replace(MESSAGE, **changes), now=NOW) is is_due


class TestLeasing:
    """Taking a message to send it."""

    def test_a_lease_is_counted_and_ends(self):
        """Who takes a message counts an attempt, and holds it until the lease is over."""
        decision = outbox.lease(MESSAGE, now=NOW, policy=POLICY)
        held = decision.settle()
        assert (held.state, held.attempts, held.leased_until) == (MessageState.SENDING, 1, NOW + POLICY.message_lease)
        assert decision.writes == (held,)

    @pytest.mark.parametrize("message", [None, HELD, replace(MESSAGE, queue=None), replace(MESSAGE, due_at=NOW + TICK)])
    def test_what_is_not_due_is_left(self, message):
        """A message that is gone, held, done or not due is not taken, and nothing is written."""
        decision = outbox.lease(message, now=NOW, policy=POLICY)
        assert (decision.outcome, decision.writes) == (None, ())

    def test_an_abandoned_message_is_taken_again(self):
        """A message whose lease is over is taken again, and that is another attempt."""
        held = outbox.lease(HELD, now=NOW + POLICY.message_lease, policy=POLICY).settle()
        assert (held.state, held.attempts) == (MessageState.SENDING, 2)

    def test_a_message_is_given_up_whatever_becomes_of_it(self):
        """Even if the outcome stays unknown each time, a message is sent at most as often as the policy says."""
        message, now, taken = MESSAGE, NOW, 0
        for _ in range(POLICY.message_attempts + 3):
            decision = outbox.lease(message, now=now, policy=POLICY)
            if decision.outcome is None:
                break
            message, now, taken = decision.outcome, now + POLICY.message_lease, taken + 1
        assert taken <= POLICY.message_attempts

    def test_what_was_tried_is_fresh_no_more(self):
        """What was taken once leaves the queue of what was never tried, so that what keeps failing holds up nobody."""
        assert outbox.lease(MESSAGE, now=NOW, policy=POLICY).settle().queue == QUEUES[1]


class TestSettling:
    """What comes of a sending."""

    @pytest.mark.parametrize("state", [MessageState.SENT, MessageState.DISCARDED, MessageState.FAILED])
    def test_finished_messages_wait_for_nobody(self, state):
        """A finished message is in no queue, held by nobody, and never due again."""
        done = outbox.finished(HELD, state, now=NOW)
        assert done == replace(HELD, state=state, queue=None, leased_until=None)
        assert not outbox.is_due(done, now=NOW + timedelta(days=9999))

    def test_failed_messages_wait_longer_each_time(self):
        """A message that was surely not sent is tried again after 5 seconds, and then four times as long each time."""
        policy = Policy(message_attempts=8)
        pauses = [outbox.failed(replace(HELD, attempts=n), now=NOW, policy=policy).due_at - NOW for n in range(1, 8)]
        assert [pause.total_seconds() for pause in pauses] == [5, 20, 80, 320, 1280, 5120, 20480]

    def test_failed_messages_stand_behind_fresh_ones(self):
        """A message that failed is pending again, in the queue of what was tried as often, held by nobody."""
        again = outbox.failed(HELD, now=NOW, policy=POLICY)
        assert (again.state, again.queue, again.leased_until) == (MessageState.PENDING, QUEUES[1], None)

    @pytest.mark.parametrize(
        ("attempts", "state"), [(3, MessageState.PENDING), (4, MessageState.FAILED), (5, MessageState.FAILED)]
    )
    def test_the_last_failure_is_the_end(self, attempts, state):
        """After the last attempt that the policy allows a message has failed for good."""
        again = outbox.failed(replace(HELD, attempts=attempts), now=NOW, policy=POLICY)
        assert (again.state, again.queue is None) == (state, state is MessageState.FAILED)

    @given(st.integers(1, 8), st.lists(st.booleans(), max_size=12))
    def test_every_message_comes_to_an_end(self, attempts, failures):
        """Whether its sendings fail or stay unknown, a message stands where deliverers look until it is given up."""
        policy, message, now = Policy(message_attempts=attempts), MESSAGE, NOW
        for is_known in failures:
            decision = outbox.lease(message, now=now, policy=policy)
            message = (
                outbox.failed(decision.writes[0], now=now, policy=policy)
                if is_known and decision.outcome
                else (decision.writes[0])
            )
            if message.queue is None:
                break
            assert message.queue in outbox.queues(policy)
            now = max(message.due_at, message.leased_until or now)
        assert message.attempts <= attempts
        assert (message.queue is None) == (message.state is MessageState.FAILED)
        assert message.state is MessageState.FAILED or len(failures) <= attempts
