"""docs/captchas.md against the code: its blocks run, and its table says what an application really meets."""

import re
from types import SimpleNamespace

import httpx2
import pytest

from authcore import Device, Policy, errors
from authcore.testing import build_auth
from authcore.web.problems import STATUSES
from tests.readme.blocks import ROOT, blocks, files

PAGE = ROOT / "docs" / "captchas.md"
PYTHON = blocks(PAGE, "python")
ORIGIN = ("origin", "http://localhost:8000")


@pytest.fixture
def page():
    """What the block that is an application defines."""
    scope = {}
    exec(files(PAGE)["app.py"], scope)  # noqa: S102  the page's own words
    return SimpleNamespace(**scope)


async def test_guard_lets_people_in(page):
    """The application posts a comment of whoever has read its captcha, and of nobody else."""
    transport = httpx2.ASGITransport(page.app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://localhost:8000", headers=[ORIGIN]) as client:
        comment = {"text": "Weaving"}
        assert (await client.post("/comments", json=comment)).json()["code"] == "captcha_required"
        await client.post("/auth/captcha")
        for address in re.findall(r'src="([^"]+)"', "".join(blocks(PAGE, "html"))):
            read = (await client.get(address)).text
        posted = await client.post("/comments", json=comment, headers=[("captcha-code", read)])
        assert posted.json() == {"posted": "Weaving"}


async def test_handler_asks_by_itself():
    """A handler that asks by itself gets the captcha that was answered."""
    scope = {}
    exec(PYTHON[1], scope)  # noqa: S102  as above
    auth = build_auth()
    captcha = auth.open_captcha()
    read = (await auth.draw_captcha(captcha.token)).content.decode()
    answered = await scope["post_comment"](auth, captcha.token, read, Device())
    assert (answered.id, answered.ended_as) == (captcha.session.id, "spent")


def test_other_blocks_run():
    """A policy asks for captchas before registering, and the core alone hands one out and takes its answer."""
    for block in PYTHON[2:]:
        scope = {}
        exec(block, scope)  # noqa: S102  as above
        assert scope.get("policy", Policy()).captcha.endpoints <= {"register", "log_in"}
    assert scope["answered"].attempts == 1


def test_statuses_are_those_of_the_code():
    """Each code of the table is one of ours, at its status."""
    codes = {kind.code: STATUSES[kind] for kind in STATUSES} | {errors.AttemptsExhausted.code: 410}
    rows = re.findall(r"^\| (\d+) \| ([^|]*) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {code: int(status) for status, named in rows for code in re.findall(r"`(\w+)`", named)}
    assert told == {code: codes[code] for code in told}
    assert len(told) == 7
