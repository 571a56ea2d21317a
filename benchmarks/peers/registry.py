"""Which projects are measured beside authcore, in which works, and where they are installed.  Nothing is run here."""

import os
import sys
import sysconfig
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

__all__ = ["ENVIRONMENT", "PEERS", "PYTHON", "Peer", "footnote", "missing", "peers_of", "told", "took_part", "versions"]

ENVIRONMENT: Final = Path(sys.prefix) / "peers"
"""The peers' own environment, within this one: some of them need other versions of what authcore needs as well."""

PYTHON: Final = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

_BENEATH: Final = (
    "aiosqlite",
    "asyncpg",
    "fastapi",
    "flask",
    "psycopg",
    "pyjwt",
    "sanic",
    "sqlalchemy",
    "starlette",
    "tortoise-orm",
)
"""What they stand on, as far as it is measured with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another project, by its name in the package index; the module here that runs it has the same name.

    Its handlers run on `framework`, and authcore's beside them on `beside`; it is imported by the names in `imports`.
    """

    name: str
    imports: str
    works: Collection[str]
    framework: str = ""
    beside: str = ""

    @property
    def module(self) -> str:
        """The module that runs it."""
        return f"benchmarks.peers.{self.name.replace('-', '_')}"


PEERS: Final = (
    Peer(
        name="sanic-security",
        imports="sanic_security.authentication, sanic_security.authorization",
        works=("P1", "P2", "P3", "P4", "P7"),
        framework="Sanic",
        beside="Sanic",
    ),
    Peer(
        name="fastapi-users",
        imports="fastapi_users, fastapi_users.db",
        works=("P1", "P3", "P7"),
        framework="FastAPI",
        beside="FastAPI",
    ),
    Peer(
        name="django",
        imports="django.contrib.auth",
        works=("P1", "P2", "P4", "P7"),
        framework="Django",
        beside="Django",
    ),
    Peer(
        name="flask-security",
        imports="flask_security",
        works=("P1", "P2", "P4", "P7"),
        framework="Flask",
        beside="Quart",
    ),
    Peer(name="casbin", imports="casbin", works=("P4", "P7")),
    Peer(name="authx", imports="authx", works=("P6", "P7")),
)


def peers_of(work: str) -> Sequence[Peer]:
    """Return those that are measured in a work."""
    return [peer for peer in PEERS if work in peer.works]


def missing(peer: Peer) -> str | None:
    """Return why a peer cannot be measured, or None if it can."""
    return None if peer.name in versions() else "it is not installed; `nox -s bench` does that"


def told(peer: Peer) -> str:
    """Return the name of a peer that is installed, with its version."""
    return f"{peer.name} {versions()[peer.name]}"


def took_part(*works: str) -> dict[str, str]:
    """Return the version of each peer that is measured in any of these works, and installed."""
    return {peer.name: versions()[peer.name] for peer in PEERS if not missing(peer) and {*works} & {*peer.works}}


def footnote(works: Collection[str]) -> Iterator[str]:
    """Yield the line that tells versions and the day, below figures in which there are peers."""
    if found := took_part(*works):
        day = datetime.now(UTC).date().isoformat()
        yield f"peers, on {day}: {', '.join(f'{name} {version}' for name, version in found.items())}"


@cache
def versions() -> Mapping[str, str]:
    """Return the version of each peer that is installed, and of what they stand on."""
    place = sysconfig.get_path("purelib", "venv", vars={"base": str(ENVIRONMENT)})
    found = {each.name.lower().replace("_", "-"): each.version for each in distributions(path=[place])}
    return {name: found[name] for name in (*(peer.name for peer in PEERS), *_BENEATH) if name in found}
