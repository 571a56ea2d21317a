"""The demo's command line and its files: what is made, kept, shown, refused and forgotten.  Its pages are elsewhere."""

import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.e2e.running import PATIENCE, ROOT, run, running
from tests.e2e.visitor import PASSWORD, Visitor

OPTIONS = ("--port", "--host", "--database", "--keyring", "--framework", "--workers", "--seed", "--fresh")
WITHOUT_SQLALCHEMY = """
import sys
sys.modules["sqlalchemy"] = None
from examples.demo.__main__ import main
sys.exit(main())
"""
SOURCES = sorted(path for path in (ROOT / "examples" / "demo").rglob("*") if path.suffix in {".py", ".html", ".css"})
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX's")


def test_help_tells_every_option():
    """`--help` names each option, and says something about it."""
    told = run("--help")
    assert told.returncode == 0
    assert all(re.search(rf"{option}.*\s+[A-Z]", told.stdout) for option in OPTIONS)


@pytest.mark.parametrize("port", ["-1", "65536", "http", "٣"])
def test_impossible_port_is_refused(port):
    """A port that is none is refused before anything is made."""
    refused = run("--port", port)
    assert refused.returncode == 2
    assert f"a port is a number from 0 to 65535, not '{port}'" in refused.stderr


@pytest.mark.parametrize("workers", ["0", "65", "many"])
def test_impossible_number_of_workers_is_refused(workers):
    """There is at least one worker, and no crowd."""
    refused = run("--workers", workers)
    assert refused.returncode == 2
    assert f"the number of workers is a number from 1 to 64, not '{workers}'" in refused.stderr


