"""What was read of callers: until when it is told, and what ends it."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from authcore.caller_cache import CallerCache, check_revocation_within
from authcore.entities import Account, AuthenticationSession, Grant, Role, SessionEnd
from authcore.errors import ConfigurationError
from authcore.memory import MemoryStore
from authcore.policy import LONGEST_REVOCATION
from authcore.ports import Caller

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
BOUND = timedelta(seconds=30)

BASE = {"created_at": NOW, "updated_at": NOW}
ADA = Account(id="ada", version=1, **BASE)
EDITOR = Role(id="editor", version=1, permissions=("article:write",), **BASE)
GRANT = Grant(id="ada:editor", version=1, account_id="ada", role="editor", **BASE)


def session(name="s", **changes):
    """A session of Ada's, as it was stored."""
    times = dict.fromkeys(("auth_time", "rotated_at", "rotates_at", "inactive_at", "expires_at"), NOW)
    whole = {"account_id": "ada", "epoch": 1, "network": "", "user_agent": "", "amr": ("pwd",), "version": 1}
    return AuthenticationSession(id=name, **BASE | times | whole | changes)


def caller(name="s", **changes):
    """Ada, by one of her sessions."""
    return Caller(**{"session": session(name), "account": ADA, "grants": (GRANT,), "roles": (EDITOR,)} | changes)


def read(cache, found, name="s", *, now=NOW, keep=True):
    """Read a caller from beginning to end."""
    with cache.reading(name, now=now, keep=keep) as reading:
        reading.found = found


def recall(cache, name="s", *, now=NOW, within=BOUND):
    """What is told of a session."""
    return cache.recall(name, now=now, within=within)


@pytest.fixture
def cache():
    """A cache in which Ada was read once."""
    cache = CallerCache()
    read(cache, caller())
    return cache


class TestBound:
    """For how long something is told."""

    def test_it_is_told_until_the_bound(self, cache):
        """What was read is told for less than the bound, to the microsecond."""
        assert recall(cache, now=NOW + BOUND - TICK) == caller()
        assert recall(cache, now=NOW + BOUND) is None

    def test_each_asks_with_a_bound_of_his_own(self, cache):
        """A smaller bound is told less, a larger one more, and whoever accepts nothing is told nothing."""
        assert recall(cache, now=NOW + BOUND, within=BOUND + TICK) == caller()
        assert recall(cache, now=NOW + TICK, within=TICK) is None
        assert recall(cache, within=timedelta(0)) is None

    def test_it_counts_from_when_the_reading_began(self):
        """However long the store took, the bound counts from before it was asked."""
        cache = CallerCache()
        with cache.reading("s", now=NOW, keep=True) as reading:
            # Meanwhile the bound passes.
            reading.found = caller()
        assert recall(cache, now=NOW + BOUND) is None

    def test_nothing_is_told_from_the_future(self, cache):
        """What was read later, by another clock, is not told."""
        assert recall(cache, now=NOW - TICK) is None

    def test_a_newer_reading_begins_anew(self, cache):
        """What is read again is told from then on."""
        read(cache, caller(), now=NOW + BOUND)
        assert recall(cache, now=NOW + BOUND + BOUND - TICK) == caller()

    @pytest.mark.parametrize("bound", [-TICK, LONGEST_REVOCATION + TICK, timedelta.max])
    def test_bounds_are_bounded(self, bound):
        """A bound below zero, or over 5 minutes, is refused."""
        with pytest.raises(ConfigurationError, match=r"^revocation_within must be"):
            check_revocation_within(bound)

    @pytest.mark.parametrize("bound", [timedelta(0), TICK, LONGEST_REVOCATION])
    def test_what_lies_between_is_accepted(self, bound):
        """Zero, 5 minutes and all between them are bounds."""
        assert check_revocation_within(bound) is bound


class TestRoom:
    """How much is kept."""

    def test_what_was_read_first_makes_room(self):
        """Beyond the limit what was read longest ago goes."""
        cache = CallerCache(most=2)
        for name in ("a", "b", "a", "c"):
            read(cache, caller(name), name)
        assert [name for name in "abc" if recall(cache, name)] == ["a", "c"]

    def test_what_nobody_may_be_told_goes(self, cache):
        """What is older than any bound goes when something else is kept: it holds somebody's address."""
        read(cache, caller("other"), "other", now=NOW + LONGEST_REVOCATION - TICK)
        assert recall(cache) == caller()
        read(cache, caller("third"), "third", now=NOW + LONGEST_REVOCATION)
        assert recall(cache) is None

    @pytest.mark.parametrize(
        "found",
        [
            Caller(),
            caller(account=None, session=session(account_id=None)),
            caller(session=session(ended_at=NOW, ended_as=SessionEnd.REVOKED)),
        ],
        ids=["no session", "nobody's", "ended"],
    )
    def test_what_lets_nobody_in_takes_no_room(self, cache, found):
        """What can let nobody in is not kept, and takes away what was."""
        read(cache, found)
        assert recall(cache) is None

    def test_nothing_is_kept_unasked(self):
        """Who accepts nothing old has nothing kept."""
        cache = CallerCache()
        read(cache, caller(), keep=False)
        assert recall(cache) is None

    def test_no_reading_leaves_anything_behind(self, cache):
        """Whatever comes of readings, nothing is remembered of them but what is kept."""
        with pytest.raises(TimeoutError), cache.reading("s", now=NOW, keep=True):
            raise TimeoutError
        read(cache, caller("other"), "other")
        with cache.reading("s", now=NOW, keep=True), cache.reading("s", now=NOW, keep=True):
            cache.changed([EDITOR])
        assert cache._rounds == {}  # noqa: SLF001  nothing else would show a leak


