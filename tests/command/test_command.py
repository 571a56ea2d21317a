"""The `authcore` command, as an operator types it."""

import os
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest
from click.testing import CliRunner

from authcore import Policy, SystemClock
from authcore.entities import AuthenticationSession, TwoStepSession
from authcore.ports import by_owner
from authcore.testing import FakeClock, build_auth, run_sync
from authcore_command import main
from authcore_sqlalchemy import SqliteStore
from tests.flows.people import ADA, PASSWORD, QuickHasher, join, log_in, register
from tests.readme.blocks import ROOT, blocks

SECRET = "s3cret"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    """Nothing is set by whoever runs the tests."""
    for name in os.environ:
        if name.startswith("AUTHCORE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def path(tmp_path):
    """Where the store is."""
    return tmp_path / "authcore.db"


def typed(*words, env=None):
    """What comes of a command."""
    return CliRunner().invoke(main, words, env=env)


def long_ago(path):
    """A store in which somebody logged in three years ago; returns the account."""
    with closing(SqliteStore(path)) as store:
        clock = FakeClock(SystemClock().now() - timedelta(days=1000))
        auth = build_auth(store=store, hasher=QuickHasher(), clock=clock)
        account = join(auth, ADA, PASSWORD)
        log_in(auth)
        register(auth, "eve@example.org")
        return account


def left(path, account, kind):
    """How many of a kind an account still has."""
    with closing(SqliteStore(path)) as store:
        return len(run_sync(store.find(by_owner(kind, account.id))))


def test_purge_removes_what_is_over(path):
    """What has been over for longer than the policy says is gone, and told; who has an account keeps it."""
    account = long_ago(path)
    ran = typed("purge", "--store", f"sqlite:///{path}")
    assert ran.exit_code == 0, ran.output
    assert "AuthenticationSession" in ran.output
    assert ran.output.endswith(" rows are gone.\n")
    assert [left(path, account, kind) for kind in (AuthenticationSession, TwoStepSession)] == [0, 0]
    with closing(SqliteStore(path)) as store:
        auth = build_auth(store=store, hasher=QuickHasher())
        assert run_sync(auth.find_account(email=ADA)).id == account.id
    again = typed("purge", "--store", f"sqlite:///{path}")
    assert again.output == "0 rows are gone.\n"


@pytest.mark.parametrize(("words", "env"), [(["--older-than", "2000d"], {}), ([], {"AUTHCORE_RETENTION": "2000d"})])
def test_purge_keeps_what_is_younger(path, words, env):
    """Neither what is younger than was asked for goes, nor what is younger than the environment's policy says."""
    account = long_ago(path)
    ran = typed("purge", "--store", f"sqlite:///{path}", *words, env=env)
    assert ran.output == "0 rows are gone.\n"
    assert left(path, account, AuthenticationSession) == 1


def test_purge_stops_at_a_limit(path):
    """It removes about as much as was asked for, and the rest the next time."""
    long_ago(path)
    first = typed("purge", "--store", f"sqlite:///{path}", "--limit", "2")
    assert first.output.endswith("\n2 rows are gone.\n")
    second = typed("purge", "--store", f"sqlite:///{path}")
    assert not second.output.endswith("\n0 rows are gone.\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--older-than", "5m"], "kept for an hour at least"),
        (["--older-than", "5"], "write a duration with its unit, such as 36h or 90d"),
        (["--limit", "0"], "0 is not in the range"),
    ],
)
def test_purge_refuses_what_is_unfit(path, words, told):
    """What cannot be meant is refused in words, and removes nothing."""
    account = long_ago(path)
    ran = typed("purge", "--store", f"sqlite:///{path}", *words)
    assert ran.exit_code != 0
    assert told in ran.output
    assert left(path, account, AuthenticationSession) == 1


@pytest.mark.parametrize("command", ["purge", "migrate"])
def test_store_is_named_by_the_environment(path, command):
    """The URL, which may hold a password, need not stand on the command line."""
    long_ago(path)
    assert typed(command, env={"AUTHCORE_STORE": f"sqlite:///{path}"}).exit_code == 0
    assert "AUTHCORE_STORE" in typed(command).output


@pytest.mark.parametrize("command", ["purge", "migrate"])
@pytest.mark.parametrize("url", [f"cupboard://ada:{SECRET}@host/x", f"sqlite://ada:{SECRET}@host/x", SECRET])
def test_unfit_stores_are_refused_plainly(command, url):
    """What names no store is refused in one sentence, which repeats nothing of it."""
    ran = typed(command, "--store", url)
    assert ran.exit_code == 1
    assert ran.output.startswith("Error: ")
    assert ran.output.count("\n") == 1
    assert SECRET not in ran.output


def test_variables_of_the_application_are_passed_over(path):
    """A variable that nothing reads is refused, for it may be misspelt, unless it is said to be the application's."""
    long_ago(path)
    env = {"AUTHCORE_MASCOT": "owl", "AUTHCORE_STORE": f"sqlite:///{path}"}
    assert "AUTHCORE_MASCOT" in typed("purge", env=env).output
    assert typed("purge", "--besides", "AUTHCORE_MASCOT", env=env).exit_code == 0


def test_unreadable_settings_are_refused_plainly(path):
    """Settings that cannot be read are told by their names, and nothing is removed."""
    account = long_ago(path)
    ran = typed("purge", "--store", f"sqlite:///{path}", env={"AUTHCORE_RETENTION": "soon"})
    assert ran.exit_code == 1
    assert "AUTHCORE_RETENTION" in ran.output
    assert left(path, account, AuthenticationSession) == 1


def test_command_is_installed():
    """It runs as a program, and as a module; both tell what there is to do."""
    module = subprocess.run([sys.executable, "-m", "authcore_command"], capture_output=True, text=True, check=False)
    assert "migrate" in module.stderr + module.stdout
    assert "purge" in module.stderr + module.stdout


def test_policy_ignores_the_store():
    """The variable that names the store is no setting of a policy, and no mistake there."""
    assert Policy.from_env(environ={"AUTHCORE_STORE": "sqlite:///x"}) == Policy()


@pytest.mark.parametrize("page", ["databases", "retention"])
def test_commands_of_the_pages_run(path, page):
    """What the pages have operators type does what it should, with a store in place of theirs."""
    lines = [line for block in blocks(ROOT / "docs" / f"{page}.md", "sh") for line in block.splitlines()]
    assert lines
    for line in lines:
        program, *words = line.replace("postgresql://user:password@host/name", f"sqlite:///{path}").split()
        assert program == "authcore"
        ran = typed(*words)
        assert ran.exit_code == 0, ran.output
