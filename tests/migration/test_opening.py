"""Opening the database that is imported from: every error says what to do, and none tells the URL."""

import sqlite3
import traceback

import pytest

from authcore.errors import ConfigurationError, StoreFault
from authcore.testing import build_auth, run_sync
from authcore_migration import import_accounts
from authcore_migration.tables import AncestorTables
from tests.migration.handmade import Handmade

SECRET = "hunter2hunter2"


def refusal(url, error=ConfigurationError):
    """How a database is refused: the whole traceback."""
    with pytest.raises(error) as caught:
        run_sync(import_accounts(url, build_auth()))
    return "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"nonsense {SECRET}", "sqlite:////path/to/file"),
        ("", "sqlite:////path/to/file"),
        (f"mysql+pymysql://root:{SECRET}@localhost:port/old", "sqlite:////path/to/file"),
        (f"postgres://root:{SECRET}@localhost/old", r"postgresql+psycopg://"),
        (f"unheard-of://root:{SECRET}@localhost/old", "mysql+pymysql://"),
        (f"sqlite://root:{SECRET}@old.sqlite3", "sqlite:////path/to/file"),
        (f"oracle+oracledb://root:{SECRET}@localhost/old", "pip install oracledb"),
        ("sqlite:///:memory:", "there is no SQLite file"),
        ("sqlite:////nowhere/old.sqlite3", "there is no SQLite file"),
    ],
)
def test_unusable_url_says_what_to_write(url, told):
    """What is no URL, or of no database that can be read, is refused with what to write, not with what was written."""
    text = refusal(url)
    assert told in text.splitlines()[-1]
    assert SECRET not in text


def test_missing_file_is_not_made(tmp_path):
    """A file that is not there is not made."""
    refusal(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    assert list(tmp_path.iterdir()) == []


def test_other_file_is_refused(tmp_path):
    """A file that is no database is refused."""
    (tmp_path / "old.sqlite3").write_text("Dear diary, " * 100)
    assert "DatabaseError" in refusal(f"sqlite:///{tmp_path / 'old.sqlite3'}", StoreFault)


def test_other_database_is_refused(tmp_path):
    """A database without those tables, or with others of their names, is refused, and what it lacks is told."""
    old = Handmade(tmp_path / "old.sqlite3")
    old.run("ALTER TABLE account DROP COLUMN verified")
    old.run("DROP TABLE account_role")
    assert "it lacks account.verified, account_role.account_id, account_role.role_id" in refusal(old.url)


def test_fault_after_opening_is_a_fault(tmp_path):
    """A database that fails after it was opened is a fault, and what the driver says is not told."""
    old = Handmade(tmp_path / "old.sqlite3")
    with AncestorTables(old.url) as tables:
        (tmp_path / "old.sqlite3").unlink()
        sqlite3.connect(tmp_path / "old.sqlite3").close()
        with pytest.raises(StoreFault, match=r"OperationalError$"):
            tables.roles()
