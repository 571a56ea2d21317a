"""docs/operators.md against the code: its block runs, and its table has every list."""

import re
from datetime import timedelta
from inspect import signature

from authcore import Auth
from authcore.auth.listings import Listings
from authcore.testing import build_auth, run_sync
from tests.readme.blocks import ROOT, blocks

PAGE = ROOT / "docs" / "operators.md"
TEXT = PAGE.read_text("utf-8")


def test_block_finds_everybody():
    """The function finds all whose address begins so, on however many pages."""
    page = {}
    exec(*blocks(PAGE, "python"), page)  # noqa: S102  the page's own words
    auth = build_auth()
    emails = [f"ada{number:03}@example.org" for number in range(130)]
    for email in (*emails, "bob@example.org"):
        run_sync(auth.register(email=email, password="nine silver herons at dusk"))
        auth.clock.advance(timedelta(hours=1))  # past the throttle
    assert run_sync(page["found"](auth, "Ada")) == emails


def test_every_list_is_in_the_table():
    """Whatever can be browsed has one row, and takes what the page says."""
    rows = dict(re.findall(r"^\| `(browse_\w+)\(([\w, =]*)\)` \|", TEXT, re.MULTILINE))
    assert rows.keys() == {name for name in vars(Listings) if name.startswith("browse_")}
    for name, told in rows.items():
        own = [part for part in signature(getattr(Auth, name)).parameters if part not in {"self", "after", "limit"}]
        assert [part.strip("= ") for part in told.split(",")] == own
