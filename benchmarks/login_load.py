"""Many logins at once in a process of their own, which tells how much memory they took, and how they were answered.

`python -m benchmarks.login_load 40` prints that as JSON; W3 runs it.
"""

import asyncio
import json
import logging
import re
import resource
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from authcore import Argon2Hasher, MemoryStore
from authcore.offload import BoundedPool
from benchmarks.applications import authenticating
from benchmarks.client import post
from benchmarks.population import PASSWORD, auth_over, enrol, name_of, network_of

__all__ = ["main"]

_WAITING: Final = 16
_STATUS: Final = Path("/proc/self/status")


def main(load: int) -> None:
    """Have so many people log in at once, each by a hash of the default size, and print what came of it."""
    logging.disable()  # each refusal is told
    hasher = Argon2Hasher.rfc9106_low_memory()
    pool = BoundedPool.for_hasher(hasher, waiting=_WAITING)
    cheap = auth_over(MemoryStore())
    application = authenticating(replace(cheap, hasher=hasher, offload=pool))

    async def run() -> tuple[int, list[int]]:
        # Their hashes are cheap ones, which cost nothing to check; each login makes one of the right size instead.
        await enrol(cheap, load)
        before = _peak()
        statuses = await asyncio.gather(
            *(
                post(
                    application,
                    "/auth/login",
                    {"identifier": name_of(number), "password": PASSWORD},
                    network=network_of(number),
                )
                for number in range(load)
            )
        )
        await application.background.close()
        return _peak() - before, list(statuses)

    growth, statuses = asyncio.run(run())
    told = {"growth": growth, "room": pool.threads * hasher.memory, "threads": pool.threads, "waiting": pool.waiting}
    print(json.dumps(told | {"statuses": statuses}))


def _peak() -> int:
    """Return the most memory that this process ever held, in bytes."""
    if _STATUS.exists():
        # What `getrusage` says there, a process has from the one that has started it.
        found = re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text("ascii"))
        return int(found[1]) * 1024 if found else 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(int(sys.argv[1]))
