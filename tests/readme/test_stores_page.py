"""docs/stores.md, followed to the letter: its files, side by side in a folder, pass the contract that they inherit."""

import re
import subprocess
import sys
import tomllib

from authcore import opening
from authcore.testing.store_contract import StoreContract
from tests.readme.blocks import ROOT, blocks, files

PAGE = ROOT / "docs" / "stores.md"
LAWS = [name for name in dir(StoreContract) if name.startswith("test_")]


def test_documented_store_keeps_every_law(tmp_path):
    """The store of the page passes every law of the contract, and nothing is warned of."""
    for name, code in files(PAGE).items():
        (tmp_path / name).write_text(code, "utf-8")
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    ran = subprocess.run([*command, tmp_path], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    (passed,) = re.findall(r"^(\d+) passed", ran.stdout, re.MULTILINE)
    assert int(passed) >= len(LAWS)


def test_groups_of_entry_points_are_those_that_are_read():
    """The page names the groups in which stores and migrations are sought."""
    (block,) = blocks(PAGE, "toml")
    assert list(tomllib.loads(block)["project"]["entry-points"]) == [opening.STORES]
    assert f"`{opening.MIGRATIONS}`" in PAGE.read_text("utf-8")
