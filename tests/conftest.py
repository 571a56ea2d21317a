"""What every test shares: the event loop, hypothesis's profile, and the services that some tests need.

A test that needs a service asks for its fixture, and is skipped with a reason that begins "<service>:" where there is
none.  While AUTHCORE_REQUIRE_SERVICES is set (names with commas, or "all"), every skipped test counts as a failure,
whatever its reason, so that no typing error can hide a service.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from functools import cache, partial

import hypothesis
import pytest

pytest.register_assert_rewrite("authcore.testing")

from tests import services  # noqa: E402
from tests.flows import walked  # noqa: E402  it imports what is to be rewritten
from tests.races import lost_races  # noqa: E402  as the line before

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The one event loop that tests run on; of the widest scope, so that fixtures of any scope may be async."""
    return "asyncio"


# --- services -------------------------------------------------------------------------------------------------------


@cache
def _find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("AUTHCORE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    # Playwright may be absent, or its Node.js may lack a library of the system.
    driver = [sys.executable, "-m", "playwright", "--version"]
    return path if path and subprocess.run(driver, capture_output=True, check=False).returncode == 0 else None


SERVICES = {"browser": _find_chromium} | {name: partial(services.url_of, name) for name in services.SERVERS}
REQUIRED = frozenset(filter(None, map(str.strip, os.environ.get("AUTHCORE_REQUIRE_SERVICES", "").split(","))))


def _service(name: str) -> str:
    found = SERVICES[name]()
    if found is None:
        pytest.skip(f"{name}: none that works on this machine")
    return found


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser that end-to-end tests drive: AUTHCORE_CHROMIUM, or the first one on the PATH."""
    return _service("browser")


@pytest.fixture(scope="session")
def postgresql_url() -> str:
    """Where a PostgreSQL is; a test makes databases of its own there, and drops them."""
    return _service("postgresql")


@pytest.fixture(scope="session")
def mariadb_url() -> str:
    """Where a MariaDB is, likewise."""
    return _service("mariadb")


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Where a Redis is; a test keeps to a prefix of its own there, and removes what it has written."""
    return _service("redis")


@pytest.fixture(scope="session")
def valkey_url() -> str:
    """Where a Valkey is, likewise."""
    return _service("valkey")


@pytest.fixture(scope="session")
def postgresql(postgresql_url):
    """A database on PostgreSQL with authcore's tables in it."""
    from tests.stores import databases  # noqa: PLC0415  it needs the drivers

    with databases.made(postgresql_url) as database:
        yield database


@pytest.fixture(scope="session")
def mariadb(mariadb_url):
    """A database on MariaDB with authcore's tables in it."""
    from tests.stores import databases  # noqa: PLC0415  it needs the drivers

    with databases.made(mariadb_url) as database:
        yield database


@pytest.fixture(scope="session")
def redis(redis_url):
    """A realm in Redis."""
    from tests.stores import redis_servers  # noqa: PLC0415  it needs the driver

    realm = redis_servers.OwnRealm(redis_url)
    yield realm
    asyncio.run(realm.emptied())


@pytest.fixture(scope="session")
def redis_cluster_url() -> str:
    """Where a Cluster of Redis is, likewise."""
    return _service("redis-cluster")


# --- the guard ------------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Have the orders walked and the races lost told, and refuse to require a service that nobody knows."""
    config.pluginmanager.register(walked)
    config.pluginmanager.register(lost_races)
    unknown = REQUIRED - SERVICES.keys() - {"all"}
    if unknown:
        message = f"AUTHCORE_REQUIRE_SERVICES names {', '.join(sorted(unknown))}; known are {', '.join(SERVICES)}"
        raise pytest.UsageError(message)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        _, _, reason = report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}, while AUTHCORE_REQUIRE_SERVICES is set"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a skipped test as a failure while services are required."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Count a skipped module as a failure while services are required."""
    report = yield
    _refuse_skip(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which services the tests had."""
    told = {"browser": _find_chromium()} | {name: services.told_of(name) for name in services.SERVERS}
    for name, found in told.items():
        terminalreporter.write_line(f"service {name}: {found or 'none that works'}")
