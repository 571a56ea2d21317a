"""Peers are measured in processes of their own, where they are installed, and only if they do what they should."""

import ast
import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.measuring import Figures, Unmeasured
from benchmarks.peers import registry
from benchmarks.peers.processes import scene
from benchmarks.peers.registry import PEERS, peers_of, told
from benchmarks.peers.scenes import asked, checking, living, pages_of, patient
from benchmarks.peers.stalls import AT_ONCE, stalls
from benchmarks.peers.wsgi import asked as wsgi_asked

SCENES = {"P1": "requests", "P2": "requests", "P3": "logins", "P4": "checks", "P6": "tokens"}
CASES = {"P1": 2, "P2": 2, "P3": 2, "P4": 4 * 2 + 2, "P6": 2, "P7": 1}
TINY = ["--rounds", "2", "--seconds", "0.00001"]


@pytest.fixture
def run(tmp_path):
    """Measures something in tiny rounds, and keeps it in a folder of the test's own."""
    return lambda *arguments: main([*arguments, *TINY, "--json", str(tmp_path)])


@pytest.fixture
def nobody(monkeypatch):
    """No peer is installed."""
    monkeypatch.setattr(registry, "versions", dict)


# --- which there are --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_each_peer_has_its_scenes(peer):
    """The module of a peer has a scene for every work that it is measured in."""
    path = Path(registry.__file__).with_name(f"{peer.module.rpartition('.')[2]}.py")
    functions = {
        each.name for each in ast.parse(path.read_text("utf-8")).body if isinstance(each, ast.AsyncFunctionDef)
    }
    assert functions >= {SCENES[work] for work in peer.works if work in SCENES}
    assert bool(peer.framework) is bool(peer.beside) is ("P1" in peer.works)


@pytest.mark.parametrize("work", CASES)
@pytest.mark.usefixtures("nobody")
def test_a_peer_that_is_missing_is_told(run, work):
    """What is not installed is listed as not measured, with what installs it."""
    measured = run(work, "--stores", "sqlite")
    assert {each.case.partition(",")[0] for each in measured} == {peer.name for peer in peers_of(work)}
    assert all(isinstance(each, Unmeasured) and "nox -s bench" in each.reason for each in measured)


@pytest.mark.parametrize("work", CASES)
def test_each_peer_is_measured_or_told(run, tmp_path, capsys, work):
    """Every peer that is installed is measured in each of its works, with its version, and every other is told."""
    measured = run(work, "--stores", "sqlite")
    for peer in peers_of(work):
        figures = [each for each in measured if isinstance(each, Figures) and peer.name in each.case]
        missing = [each for each in measured if isinstance(each, Unmeasured) and peer.name in each.case]
        assert missing if peer.name not in registry.versions() else len(figures) == CASES[work]
        assert all(any(told(peer) in side for side in each.seconds) for each in figures if "growth" not in each.case)
    there = [told(peer) for peer in peers_of(work) if peer.name in registry.versions()]
    assert capsys.readouterr().out.splitlines()[-1].endswith(f": {', '.join(there)}" if there else "does that")
    on = json.loads((tmp_path / f"{work.lower()}.json").read_text("utf-8"))["on"]
    assert on["packages"].items() >= registry.took_part(work).items()
    assert on["beside_peers"] == (registry.versions() if there else {})


# --- their processes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["child", "processes", "registry", "scenes", "stalls", "wsgi"])
def test_nothing_shared_needs_authcore(module):
    """What both sides run imports no authcore, which is not there where peers are."""
    program = f"import sys, benchmarks.peers.{module}; print(*[name for name in sys.modules if 'authcore' in name])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


@pytest.mark.parametrize("framework", ["FastAPI", "Sanic"])
async def test_requests_are_measured_in_another_process(tmp_path, framework):
    """A side of authcore's own of a comparison is asked bare, for somebody, and for somebody with a permission."""
    place = f"sqlite:///{tmp_path / 'bench.db'}"
    async with scene(
        sys.executable, "benchmarks.peers.authcore_requests", "requests", framework, place, 2, 3, 10
    ) as sides:
        assert list(sides) == [
            f"{page}, {number} in flight" for page in ("bare", "authenticated", "permitted") for number in (1, 2)
        ]
        assert all([await side(3) > 0 for side in sides.values()])


@pytest.mark.parametrize(("name", "count"), [("checks", 4 * 2), ("tokens", 3)])
async def test_functions_are_measured_in_another_process(name, count):
    """What authcore checks and reads without a framework is measured where nothing else happens."""
    async with scene(sys.executable, "benchmarks.peers.authcore_functions", name) as sides:
        assert len(sides) == count
        assert all([await side(3) > 0 for side in sides.values()])


