"""The habits of the project, one session each.  `python -m nox -l` lists them; plain `python -m nox` runs the tests."""

import os
import shutil
import zipfile
from pathlib import Path

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
PACKAGES = [Path(package).name for package in PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]

TESTING = PYPROJECT["project"]["optional-dependencies"]["testing"]

INSTALLATIONS = {
    "bare": (
        ["core_alone", "asgi_alone"],
        "tools",
        ["core/test_hashing.py", "core/test_opening.py", "flows/test_journey.py", "kit", "stores/test_memory.py"],
    ),
    "asgi": (
        ["core_alone", "asgi_alone", "starlette_alone"],
        "tools",
        ["adapters/test_asgi_guards.py", "adapters/test_asgi_answers.py", "adapters/test_asgi_websockets.py"],
    ),
    "sanic": (["core_alone", "asgi_alone", "sanic_alone"], "tools", []),
    "sqlite": (
        ["core_alone", "asgi_alone"],
        "tools",
        ["stores/test_sqlite.py"],
    ),
    "postgresql": (["core_alone", "asgi_alone"], "tools", []),
    "mariadb": (["core_alone", "asgi_alone"], "tools", []),
    "cli": (["core_alone"], "tools", []),
    "redis": (
        ["core_alone", "asgi_alone"],
        "test",
        ["stores/test_redis.py"],
    ),
    "migration": (["core_alone", "asgi_alone"], "tools", []),
    "jwt-asymmetric": (
        ["core_alone"],
        "tools",
        ["core/test_keyring.py", "core/test_signing.py", "core/test_tokens.py"],
    ),
    "legacy": (["core_alone"], "tools", ["core/test_foreign_hashes.py", "flows/test_foreign_hashes.py"]),
    "captcha": (
        ["core_alone"],
        "tools",
        ["core/test_apart.py", "core/test_captcha.py", "core/test_captcha_settings.py", "flows/test_captchas.py"],
    ),
    "smtp": (["core_alone"], "test", ["smtp"]),
    "all": (
        ["core_alone", "asgi_alone", "starlette_alone", "sanic_alone"],
        "test",
        ["adapters/test_equal_bytes.py", "stores/test_joining.py"],
    ),
}
"""For each extra: what of tests/bare it can run with pytest alone, and what else it can once a group is installed."""

STORE_TESTS = [
    f"tests/{name}.py" for name in ("adapters/test_servers", "e2e/test_demo_servers", "readme/test_databases_page")
]
"""What needs servers, and does not stand with the stores."""

nox.needs_version = ">=2026.4"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.sessions = ["tests"]


def _reveal_pyenv() -> None:
    """Let pyenv's own `python3.12` and its kin answer; by default only the chosen version does."""
    versions = sorted(path.name for path in Path.home().glob(".pyenv/versions/3.1[1-9].*"))
    if versions:
        os.environ.setdefault("PYENV_VERSION", ":".join(versions))


_reveal_pyenv()


def _newest_python(*, least: str) -> str:
    """The newest supported Python that this machine has, from a version on; that version if it has none."""
    enough = [version for version in nox.project.python_versions(PYPROJECT) if version >= least]
    return next((version for version in reversed(enough) if shutil.which(f"python{version}")), least)


def _install(session: nox.Session, extras: str, *groups: str) -> None:
    # Editable: uv would otherwise reuse a wheel that it built before the source changed.
    session.install("-e", f".[{extras}]", *nox.project.dependency_groups(PYPROJECT, *groups))


def _install_peers(session: nox.Session) -> None:
    """Install what authcore is measured beside, where benchmarks/peers looks for it: with versions of its own."""
    peers = Path(session.virtualenv.location) / "peers"
    python = peers / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        session.run("python", "-m", "venv", str(peers))
    groups = nox.project.dependency_groups(PYPROJECT, "bench-peers")
    session.run(str(python), "-m", "pip", "install", "-q", *groups, external=True)


