"""The process of one scene: `python -m benchmarks.peers.child MODULE SCENE ARGUMENT...`, told what to measure by lines.

Neither authcore nor any peer is imported here: the scene's module does that, for whichever is installed.
"""

import asyncio
import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from benchmarks.peers.scenes import Scene

__all__ = ["main"]


def main(arguments: Sequence[str]) -> None:
    """Set the scene, tell the names of its sides, and then how long each takes as often as is asked for."""
    # Whatever frameworks print goes where errors go, so that nothing comes between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    module, scene, *rest = arguments
    asyncio.run(_play(getattr(importlib.import_module(module), scene)(*map(json.loads, rest)), answers))


async def _play(scene: Scene, answers: TextIO) -> None:
    async with scene as sides:
        print(json.dumps(list(sides)), file=answers, flush=True)
        # Read where it is asked: nothing else is to happen here meanwhile.
        for line in sys.stdin:
            name, count = json.loads(line)
            print(await sides[name](count), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