CHANGES = {
    "her session": session(ended_at=NOW),
    "her account": ADA,
    "her grant": GRANT,
    "a new grant of hers": replace(GRANT, version=0),
    "a role": EDITOR,
    "a new role": replace(EDITOR, version=0),
}

OTHER_CHANGES = {
    "another session": session("other"),
    "a new session of hers": session(version=0),
    "another account": replace(ADA, id="eve"),
    "a new account": replace(ADA, version=0),
    "another's grant": replace(GRANT, account_id="eve"),
}


class TestChanges:
    """What a commit of this process ends."""

    @pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES.keys())
    def test_what_was_changed_is_forgotten(self, cache, changed):
        """What is written of a caller is told no more as it was before."""
        cache.changed([changed])
        assert recall(cache) is None

    @pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES.keys())
    def test_what_is_being_read_then_is_not_kept(self, changed):
        """What is being read while it is changed may be older, and is not kept."""
        cache = CallerCache()
        with cache.reading("s", now=NOW, keep=True) as reading:
            cache.changed([changed])
            reading.found = caller()
        assert recall(cache) is None

    @pytest.mark.parametrize("changed", OTHER_CHANGES.values(), ids=OTHER_CHANGES.keys())
    def test_others_are_told_on(self, cache, changed):
        """What is written of others ends nothing."""
        cache.changed([changed])
        assert recall(cache) == caller()


class TestOverlappingReadings:
    """Of readings of one session that overlap nobody knows which is the newer one."""

    @pytest.fixture
    def cache(self):
        """An empty one."""
        return CallerCache()

    def during(self, cache, *others, keep=True):
        """Have a reading find Ada as she was, while others begin and end."""
        with ExitStack() as stack:
            late = stack.enter_context(cache.reading("s", now=NOW, keep=True))
            for found in others:
                read(cache, found, now=NOW + TICK, keep=keep)
            late.found = caller()

    @pytest.mark.parametrize("keep", [True, False])
    @pytest.mark.parametrize(
        "found",
        [Caller(), caller(session=session(ended_at=NOW)), caller(grants=(), roles=())],
        ids=["gone", "ended", "without roles"],
    )
    def test_what_another_has_seen_changed_is_not_brought_back(self, cache, found, keep):
        """A late answer brings nothing back that another reading has found over, or otherwise, in between."""
        self.during(cache, found, keep=keep)
        assert recall(cache, now=NOW + TICK) is None

    def test_the_first_that_ends_is_kept(self, cache):
        """Of readings that find the same, the first that ends is kept."""
        self.during(cache, caller())
        assert recall(cache, now=NOW + BOUND) == caller()

    def test_a_late_answer_voids_readings_of_now(self, cache):
        """What a late answer contradicts is not kept by a reading that is still under way, either."""
        with ExitStack() as late:
            older = late.enter_context(cache.reading("s", now=NOW, keep=True))
            cache.changed([ADA])
            with cache.reading("s", now=NOW, keep=True) as newer:
                older.found = Caller()
                late.pop_all().close()
                newer.found = caller()
        assert recall(cache) is None

    def test_others_sessions_are_read_apart(self, cache):
        """What is found of one session is no matter of another."""
        with cache.reading("s", now=NOW, keep=True) as reading:
            read(cache, Caller(), "other")
            cache.changed([session("other")])
            reading.found = caller()
        assert recall(cache) == caller()

    def test_a_reading_that_fails_tells_nothing(self, cache):
        """A reading that fails removes nothing."""
        read(cache, caller())
        with pytest.raises(TimeoutError), cache.reading("s", now=NOW, keep=True):
            raise TimeoutError
        assert recall(cache) == caller()

    def test_lists_and_tuples_are_one(self, cache):
        """Whether a store answers with lists or tuples makes no difference."""
        read(cache, caller())
        read(cache, caller(grants=[GRANT], roles=[EDITOR]), keep=False)
        assert recall(cache) == caller()


class TestStores:
    """Whose callers they are."""

    def test_it_is_of_the_store_that_it_was_first_of(self):
        """It stays with one store, and another one gets another cache of the same size."""
        cache, store = CallerCache(most=7), MemoryStore()
        assert cache.of(store) is cache
        assert cache.of(store) is cache
        other = cache.of(MemoryStore())
        assert other is not cache
        assert other.most == 7
        assert other.of(store) is not other

    def test_nothing_of_it_is_shown(self, cache):
        """Whoever prints it sees nobody's address."""
        assert repr(cache) == "CallerCache(most=4096)"
