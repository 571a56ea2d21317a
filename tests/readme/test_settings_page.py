"""docs/settings.md against the code: it says of every setting what the code says, and its examples run."""

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from authcore import Keyring, Policy
from authcore.environment import variables
from authcore.testing import build_auth, run_sync
from tools.write_settings_page import filled, sections

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_page_says_what_the_code_says():
    """The page's tables are those that `tools/write_settings_page.py` writes."""
    assert filled(PAGE) == PAGE, "run tools/write_settings_page.py"


def test_every_setting_is_in_the_table():
    """Each setting, and its variable, has one row."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| `([A-Z_]+)` \|", sections()["settings"], re.MULTILINE)
    assert {variable: path for path, variable in rows} == dict(variables(Policy()))


def test_every_range_is_told():
    """Each setting that is a number or a duration is named by a rule that bounds it."""
    bounded = set(re.findall(r"`(\w+)`", sections()["refusals"]))
    assert {field.name for field in fields(Policy) if field.type in {int, timedelta}} <= bounded


def test_first_blocks_run(monkeypatch):
    """A policy is built, and policy and keyring are read from the environment, as the page says."""
    built, read, _ = BLOCKS
    monkeypatch.setenv("SHOP_KEYS", "k1:" + "00112233445566778899aabbccddeeff" * 2)
    scope = {}
    exec(built, scope)  # noqa: S102  the page's own words
    assert scope["policy"] == Policy(origins=frozenset({"https://app.example"}), inactivity=timedelta(hours=8))
    exec(read.replace("from_env()", "from_env('SHOP_')"), scope)  # noqa: S102  as above
    auth = scope["build"]()
    assert (auth.policy, auth.keyring) == (Policy(), Keyring.from_env("SHOP_"))


def test_last_block_runs(monkeypatch):
    """The first administrator is made as the page says."""
    monkeypatch.setenv("AUTHCORE_ADMIN_EMAIL", "root@example.org")
    monkeypatch.setenv("AUTHCORE_ADMIN_PASSWORD", "a long and quiet evening")
    auth, scope = build_auth(), {}
    exec(BLOCKS[2], scope)  # noqa: S102  as above
    run_sync(scope["start"](auth))
    found = run_sync(auth.find_account("root@example.org"))
    assert found is not None
    assert found.verified_at is not None
