"""What the adapters' tests share: helpers whose asserts explain themselves, and sites to send requests to."""

import sys
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module

import httpx2
import pytest

from authcore.memory import MemoryStore
from authcore.offload import Background
from authcore.testing import build_auth

pytest.register_assert_rewrite("tests.adapters.laws", "tests.adapters.hosts", "tests.adapters.sites")

from tests.adapters import sites, stores  # noqa: E402  only once their asserts are rewritten


def pytest_generate_tests(metafunc):
    """Have every law hold over the kinds of store that its class names, unless its module says that any will do."""
    if "make_store" in metafunc.fixturenames:
        any_will_do = getattr(sys.modules[metafunc.function.__module__], "ANY_STORE", False)
        metafunc.parametrize("make_store", metafunc.cls.kinds[: 1 if any_will_do else None], indirect=True)


@pytest.fixture
def make_store(request):
    """What opens a new, empty store of one kind."""
    with stores.opening(request.param) as make:
        yield make


@pytest.fixture
def no_second_look(monkeypatch):
    """Have the background look into the outbox when it starts and when it is woken, and never by itself."""
    for module in ("authcore_asgi.middleware", "authcore_sanic.setup"):
        monkeypatch.setattr(import_module(module), "Background", partial(Background, interval=3600))


@pytest.fixture
async def serve(request, make_store, no_second_look):
    """What starts a site with the parts that a test chooses; the test's class says on which `adapter`."""
    async with AsyncExitStack() as started:

        async def serve(**parts):
            return await started.enter_async_context(sites.open_site(request.cls.adapter, make_store(), **parts))

        yield serve


@pytest.fixture
async def serve_recorded(request, make_store, no_second_look):
    """What starts a site that is watched by a recorder."""
    async with AsyncExitStack() as started:

        async def serve(**parts):
            opened = sites.open_recorded_site(request.cls.adapter, make_store(), **parts)
            return await started.enter_async_context(opened)

        yield serve


@pytest.fixture
async def site(serve):
    """A site as it is by default."""
    return await serve()


@pytest.fixture
def auth():
    """An Auth over a store that counts, for applications that a test builds itself."""
    return build_auth(store=stores.WatchedStore(MemoryStore()), policy=sites.POLICY)


@pytest.fixture
def visit(auth):
    """What returns the site of an ASGI application: without a server, and without its lifespan."""

    def visit(app):
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        return sites.Site(auth, sites.Stage(), transport, "https://app.example.org")

    return visit
