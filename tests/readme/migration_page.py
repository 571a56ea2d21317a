"""The tables of docs/migration.md: what each says of the names there."""

import re

from tests.readme.blocks import ROOT

PAGE = ROOT / "docs" / "migration.md"

_SECTION = re.compile(r"^##+ (.+)\n((?:(?!^##).*\n?)*)", re.MULTILINE)
_ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)


def tables() -> dict[str, dict[str, str]]:
    """For the title of each section that has such a table, what to call here for each name there."""
    found = {
        title: _ROW.findall(text) for title, text in _SECTION.findall(PAGE.read_text("utf-8")) if "| there |" in text
    }
    assert all(len(dict(rows)) == len(rows) for rows in found.values()), "a name stands there twice"
    return {title: dict(rows) for title, rows in found.items()}
