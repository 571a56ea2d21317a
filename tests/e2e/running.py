"""The real demo, in a process of its own: starting it, waiting for it, stopping it.  What it must do, the tests say."""

import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from authcore import Keyring, Policy, captchas
from authcore.codes import CAPTCHA_KEY, captcha_of
from authcore.tokens import TokenKind, Tokens

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds: a crowded machine starts two processes slowly


@dataclass(frozen=True)
class Running:
    """One running demo: where it answers, where its files are, and what it has printed."""

    process: subprocess.Popen[bytes]
    database: Path
    printed: Path

    @property
    def output(self) -> str:
        """All that it has printed until now."""
        return self.printed.read_text()

    @property
    def url(self) -> str:
        """The address that it tells to open; empty until it does."""
        found = re.search(r"^open +(http://localhost:\d+)$", self.output, re.MULTILINE)
        return found[1] if found else ""

    @property
    def port(self) -> str:
        """The port of that address."""
        return self.url.rpartition(":")[2]

    @property
    def keyring(self) -> Path:
        """The file of its keys."""
        return self.database.with_name(f"{self.database.name}.keyring")

    def read_captcha(self, token: str) -> str:
        """Tell the digits of a captcha, as no program can that has not the keys."""
        keyring = Keyring.parse(self.keyring.read_text("ascii").strip())
        tokens = Tokens(keyring, "authcore-demo", "authcore-demo")
        captcha = tokens.decode(TokenKind.CAPTCHA, token, now=datetime.now(UTC)).id
        key = keyring.derive(captchas.key_of(captcha), CAPTCHA_KEY)
        return captcha_of(captcha, key=key or b"", policy=Policy())

    def age_logins(self, by: timedelta) -> None:
        """Have everybody's login be longer ago, in the database: the sessions go on, and no test waits for it."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            older = by // timedelta(microseconds=1)
            connection.execute("UPDATE authcore_authentication_session SET auth_time = auth_time - ?", (older,))

    @property
    def password(self) -> str:
        """The administrator's password, as the terminal shows it at the first start."""
        found = re.search(r"shown only now: (\S+)$", self.output, re.MULTILINE)
        return found[1] if found else ""

    def stop(self, ending: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, by default what Ctrl-C sends, and return the exit status."""
        self.process.send_signal(ending)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"the demo did not stop:\n{self.output}")


def command(*options: str) -> list[str]:
    """What a person types to run the demo."""
    return [sys.executable, "-m", "examples.demo", *options]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the demo with options that make it end by itself."""
    return subprocess.run(command(*options), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


@contextmanager
def running(folder: Path, *options: str, port: str = "0", url: str = "") -> Iterator[Running]:
    """Run the demo on a database in a folder, or on the one that a URL names, until the block ends."""
    database, printed = folder / "demo.sqlite3", folder / f"printed-{time.monotonic_ns()}.txt"
    with printed.open("wb") as sink:
        process = subprocess.Popen(
            command("--database", url or str(database), "--port", port, *options),
            cwd=ROOT,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    demo = Running(process, database, printed)
    try:
        _wait_for(demo)
        yield demo
    finally:
        if process.poll() is None:
            demo.stop()


def _wait_for(demo: Running) -> None:
    """Return once the demo answers; whatever keeps it from that fails the test, with what was printed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and demo.process.poll() is None:
        try:
            if demo.url and httpx2.get(demo.url).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail(f"the demo does not answer (exit status {demo.process.poll()}):\n{demo.output}")
