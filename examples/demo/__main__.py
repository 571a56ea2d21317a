"""The command line: what a person can ask for, and what the terminal says.  How to serve is told elsewhere."""

import argparse
import asyncio
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from authcore import ConfigurationError, Fault, Keyring
from authcore.entities import Role
from authcore.errors import StoreFault
from authcore.opening import migrate_store, open_store
from authcore.ports import by_id
from examples.demo.application import build_auth, url_of
from examples.demo.common import common_file
from examples.demo.courier import TerminalCourier
from examples.demo.database import Database, database_named
from examples.demo.files import Unusable, read_keyring, remove_all
from examples.demo.listening import PortInUse, listen
from examples.demo.processes import ProcessEnded, heed_endings, run_alike
from examples.demo.roles import ADMINISTRATOR
from examples.demo.seeding import seed
from examples.demo.worker import SHELLS, Plan, serve

_LARGEST_PORT: Final = 65535
_MOST_WORKERS: Final = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until Ctrl-C, and return the exit status: 0, or 1 with a sentence that says what to do."""
    options = _parser().parse_args(arguments)
    heed_endings()
    try:
        with listen(options.host, options.port) as listening, common_file() as common:
            _run(options, listening, common)
    except KeyboardInterrupt:
        pass  # Ctrl-C is how the demo ends
    except (ConfigurationError, Fault, PortInUse, ProcessEnded, Unusable) as problem:
        print(f"The demo cannot run: {problem}", file=sys.stderr)
        return 1
    print("\nStopped.", flush=True)
    return 0


def _run(options: argparse.Namespace, listening: socket.socket, common: Path) -> None:
    database, port = database_named(options.database), listening.getsockname()[1]
    if options.fresh:
        _start_over(database)
    with _explaining(database):
        migrate_store(database.url)
    place = options.keyring or database.keyring
    told = asyncio.run(_prepare(database, read_keyring(place), TerminalCourier(common), port, seeds=options.seed))
    print(told + _greeting(options, database, port), flush=True)
    plan = Plan(framework=options.framework, database=database, keyring=place, common=common, since=datetime.now(UTC))
    run_alike(partial(serve, plan, listening), count=options.workers)


def _start_over(database: Database) -> None:
    if database.file is None:
        raise Unusable("--fresh removes files only; empty the database yourself, or name another one with --database")
    for removed in remove_all(database.file):
        print(f"removed   {removed}")


async def _prepare(database: Database, keyring: Keyring, courier: TerminalCourier, port: int, *, seeds: bool) -> str:
    """See whether the database answers, and fill it; closed again before any process is started."""
    with _explaining(database):
        store = open_store(database.url)
    try:
        with _explaining(database):
            await store.get(by_id(Role, ADMINISTRATOR))
        auth = build_auth(store=store, keyring=keyring, courier=courier, port=port)
        return f"{await seed(auth)}\n" if seeds else ""
    finally:
        await store.aclose()


@contextmanager
def _explaining(database: Database) -> Iterator[None]:
    """Say what to do where a database is none that can be used; no sentence repeats its URL, with a password in it."""
    try:
        yield
    except StoreFault as fault:
        raise Unusable(f"{database} cannot be opened ({fault}); choose another one with --database") from fault
    except ModuleNotFoundError as absence:
        raise Unusable(f"{database} cannot be used ({absence})") from absence
    except ConfigurationError as error:
        way_out = "name another one with --database" + (", or start over with --fresh" if database.file else "")
        raise Unusable(f"{database} cannot be used ({error}); {way_out}") from error


def _greeting(options: argparse.Namespace, database: Database, port: int) -> str:
    return (
        f"open      {url_of(port)}\n"
        f"codes     appear here and on the page {url_of(port)}/mailbox: there is no mail server\n"
        f"data      in {database}, served by {options.framework}{_in_processes(options.workers)}\n"
        f"stop      with Ctrl-C; whoever is logged in stays so"
    )


def _in_processes(count: int) -> str:
    return "" if count == 1 else f" in {count} processes"


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
        default="demo.sqlite3",
        metavar="PATH|URL",
        help="Where accounts and sessions are kept: in a file, demo.sqlite3 if none is given; or on a server, such as "
        "postgresql://user:password@host/database, mariadb://user:password@host/database or redis://host/0.",
    )
    parser.add_argument(
        "--keyring",
        type=Path,
        metavar="PATH",
        help="The file of the keys, made if there is none. If none is given, it is kept beside the database's file, or "
        "is demo.keyring here for a database on a server.",
    )
    parser.add_argument(
        "--framework",
        choices=SHELLS,
        default="starlette",
        help="What serves the pages: starlette (the default), on uvicorn, or sanic, on its own server.",
    )
    parser.add_argument(
        "--workers",
        type=_workers,
        default=1,
        metavar="N",
        help="How many processes serve, 1 if nothing is given; all of them listen on the one port.",
    )
    parser.add_argument(
        "--seed",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="Whether to make an administrator at the first start, which is done unless refused: grace, with a "
        "password that is shown once, or whom AUTHCORE_ADMIN_EMAIL and AUTHCORE_ADMIN_PASSWORD name.",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="Start over: remove the database's file and the keyring beside it without asking; a server's is refused.",
    )
    return parser


def _port(text: str) -> int:
    return _number(text, "a port", least=0, most=_LARGEST_PORT)


def _workers(text: str) -> int:
    return _number(text, "the number of workers", least=1, most=_MOST_WORKERS)


def _number(text: str, name: str, *, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{name} is a number from {least} to {most}, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
