"""Servers in processes of their own, and `wrk`, which asks them over loopback as fast as they answer."""

import asyncio
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Final

from benchmarks.measuring import Side
from benchmarks.served import Serving
from tests.services import free_port

__all__ = ["COMMANDS", "has_wrk", "pressed", "serving"]

COMMANDS: Final = {
    "uvicorn": ("uvicorn", "benchmarks.served:asgi_app", "--factory", "--no-access-log", "--log-level=warning"),
    "sanic": ("sanic", "benchmarks.served:sanic_app", "--factory", "--no-access-logs", "--no-motd"),
}
"""How each server is started: `python -m` and this, with a port and a number of workers."""

_ROOT: Final = Path(__file__).parents[1]
_PATIENCE: Final = 60
_SECONDS: Final = 1

_SCRIPT: Final = """
local asked = {}
init = function()
  for cookie in io.lines("COOKIES") do
    asked[#asked + 1] = wrk.format("GET", "/", {["Cookie"] = cookie})
  end
end
local turn = 0
request = function()
  turn = turn % #asked + 1
  return asked[turn]
end
done = function(summary)
  local failed = summary.errors
  local wrong = failed.connect + failed.read + failed.write + failed.status + failed.timeout
  io.write(string.format("\\ntold %d %d %d\\n", summary.requests, summary.duration, wrong))
end
"""


def has_wrk() -> bool:
    """Tell whether there is anything to ask with."""
    return shutil.which("wrk") is not None


@asynccontextmanager
async def serving(server: str, workers: int, what: Serving, cookie: str) -> AsyncIterator[int]:
    """Start a server, and return its port once it answers somebody; it is gone in the end."""
    port = free_port()
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *COMMANDS[server],
        f"--port={port}",
        f"--workers={workers}",
        env=os.environ | what.to_environment() | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            # Guarded, so that it is sure that somebody is recognised.
            while await asyncio.to_thread(_status, port, "/me" if what.with_authcore else "/", cookie) != HTTPStatus.OK:
                if process.returncode is not None:
                    raise RuntimeError(f"{server} has ended with {process.returncode}")
                await asyncio.sleep(0.1)
        yield port
    finally:
        with suppress(ProcessLookupError, TimeoutError):
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(_PATIENCE):
                await process.wait()
        with suppress(ProcessLookupError):  # what its workers left behind
            os.killpg(process.pid, signal.SIGKILL)


def pressed(port: int, cookies: Sequence[str], *, in_flight: int) -> Side:
    """Return the side that asks a server for a while, and tells how long one answer has taken of that, so often.

    Raises RuntimeError if any answer was not as it should be.
    """

    async def side(count: int) -> float:
        return count * await asyncio.to_thread(_pressed, port, cookies, in_flight)

    return side


def _pressed(port: int, cookies: Sequence[str], in_flight: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        script, listed = Path(folder) / "asking.lua", Path(folder) / "cookies"
        listed.write_text("".join(f"{cookie}\n" for cookie in cookies), "ascii")
        script.write_text(_SCRIPT.replace("COOKIES", str(listed)), "ascii")
        command = ["wrk", "-t1", f"-c{in_flight}", f"-d{_SECONDS}s", "-s", str(script), f"http://127.0.0.1:{port}/"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  all is ours
    answers, microseconds, wrong = map(int, told.rpartition("told")[2].split())
    if wrong or not answers:
        raise RuntimeError(f"{wrong} of {answers} answers were not as they should be")
    return microseconds / 1e6 / answers


def _status(port: int, path: str, cookie: str) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.request("GET", path, headers={"Cookie": cookie})
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()
