"""docs/stores.md, followed to the letter: its files, side by side in a folder, pass the contract that they inherit."""

import re
import subprocess
import sys

from authcore.testing.store_contract import StoreContract
from tests.readme.blocks import ROOT, files

LAWS = [name for name in dir(StoreContract) if name.startswith("test_")]


def test_documented_store_keeps_every_law(tmp_path):
    """The store of the page passes every law of the contract, and nothing is warned of."""
    for name, code in files(ROOT / "docs" / "stores.md").items():
        (tmp_path / name).write_text(code, "utf-8")
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    ran = subprocess.run([*command, tmp_path], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    (passed,) = re.findall(r"^(\d+) passed", ran.stdout, re.MULTILINE)
    assert int(passed) >= len(LAWS)
