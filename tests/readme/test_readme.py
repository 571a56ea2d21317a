"""README and docs, run: every Python block works as it stands there, and does what the text around it says."""

import re
import runpy

import pytest
from sanic import Sanic

from tests.readme.blocks import PAGES, ROOT, blocks, files
from tests.readme.clients import client_of

MOST_LINES = 15

PYTHON = [
    pytest.param(code, id=f"{page.name}-{number}")
    for page in PAGES
    for number, code in enumerate(blocks(page, "python"), 1)
    if code not in files(page).values()
    and page.name not in {"frameworks.md", "redis.md"}  # run by tests/frameworks, and by test_redis_page
]
ROUTES = [code for code in blocks(ROOT / "README.md", "python") if "\napp = " in code]


@pytest.fixture
def run_block(tmp_path, monkeypatch):
    """Run a block as a newcomer would: in an empty folder, with its secrets in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTHCORE_KEYS", "k1:" + "00112233445566778899aabbccddeeff" * 2)
    monkeypatch.setenv("AUTHCORE_PEPPERS", "p1:" + "ffeeddccbbaa99887766554433221100" * 2)
    monkeypatch.setattr(Sanic, "test_mode", True)
    monkeypatch.setenv("SANIC_AUTO_EXTEND", "false")

    def run(code: str) -> dict[str, object]:
        page = tmp_path / "block.py"
        page.write_text(code, "utf-8")
        return runpy.run_path(str(page))

    return run


@pytest.mark.parametrize("code", PYTHON)
def test_block_runs(run_block, code):
    """Every Python block of README and docs that is no file of its own runs without an error."""
    run_block(code)


def test_commands_are_the_ones_that_work():
    """README's commands install what they need, and run the demo and the tests."""
    commands = [line for code in blocks(ROOT / "README.md", "sh") for line in code.splitlines() if "nox -s" in line]
    assert [line.rpartition(" ")[2] for line in commands] == ["demo", "tests"]
    assert all("venv" in line and 'pip install -q "nox[uv]"' in line for line in commands)


def test_links_lead_somewhere():
    """Every relative link of README and docs names a file that is there."""
    broken = [
        (page.name, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("code", ROUTES)
def test_protected_route_is_short(code):
    """A protected route takes at most fifteen lines, imports included."""
    assert len([line for line in code.splitlines() if line.strip()]) <= MOST_LINES


@pytest.mark.parametrize("code", ROUTES)
async def test_protected_route_is_protected(run_block, code):
    """The route of each framework's block refuses a stranger, and names the endpoints that let one in."""
    async with client_of(run_block(code)["app"]) as client:
        refused = await client.get("/me")
        assert (refused.status_code, refused.json()["code"]) == (401, "not_authenticated")
        login = await client.post("/auth/login", json={"identifier": "nobody", "password": "a long and quiet evening"})
        assert (login.status_code, login.json()["code"]) == (401, "invalid_credentials")
