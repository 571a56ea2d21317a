"""Importing from tables that hold whatever a row may hold.  What becomes of one record is in core/ and flows/."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from authcore.entities import Account, Grant, Milestone
from authcore.errors import ConfigurationError, StoreFault
from authcore.imported_accounts import Obstacle
from authcore.memory import MemoryStore
from authcore.testing import Scenario, build_auth, interleavings
from authcore_migration import ORIGIN, LeftBehind, Report, Tally, import_accounts
from tests.flows.broken_stores import everything
from tests.flows.people import do, join, kept, log_in
from tests.flows.scenarios import names_agree
from tests.migration.handmade import HASH, PASSWORD, TABLES, Handmade


@pytest.fixture
def old(tmp_path):
    """A database without rows."""
    return Handmade(tmp_path / "old.sqlite3")


@pytest.fixture
def auth():
    """A world with nobody in it."""
    return build_auth()


def run(auth, old, *, dry_run=False, **more):
    """Import from a database, after a rehearsal that has told the same."""
    rehearsed = do(import_accounts(old.url, auth, **more))
    report = rehearsed if dry_run else do(import_accounts(old.url, auth, dry_run=False, **more))
    assert rehearsed == report
    return report


def left(report):
    """What stayed behind, by table and id."""
    return {(row.table, row.id): row.obstacles for row in report.left_behind}


# --- what is taken ----------------------------------------------------------------------------------------------------


def test_accounts_and_roles_are_taken(auth, old):
    """Every role and account is taken, with the assignments, and the former ids are told."""
    old.role("clerk")
    old.role("idle", None)
    old.account("1", "clerk", "idle")
    old.account("2")
    report = run(auth, old)
    assert report == Report(
        roles=Tally(read=2, imported=2),
        accounts=Tally(read=2, imported=2),
        assignments=Tally(read=2, imported=2),
        last="2",
    )
    assert report.ids == {id_: do(auth.find_imported(ORIGIN, id_)) for id_ in ("1", "2")}
    principal = do(auth.authenticate(log_in(auth, "1@example.org", PASSWORD).token))
    assert (principal.account.id, principal.roles) == (report.ids["1"], ("clerk", "idle"))
    assert principal.account.created_at == datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    names_agree(auth)


def test_rehearsal_changes_nothing(auth, old):
    """By default nothing is written, and the report says so."""
    old.role("clerk")
    old.account("1", "clerk")
    report = do(import_accounts(old.url, auth))
    assert (report.dry_run, report.ids, everything(auth.store)) == (True, {}, [])
    assert report.accounts == Tally(read=1, imported=1)


def test_again_takes_nothing_twice(auth, old):
    """A second run finds everything known, and tells the former ids again."""
    old.role("clerk")
    old.account("1", "clerk")
    ids, before = run(auth, old).ids, everything(auth.store)
    again = run(auth, old)
    assert (again.roles, again.accounts, again.assignments) == (Tally(read=1, known=1),) * 3
    assert (again.ids, everything(auth.store)) == (ids, before)


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 8])
def test_pages_leave_out_nothing(auth, old, batch):
    """However many rows are read at a time, each is taken once."""
    for id_ in range(7):
        old.account(str(id_))
    assert run(auth, old, batch=batch).accounts == Tally(read=7, imported=7)
    assert len(kept(auth, Account)) == 7


def test_run_may_begin_after_an_account(auth, old):
    """A run begins after the account that is named, and tells the last one that it has read."""
    for id_ in ("1", "2", "3"):
        old.account(id_)
    report = run(auth, old, after="1")
    assert (sorted(report.ids), report.last) == (["2", "3"], "3")
    assert run(auth, old, after="3").last == "3"


def test_numbers_may_be_ids(auth, tmp_path):
    """Ids that are numbers are read in their order, and known by their digits."""
    old = Handmade(tmp_path / "numbered.sqlite3", tables=TABLES.replace("VARCHAR(36)", "INTEGER"))
    for id_ in (9, 10):
        old.account(id_)
    report = run(auth, old, batch=1)
    assert (list(report.ids), report.last) == (["9", "10"], 10)
    assert do(auth.find_imported(ORIGIN, "10")) == report.ids["10"]


def test_older_tables_are_read(auth, tmp_path):
    """Tables from before there were external identities are read as well."""
    old = Handmade(tmp_path / "older.sqlite3")
    old.account("1")
    old.run("CREATE TABLE older AS SELECT * FROM account")
    old.run("DROP TABLE account")
    old.run("ALTER TABLE older DROP COLUMN oauth_id")
    old.run("ALTER TABLE older RENAME TO account")
    assert run(auth, old).accounts == Tally(read=1, imported=1)


# --- what only the application knows ----------------------------------------------------------------------------------


def test_usernames_may_be_left(auth, old):
    """Where usernames were no names to log in with, they may be left out, and stand in nobody's way."""
    old.account("1", username="one of many")
    old.account("2", username="one of many")
    assert run(auth, old, dry_run=True).accounts.left_behind == 2
    assert run(auth, old, usernames=False).accounts == Tally(read=2, imported=2)
    assert {account.username for account in kept(auth, Account)} == {None}


