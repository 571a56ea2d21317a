"""W7: importing, each time in a fresh process: the time of the processor, without what a process takes to start."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from typing import Final

from benchmarks.measuring import Comparison, Side
from benchmarks.servers import Places

__all__ = ["compared", "importing"]

_TIMED: Final = """
import time
begun = time.process_time()
import {modules}
print(time.process_time() - begun)
"""


async def compared(_places: Places) -> AsyncGenerator[Comparison, None]:
    """Yield authcore, alone and with all its flows, beside what they need; and its SQL stores beside what they do."""
    yield Comparison(
        work="W7",
        case="authcore",
        sides={
            "authcore": importing("authcore"),
            "five of the standard library": importing("dataclasses, hmac, hashlib, secrets, datetime"),
        },
        times=1.8,
    )
    yield Comparison(
        work="W7",
        case="every flow of it",
        sides={
            "authcore": importing("authcore.auth"),
            "five of the standard library": importing("dataclasses, hmac, hashlib, secrets, datetime"),
        },
    )
    yield Comparison(
        work="W7",
        case="authcore with SQLAlchemy",
        sides={
            "authcore": importing("authcore, authcore_sqlalchemy"),
            "sqlalchemy.ext.asyncio": importing("sqlalchemy.ext.asyncio"),
        },
        times=1.1,
    )


def importing(modules: str, *, python: str = sys.executable) -> Side:
    """Return the side that imports some modules, each time in a fresh process of this Python, or of another."""

    async def side(count: int) -> float:
        return sum([await _timed(modules, python) for _ in range(count)])

    return side


async def _timed(modules: str, python: str) -> float:
    program = _TIMED.format(modules=modules)
    command = [python, "-P", "-c", program]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=_environment())
    told, _ = await process.communicate()
    return float(told)


def _environment() -> dict[str, str]:
    """Return this one's, but that what is imported may be kept compiled: each but the first process finds it so."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
