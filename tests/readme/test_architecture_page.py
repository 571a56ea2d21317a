"""docs/architecture.md against the code: its table names every room once, and no other."""

import re
from collections import Counter

from tests.architecture.source import modules
from tests.readme.blocks import ROOT
from tools.picture.rooms import room_of

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_every_room_is_listed_once():
    """The table of rooms names each room of src once, and nothing that is none."""
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    listed = Counter(name for row in rows for name in re.findall(r"`(\w+)`", row))
    assert listed == Counter({room_of(module.name) for module in modules()})
