"""The tests of the laws are tested, too: whoever breaks a law in one place is caught by the test named for it."""

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.architecture.breakages import BREAKAGES

ROOT = Path(__file__).parents[2]
PLUGINS = ("anyio.pytest_plugin", "pytest_timeout")  # what the settings in pyproject.toml ask for, and no more
SLIPS = ("AttributeError", "ImportError", "ModuleNotFoundError", "NameError", "SyntaxError", "TypeError")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the source and its tests, which may be broken."""
    copy = tmp_path_factory.mktemp("copy")
    for folder in ("src", "tests"):
        # Another worker may be writing what it has just compiled: such a file is gone before it is copied.
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("*.pyc.*"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.what)
def test_breakage_is_caught(copy, breakage):
    """The named test fails, and for a better reason than that the source makes no sense any more."""
    with _broken(copy, breakage):
        failed = _run(copy, breakage.caught_by)
    reasons = [line for line in failed.stdout.splitlines() if line.startswith("FAILED ")]
    assert failed.returncode == pytest.ExitCode.TESTS_FAILED, failed.stdout
    assert reasons, failed.stdout
    assert not [line for line in reasons if line.partition(" - ")[2].startswith(SLIPS)]


def test_named_tests_pass_unbroken(copy):
    """The same tests pass in the copy as it is: nothing but the breakage makes them fail."""
    passed = _run(copy, *dict.fromkeys(breakage.caught_by for breakage in BREAKAGES))
    assert passed.returncode == pytest.ExitCode.OK, passed.stdout


def test_copy_is_what_is_tested(copy):
    """The tests in the copy import the source in the copy, wherever else authcore is installed."""
    for package in ("authcore", "authcore_sqlalchemy"):
        imported = _python(copy, "-c", f"import {package}; print({package}.__file__)").stdout
        assert imported.startswith(str(copy))


@contextmanager
def _broken(copy, breakage):
    file = copy / "src" / breakage.file
    whole = file.read_text(encoding="utf-8")
    assert whole.count(breakage.before) == 1, f"{breakage.file} has changed: bring this breakage up to date"
    file.write_text(whole.replace(breakage.before, breakage.after), encoding="utf-8")
    try:
        yield
    finally:
        shutil.copy2(ROOT / "src" / breakage.file, file)


def _run(copy, *tests):
    plugins = [option for name in PLUGINS for option in ("-p", name)]
    quickly = ["-q", "--no-header", "--assert=plain", "-p", "no:cacheprovider"]
    return _python(copy, "-m", "pytest", *quickly, *plugins, *(f"tests/{test}" for test in tests))


def _python(copy, *arguments):
    environment = {
        "CI": "1",  # examples are the same each time
        "PATH": "",  # no service is looked for
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",  # what was compiled from a breakage must not outlive it
        "PYTHONPATH": str(copy / "src"),
    }
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
