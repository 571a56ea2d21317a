"""Scenes in processes of their own, seen from this one: their sides are measured there, when it is their turn."""

import json
import os
from asyncio import timeout
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.measuring import Side

__all__ = ["scene"]

_ROOT: Final = Path(__file__).parents[2]
_PATIENCE: Final = 60.0


@asynccontextmanager
async def scene(python: Path | str, module: str, name: str, *arguments: str | int) -> AsyncIterator[Mapping[str, Side]]:
    """Set a scene in a process of this Python, and yield its sides; it rests while none of them is measured."""
    command = [str(python), "-W", "ignore", "-m", "benchmarks.peers.child", module, name, *map(json.dumps, arguments)]
    process = await create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=_environment())
    try:
        names = json.loads(await _answer(process))
        yield {each: partial(_measure, process, each) for each in names}
    finally:
        await _end(process)


async def _measure(process: Process, side: str, count: int) -> float:
    assert process.stdin is not None  # noqa: S101  it was asked for
    process.stdin.write(f"{json.dumps([side, count])}\n".encode())
    return float(await _answer(process))


async def _answer(process: Process) -> bytes:
    """Return the next line that a process answers.

    Raises RuntimeError if it has ended, after it has told why, and TimeoutError if it takes too long.
    """
    assert process.stdout is not None  # noqa: S101  it was asked for
    async with timeout(_PATIENCE):
        line = await process.stdout.readline()
    if not line:
        raise RuntimeError(f"the process of a scene has ended with {await process.wait()}; it has written why")
    return line


async def _end(process: Process) -> None:
    """Have a process clear up, and end; one that does not is killed."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with timeout(_PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """Return this one's, but that scenes are found in every environment."""
    known = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(_ROOT), *([known] if known else [])])}
