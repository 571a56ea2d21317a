"""Importing from databases that sanic-security has made itself, by its own functions."""

import subprocess
import sys
from pathlib import Path

import pytest

from authcore import Argon2Hasher
from authcore.entities import Account, Credential
from authcore.errors import AccountDeleted, AccountDisabled, InvalidCredentials
from authcore.imported_accounts import Obstacle
from authcore.memory import MemoryStore
from authcore.testing import build_auth
from authcore_migration import Report, Tally, import_accounts
from authcore_sqlalchemy import SqliteStore
from tests.flows.broken_stores import everything
from tests.flows.people import code_to, do, kept, log_in, refusal, register, verify
from tests.flows.scenarios import names_agree
from tests.migration.databases import KINDS, database

PASSWORD = "Password1!"
SCRIPT = Path(__file__).parent / "ancestor.py"
OPTIONS = {"calling_code": "+1", "issuer": "https://id.example"}


@pytest.fixture(scope="module", params=KINDS)
def url(request, tmp_path_factory):
    """A database with people in every state."""
    with database(request.param, tmp_path_factory.mktemp(request.param)) as (ours, theirs):
        # A process of its own: what it warns of, and the event loop that it keeps, are not ours.
        command = [sys.executable, "-W", "ignore", str(SCRIPT), "make", theirs]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
        yield ours


@pytest.fixture(scope="module")
def world(url):
    """Everybody has moved; the report of the move, and the rehearsal's."""
    auth = build_auth(store=MemoryStore(), hasher=Argon2Hasher())
    rehearsed = do(import_accounts(url, auth, **OPTIONS))
    assert everything(auth.store) == []
    return auth, do(import_accounts(url, auth, dry_run=False, **OPTIONS)), rehearsed


@pytest.fixture
def auth(world):
    """Where everybody has moved to."""
    return world[0]


@pytest.fixture
def report(world):
    """What came of it."""
    return world[1]


def test_everything_is_counted(report, world):
    """Every row is taken, or told; and the rehearsal has told the same."""
    assert (report.roles, report.accounts) == (Tally(read=4, imported=4), Tally(read=8, imported=7))
    assert report.assignments == Tally(read=3, imported=3)
    assert [(row.table, row.obstacles) for row in report.left_behind] == [
        ("account", (Obstacle("username", "forbidden_character"),))
    ]
    assert report == world[2]


def test_password_opens(auth, report):
    """Whoever logged in there logs in here with the same password, by the address in any case, or by the username."""
    for name in ("ada@example.org", "Ada@Example.ORG", "ada", "hal@example.org", "ivy"):
        assert log_in(auth, name, PASSWORD).session.account_id in report.ids.values()
    assert isinstance(refusal(auth.log_in(identifier="ada", password="Password2!")), InvalidCredentials)


def test_same_parameters_need_no_new_hash(auth):
    """Today's hashes are kept as they are, and an older one is renewed at the first login."""
    log_in(auth, "hal@example.org", PASSWORD)
    assert [auth.hasher.needs_rehash(each.secret) for each in kept(auth, Credential)] == [False] * 6


def test_states_are_kept(auth):
    """Who was disabled, deleted or unverified there is so here."""
    told = [refusal(auth.log_in(identifier=f"{name}@example.org", password=PASSWORD)) for name in ("bob", "dan", "eve")]
    assert [type(each) for each in told] == [AccountDisabled, AccountDeleted, InvalidCredentials]
    assert do(auth.find_account("eve@example.org")).verified_at is None
    assert do(auth.find_account("dan@example.org")) is None


def test_roles_and_permissions_hold(auth):
    """Roles permit what they did; deleted ones, and those of nobody, are here as well."""
    principal = do(auth.authenticate(log_in(auth, "ada@example.org", PASSWORD).token))
    assert principal.roles == ("Clerk", "Root")
    assert do(auth.find_role("Clerk")).permissions == ("file:read,write", "voice")
    assert do(auth.find_role("Root")).permissions == ("*",)
    assert do(auth.find_role("Idle")).permissions == ()
    assert do(auth.find_role("Gone")) is None
    assert do(auth.find_role("Clerk")).description == "Files files"


def test_numbers_and_identities_are_found(auth, report):
    """People are found by phone, with the calling code that was told, and by what the identity provider calls them."""
    for name in ({"phone": "+1 555 123 4567"}, {"phone": "+15551234568"}, {"external": ("https://id.example", "1815")}):
        assert do(auth.find_account(**name)).id in report.ids.values()


def test_names_agree_with_what_is_shown(auth):
    """No name has two holders, and none is shown without a claim, but for the identity, which no account shows."""
    external = next(claim for claim in everything(auth.store) if claim.id.startswith("external:"))
    auth.store._kept.pop((type(external), external.id))  # noqa: SLF001  looked at apart
    names_agree(auth)
    auth.store._kept[type(external), external.id] = external  # noqa: SLF001  as it was


def test_times_are_kept(auth, url):
    """Accounts are as old as they were: no time zone has moved them."""
    made = [account.created_at for account in kept(auth, Account)]
    assert (max(made) - min(made)).total_seconds() < 120
    assert made[0].microsecond or made[1].microsecond


def test_second_run_takes_nothing(url, auth, report):
    """A second run finds everybody there, and tells the same former ids."""
    again = do(import_accounts(url, auth, dry_run=False, **OPTIONS))
    assert again.accounts == Tally(read=8, known=7)
    assert again.ids == report.ids


def test_unverified_person_proves_the_address_here(url):
    """Who was not verified there registers once more, and is the same account."""
    auth = build_auth(hasher=Argon2Hasher.owasp_minimum())
    do(import_accounts(url, auth, dry_run=False, **OPTIONS))
    imported = do(auth.find_account("eve@example.org"))
    challenge = register(auth, "eve@example.org", username="eve")
    assert verify(auth, challenge, code_to(auth, "eve@example.org")).id == imported.id


def test_database_keeps_what_was_taken(url, tmp_path):
    """What was taken is in the database afterwards, for whoever opens it next."""
    store = SqliteStore(tmp_path / "new.sqlite3")
    report = do(import_accounts(url, build_auth(store=store), dry_run=False, **OPTIONS))
    store.close()
    store = SqliteStore(tmp_path / "new.sqlite3")
    auth = build_auth(store=store, hasher=Argon2Hasher())
    assert log_in(auth, "ada", PASSWORD).session.account_id in report.ids.values()
    store.close()
    assert isinstance(report, Report)
