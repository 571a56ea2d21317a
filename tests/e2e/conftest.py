"""What end-to-end tests share: a running demo for each framework, visitors, and browser pages."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.running import Running, running
from tests.e2e.visitor import Visitor

FRAMEWORKS = ("starlette", "sanic")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="module", params=FRAMEWORKS)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo on one of the frameworks, with an administrator; each test brings visitors of its own names."""
    with running(tmp_path_factory.mktemp(request.param), "--framework", request.param) as started:
        yield started


@pytest.fixture
def visitor(demo: Running) -> Visitor:
    """Somebody without a browser and without cookies."""
    return Visitor(demo)


@pytest.fixture
def grace(demo: Running) -> Visitor:
    """The administrator, logged in without a browser."""
    administrator = Visitor(demo)
    administrator.log_in("grace", demo.password)
    return administrator


@pytest.fixture(scope="module")
async def browser(chromium_path: str) -> AsyncIterator[object]:
    """A headless browser."""
    from playwright.async_api import async_playwright  # noqa: PLC0415  absent where there is no browser either

    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium_path, args=list(CHROMIUM_FLAGS))
        yield launched
        await launched.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember that a test failed, for fixtures that keep something then."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report
