"""The command line: what a person can ask for, and what the terminal says.  How to serve is told elsewhere."""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from authcore import ConfigurationError, Fault
from authcore.errors import StoreFault
from authcore_sqlalchemy import SqliteStore
from examples.demo.application import Demo, build_auth, url_of
from examples.demo.courier import TerminalCourier
from examples.demo.files import Unusable, keyring_beside, remove_all
from examples.demo.listening import PortInUse, listen
from examples.demo.seeding import seed

SHELLS = {"starlette": "examples.demo.starlette_app", "sanic": "examples.demo.sanic_app"}
LARGEST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until Ctrl-C, and return the exit status: 0, or 1 with a sentence that says what to do."""
    options = _parser().parse_args(arguments)
    for ending in (signal.SIGINT, signal.SIGTERM):
        # Even where a script has started the demo in the background, which would have it ignore Ctrl-C.
        signal.signal(ending, signal.default_int_handler)
    try:
        with listen(options.host, options.port) as listening:
            _run(options, listening)
    except KeyboardInterrupt:
        pass  # Ctrl-C is how the demo ends
    except (ConfigurationError, Fault, PortInUse, Unusable) as problem:
        print(f"The demo cannot run: {problem}", file=sys.stderr)
        return 1
    print("\nStopped.", flush=True)
    return 0


def _run(options: argparse.Namespace, listening: socket.socket) -> None:
    if options.fresh:
        for removed in remove_all(options.database):
            print(f"removed   {removed}")
    port, courier, store = listening.getsockname()[1], TerminalCourier(), _opened(options.database)
    try:
        keyring = keyring_beside(options.database)
        auth = build_auth(store=store, keyring=keyring, courier=courier, port=port)
        if options.seed:
            print(asyncio.run(seed(auth)))
        print(_greeting(options, port), flush=True)
        # Only now, so that the other framework need not be installed.
        import_module(SHELLS[options.framework]).serve(Demo(auth, courier), listening)
    finally:
        store.close()


def _opened(database: Path) -> SqliteStore:
    try:
        return SqliteStore(database)
    except StoreFault as fault:
        raise Unusable(f"{database} cannot be opened ({fault}); choose another file with --database") from fault
    except ConfigurationError as error:
        raise Unusable(f"{database} cannot be used ({error}); start over with --fresh") from error


def _greeting(options: argparse.Namespace, port: int) -> str:
    return (
        f"open      {url_of(port)}\n"
        f"codes     appear here and on the page {url_of(port)}/mailbox: there is no mail server\n"
        f"data      in {options.database}, served by {options.framework}\n"
        f"stop      with Ctrl-C; whoever is logged in stays so"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo",
        description="A small web application with accounts: register, enter a code, log in, and see what you may do.",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=8000,
        help="The port to listen on, 8000 if none is given; 0 lets the system choose.",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="The address to listen on, 127.0.0.1 if none is given; a browser opens the demo as localhost anyhow.",
    )
    parser.add_argument(
        "--database",
        type=Path,
        default=Path("demo.sqlite3"),
        help="The file of accounts and sessions, demo.sqlite3 if none is given; a keyring file is kept beside it.",
    )
    parser.add_argument(
        "--framework",
        choices=SHELLS,
        default="starlette",
        help="What serves the pages: starlette (the default), on uvicorn, or sanic, on its own server.",
    )
    parser.add_argument(
        "--seed",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="Whether to make an administrator at the first start, which is done unless refused: grace, with a "
        "password that is shown once, or whom AUTHCORE_ADMIN_EMAIL and AUTHCORE_ADMIN_PASSWORD name.",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="Start over: remove the database and the keyring without asking."
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {LARGEST_PORT}, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
