"""The demo over stores on servers, in several processes: one journey for each, and what is told of an absent server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import entry_points
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from authcore.opening import STORES
from tests.e2e.running import run, running
from tests.e2e.visitor import Visitor

WORKERS = 2


@asynccontextmanager
async def postgresql(server: str) -> AsyncIterator[str]:
    """A database of PostgreSQL's for one test."""
    import asyncpg  # noqa: PLC0415  absent where the store is

    name = f"authcore_demo_{uuid4().hex[:16]}"
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        yield f"{server}/{name}"
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def mariadb(server: str) -> AsyncIterator[str]:
    """A database of MariaDB's for one test."""
    import asyncmy  # noqa: PLC0415  as above

    place, name = urlsplit(server), f"authcore_demo_{uuid4().hex[:16]}"
    connection = await asyncmy.connect(
        host=place.hostname, port=place.port, user=place.username, password=place.password or ""
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(f"CREATE DATABASE {name}")
            yield f"{server}/{name}"
            await cursor.execute(f"DROP DATABASE {name}")
    finally:
        connection.close()


@asynccontextmanager
async def redis(server: str) -> AsyncIterator[str]:
    """A numbered database of Redis's for one test: one that was empty, and is again."""
    from redis.asyncio import Redis  # noqa: PLC0415  as above

    for number in range(15, 0, -1):
        async with Redis.from_url(f"{server}/{number}") as client:
            if await client.set("taken", "by a test", nx=True) and await client.dbsize() == 1:
                yield f"{server}/{number}"
                await client.flushdb()
                return
    pytest.fail("every database of this Redis holds something")


MADE = {"postgresql": postgresql, "mariadb": mariadb, "redis": redis}


@pytest.fixture(params=MADE)
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of store that is there."""
    if request.param not in {entry.name for entry in entry_points(group=STORES)}:
        pytest.skip(f"{request.param}: no store stands for such URLs")
    return str(request.param)


@pytest.fixture
def url(request: pytest.FixtureRequest, kind: str) -> Iterator[str]:
    """A database of a test's own on a server of this kind."""
    made: AbstractAsyncContextManager[str] = MADE[kind](request.getfixturevalue(f"{kind}_url"))
    with asyncio.Runner() as runner:
        yield runner.run(made.__aenter__())
        runner.run(made.__aexit__(None, None, None))


def test_member_is_known_to_every_process_and_after_a_restart(tmp_path, url):
    """Who registers, confirms and logs in is known to each process, and to those of another framework afterwards."""
    options = ("--workers", str(WORKERS), "--keyring", str(tmp_path / "keyring"), "--framework")
    with running(tmp_path, *options, "starlette", url=url) as demo:
        member = Visitor(demo)
        member.become_member("ada")
        assert all("Hello, ada" in page for page in member.get_from_all("/member", count=WORKERS))
        assert demo.password
        assert demo.stop() == 0
    with running(tmp_path, *options, "sanic", url=url, port=demo.port) as again:
        assert all("Hello, ada" in page for page in member.get_from_all("/member", count=WORKERS))
        assert not again.password
        assert again.stop() == 0
    assert "Traceback" not in demo.output + again.output
    assert not demo.database.exists()


def test_absent_server_is_told(tmp_path, kind):
    """Where no server answers, the demo ends with a sentence, which repeats no password."""
    url = f"{kind}://ada:s3cret@127.0.0.1:1/1"
    refused = run("--no-seed", "--port", "0", "--database", url, "--keyring", str(tmp_path / "keyring"))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"The demo cannot run: {kind}://127.0.0.1:1/1 cannot be opened (")
    assert "s3cret" not in refused.stdout + refused.stderr
    assert refused.stderr.count("\n") == 1
