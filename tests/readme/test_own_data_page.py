"""docs/own-data.md against the code: what it says of each registration is so, and its example runs."""

import subprocess
import sys

import pytest
from sqlalchemy import select

from authcore.testing import run_sync
from tests.readme.blocks import ROOT, blocks

(BLOCK,) = blocks(ROOT / "docs" / "own-data.md", "python")
PASSWORD = "nine silver herons at dusk"


@pytest.fixture
def page(tmp_path, monkeypatch):
    """What the page's block has made: Ada is there, and proven."""
    monkeypatch.chdir(tmp_path)
    page = {}
    exec(BLOCK, page)  # noqa: S102  the page's own words
    yield page
    page["engine"].dispose()
    page["store"].close()


def kept(page):
    """The names in all profiles, by the id of the account."""
    with page["engine"].connect() as connection:
        return dict(connection.execute(select(page["profiles"])).all())


def owner(page):
    """The id of Ada's account."""
    return run_sync(page["auth"].find_account("ada@example.org")).id


def test_new_address_has_a_new_account(page):
    """An address that nobody has gets an account of its own, which is seen once it is proven."""
    bob = page["sign_up"]("bob@example.org", PASSWORD, "Bob").session.account_id
    assert kept(page) == {owner(page): "Ada Lovelace", bob: "Bob"}
    assert page["names"]() == ["Ada Lovelace"]


def test_unproven_address_keeps_its_account(page):
    """Who registers an address that was not proven has the account of before, and none of the row of before."""
    before, after = (page["sign_up"]("bob@example.org", PASSWORD, name).session.account_id for name in ("Eve", "Bob"))
    assert before == after
    assert kept(page)[after] == "Bob"


def test_taken_address_has_one_decoy(page):
    """Who registers a proven address has a decoy, the same each time, whose row is not seen and costs nobody a row."""
    first, second = (page["sign_up"]("ada@example.org", PASSWORD, name).session.account_id for name in ("Eve", "Joe"))
    assert first == second != owner(page)
    assert kept(page) == {owner(page): "Ada Lovelace", first: "Joe"}
    assert page["names"]() == ["Ada Lovelace"]


def test_failing_application_leaves_no_account(page):
    """A row that is refused takes the account with it."""
    with pytest.raises(Exception, match="NOT NULL"):
        page["sign_up"]("bob@example.org", PASSWORD, None)
    assert list(kept(page).values()) == ["Ada Lovelace"]
    assert run_sync(page["auth"].deliver_due()) == 0


def test_example_runs(tmp_path):
    """The example does what it says, and warns of nothing."""
    example = ROOT / "examples" / "own_account_data.py"
    ran = subprocess.run(
        [sys.executable, "-W", "error", example], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "no profile without a name, and no account either: 0 codes sent",
        "welcome, Ada Lovelace",
    ]
    assert list(tmp_path.iterdir()) == []
