"""What each process of the demo does: it opens what all of them share, and serves.  How many there are is not known."""

import socket
import sys
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Final

from authcore import ConfigurationError, Fault
from authcore.opening import open_store
from examples.demo.application import Demo, build_auth
from examples.demo.common import forget
from examples.demo.courier import TerminalCourier
from examples.demo.database import Database
from examples.demo.files import Unusable, read_keyring
from examples.demo.guestbook import Guestbook
from examples.demo.processes import is_orphaned

__all__ = ["SHELLS", "Plan", "serve"]

SHELLS: Final = {"starlette": "examples.demo.starlette_app", "sanic": "examples.demo.sanic_app"}
"""What each framework's pages are served by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a process needs to know: places, and nothing that is open."""

    framework: str
    database: Database
    keyring: Path
    common: Path
    since: datetime


def serve(plan: Plan, listening: socket.socket) -> None:
    """Serve until Ctrl-C."""
    courier, port = TerminalCourier(plan.common), listening.getsockname()[1]
    try:
        store = open_store(plan.database.url)
        auth = build_auth(store=store, keyring=read_keyring(plan.keyring), courier=courier, port=port)
        demo = Demo(auth, store, courier, Guestbook(plan.common), plan.since)
        # Only now, so that the other framework need not be installed.
        import_module(SHELLS[plan.framework]).serve(demo, listening)
    except (ConfigurationError, Fault, Unusable) as problem:
        sys.exit(f"A process of the demo cannot run: {problem}")
    finally:
        if is_orphaned():
            forget(plan.common)
