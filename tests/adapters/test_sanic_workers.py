"""Sanic's own server with two workers over one file: what one of them knows counts for both."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from authcore import Keyring, Policy
from authcore.codes import CAPTCHA_KEY, captcha_of
from authcore.rendering import Rendering
from authcore.tokens import TokenKind, Tokens
from tests.adapters.people import ADA, CAPTCHA, FROM_HERE, PASSWORD, SESSION, cookie
from tests.core.test_captcha import length, opened

ROOT = Path(__file__).parents[2]
PATIENCE = 60
KEYS = "k1:" + "00112233445566778899aabbccddeeff" * 2
KEYRING = Keyring.parse(KEYS)


@pytest.fixture
def base(tmp_path):
    """Where a server with two workers answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sanic", "tests.adapters.workers_app:create_app", "--factory", "--workers=2"]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"DATABASE": str(tmp_path / "auth.db"), "AUTHCORE_KEYS": KEYS, "PYTHONPATH": path}
    said = (tmp_path / "said").open("wb")
    server = subprocess.Popen(
        [*command, f"--port={port}", "--no-motd"], cwd=ROOT, env=environment, stdout=said, stderr=said
    )
    yield f"http://127.0.0.1:{port}"
    server.send_signal(signal.SIGTERM)
    server.wait(PATIENCE)
    said.close()


def asked(base, *headers, method="GET", path="/worker", content=b""):
    """The answer to one request over a connection of its own, once there is a server."""
    give_up_at = time.monotonic() + PATIENCE
    while time.monotonic() < give_up_at:
        with suppress(httpx2.TransportError):
            return httpx2.request(method, f"{base}{path}", headers=list(headers), content=content, timeout=PATIENCE)
        time.sleep(0.05)
    pytest.fail("no server answered")


def test_session_counts_in_every_worker(base):
    """Whoever logs in at one worker is logged in at both, and logged out at both; both made one administrator."""
    login = f'{{"identifier": "{ADA}", "password": "{PASSWORD}"}}'.encode()
    json = ("content-type", "application/json")
    opened = asked(base, FROM_HERE, json, method="POST", path="/auth/login", content=login)
    assert opened.status_code == 200, opened.text
    held = cookie(session=opened.headers["set-cookie"].partition(";")[0].removeprefix(f"{SESSION}="))
    workers, tries = set(), 0
    while len(workers) < 2 and (tries := tries + 1) < 500:
        reply = asked(base, held)
        assert (reply.status_code, reply.json()["who"], reply.json()["roles"]) == (200, ADA, ["administrator"])
        workers.add(reply.json()["process"])
    assert len(workers) == 2
    assert asked(base, held, FROM_HERE, method="POST", path="/auth/logout").status_code == 204
    assert {asked(base, held).status_code for _ in range(20)} == {401}


def test_captcha_is_drawn_and_spoken_by_every_worker(base):
    """Each worker draws and speaks the captcha of any of them, several at once, and the answer counts at each."""
    handed = asked(base, FROM_HERE, method="POST", path="/auth/captcha")
    token = handed.headers["set-cookie"].partition(";")[0].removeprefix(f"{CAPTCHA}=")
    held = cookie(captcha=token)
    with ThreadPoolExecutor(6) as visitors:
        paths = ["/auth/captcha/sound", "/auth/captcha/picture"] * 3
        replies = list(visitors.map(lambda path: asked(base, held, path=path), paths))
    assert [(reply.status_code, reply.headers["content-type"]) for reply in replies] == [
        (200, "audio/wav"),
        (200, "image/png"),
    ] * 3
    assert all(length(Rendering("audio/wav", reply.content)) > 6 for reply in replies[::2])
    assert {opened(Rendering("image/png", reply.content)).size for reply in replies[1::2]} == {(300, 90)}
    reference = Tokens(KEYRING, "authcore", "authcore").decode(TokenKind.CAPTCHA, token, now=datetime.now(UTC))
    code = captcha_of(reference.id, key=KEYRING.derive("k1", CAPTCHA_KEY), policy=Policy())
    answers = [asked(base, held, FROM_HERE, ("captcha-code", code), method="POST", path="/posting") for _ in range(4)]
    assert [reply.status_code for reply in answers] == [200, 410, 410, 410]
