"""docs/personal-data.md against the code: its blocks run, and its table has every section of an export."""

import re

from sqlalchemy import create_engine, insert, select

from authcore.auth import personal_data
from authcore.personal_fields import TREATMENTS
from tests.readme.blocks import ROOT, blocks

PATH = ROOT / "docs" / "personal-data.md"
PAGE = PATH.read_text("utf-8")
FLOWS, OWN_ROWS = blocks(PATH, "python")
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, re.MULTILINE))


def test_flows_do_what_the_page_says(capsys):
    """The first block runs: what was exported is gone, and nobody comes back."""
    exec(FLOWS, {})  # noqa: S102  the page's own words
    told = capsys.readouterr().out
    assert '"email": "ada@example.org"' in told
    assert told.splitlines()[-1] == "nobody comes back"


def test_rows_of_tombstones_are_found():
    """The second block's statement deletes the rows of those who were erased, and of nobody else."""
    page = {}
    exec(FLOWS + OWN_ROWS, page)  # noqa: S102  the page's own words
    engine = create_engine("sqlite://")
    page["metadata"].create_all(engine)
    with engine.begin() as connection:
        for name, erased_at in (("ada", 1), ("bob", None)):
            plain = {"version": 1, "created_at": 0, "updated_at": 0, "epoch": 1, "second_factor": 0, "decoy": 0}
            connection.execute(insert(page["accounts"]).values(id=name, erased_at=erased_at, **plain))
            connection.execute(insert(page["profiles"]).values(account_id=name, name=name))
        connection.execute(page["forget"])
        assert connection.scalars(select(page["profiles"].c.name)).all() == ["bob"]
    engine.dispose()


def test_every_section_is_in_the_table():
    """The table has one row for each section, and says of each whether something is blanked, removed or left."""
    assert [treatment.section for treatment in TREATMENTS.values()] == list(ROWS)
    for treatment in TREATMENTS.values():
        verb = "removes" if treatment.removed else "blanks" if treatment.blanks else "leaves"
        assert ROWS[treatment.section].startswith(verb), treatment.section


def test_batches_are_as_large_as_it_says():
    """The page knows how many rows are read, and written, at a time."""
    assert PAGE.count(f"{personal_data._BATCH} rows") == 2  # noqa: SLF001  nobody else needs to know