def test_national_numbers_get_a_calling_code(auth, old):
    """A number without a plus is taken with the calling code that is told, and otherwise stays behind."""
    old.account("1", phone="(555) 123-4567")
    old.account("2", phone="+44 20 7946 0018")
    assert left(run(auth, old, dry_run=True)) == {("account", "1"): (Obstacle("phone", "not_international"),)}
    run(auth, old, calling_code="+1")
    assert {account.phone for account in kept(auth, Account)} == {"+15551234567", "+442079460018"}


def test_issuer_is_told_by_the_application(auth, old):
    """An external identity is linked with the issuer that the application names; nobody guesses one."""
    old.account("1", oauth_id="1815", password="")
    old.account("2", oauth_id="g-1852", password="")
    obstacle = (Obstacle("oauth_id", "issuer_unknown"),)
    assert left(run(auth, old, dry_run=True)) == {("account", "1"): obstacle, ("account", "2"): obstacle}
    issuers = {"1815": "https://id.example"}
    report = run(auth, old, issuer=issuers.get)
    assert left(report) == {("account", "2"): obstacle}
    assert do(auth.find_account(external=("https://id.example", "1815"))).id == report.ids["1"]
    assert run(auth, old, issuer="https://other.example").accounts == Tally(read=2, imported=1, known=1)


# --- what stays behind ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "obstacle"),
    [
        ({"email": "a..b@example.org"}, Obstacle("email", "malformed_local_part")),
        ({"email": ""}, Obstacle("email", "missing")),
        ({"username": "a b"}, Obstacle("username", "forbidden_character")),
        ({"username": "USER-0"}, Obstacle("username", "taken")),
        ({"email": "0@EXAMPLE.org"}, Obstacle("email", "taken")),
        ({"phone": "020 7946 0018"}, Obstacle("phone", "not_international")),
        ({"password": "$2b$12$notargon2"}, Obstacle("password", "unreadable_hash")),
        ({"password": HASH.replace("m=8,", "m=99999999,")}, Obstacle("password", "unreadable_hash")),
        ({"date_created": "yesterday"}, Obstacle("date_created", "not_a_time")),
        ({"oauth_id": "1", "verified": 0}, Obstacle("external", "account_unverified")),
    ],
)
def test_row_stays_behind_whole(auth, old, changes, obstacle):
    """A row that cannot be taken as it is is told with its reason, and nothing of it is taken; its neighbours are."""
    old.account("0")
    old.account("1", **changes)
    old.account("2")
    report = run(auth, old, issuer="https://id.example")
    assert report.left_behind == (LeftBehind(table="account", id="1", obstacles=(obstacle,)),)
    assert report.accounts == Tally(read=3, imported=2)
    assert len(kept(auth, Account)) == len(kept(auth, Milestone)) == 2


@pytest.mark.parametrize(
    ("changes", "obstacle"),
    [
        ({"permissions": '["file::read"]'}, Obstacle("permission", "empty_part")),
        ({"permissions": '"file"'}, Obstacle("permissions", "not_a_list")),
        ({"permissions": "file"}, Obstacle("permissions", "not_json")),
        ({"permissions": "[7]"}, Obstacle("permission", "not_text")),
        ({"name": "clerk "}, Obstacle("role", "malformed")),
    ],
)
def test_role_stays_behind_with_whoever_has_it(auth, old, changes, obstacle):
    """A role that cannot be taken stays behind, and so do the accounts that have it; the others do not."""
    old.role("clerk", **changes)
    old.account("1", "clerk")
    old.account("2")
    report = run(auth, old)
    assert left(report)["role", "clerk"] == (obstacle,)
    assert [id_ for table, id_ in left(report) if table == "account"] == ["1"]
    assert (report.accounts.imported, report.assignments.left_behind) == (1, 1)


def test_known_role_is_never_changed(auth, old):
    """A role of that name that permits something else here stays as it is, and nobody is given it."""
    bob = join(auth, "bob@example.org")
    do(auth.assign_role(account_id=bob.id, role="clerk", permissions=["*"]))
    old.role("clerk")
    old.account("1", "clerk")
    assert left(run(auth, old)) == {
        ("role", "clerk"): (Obstacle("permissions", "mismatch"),),
        ("account", "1"): (Obstacle("role", "mismatch", role="clerk"),),
    }
    assert [grant.account_id for grant in kept(auth, Grant)] == [bob.id]


