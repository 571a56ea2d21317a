"""What operators list and search, page by page."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings, strategies as st

from authcore.auth import Page
from authcore.entities import AuditKind, AuthenticationSession, Identifier, Role
from authcore.errors import ConfigurationError, InvalidInput
from authcore.identifiers import beginnings, recognise
from authcore.memory import MemoryStore
from authcore.ports import Store, by_id
from authcore.testing import build_auth
from tests.flows.people import ADA, BOB, do, join, kept, log_in, put, register

GRACE = "grace@example.org"


def through(browse, *, limit, **asked):
    """What all pages hold, one after the other."""
    found, after = [], None
    while True:
        page = do(browse(after=after, limit=limit, **asked))
        assert isinstance(page, Page)
        assert len(page.entities) <= limit
        found.extend(page.entities)
        if page.after is None:
            return found
        after = page.after


def emails(auth, name, *, limit=100):
    """The addresses of the accounts that are found by a name, in order."""
    return [account.email for account in through(auth.browse_accounts, limit=limit, name=name)]


class TestAccounts:
    """Accounts, all of them or by the beginning of a name."""

    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_every_account_is_listed_once(self, auth, limit):
        """Without a name all accounts are listed, deleted ones too, in order of id; decoys are not."""
        joined = [join(auth, email) for email in (ADA, BOB, GRACE)]
        register(auth)  # leaves a decoy
        do(auth.delete_account(joined[0].id))
        listed = through(auth.browse_accounts, limit=limit)
        assert [account.id for account in listed] == sorted(account.id for account in joined)

    @pytest.mark.parametrize("name", ["a", "ADA", " ada@", "Ada@Example.O", "ada@example.org", "ä"])
    def test_a_name_is_found_however_written(self, auth, name):
        """Capitals and spaces around do not matter; accents do."""
        join(auth)
        join(auth, BOB)
        assert emails(auth, name) == ([] if name == "ä" else [ADA])

    def test_every_kind_of_name_is_searched(self, auth):
        """Usernames and addresses are found by one text, phone numbers by one that begins with a plus."""
        join(auth, ADA, username="countess")
        join(auth, "count@example.org", username="vlad")
        account = join(auth, BOB)
        number = recognise("+44 20 7946 0000")
        claim = do(auth.store.get(by_id(Identifier, f"email:{BOB}")))
        do(auth.store.commit([replace(claim, id=number.id, kind=number.kind, version=0, account_id=account.id)]))
        assert emails(auth, "count") == ["count@example.org", ADA]
        assert emails(auth, "countess") == [ADA]
        assert emails(auth, "+44 (20) 79") == [BOB]
        assert emails(auth, "44") == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_an_account_with_two_such_names_is_listed_once(self, auth, limit):
        """An account is listed at the first of its names that begins so, whichever page that is on."""
        join(auth, ADA, username="adamant")
        join(auth, BOB, username="adam")
        join(auth, "adah@example.org")
        assert emails(auth, "ada", limit=limit) == [ADA, "adah@example.org", BOB]

    def test_names_that_nobody_has_find_nothing(self, auth):
        """A name that was released finds nobody, nor does a decoy's, nor a sign of a pattern."""
        register(auth)
        account = join(auth, BOB, username="bobby")
        put(auth, do(auth.store.get(by_id(Identifier, "username:bobby"))), account_id=None)
        register(auth, BOB)
        assert emails(auth, "bob") == [BOB]
        assert [each.id for each in do(auth.browse_accounts("bob")).entities] == [account.id]
        for name in ("%", "_", "*", "b_b", "\0", "\ud800", "b\0", "x" * 10_000):
            assert emails(auth, name) == []

    @given(st.from_regex(r"[a-zß-öø-ÿ]{1,12}", fullmatch=True), st.data())
    @settings(max_examples=50)
    def test_every_beginning_finds(self, name, data):
        """A name begins with each of its beginnings."""
        canonical = recognise(name)
        length = data.draw(st.integers(1, len(canonical.value)))
        assert canonical.id.startswith(beginnings(canonical.value[:length]))


