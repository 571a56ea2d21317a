"""docs/redis.md against a server: its programs run, its settings are known, and its user may do what a store does."""

import sys

import anyio
import pytest
from redis.asyncio import Redis

from authcore.testing.store_contract.samples import account, at, grant, put, role, session
from authcore_redis import RedisStore
from authcore_redis.keys import Realm
from tests.readme.blocks import ROOT, blocks
from tests.stores.redis_servers import any_realm, private_servers

PAGE = ROOT / "docs" / "redis.md"


@pytest.fixture
def server(tmp_path):
    """A server that begins as the page says."""
    (settings,) = blocks(PAGE, "conf")
    with private_servers(tmp_path) as start:
        yield start(*(part for line in settings.splitlines() for part in f"--{line}".split()))


@pytest.mark.parametrize("code", blocks(PAGE, "python"))
async def test_block_runs(code, redis_url, tmp_path, monkeypatch):
    """Every program of the page runs, on a server that there is, and warns of nothing."""
    realm = any_realm()
    monkeypatch.setenv("AUTHCORE_KEYS", "k1:" + "00112233445566778899aabbccddeeff" * 2)
    code = code.replace("redis://127.0.0.1:6379", redis_url).replace("my-app", realm)
    ran = await anyio.run_process([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=False)
    async with Redis.from_url(redis_url) as client:
        await client.unlink(*Realm(realm).all())
    assert ran.returncode == 0, ran.stderr.decode()
    assert b"Warning" not in ran.stderr


async def test_settings_are_known(server):
    """A server takes the page's settings, and the store takes the server."""
    settings = blocks(PAGE, "conf")[0].split()
    for name, value in zip(settings[::2], settings[1::2], strict=True):
        assert server.say("config", "get", name).split() == [name, value]
    store = RedisStore(server.url)
    await store.check()
    await store.aclose()


async def test_user_may_do_what_a_store_does(server):
    """The page's user may do all that a store does, and nothing outside of its realm."""
    (line,) = blocks(PAGE, "acl")
    _, name, *rules = line.split()
    assert server.say("acl", "setuser", name, *rules) == "OK"
    url = server.url.replace("redis://", f"redis://{name}:change-me@")
    store = RedisStore(url, realm="my-app")
    await put(store, account(), session(), grant("a"), role())
    await store.remove([at(1, grant("a"))], [account(version=1)])
    assert (await store.caller("session")).account == account(version=2)
    assert len(await store.page(type(role()), limit=9)) == 1
    await store.check()
    await store.aclose()
    for command in (["get", "else"], ["set", "{my-apps}:x", "1"], ["keys", "*"], ["flushall"], ["config", "get", "*"]):
        assert "no permissions" in server.say("acl", "dryrun", name, *command)