def _pytest(session: nox.Session) -> None:
    # A chosen test runs in this very process, so that `--pdb` and `-s` work.
    session.run("pytest", *(session.posargs or ["-n", "auto", "--maxprocesses", "4"]))


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test; what needs a browser is skipped, with the reason, where there is none."""
    _install(session, "demo,testing", "test", "browser")
    _pytest(session)


@nox.session(python=nox.project.python_versions(PYPROJECT))
def matrix(session: nox.Session) -> None:
    """Run every test on each supported Python that this machine has."""
    _install(session, "demo,testing", "test", "browser")
    _pytest(session)


@nox.session
def browser(session: nox.Session) -> None:
    """Run the tests that drive a browser, and fail if there is none."""
    _install(session, "demo,testing", "test", "browser")
    # Servers are none of a browser's business, and would be required as well.
    chosen = ["tests/e2e", "--ignore=tests/e2e/test_demo_servers.py"]
    session.run("pytest", *chosen, *session.posargs, env={"AUTHCORE_REQUIRE_SERVICES": "browser"})


@nox.session
def stores(session: nox.Session) -> None:
    """Hold every store to the contract, and race on every engine; fail if one is missing."""
    _install(session, "demo,testing", "test")
    chosen = session.posargs or ["-n", "auto", "--maxprocesses", "4", "tests/stores", "tests/races", *STORE_TESTS]
    session.run("pytest", *chosen, env={"AUTHCORE_REQUIRE_SERVICES": "postgresql,mariadb,redis,valkey,redis-cluster"})


@nox.session
def openapi(session: nox.Session) -> None:
    """Hold the OpenAPI document against what the endpoints of each adapter really do."""
    _install(session, "asgi,sanic,testing", "openapi")
    session.run("pytest", *(session.posargs or ["tests/openapi"]))


@nox.session(python=_newest_python(least="3.12"))
def migration(session: nox.Session) -> None:
    """Import from databases that sanic-security itself has made; it needs Python 3.12."""
    _install(session, "migration,sqlite,sanic,asgi,testing", "migration")
    # Servers are used where there are any: none of them is required because a browser is.
    session.run("pytest", *(session.posargs or ["tests/migration"]), env={"AUTHCORE_REQUIRE_SERVICES": ""})


@nox.session
def frameworks(session: nox.Session) -> None:
    """Hold every framework that authcore serves to the same laws, and run the examples on real servers."""
    _install(session, "all,django,litestar,quart,testing", "frameworks")
    session.run("pytest", *(session.posargs or ["-n", "auto", "--maxprocesses", "4", "tests/frameworks"]))


@nox.session
@nox.parametrize("extra", list(INSTALLATIONS), ids=list(INSTALLATIONS))
def installs(session: nox.Session, extra: str) -> None:
    """Install authcore with one extra, or bare, and nothing else: what that promises imports and passes its tests."""
    alone, group, others = INSTALLATIONS[extra]
    session.install("pytest")
    # Without a cache: uv would reuse a wheel that it built before the source changed.
    session.install("--no-cache-dir", "." if extra == "bare" else f".[{extra}]")
    # Neither the project's pytest settings nor its conftest: both need the plugins that are absent here.
    bare = ["-c", os.devnull, "--rootdir", ".", "--noconftest", "--import-mode=importlib", "-o", "pythonpath=."]
    files = [f"tests/bare/test_{name}.py" for name in ("installation", *alone)]
    session.run("pytest", *bare, "-W", "error", *files, env={"AUTHCORE_EXTRAS": extra})
    if others:
        session.install(*TESTING, *nox.project.dependency_groups(PYPROJECT, group))
        session.run("pytest", "-n", "auto", "--maxprocesses", "4", *(f"tests/{path}" for path in others))


@nox.session
def mutants(session: nox.Session) -> None:
    """Change the core in one small way after the other, and see that tests notice; it takes most of an hour."""
    _install(session, "all,testing", "mutants")
    shutil.rmtree("mutants", ignore_errors=True)  # or what survived once would be reported still
    session.run("mutmut", "run", env={"CI": "1"})  # hypothesis tries the same for every mutant
    session.run("python", "tools/mutants.py")


@nox.session(python=_newest_python(least="3.11"))
def bench(session: nox.Session) -> None:
    """Measure what depends on the machine, and keep it in benchmarks/results; `-- --help` tells the options."""
    _install(session, "demo,django,quart,testing")  # with servers to measure behind
    _install_peers(session)
    session.run("python", "-m", "benchmarks", *session.posargs)
    if not session.posargs:
        session.run("python", "-m", "benchmarks.logins_behind_one_network")
        session.run("python", "-m", "benchmarks.layers")
        session.run("python", "-m", "benchmarks.picture")
        session.run("python", "-m", "benchmarks.page")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, types and the direction of imports."""
    _install(session, "demo,django,litestar,quart,testing", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("pyright", "--warnings")
    session.run("lint-imports", "--no-cache")


@nox.session
def demo(session: nox.Session) -> None:
    """Run the demo; `nox -s demo -- --help` tells its options."""
    _install(session, "demo")
    session.run("python", "-m", "examples.demo", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel into dist/, and see that every package in it says that it is typed."""
    session.install("hatchling")
    session.run("hatchling", "build", "--clean", "--target", "wheel")
    (wheel,) = Path("dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    missing = [package for package in PACKAGES if f"{package}/py.typed" not in names]
    if missing:
        session.error(f"no py.typed in {', '.join(missing)}")