class TestSessions:
    """Sessions, those of an account or all."""

    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_sessions_are_listed_by_account_or_all(self, auth, limit):
        """The sessions of one account are listed, or those of all, ended ones too, in order of id."""
        ada, bob = join(auth), join(auth, BOB)
        mine = [log_in(auth).session for _ in range(3)]
        other = log_in(auth, BOB).session
        do(auth.revoke_sessions(ada.id))
        listed = through(auth.browse_sessions, limit=limit, account_id=ada.id)
        assert [each.id for each in listed] == sorted(each.id for each in mine)
        assert [each.id for each in through(auth.browse_sessions, limit=limit, account_id=bob.id)] == [other.id]
        everybody = through(auth.browse_sessions, limit=limit)
        assert everybody == sorted(kept(auth, AuthenticationSession), key=lambda each: each.id)
        assert len(everybody) == 4


class TestRoles:
    """Roles, by the beginning of their name."""

    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_roles_are_listed_by_name(self, auth, limit):
        """Roles are listed in order of name, those that begin so; case matters, as it does in a role's name."""
        account = join(auth)
        for name in ("editor", "clerk", "edition", "Editor"):
            do(auth.assign_role(account_id=account.id, role=name, permissions=["pages:edit"]))
        assert [each.id for each in through(auth.browse_roles, limit=limit, name="edit")] == ["edition", "editor"]
        assert through(auth.browse_roles, limit=limit) == sorted(kept(auth, Role), key=lambda each: each.id)


class TestEvents:
    """The trail, by subject, by actor and by time."""

    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_events_are_listed_in_the_order_of_time(self, auth, limit):
        """The trail is listed, the oldest first, of one account, of one actor, or of both, or whole."""
        ada, bob = join(auth), join(auth, BOB)
        for _ in range(3):
            auth.clock.advance(timedelta(minutes=1))
            log_in(auth)
            log_in(auth, BOB)
        do(auth.disable_account(ada.id, by=bob.id))
        whole = through(auth.browse_events, limit=limit)
        assert len(whole) > 10
        assert [each.created_at for each in whole] == sorted(each.created_at for each in whole)
        of_ada = [each for each in whole if each.account_id == ada.id]
        assert through(auth.browse_events, limit=limit, account_id=ada.id) == of_ada
        by_bob = [each for each in whole if each.actor == bob.id]
        assert through(auth.browse_events, limit=limit, actor=bob.id) == by_bob
        both = through(auth.browse_events, limit=limit, actor=bob.id, account_id=ada.id)
        assert [each.kind for each in both] == [AuditKind.ACCOUNT_DISABLED]

    @pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5))])
    def test_events_are_listed_from_a_time_on(self, auth, zone):
        """The first page begins with what happened at that very time, and later pages go on."""
        join(auth)
        auth.clock.advance(timedelta(minutes=1))
        since = auth.clock.now()
        log_in(auth)
        auth.clock.advance(timedelta(microseconds=1))
        log_in(auth)
        for limit in (1, 2, 100):
            listed = through(auth.browse_events, limit=limit, since=since.astimezone(zone))
            assert [each.kind for each in listed] == [AuditKind.LOGGED_IN] * 2
        assert len(through(auth.browse_events, limit=9, since=since + timedelta(microseconds=1))) == 1

    def test_a_time_needs_a_zone(self, auth):
        """A time without a zone is refused: it could be any of many."""
        with pytest.raises(InvalidInput) as refused:
            do(auth.browse_events(since=datetime(2030, 1, 1)))  # noqa: DTZ001  that is what it is about
        assert (refused.value.field, refused.value.reason) == ("since", "not_utc")


LISTS = ["browse_accounts", "browse_events", "browse_roles", "browse_sessions"]


class TestRefusals:
    """What cannot be asked."""

    @pytest.mark.parametrize("name", LISTS)
    @pytest.mark.parametrize(
        "asked", [{"limit": 0}, {"limit": -1}, {"limit": 1001}, {"after": "\0"}, {"after": "\ud800"}]
    )
    def test_bad_pages_are_refused(self, auth, name, asked):
        """A limit out of range, and an `after` that nothing could be named, are refused."""
        narrower = {"name": "ada"} if name in {"browse_accounts", "browse_roles"} else {"account_id": "a"}
        for more in ({}, narrower):
            with pytest.raises(InvalidInput) as refused:
                do(getattr(auth, name)(**asked, **more))
            assert [refused.value.field] == [*asked]

    @pytest.mark.parametrize("name", LISTS)
    def test_a_store_must_be_a_catalogue(self, name):
        """A store that lists nothing is a mistake of whoever set it up, and says so."""

        class Plain(Store):
            find, commit = MemoryStore.find, MemoryStore.commit

        with pytest.raises(ConfigurationError, match="list"):
            do(getattr(build_auth(store=Plain()), name)())
