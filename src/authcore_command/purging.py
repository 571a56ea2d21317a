"""`authcore purge`: remove what has been over for long.  What that is, `authcore.retention` decides."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import click

from authcore.auth import Auth
from authcore.entities import Entity, Letter
from authcore.environment import duration
from authcore.errors import ConfigurationError, DeliveryFault, InvalidInput
from authcore.keyring import Keyring, RootKey
from authcore.opening import open_store
from authcore.policy import Policy
from authcore.ports import Courier, Store
from authcore.system import SystemEntropy
from authcore_command.options import failing_plainly, store_option

__all__ = ["purge"]

_SECRET_LENGTH: Final = 32


class _Nobody(Courier):
    """Sends nothing: here nobody writes to anybody."""

    async def send(self, _: Letter, /) -> None:
        """Refuse."""
        raise DeliveryFault


class _Duration(click.ParamType[timedelta]):
    """A time span with its unit, as in the environment."""

    name = "duration"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it."""
        try:
            return value if isinstance(value, timedelta) else duration(value)
        except (ConfigurationError, OverflowError):
            self.fail("write a duration with its unit, such as 36h or 90d", param, ctx)


@click.command()
@store_option
@click.option(
    "--older-than",
    type=_Duration(),
    metavar="DURATION",
    help="How long something must have been over, such as 90d; AUTHCORE_RETENTION unless this is given.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Stop after about so many rows; without it, go on until nothing is left.",
)
@click.option(
    "--besides",
    multiple=True,
    metavar="VARIABLE",
    help="A variable of the environment that begins with AUTHCORE_ and is the application's own; may be repeated.",
)
def purge(url: str, older_than: timedelta | None, limit: int | None, besides: tuple[str, ...]) -> None:
    """Remove what has been over for long: sessions, codes, attempts, messages, and of the trail what is too old.

    The settings are those of the environment (AUTHCORE_RETENTION, AUTHCORE_AUDIT_RETENTION and the others), which
    should be the application's own. It may run beside the application, and be interrupted.
    """
    with failing_plainly():
        policy = Policy.from_env(besides=besides)
        counts = asyncio.run(_purge(url, policy, older_than, limit))
    for line in _told(counts):
        click.echo(line)


async def _purge(url: str, policy: Policy, older_than: timedelta | None, limit: int | None) -> Counter[type[Entity]]:
    store = open_store(url)
    try:
        return await _purge_all(_auth(store, policy), older_than, limit)
    finally:
        await store.aclose()


async def _purge_all(auth: Auth, older_than: timedelta | None, limit: int | None) -> Counter[type[Entity]]:
    before: datetime | None = None if older_than is None else auth.clock.now() - older_than
    counts: Counter[type[Entity]] = Counter()
    while limit is None or counts.total() < limit:
        step = 1000 if limit is None else min(1000, limit - counts.total())
        try:
            purged = await auth.purge(before, limit=step)
        except InvalidInput as refused:
            hint = "what is over is kept for an hour at least, and for longer than any flow goes on"
            raise click.BadParameter(hint, param_hint="--older-than") from refused
        counts.update(purged.counts)
        if not purged.more:
            break
    return counts


def _auth(store: Store, policy: Policy) -> Auth:
    """Return an Auth that only purges: it neither signs nor sends anything, so that it needs no secret."""
    nothing = Keyring([RootKey("purge", SystemEntropy().token_bytes(_SECRET_LENGTH))])
    return Auth(store=store, policy=policy, keyring=nothing, courier=_Nobody())


def _told(counts: Counter[type[Entity]]) -> Iterator[str]:
    removed = {kind.__name__: count for kind, count in counts.items() if count}
    width = max(map(len, removed), default=0)
    yield from (f"{name:{width}}  {count:>8}" for name, count in removed.items())
    yield f"{counts.total()} rows are gone."
