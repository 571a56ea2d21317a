"""authcore while people log in: with its default hasher, which its middleware has in a pool of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count

from authcore import Argon2Hasher, Device
from authcore.imported_accounts import AccountRecord
from benchmarks.applications import authenticating, bare
from benchmarks.client import Client
from benchmarks.measuring import Side
from benchmarks.peers.stalls import AT_ONCE, PASSWORD, stalls
from benchmarks.population import auth_over
from benchmarks.stores import opened

__all__ = ["logins"]


@asynccontextmanager
async def logins(place: str) -> AsyncIterator[Mapping[str, Side]]:
    """Have people in a store log in, while others ask a bare page."""
    async with opened(place.partition(":")[0], place, connections=AT_ONCE) as store:
        hasher = Argon2Hasher()
        application = authenticating(replace(auth_over(store), hasher=hasher))
        secret, now, logged_in = hasher.hash(PASSWORD, bytes(hasher.salt_len)), datetime.now(UTC), count()
        for number in range(AT_ONCE):
            name = _name(number)
            record = AccountRecord(
                origin="peers", id=name, email=name, secret=secret, created_at=now, updated_at=now, verified=True
            )
            await application.auth.import_account(record)

        async def log_in(number: int) -> None:
            place = next(logged_in)  # nobody is throttled for a neighbour
            device = Device(network=f"198.{18 + place // 65536}.{place // 256 % 256}.{place % 256}")
            await application.auth.log_in(identifier=_name(number), password=PASSWORD, device=device)

        try:
            yield stalls(Client(bare(), ["a=b"]).get, log_in, partial(hasher.verify, secret, PASSWORD))
        finally:
            await application.background.close()


def _name(number: int) -> str:
    return f"person-{number}@example.org"
