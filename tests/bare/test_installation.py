"""An installation with some of the extras: what they promise can be imported, and what is absent says how to get it.

AUTHCORE_EXTRAS names the extras that are installed, with commas; unless it is set, all of them are.
"""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

INSTALLED = os.environ.get("AUTHCORE_EXTRAS", "all,testing").split(",")

PACKAGES = {
    "authcore": None,
    "authcore_asgi": None,  # pure ASGI; its extra brings the framework that most applications stand on
    "authcore_command": "cli",
    "authcore_migration": "migration",
    "authcore_redis": "redis",
    "authcore_sanic": "sanic",
    "authcore_smtp": "smtp",
    "authcore_sqlalchemy": "sqlite",
}
"""Every package of the distribution, and the extra that it needs."""

MODULES = {
    "authcore.testing.store_contract": "testing",
    "authcore.testing.strategies": "testing",
    "authcore.asymmetric": "jwt-asymmetric",
    "authcore_asgi.fastapi": "fastapi",
    "authcore_asgi.django": "django",
    "authcore_asgi.litestar": "litestar",
    "authcore_asgi.quart": "quart",
    "authcore_sqlalchemy.migrating": "cli",
    "authcore_sqlalchemy.migration_steps": "cli",
}
"""What needs an extra that the rest of its package does without."""

LIBRARIES = {
    "authcore_command": "click",
    "authcore_migration": "sqlalchemy",
    "authcore_redis": "redis",
    "authcore_sanic": "sanic",
    "authcore_smtp": "aiosmtplib",
    "authcore_sqlalchemy": "sqlalchemy",
    "authcore_asgi.fastapi": "fastapi",
    "authcore_asgi.django": "django",
    "authcore_asgi.litestar": "litestar",
    "authcore_asgi.quart": "quart",
    "authcore_sqlalchemy.migrating": "alembic",
}
"""What a package or module cannot be without."""

BENEATH = {"authcore_sqlalchemy.migrating": "sqlalchemy"}
"""What must be there before it is told what a module lacks: its package is without it, else, and says so."""

NOT_IN_ALL = {"testing", "django", "litestar", "quart"}
"""The extras that `all` leaves out: for tests, and for applications that stand on such a framework anyway."""

IMPORT_ALL = """
import importlib, pkgutil, sys
name, *skipped = sys.argv[1:]
for found in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
    if not found.name.startswith(tuple(skipped)):
        importlib.import_module(found.name)
print(*sorted(loaded for loaded in sys.modules if loaded.partition(".")[0] == name))
"""


def _is_installed(extra):
    return extra in {None, *INSTALLED} or ("all" in INSTALLED and extra not in NOT_IN_ALL)


def _run(code, *arguments):
    """Run code in a new interpreter that treats warnings as errors and has only what is installed."""
    command = [sys.executable, "-I", "-W", "error", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", [package for package, extra in PACKAGES.items() if _is_installed(extra)])
def test_every_module_imports(package):
    """Every module of a package whose extra is installed can be imported, and warns of nothing."""
    skipped = [name for name, extra in MODULES.items() if not _is_installed(extra)]
    ran = _run(IMPORT_ALL, package, *skipped)
    assert ran.returncode == 0, ran.stderr
    assert package in ran.stdout.split()


@pytest.mark.parametrize("package", [name for name in LIBRARIES if find_spec(BENEATH.get(name, "authcore"))])
def test_missing_extra_is_named(package):
    """Importing a package without the library that it stands on raises an ImportError that says what to install."""
    library = LIBRARIES[package]
    extra = (PACKAGES | MODULES)[package]
    hide = f"import sys; sys.modules[{library!r}] = None; " if find_spec(library) else ""  # another extra may bring it
    ran = _run(f"{hide}import {package}")
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith("ModuleNotFoundError: ")
    assert f'pip install "authcore[{extra}]"' in ran.stderr.splitlines()[-1]
