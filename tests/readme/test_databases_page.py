"""docs/databases.md, followed to the letter: its files run, on each server that it names."""

import asyncio
import os
import subprocess
import sys

import pytest

from authcore.testing.store_contract.samples import account, put, same
from authcore_sqlalchemy import SqlStore, Tables
from tests.readme.blocks import ROOT, blocks, files

PAGE = ROOT / "docs" / "databases.md"


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request):
    """An empty database on each server, one after another."""
    server = request.getfixturevalue(f"{request.param}_url")
    from tests.stores import databases  # noqa: PLC0415  it needs the drivers

    with databases.made(server, with_tables=False) as database:
        yield database


def test_tables_are_created(database, tmp_path):
    """The script of the page creates the tables, once and again, and a store finds them."""
    for name, code in files(PAGE).items():
        (tmp_path / name).write_text(code, "utf-8")
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-W", "error", "setup.py"],
            cwd=tmp_path,
            env=os.environ | {"AUTHCORE_STORE": database.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
    asyncio.run(_use(SqlStore(database.url)))


async def _use(store):
    await put(store, account())
    assert await same(store, account()) == account(version=1)
    await store.aclose()


def test_own_engine_is_taken():
    """The block about an application's engine makes a store of it, and connects nowhere."""
    pytest.importorskip("asyncpg", reason="postgresql: no driver")
    (code,) = (code for code in blocks(PAGE, "python") if code.startswith("# own_engine.py"))
    scope = {}
    exec(code, scope)  # noqa: S102  the page's own words
    assert isinstance(scope["store"], SqlStore)
    assert scope["engine"].pool.checkedout() == 0
    assert Tables(schema="auth", prefix="user_").version.fullname == "auth.user_schema"
