"""W2: an authenticated request that is guarded by a permission, where the caller has three roles of ten each."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, cast

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from authcore import Auth
from benchmarks.applications import bare, looking_up, permitting
from benchmarks.client import Client
from benchmarks.floors import JOINED, LookUp, prepared
from benchmarks.measuring import Comparison, Unmeasured
from benchmarks.population import Person, admit, auth_over, cookies_of, roles
from benchmarks.servers import Places
from benchmarks.stores import opened
from benchmarks.timing import awaited
from benchmarks.works.requests import IN_FLIGHT

__all__ = ["compared"]

_ASKED: Final = "domain-2:action-7"
_TARGET: Final = 1.15


async def compared(places: Places) -> AsyncGenerator[Comparison | Unmeasured, None]:
    """Yield authcore beside the same joined SELECT by hand: through an engine like the store's, and by the driver."""
    if "postgresql" not in places:
        yield Unmeasured(work="W2", case="postgresql", reason="it was not asked for, or there is no server")
        return
    place = places["postgresql"]
    async with opened("postgresql", place, connections=IN_FLIGHT) as store:
        auth = auth_over(store)
        people = await admit(auth, IN_FLIGHT, roles(3, permissions=10))
        async with _clients(place, auth, people) as clients:
            for in_flight in (1, IN_FLIGHT):
                yield Comparison(
                    work="W2",
                    case=f"postgresql, {in_flight} in flight",
                    sides={side: awaited(client.get, in_flight=in_flight) for side, client in clients.items()},
                    times=_TARGET,
                )


@asynccontextmanager
async def _clients(place: str, auth: Auth, people: Sequence[Person]) -> AsyncIterator[Mapping[str, Client]]:
    cookies, ids = cookies_of(auth, people), [person.session_id for person in people]
    guarded = permitting(auth, _ASKED)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(guarded.background.close)
        by_driver = await prepared(stack, place, JOINED, IN_FLIGHT)
        by_engine = _by_engine(await _engine(stack, place))
        yield {
            "authcore": Client(guarded, cookies),
            "joined SELECT by SQLAlchemy": Client(looking_up(by_engine, ids, accept=_permits), cookies),
            "joined SELECT by asyncpg": Client(looking_up(by_driver, ids, accept=_permits), cookies),
            "the bare handler": Client(bare(), cookies),
        }


async def _engine(stack: AsyncExitStack, place: str) -> AsyncEngine:
    """Return an engine that is set as the store sets its own: without transactions, so that it takes one round trip."""
    engine = create_async_engine(
        make_url(place).set(drivername="postgresql+asyncpg"),
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_size=IN_FLIGHT,
        max_overflow=0,
        pool_use_lifo=True,
    )
    stack.push_async_callback(engine.dispose)
    return engine


def _by_engine(engine: AsyncEngine) -> LookUp:
    statement = text(JOINED.replace("$1", ":sought"))

    async def look_up(session_id: str) -> object:
        async with engine.connect() as connection:
            return (await connection.execute(statement, {"sought": session_id})).all()

    return look_up


def _permits(found: object) -> bool:
    """Tell whether any role permits it, as hastily as can be: the text is searched, and no JSON is read."""
    rows = cast("Sequence[Sequence[object]]", found)
    return any(_ASKED in str(row[-1]) for row in rows)
