"""The demo in several processes: what they share, and how they end.  What one of them does is told elsewhere."""

import os
import re
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examples.demo.common import Newest, common_file
from tests.e2e.conftest import FRAMEWORKS
from tests.e2e.running import PATIENCE, Running, running
from tests.e2e.visitor import PASSWORD, Visitor

WORKERS = 2
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and file modes are POSIX's")


@pytest.fixture(scope="module", params=FRAMEWORKS)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo in two processes, on one of the frameworks."""
    folder = tmp_path_factory.mktemp(f"{request.param}-workers")
    with running(folder, "--workers", str(WORKERS), "--framework", request.param) as started:
        yield started


@pytest.fixture(params=FRAMEWORKS)
def lone(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The same for one test, which may harm it; its temporary files are in `temporary`."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    with running(tmp_path, "--no-seed", "--workers", str(WORKERS), "--framework", request.param) as started:
        yield started


def _processes(demo: Running) -> list[int]:
    """Return the ids of the processes that answer."""
    pages = Visitor(demo).get_from_all("/", count=WORKERS)
    return [int(re.findall(r"Process (\d+) answered", page)[0]) for page in pages]


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Who has ended, and whose parent has not noticed yet, runs no more.
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


# --- what they share --------------------------------------------------------------------------------------------------


def test_newcomer_becomes_a_member_whoever_answers(demo, visitor):
    """Registering, confirming and logging in need no particular process, and each of them knows the member then."""
    visitor.become_member("ada")
    assert all("Hello, ada" in page for page in visitor.get_from_all("/member", count=WORKERS))


def test_letter_is_in_every_mailbox(demo, visitor):
    """A letter is sent once, and each process shows it, with the code."""
    visitor.post("/register", {"email": "joan@example.org", "password": PASSWORD})
    code = visitor.code_for("joan@example.org")
    pages = visitor.get_from_all("/mailbox", count=WORKERS)
    assert [page.count(f"<code>{code}</code>") for page in pages] == [1] * WORKERS


def test_line_is_in_every_guest_book(demo, visitor):
    """Each process shows a line of the guest book once it is written."""
    visitor.get("/guestbook")
    visitor.post("/guestbook", {"name": "Mary", "text": "Seen by all", "code": visitor.digits()})
    pages = visitor.get_from_all("/guestbook", count=WORKERS)
    assert ["Seen by all" in page for page in pages] == [True] * WORKERS


def test_reports_are_the_same(demo, grace):
    """Each process counts the letters of all, since the same start."""
    grace.get("/reports")  # which shows the notice of the login
    pages = grace.get_from_all("/reports", count=WORKERS)
    assert len({re.sub(r"Process \d+", "", page) for page in pages}) == 1


def test_older_things_are_forgotten():
    """Of each kind the newest are kept, newest first, and so many only."""
    with common_file() as file:
        letters, lines = Newest(file, "letter", most=3), Newest(file, "line", most=3)
        lines.add({"text": "alone"})
        for number in range(5):
            letters.add({"number": number})
        assert list(letters) == [{"number": number} for number in (4, 3, 2)]
        assert list(lines) == [{"text": "alone"}]


# --- how they end -----------------------------------------------------------------------------------------------------


@POSIX
def test_end_leaves_nothing(lone, tmp_path):
    """What the processes share only their owner can read; it is gone, and so are they, once the demo has ended."""
    processes = _processes(lone)
    (shared,) = (tmp_path / "temporary").iterdir()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o700
    assert lone.stop(signal.SIGTERM) == 0
    assert lone.output.endswith("\nStopped.\n")
    assert "Traceback" not in lone.output
    assert not list((tmp_path / "temporary").iterdir())
    assert not any(map(_runs, processes))


@POSIX
def test_all_end_with_one(lone):
    """If a process is killed, the whole demo ends, and says why."""
    first, *others = _processes(lone)
    os.kill(first, signal.SIGKILL)
    assert lone.process.wait(PATIENCE) == 1
    assert f"its process {first} has ended by itself, with status -9" in lone.output
    assert "Traceback" not in lone.output
    assert not any(map(_runs, others))


@POSIX
def test_none_outlives_the_first(lone, tmp_path):
    """If the process that has started the others is killed, they end as well, and remove what they shared."""
    processes = _processes(lone)
    lone.process.kill()
    lone.process.wait(PATIENCE)
    _until(lambda: not any(map(_runs, processes)))
    assert not list((tmp_path / "temporary").iterdir())
