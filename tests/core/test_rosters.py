"""Deciding which sessions make room.  What becomes of many logins at once is tested in flows/."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from authcore import rosters
from authcore.audit import session_digest
from authcore.entities import AuditEvent, AuditKind, AuthenticationSession, SessionEnd, SessionRoster
from authcore.policy import Policy
from authcore.rosters import Listed
from tests.core.ada import BEFORE, LIVE, NOW, OCCASION
from tests.core.test_principal import SESSION

OPENED = replace(SESSION, id="new-s", account_id=LIVE.id, epoch=LIVE.epoch)
SECOND = timedelta(seconds=1)


def used(name, *, ago, **changes):
    """A session that was used so many seconds ago."""
    return replace(
        OPENED, id=name, version=1, updated_at=BEFORE, presented_at=None, rotated_at=NOW - ago * SECOND, **changes
    )


def listed(*sessions, known=None):
    """A roster of these sessions, all of which were looked up, or those that are said to be known."""
    roster = SessionRoster(
        id=rosters.roster_id(LIVE.id, epoch=LIVE.epoch, pending=False),
        version=len(sessions),
        created_at=BEFORE,
        updated_at=BEFORE,
        account_id=LIVE.id,
        session_ids=tuple(session.id for session in sessions),
    )
    return Listed(roster=roster, sessions=sessions if known is None else known)


def enter(among, *, limit=2, instead_of=None):
    """Open a session under a limit; returns who stands in the roster then, and what else is written, by kind."""
    occasion = replace(OCCASION, policy=Policy(sessions_per_account=limit))
    roster, *besides = rosters.enter(occasion, OPENED, among=among, instead_of=instead_of)
    ended = [each for each in besides if isinstance(each, AuthenticationSession)]
    events = [each for each in besides if isinstance(each, AuditEvent)]
    assert len(ended) + len(events) == len(besides)
    return roster, ended, events


class TestBeginning:
    """The first session of an epoch."""

    def test_first_session_begins_a_roster(self):
        """Where there is none a roster is begun: written as new, so that one that is there is never replaced."""
        roster, ended, events = enter(None)
        assert (roster.version, roster.account_id, roster.session_ids) == (0, LIVE.id, ("new-s",))
        assert (roster.created_at, roster.updated_at) == (NOW, NOW)
        assert (ended, events) == ([], [])

    def test_roster_id_known_answer(self):
        """The ids of rosters never change, lest an upgrade let an account have as many sessions again."""
        ids = [rosters.roster_id("a", epoch=7, pending=pending) for pending in (False, True)]
        assert ids == ["a:7:whole", "a:7:pending"]

    def test_rosters_are_kept_apart(self):
        """Each account has one for each epoch, and another one for sessions that are pending."""
        names = {
            rosters.roster_id(account_id, epoch=epoch, pending=pending)
            for account_id in ("a", "b")
            for epoch in (1, 2)
            for pending in (True, False)
        }
        assert len(names) == 8
        pending = replace(OPENED, requires_second_factor=True)
        (begun,) = rosters.enter(OCCASION, pending, among=None, instead_of=None)
        assert begun.id == rosters.roster_id(LIVE.id, epoch=LIVE.epoch, pending=True)


class TestRoom:
    """Where there is room for one more."""

    def test_session_is_added(self):
        """The new one stands after the others, of which nothing is asked, at the version that was read."""
        before = listed(used("first", ago=9), known=())
        roster, ended, events = enter(before)
        assert roster == replace(before.roster, updated_at=NOW, session_ids=("first", "new-s"))
        assert (ended, events) == ([], [])

    def test_successor_takes_the_place_of_its_predecessor(self):
        """Whoever is over by the same commit leaves its place, and nobody else makes room."""
        first, second = used("first", ago=9), used("second", ago=8)
        roster, ended, _ = enter(listed(first, second, known=()), instead_of="first")
        assert (roster.session_ids, ended) == (("second", "new-s"), [])

    @pytest.mark.parametrize(
        ("instead_of", "limit", "is_room"),
        [(None, 3, True), (None, 2, False), ("first", 2, True), ("another", 2, False), ("first", 1, False)],
    )
    def test_room_is_told(self, instead_of, limit, is_room):
        """There is room where fewer others stand than the limit says."""
        roster = listed(used("first", ago=9), used("second", ago=8)).roster
        assert rosters.has_room(roster, limit=limit, instead_of=instead_of) is is_room


class TestMakingRoom:
    """Where there is none."""

    def test_least_recently_used_session_ends(self):
        """The one that was not used for longest is displaced, whenever it was opened, and the trail names it."""
        roster, ended, events = enter(listed(used("old", ago=1), used("new", ago=5)))
        assert roster.session_ids == ("old", "new-s")
        assert ended == [
            replace(used("new", ago=5), updated_at=NOW, ended_at=NOW, ended_as=SessionEnd.DISPLACED),
        ]
        assert [(each.kind, each.session) for each in events] == [
            (AuditKind.SESSION_DISPLACED, session_digest("new")),
        ]

    def test_first_showing_is_a_use(self):
        """A token that was shown for the first time counts from then."""
        shown = replace(used("shown", ago=9), presented_at=NOW)
        _, ended, _ = enter(listed(shown, used("other", ago=5)))
        assert [each.id for each in ended] == ["other"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"ended_at": BEFORE, "ended_as": SessionEnd.CLOSED},
            {"deleted_at": BEFORE},
            {"expires_at": NOW},
            {"inactive_at": NOW},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_what_is_over_makes_room_first(self, changes):
        """Sessions that are over are struck out, and none that counts has to go for them."""
        roster, ended, events = enter(listed(used("over", ago=1, **changes), used("counts", ago=9)))
        assert (roster.session_ids, ended, events) == (("counts", "new-s"), [], [])

    def test_what_is_gone_makes_room_first(self):
        """A session that is stored no more is struck out as well."""
        counts = used("counts", ago=9)
        roster, ended, _ = enter(listed(used("gone", ago=1), counts, known=[counts]))
        assert (roster.session_ids, ended) == (("counts", "new-s"), [])

    def test_lower_limit_is_kept_at_once(self):
        """Where the limit was lowered as many end as are too many, each told by an event of its own."""
        sessions = [used(f"s{ago}", ago=ago) for ago in (3, 1, 4, 2)]
        roster, ended, events = enter(listed(*sessions), limit=2)
        assert roster.session_ids == ("s1", "new-s")
        assert [each.id for each in ended] == ["s4", "s3", "s2"]
        assert len({each.id for each in events}) == 3

    @given(
        st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=8),
        st.integers(1, 5),
        st.none() | st.integers(0, 7),
    )
    def test_limit_is_kept_and_nobody_ends_without_need(self, found, limit, place):
        """Afterwards no more count than the limit, the new one among them; and one ends only where that is full."""
        over = {"ended_at": BEFORE, "ended_as": SessionEnd.REVOKED}
        sessions = [used(f"s{n}", ago=ago, **({} if counts else over)) for n, (ago, counts) in enumerate(found)]
        instead_of = None if place is None else f"s{place}"
        roster, ended, _ = enter(listed(*sessions), limit=limit, instead_of=instead_of)
        counting = {each.id for each in sessions if each.ended_at is None} - {instead_of}
        left = counting - {each.id for each in ended}
        assert left | {"new-s"} <= set(roster.session_ids)
        assert len(roster.session_ids) <= limit
        assert not ended or len(left) + 1 == limit
