"""docs/migration.md against the code: what it says to call is here, and its import runs.

That no name of sanic-security is missing is tested in migration/, where it is installed.
"""

import dataclasses
import importlib
import re

import pytest

import authcore
import authcore_asgi
import authcore_sanic
import authcore_smtp
from authcore import entities, errors, ports
from authcore.testing import build_auth, run_sync
from authcore.web import ENDPOINTS
from tests.migration.handmade import Handmade
from tests.readme.blocks import blocks
from tests.readme.migration_page import PAGE, tables

HOUSES = (authcore, authcore.auth, authcore_sanic, authcore_asgi, authcore_smtp, entities, errors, ports)
VARIABLES = {"AUTHCORE_KEYS", "AUTHCORE_ADMIN_EMAIL", "AUTHCORE_ADMIN_PASSWORD", "AUTHCORE_SMTP_HOST"}
NAMED = sorted(
    {name for table in tables().values() for text in table.values() for name in re.findall("`([^`]+)`", text)}
)
NAMES = [name for name in NAMED if not name.endswith("=") and name not in VARIABLES | {"attempts_left"}]


def is_here(name):
    """Whether there is an endpoint, a name of the public ones, or a module's, that is called so."""
    if "/" in name:
        return name in {f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS}
    owner, _, attribute = name.rpartition(".")
    if owner.startswith("authcore") or name.startswith("authcore"):
        return _is_module(name) or (_is_module(owner) and hasattr(importlib.import_module(owner), attribute))
    if not owner:
        return any(hasattr(house, name) for house in HOUSES)
    owners = [getattr(house, owner) for house in HOUSES if hasattr(house, owner)]
    return any(hasattr(each, attribute) or attribute in _fields(each) for each in owners)


def _is_module(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def _fields(kind):
    return {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()


@pytest.mark.parametrize("name", NAMES)
def test_name_is_here(name):
    """What the page says to call is here."""
    assert is_here(name)


def test_import_runs_as_shown(tmp_path, monkeypatch, capsys):
    """The page's functions rehearse and move: what stays behind is printed, and the former ids are returned."""
    old = Handmade(tmp_path / "old.sqlite3")
    old.account("1")
    old.account("2", username="a b")
    monkeypatch.setenv("OLD_DATABASE", old.url)
    auth, scope = build_auth(), {}
    (block,) = blocks(PAGE, "python")
    exec(block, scope)  # noqa: S102  the page's own words
    report = run_sync(scope["rehearse"](auth))
    assert capsys.readouterr().out.startswith("account 2 Obstacle(field='username'")
    moved = run_sync(scope["move"](auth))
    assert (list(moved), report.accounts.imported) == (["1"], 1)
    assert run_sync(auth.find_imported("sanic-security/account", "1")) == moved["1"]