async def test_logins_are_measured_in_another_process(tmp_path):
    """People log in to authcore while others ask, and what those feel is told beside one hash."""
    place = f"sqlite:///{tmp_path / 'bench.db'}"
    async with scene(sys.executable, "benchmarks.peers.authcore_logins", "logins", place) as sides:
        assert list(sides) == ["99 % of others", "the slowest of others", "one hash"]
        assert all([await side(1) > 0 for side in sides.values()])


async def test_a_process_that_ends_ends_the_run(capfd):
    """A scene that cannot be set is no figure, and what went wrong is shown."""
    with pytest.raises(RuntimeError, match="has ended with 1"):
        async with scene(sys.executable, "benchmarks.peers.authcore_functions", "no_such_scene"):
            pass
    assert "no_such_scene" in capfd.readouterr().err


# --- doing what they should -------------------------------------------------------------------------------------------


def answering(status, *, but=None):
    """An application that answers a status, and another to whoever has no cookie of ours."""

    async def app(scope, receive, send):
        ours = dict(scope["headers"])[b"cookie"].startswith(b"ours=")
        await send({"type": "http.response.start", "status": status if ours or but is None else but, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


def wsgi_answering(status, *, but=None):
    """The same under WSGI."""

    def app(environ, start):
        ours = environ["HTTP_COOKIE"].startswith("ours=")
        start(f"{status if ours or but is None else but} -", [])
        return [b""]

    return app


@pytest.mark.parametrize(("asking", "made"), [(asked, answering), (wsgi_asked, wsgi_answering)])
class TestPages:
    """Both clients ask for pages in the same way."""

    async def test_pages_are_asked(self, asking, made):
        """Each page is asked one at a time, and by everybody at once."""
        sides = await asking(pages_of(made(200), made(200, but=401)), ["ours=1", "ours=2"])
        assert len(sides) == 3 * 2
        assert all([await side(5) > 0 for side in sides.values()])

    @pytest.mark.parametrize(
        ("bare", "guarded"),
        [({"status": 200}, {"status": 200}), ({"status": 200, "but": 401}, {"status": 200, "but": 401})],
    )
    async def test_strangers_are_told_apart(self, asking, made, bare, guarded):
        """A guard that lets anybody in is not measured, nor is a bare page that does not."""
        with pytest.raises(RuntimeError, match="a stranger was let in, or turned away"):
            await asking(pages_of(made(**bare), made(**guarded)), ["ours=1"])

    async def test_wrong_answers_are_not_measured(self, asking, made):
        """A page that turns away who has a cookie ends the run."""
        with pytest.raises(RuntimeError, match="403"):
            await asking(pages_of(made(200), made(403)), ["ours=1"])


async def test_others_ask_until_everybody_is_logged_in():
    """Requests are due from the first login to the end of the last, and each login happens once."""
    asked, logged_in = asyncio.Event(), []

    async def ask(turn):
        asked.set()

    async def log_in(number):
        await asked.wait()
        logged_in.append(number)

    sides = stalls(ask, log_in, lambda: None)
    assert [await side(1) > 0 for side in sides.values()] == [True] * 3
    assert logged_in == [*range(AT_ONCE)] * 2


def test_mistaken_checks_are_not_measured():
    """A check that grants what nobody was granted, or refuses what somebody was, ends the run."""
    for check in (lambda _: True, lambda _: False):
        with pytest.raises(RuntimeError, match="that is not so"):
            checking({1: check})


async def test_applications_live():
    """An application starts up before it is asked, and shuts down afterwards; one that fails to is not asked."""
    lived = []

    async def app(scope, receive, send):
        while len(lived) < 2:
            lived.append((await receive())["type"])
            await send({"type": f"{lived[-1]}.complete"})

    async with living(app):
        assert lived == ["lifespan.startup"]
    assert lived == ["lifespan.startup", "lifespan.shutdown"]

    async def failing(scope, receive, send):
        await send({"type": f"{(await receive())['type']}.failed"})

    with pytest.raises(RuntimeError, match=r"startup\.failed"):
        async with living(failing):
            pass


async def test_clients_go_away_once_they_are_answered():
    """A patient client's second event is that it goes away, after the last of the answer."""
    events = []

    async def app(scope, receive, send):
        events.append((await receive())["type"])
        await send({"type": "http.response.body", "more_body": True})
        await send({"type": "http.response.body"})
        events.append((await receive())["type"])

    async def receive():
        return {"type": "http.request"}

    async def send(event):
        events.append(event["type"])

    await patient(app)({}, receive, send)
    assert events == ["http.request", "http.response.body", "http.response.body", "http.disconnect"]
