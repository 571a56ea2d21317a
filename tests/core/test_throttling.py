"""Deciding about what may be done so often only: who shares a count, when it is full, and what is written."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given, strategies as st

from authcore.decisions import Decision
from authcore.entities import Attempt, Tally
from authcore.errors import Throttled
from authcore.throttle import Throttle
from authcore.throttling import (
    Counted,
    Failing,
    address_subject,
    admit,
    failed,
    forgotten,
    may_fail,
    messages_subject,
    network_subject,
)
from tests.core.ada import BEFORE, NOW, OCCASION

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def attempt(ago, subject="a"):
    """Something that was done so long ago."""
    (made,) = admit(
        OCCASION.at(NOW - ago), [Counted(subject=subject, throttle=Throttle(limit=1, window=HOUR), last=None)]
    ).writes
    return made


def count(ago=None, *, subject="a", window=HOUR):
    """A count whose decisive attempt was so long ago."""
    throttle = Throttle(limit=5, window=window)
    return Counted(subject=subject, throttle=throttle, last=None if ago is None else attempt(ago, subject))


class TestSubjects:
    """Who is counted together."""

    @pytest.mark.parametrize(
        ("network", "subject"),
        [
            ("192.0.2.7", "login/192.0.2.7"),
            ("::ffff:192.0.2.7", "login/192.0.2.7"),
            ("::ffff:c000:207", "login/192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "login/2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "login/2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "login/2001:db8:1:3::/64"),
            ("unknown", "login/unknown"),
            ("", "login/"),
        ],
    )
    def test_network_is_what_one_customer_is_given(self, network, subject):
        """An IPv4 address counts alone, an IPv6 address with its /64, and all unknown ones together."""
        assert network_subject("login", network) == subject

    @given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
    def test_no_address_of_a_network_has_a_count_of_its_own(self, address, host):
        """Whoever has a /64 cannot count as many by changing the rest of the address."""
        sibling = type(address)((int(address) >> 64 << 64) | host)
        assume(address.ipv4_mapped is sibling.ipv4_mapped is None)
        assert network_subject("a", str(address)) == network_subject("a", str(sibling))

    @given(st.text("abc"), st.text("abc"))
    def test_sorts_of_codes_are_counted_apart(self, one, other):
        """The codes of each sort, and those to each address, have a count of their own."""
        subjects = {address_subject(what, digest) for what in ("verify", "second-factor") for digest in (one, other)}
        assert len(subjects) == 2 * len({one, other})

    def test_no_subject_is_another_sorts(self):
        """The names of counts never change, lest an upgrade forget them: those of messages, of codes, of networks."""
        assert (messages_subject("strangers"), address_subject("verify", "d")) == ("message/strangers", "code/verify/d")


class TestAdmitting:
    """What is allowed, and what is written."""

    def test_what_is_allowed_is_counted(self):
        """An allowed attempt is written for every subject, as a new entity each."""
        decision = admit(OCCASION, [count(subject="a"), count(subject="b")])
        assert (decision.refusal, decision.outcome) == (None, None)
        assert [(each.subject, each.version, each.created_at, each.updated_at) for each in decision.writes] == [
            ("a", 0, NOW, NOW),
            ("b", 0, NOW, NOW),
        ]
        assert len({each.id for each in decision.writes}) == 2

    def test_nothing_to_count_is_allowed(self):
        """Without a count there is nothing to refuse, and nothing to write."""
        assert admit(OCCASION, []) == Decision(None)

    @pytest.mark.parametrize("ago", [HOUR, HOUR + SECOND, 100 * HOUR])
    def test_what_is_over_counts_no_more(self, ago):
        """On and after the end of its window an attempt makes room for another one."""
        assert admit(OCCASION, [count(ago)]).refusal is None

    @pytest.mark.parametrize(
        ("ago", "wait"),
        [(timedelta(0), 3600), (timedelta(minutes=50), 600), (HOUR - SECOND, 1), (HOUR - timedelta(microseconds=1), 1)],
    )
    def test_full_count_tells_how_long_to_wait(self, ago, wait):
        """A full count refuses, and tells the whole seconds after which it surely is not full."""
        decision = admit(OCCASION, [count(ago)])
        assert isinstance(decision.refusal, Throttled)
        assert (decision.refusal.retry_after, decision.refusal.evidence) == (wait, {"retry_after": wait})

    def test_refused_attempt_leaves_no_row(self):
        """What is refused is counted nowhere, or whoever is refused would never be let in."""
        assert admit(OCCASION, [count(subject="free"), count(SECOND, subject="full")]).writes == ()

    def test_longest_wait_is_told(self):
        """Of several full counts the one that lasts longest is told, and in private which one it was."""
        decision = admit(
            OCCASION, [count(3 * SECOND, subject="b"), count(SECOND, subject="a"), count(HOUR, subject="c")]
        )
        assert (decision.refusal.retry_after, decision.refusal.cause) == (3599, "a")

    @given(st.lists(st.timedeltas(timedelta(0), timedelta(days=9000)), min_size=2, unique=True))
    def test_newest_attempt_comes_first(self, ages):
        """In order of id, attempts go from the newest to the oldest."""
        in_order = sorted((attempt(ago) for ago in ages), key=lambda each: each.id)
        assert [each.created_at for each in in_order] == sorted((NOW - ago for ago in ages), reverse=True)

    def test_attempt_id_known_answer(self):
        """The id of an attempt never changes, lest an upgrade take the newest attempts for the oldest."""
        assert attempt(timedelta(0)).id == "998106544000000000-new-e-a"

    def test_attempts_of_two_occasions_differ(self):
        """Two attempts at one moment are two rows."""
        other = replace(OCCASION, ids=replace(OCCASION.ids, event="other"))
        ones, others = admit(OCCASION, [count()]).writes, admit(other, [count()]).writes
        assert {type(each) for each in (*ones, *others)} == {Attempt}
        assert ones[0].id != others[0].id

    @given(st.ip_addresses(), st.text("abc", max_size=80))
    def test_ids_fit(self, address, name):
        """The id of an attempt has room for the longest subject."""
        subject = network_subject(name, str(address))
        assert admit(OCCASION, [count(subject=subject)]).writes[0].subject == subject


def failing(failures=None, ago=timedelta(0)):
    """What has failed so often, of three times an hour, the first time so long ago; or never."""
    tally = None
    if failures is not None:
        since = NOW - ago if failures else None
        tally = Tally(id="t", version=4, created_at=BEFORE, updated_at=BEFORE, failures=failures, failing_since=since)
    return Failing(subject="t", throttle=Throttle(limit=3, window=HOUR), tally=tally)


class TestFailing:
    """What may fail so often only."""

    @pytest.mark.parametrize(("failures", "ago"), [(None, SECOND), (0, SECOND), (1, SECOND), (2, SECOND), (3, HOUR)])
    def test_what_failed_less_often_is_tried(self, failures, ago):
        """What has not failed often enough, or not within its window, is tried."""
        assert may_fail(failing(failures, ago), now=NOW) is None

    @pytest.mark.parametrize("failures", [3, 4])
    @pytest.mark.parametrize(("ago", "wait"), [(timedelta(0), 3600), (HOUR - timedelta(microseconds=1), 1)])
    def test_what_failed_too_often_is_not_tried(self, failures, ago, wait):
        """What has failed as often as it may is not tried until the window is over, and whole seconds tell when."""
        throttled = may_fail(failing(failures, ago), now=NOW)
        assert (type(throttled), throttled.retry_after, throttled.cause) == (Throttled, wait, "failures")

    def test_first_failure_begins_a_tally(self):
        """Where nothing has failed yet a tally is begun, which says since when it counts."""
        begun = failed(failing(), now=NOW)
        assert begun == Tally(id="t", created_at=NOW, updated_at=NOW, failures=1, failing_since=NOW)

    @pytest.mark.parametrize("ago", [SECOND, HOUR - timedelta(microseconds=1)])
    def test_failure_within_the_window_is_added(self, ago):
        """A further failure is added to those before, and does not make the window longer."""
        before = failing(2, ago)
        assert failed(before, now=NOW) == replace(before.tally, updated_at=NOW, failures=3)

    @pytest.mark.parametrize(("failures", "ago"), [(0, SECOND), (3, HOUR), (3, HOUR + SECOND)])
    def test_failure_after_the_window_counts_from_one(self, failures, ago):
        """Failures whose window is over are forgotten, and the new one begins another."""
        before = failing(failures, ago)
        assert failed(before, now=NOW) == replace(before.tally, updated_at=NOW, failures=1, failing_since=NOW)

    @pytest.mark.parametrize("failures", [None, 0, 2])
    def test_success_forgets_failures(self, failures):
        """After a success nothing has failed; where nothing had, nothing is written."""
        before = failing(failures, SECOND)
        expected = [replace(before.tally, updated_at=NOW, failures=0, failing_since=None)] if failures else []
        assert forgotten(before, now=NOW) == expected
