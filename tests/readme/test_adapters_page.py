"""docs/adapters.md, followed to the letter: its application runs on its adapter.

That the adapter keeps the HTTP contract is tested where the other adapters are.
"""

import importlib
import sys

import pytest

from tests.readme.blocks import ROOT, files
from tests.readme.clients import client_of

PAGE = files(ROOT / "docs" / "adapters.md")


@pytest.fixture
def app(tmp_path, monkeypatch):
    """The application of the page, from files side by side in a folder."""
    monkeypatch.syspath_prepend(tmp_path)
    for name, code in PAGE.items():
        (tmp_path / name).write_text(code, "utf-8")
    yield importlib.import_module("notes").app
    for name in PAGE:
        del sys.modules[name.removesuffix(".py")]


async def test_documented_page_is_protected(app):
    """The application refuses a stranger, knows no other page, and has the endpoints that let one in."""
    async with client_of(app) as client:
        refused = await client.get("/me")
        assert (refused.status_code, refused.json()["code"]) == (401, "not_authenticated")
        assert (await client.get("/elsewhere")).status_code == 404
        login = await client.post("/auth/login", json={"identifier": "nobody", "password": "a long and quiet evening"})
        assert (login.status_code, login.json()["code"]) == (401, "invalid_credentials")