def test_deleted_role_gives_nothing(auth, old):
    """A deleted role stays deleted, and its assignments are kept as withdrawn."""
    old.role("clerk", deleted=1)
    old.account("1", "clerk")
    report = run(auth, old)
    assert report.assignments == Tally(read=1, imported=1)
    assert do(auth.roles_of(report.ids["1"])) == ()
    assert [grant.deleted_at is None for grant in kept(auth, Grant)] == [False]


def test_orphans_are_told(auth, old):
    """An assignment of no account, or of no role, is told, and stands in nobody's way."""
    old.role("clerk")
    old.account("1", "nothing")
    old.insert("account_role", account_id="nobody", role_id="clerk")
    report = run(auth, old)
    orphan = (Obstacle("assignment", "orphan"),)
    assert left(report) == {("account_role", "1/nothing"): orphan, ("account_role", "nobody/clerk"): orphan}
    assert (report.accounts.imported, report.assignments) == (1, Tally(read=2))


def test_rest_is_taken_once_its_cause_is_mended(auth, old):
    """After the cause is mended, the next run takes the rest, and nothing else."""
    old.account("1", email="a..b@example.org")
    old.account("2")
    run(auth, old)
    old.run("UPDATE account SET email = 'a.b@example.org'  WHERE id = '1'")
    assert run(auth, old).accounts == Tally(read=2, imported=1, known=1)
    assert do(auth.find_account("a.b@example.org")) is not None


def test_nothing_personal_is_reported(auth, old):
    """A report names rows and fields, and repeats no address, no name and no hash."""
    old.account("1", email="ada lovelace@example.org", username="ada lovelace", password="$2b$12$notargon2")
    assert "lovelace" not in repr(run(auth, old))
    assert "notargon2" not in repr(run(auth, old))


# --- interrupted, and at the same time --------------------------------------------------------------------------------


class FailingStore(MemoryStore):
    """Fails at the commit of a number."""

    def __init__(self, at):
        """Begin to count."""
        super().__init__()
        self.left = at

    async def commit(self, writes, unchanged=()):
        """Fail, or commit."""
        self.left -= 1
        if self.left == 0:
            raise StoreFault
        await super().commit(writes, unchanged)


def test_interrupted_import_goes_on(old):
    """Wherever an import is interrupted, each account is there whole or not at all, and the next run takes the rest."""
    old.role("clerk")
    for id_ in ("1", "2", "3"):
        old.account(id_, "clerk")
    for at in count(1):
        auth = build_auth(store=FailingStore(at))
        try:
            report = do(import_accounts(old.url, auth, dry_run=False, batch=1))
        except StoreFault:
            made = len(kept(auth, Account))
            assert len(kept(auth, Milestone)) == len(kept(auth, Grant)) == made
            names_agree(auth)
            report = do(import_accounts(old.url, auth, dry_run=False, batch=2))
            assert report.accounts == Tally(read=3, imported=3 - made, known=made)
        else:
            break
        assert len(kept(auth, Account)) == 3
    assert at == 5
    assert report.accounts == Tally(read=3, imported=3)


def test_two_imports_at_once_do_no_harm(old):
    """Two whole imports at once take each account once and lose none, in every order."""
    old.account("1")

    def check(outcomes, auth):
        reports = [outcome for outcome in outcomes.values() if isinstance(outcome, Report)]
        assert sum(report.accounts.imported for report in reports) <= 1
        assert all(report.left_behind == () for report in reports)
        again = do(import_accounts(old.url, auth, dry_run=False))
        assert again.accounts.left_behind == 0
        (account,) = kept(auth, Account)
        assert {*again.ids.values(), *(id_ for report in reports for id_ in report.ids.values())} == {account.id}
        names_agree(auth)

    def both():
        flow = {name: lambda auth: import_accounts(old.url, auth, dry_run=False) for name in "ab"}
        return Scenario(auth=build_auth(), flows=flow, check=check)

    assert interleavings(both).orders > 1


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [{"batch": 0}, {"batch": 10_001}, {"calling_code": "1"}, {"calling_code": "+0"}, {"calling_code": "++1"}]
)
def test_settings_are_checked(auth, old, wrong):
    """A setting out of range is refused before anything is read."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        do(import_accounts(old.url, auth, **wrong))


def test_reports_differ_where_rows_do(auth, old):
    """A report is equal to another one only if the same came of the same rows."""
    old.account("1")
    report = run(auth, old)
    assert report != replace(report, last="2")
    assert report == replace(report, dry_run=True, ids={})