def test_port_in_use_is_told(tmp_path):
    """If something listens there already, the demo says so, makes no file and ends."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run("--port", port, "--database", str(tmp_path / "demo.sqlite3"))
    assert refused.returncode == 1
    assert re.search(rf"port {port} of 127\.0\.0\.1 cannot be used .*choose another one with --port", refused.stderr)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("framework", ["starlette", "sanic"])
def test_signal_ends_it_gracefully(tmp_path, framework, ending):
    """Ctrl-C or SIGTERM ends the demo with a word and status 0, and leaves no journal of the database behind."""
    with running(tmp_path, "--no-seed", "--framework", framework) as demo:
        assert demo.stop(ending) == 0
    assert demo.output.endswith("\nStopped.\n")
    assert "Traceback" not in demo.output
    assert not list(tmp_path.glob("*-wal"))


def test_second_start_keeps_everything(tmp_path):
    """After a restart accounts, sessions and open challenges are as they were, and the password is shown no more."""
    with running(tmp_path) as demo:
        member, newcomer = Visitor(demo), Visitor(demo)
        member.become_member("ada")
        newcomer.post("/register", {"email": "joan@example.org", "password": PASSWORD})
        code = newcomer.code_for("joan@example.org")
        demo.stop()
    with running(tmp_path, port=demo.port) as again:
        assert member.get("/member").status_code == 200
        assert newcomer.post("/code", {"code": code}).status_code == 303
        assert not again.password


def test_fresh_forgets(tmp_path):
    """`--fresh` removes the database and the keyring, says so, and begins with new ones and a new administrator."""
    with running(tmp_path) as demo:
        member, keys = Visitor(demo), demo.keyring.read_text()
        member.become_member("ada")
        demo.stop()
    with running(tmp_path, "--fresh", port=demo.port) as fresh:
        assert all(f"removed   {path}\n" in fresh.output for path in (demo.database, demo.keyring))
        assert fresh.password not in {"", demo.password}
        assert fresh.keyring.read_text() != keys
        assert member.get("/member").status_code == 401
        assert member.post("/login", {"identifier": "ada", "password": PASSWORD}).status_code == 401


def test_fresh_removes_nothing_else(tmp_path):
    """`--fresh` leaves a file alone that is no SQLite database."""
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ada")
    refused = run("--fresh", "--port", "0", "--database", str(letter))
    assert refused.returncode == 1
    assert "is not an SQLite database, and is left alone" in refused.stderr
    assert letter.read_text() == "Dear Ada"


def test_fresh_removes_nothing_of_a_server(tmp_path):
    """`--fresh` is refused for a database on a server, and leaves the keyring where it is."""
    keyring = tmp_path / "keyring"
    keyring.touch(0o600)
    refused = run("--fresh", "--port", "0", "--database", "redis://127.0.0.1:1/0", "--keyring", str(keyring))
    assert (refused.returncode, keyring.exists()) == (1, True)
    assert "--fresh removes files only; empty the database yourself" in refused.stderr


def test_keyring_may_lie_elsewhere(tmp_path):
    """`--keyring` says where the keys are; beside the database there are none then, and `--fresh` leaves them alone."""
    kept, keyring = tmp_path / "kept", tmp_path / "keyring"
    kept.mkdir()
    with running(kept, "--keyring", str(keyring)) as demo:
        assert not demo.keyring.exists()
        keys = keyring.read_text()
        demo.stop()
    with running(kept, "--keyring", str(keyring), "--fresh") as fresh:
        assert f"removed   {fresh.database}\n" in fresh.output
        assert keyring.read_text() == keys


def test_url_of_a_file_is_its_path(tmp_path):
    """`sqlite:///` and a path mean the same file as the path, with its keyring beside it."""
    with running(tmp_path, url=f"sqlite:///{tmp_path / 'demo.sqlite3'}") as demo:
        assert f"data      in {demo.database}, served by starlette\n" in demo.output
        assert demo.database.exists()
        assert demo.keyring.exists()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("oracle://ada:s3cret@localhost/db", "oracle://localhost/db cannot be used (A store's URL begins with one of"),
        ("oracle://localhost/db?password=s3cret", "oracle://… cannot be used (A store's URL begins with one of"),
        ("oracle://ada:s3cret?s3cret@localhost/db", "oracle://… cannot be used (A store's URL begins with one of"),
        ("oracle://ada:s3/s3cret@localhost/db", "oracle://localhost/db cannot be used (A store's URL begins with one"),
        ("sqlite:///:memory:", "a database in memory would be another one in each process"),
        ("sqlite:////no/such/folder/db", "/no/such/folder/db cannot be opened (SQLite: "),
    ],
)
def test_unusable_database_is_told(tmp_path, url, told):
    """A database that cannot be used is refused in one sentence that says what to do, and repeats no password."""
    refused = run("--port", "0", "--database", url, "--keyring", str(tmp_path / "keyring"))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"The demo cannot run: {told}")
    assert "--database" in refused.stderr
    assert "s3" not in refused.stdout + refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_missing_driver_is_told(tmp_path):
    """Where a store's driver is not installed, the demo says what to install."""
    database = tmp_path / "demo.sqlite3"
    refused = subprocess.run(
        [sys.executable, "-c", WITHOUT_SQLALCHEMY, "--port", "0", "--database", str(database)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"The demo cannot run: {database} cannot be used (")
    assert 'pip install "authcore[sqlite]"' in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_administrator_is_nobody_elses(tmp_path):
    """With `--no-seed` the administrator's name is free, and who takes it gets nothing by a later seeding."""
    with running(tmp_path, "--no-seed") as demo:
        assert not demo.password
        member = Visitor(demo)
        member.become_member("grace")
        demo.stop()
    with running(tmp_path, port=demo.port) as again:
        assert "no administrator made: somebody else has that address or name" in again.output
        assert member.get("/reports").status_code == 403


def test_administrator_is_chosen_by_the_environment(tmp_path, monkeypatch):
    """The environment may say who is the first administrator; the password of its choice is not printed."""
    monkeypatch.setenv("AUTHCORE_ADMIN_EMAIL", "barbara@example.org")
    monkeypatch.setenv("AUTHCORE_ADMIN_PASSWORD", PASSWORD)
    with running(tmp_path) as demo:
        visitor = Visitor(demo)
        visitor.log_in("barbara@example.org")
        assert visitor.get("/admin").status_code == 200
        assert "account   barbara@example.org, who may do everything" in demo.output
        assert PASSWORD not in demo.output


@pytest.mark.parametrize(
    ("password", "told"),
    [("", "set both AUTHCORE_ADMIN_EMAIL and AUTHCORE_ADMIN_PASSWORD"), ("short", "AUTHCORE_ADMIN_PASSWORD cannot be")],
)
def test_unfit_administrator_is_refused(tmp_path, monkeypatch, password, told):
    """An administrator without a password, or with a weak one, keeps the demo from starting, and is told how."""
    monkeypatch.setenv("AUTHCORE_ADMIN_EMAIL", "barbara@example.org")
    monkeypatch.setenv("AUTHCORE_ADMIN_PASSWORD", password)
    refused = run("--port", "0", "--database", str(tmp_path / "demo.sqlite3"))
    assert refused.returncode == 1
    assert told in refused.stderr


@POSIX
def test_open_keyring_is_refused(tmp_path):
    """A keyring that others may read is not used."""
    keyring = tmp_path / "demo.sqlite3.keyring"
    keyring.write_text("")
    keyring.chmod(0o644)
    refused = run("--port", "0", "--database", str(tmp_path / "demo.sqlite3"))
    assert refused.returncode == 1
    assert "may be read by others" in refused.stderr


def test_broken_keyring_is_not_repeated(tmp_path):
    """A keyring that cannot be read is refused with what to do, and nothing of it is printed."""
    keyring = tmp_path / "demo.sqlite3.keyring"
    keyring.touch(0o600)
    keyring.write_text("k1:not-hexadecimal\n")
    refused = run("--port", "0", "--database", str(tmp_path / "demo.sqlite3"))
    assert refused.returncode == 1
    assert "holds no keyring" in refused.stderr
    assert "not-hexadecimal" not in refused.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_source_holds_a_secret(path):
    """Nothing in the demo's sources looks like a key: no long run of hexadecimal or base64 digits."""
    assert not re.findall(r"[0-9a-fA-F]{16,}|[A-Za-z0-9+/]{40,}={0,2}", path.read_text(encoding="utf-8"))
