"""docs/retention.md against the code: its blocks run, and its table has every kind that goes."""

import re
from datetime import timedelta

from authcore import Policy
from authcore.auth import housekeeping
from authcore.policy import LONGEST_SESSION, SHORTEST_RETENTION
from authcore.retention import RULES
from authcore.testing import build_auth, run_sync
from tests.readme.blocks import ROOT, blocks

PAGE = ROOT / "docs" / "retention.md"
TEXT = PAGE.read_text("utf-8")


def test_blocks_do_what_the_page_says(capsys):
    """The script runs, and leaves nothing that was over for long."""
    page = {}
    exec(*blocks(PAGE, "python"), page)  # noqa: S102  the page's own words
    auth = build_auth()
    run_sync(auth.register(email="ada@example.org", password="a long and quiet evening"))
    auth.clock.advance(timedelta(days=100))
    page["main"](auth)
    assert re.fullmatch(r"[1-9] rows are gone\n", capsys.readouterr().out)
    assert run_sync(auth.purge()).total == 0


def test_every_kind_is_in_the_table():
    """Whatever goes has one row, in the order in which it goes."""
    assert re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE) == [kind.__name__ for kind in RULES]


def test_numbers_are_those_of_the_code():
    """The page knows how much goes at a time, and how long is kept."""
    assert f"at most {housekeeping._BATCH}," in TEXT  # noqa: SLF001  nobody else needs to know
    assert (Policy().retention, LONGEST_SESSION) == (timedelta(days=30), timedelta(days=30))
    assert timedelta(hours=1) == SHORTEST_RETENTION
