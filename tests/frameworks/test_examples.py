"""The examples: short, equal to what the page shows, and doing on a real server what they seem to do."""

import subprocess
import sys

import pytest
from websockets import ConnectionClosed, InvalidStatus, connect

from tests.adapters.people import ADA, PASSWORD, SESSION, Browser
from tests.frameworks.examples import APPS, EXAMPLES, ORIGIN, ROOT, command_of, running
from tests.readme.blocks import blocks

FEWER_LINES_THAN = 40


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_short(name):
    """An example has fewer than forty lines, all counted."""
    assert len(EXAMPLES[name].read_text("utf-8").splitlines()) < FEWER_LINES_THAN


@pytest.mark.parametrize("name", EXAMPLES)
def test_page_shows_the_example(name):
    """docs/frameworks.md shows every example as it is."""
    shown = blocks(ROOT / "docs" / "frameworks.md", "python")
    assert shown.count(EXAMPLES[name].read_text("utf-8")) == 1


def test_page_shows_nothing_else():
    """Every Python block of docs/frameworks.md is an example."""
    assert len(blocks(ROOT / "docs" / "frameworks.md", "python")) == len(EXAMPLES)


def test_script_needs_nothing_else():
    """The script does what it says, without a setting."""
    command = [sys.executable, "-W", "error", *command_of("script")[1:]]
    ran = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=True)
    assert [line.rpartition(": ")[2] for line in ran.stdout.splitlines()[1:]] == ["True", "False"]


@pytest.mark.parametrize("name", APPS)
async def test_example_serves(name):
    """On its server an example greets a stranger, lets in who has registered, and tells who may not do a thing."""
    async with running(name) as site:
        ada = Browser(site, ORIGIN)
        assert (await ada.get("/")).json() == {"hello": "stranger"}
        assert (await ada.get("/me")).json()["code"] == "not_authenticated"
        assert (await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})).status == 202
        code = await site.told(rf"{ADA}: .*?\b([0-9A-Z]{{6}})\b")
        assert (await ada.post("/auth/verify", {"code": code})).status == 200
        assert (await ada.post("/auth/login", {"identifier": ADA, "password": PASSWORD})).status == 200
        assert (await ada.get("/")).json() == {"hello": ADA}
        assert (await ada.get("/me")).json() == {"email": ADA}
        assert (await ada.get("/invoices")).json()["code"] == "permission_denied"
        await _greeted(name, site, ada)
        assert (await ada.post("/auth/logout")).status == 204
        assert (await ada.get("/me")).status == 401


async def _greeted(name, site, browser):
    """See to it that a websocket greets whoever is logged in, and nobody else; Django knows no websockets."""
    if name == "django_app":
        return
    url, sent = f"ws://127.0.0.1:{site.port}/greet", {"cookie": f"{SESSION}={browser.cookies[SESSION]}"}
    async with connect(url, origin=ORIGIN, additional_headers=sent) as websocket:
        assert await websocket.recv() == f"hello {ADA}"
    for origin, headers in ((ORIGIN, {}), ("https://evil.example.net", sent)):
        with pytest.raises((InvalidStatus, ConnectionClosed)):
            async with connect(url, origin=origin, additional_headers=headers) as websocket:
                await websocket.recv()
