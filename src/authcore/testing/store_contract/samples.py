"""What the laws are tried on: small entities, and the questions that a law asks of a store."""

from collections.abc import Awaitable, Callable, Collection, Coroutine
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
from hypothesis import given, settings, strategies as st

from authcore.entities import (
    UNSEALED,
    Account,
    Attempt,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    Entity,
    Grant,
    Identifier,
    Role,
    Tally,
)
from authcore.errors import Conflict
from authcore.identifiers import IdentifierKind
from authcore.ports import Key, Store, by_id

__all__ = [
    "MICROSECOND",
    "MOMENT",
    "account",
    "alike",
    "at",
    "attempt",
    "conflicts",
    "event",
    "for_all",
    "grant",
    "identifier",
    "ids",
    "put",
    "role",
    "same",
    "session",
    "tally",
    "together",
]

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

MOMENT: Final = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

MICROSECOND: Final = timedelta(microseconds=1)


def account(name: str = "ada", *, version: int = 0, epoch: int = 1, deleted_at: datetime | None = None) -> Account:
    """An entity that has no owner."""
    return Account(id=name, version=version, created_at=MOMENT, updated_at=MOMENT, epoch=epoch, deleted_at=deleted_at)


def identifier(name: str = "ada@example.org", owner: str | None = "ada", *, form: int = 1) -> Identifier:
    """An entity that may have an owner."""
    return Identifier(
        id=name, created_at=MOMENT, updated_at=MOMENT, kind=IdentifierKind.EMAIL, form=form, account_id=owner
    )


def role(name: str = "reader", *permissions: str, deleted_at: datetime | None = None) -> Role:
    """A role."""
    return Role(id=name, created_at=MOMENT, updated_at=MOMENT, deleted_at=deleted_at, permissions=permissions)


def grant(name: str, owner: str = "ada", *, role: str = "reader", deleted_at: datetime | None = None) -> Grant:
    """A role given to an account; an entity that always has an owner."""
    return Grant(id=name, created_at=MOMENT, updated_at=MOMENT, deleted_at=deleted_at, account_id=owner, role=role)


def attempt(name: str, *, age: int = 1) -> Attempt:
    """Something that was done so many microseconds ago."""
    moment = MOMENT - age * MICROSECOND
    return Attempt(id=name, created_at=moment, updated_at=MOMENT, subject="network")


def tally(name: str, *, used: datetime) -> Tally:
    """What was counted last at some time."""
    return Tally(id=name, created_at=MOMENT - timedelta(days=1), updated_at=used, failures=1, failing_since=MOMENT)


def session(
    name: str = "session", owner: str | None = "ada", *, ends: datetime = MOMENT + timedelta(days=30)
) -> AuthenticationSession:
    """A session; it has many fields."""
    return AuthenticationSession(
        id=name,
        created_at=MOMENT,
        updated_at=MOMENT,
        account_id=owner,
        epoch=1,
        expires_at=ends,
        network="192.0.2.7",
        user_agent="Mosaic",
        amr=("pwd", "otp"),
        auth_time=MOMENT,
        rotated_at=MOMENT,
        rotates_at=MOMENT + timedelta(minutes=15),
        inactive_at=MOMENT + timedelta(hours=1),
    )


def event(name: str, owner: str | None = "ada", *, batch: str = UNSEALED) -> AuditEvent:
    """An event of the trail; it is found by its owner, and by its batch."""
    return AuditEvent(
        id=name,
        created_at=MOMENT,
        updated_at=MOMENT,
        kind=AuditKind.LOGGED_IN,
        account_id=owner,
        network="192.0.2.7",
        salt="salt",
        commitment="commitment",
        batch=batch,
    )


def at(version: int, entity: E) -> E:
    """The same entity, said to be stored at this version."""
    return replace(entity, version=version)


async def put(store: Store, *entities: Entity) -> None:
    """Commit entities."""
    await store.commit(entities)


async def conflicts(store: Store, writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()) -> bool:
    """Whether a commit is refused."""
    try:
        await store.commit(writes, unchanged)
    except Conflict:
        return True
    return False


async def same(store: Store, entity: E) -> E | None:
    """What is stored under the kind and the id of an entity."""
    return await store.get(by_id(type(entity), entity.id))


async def ids(store: Store, key: Key[E]) -> list[str]:
    """The ids that a key finds."""
    return [entity.id for entity in await store.find(key)]


def alike(one: Entity | None, other: Entity | None) -> bool:
    """Whether two entities are equal to the types of their values: True is not 1, and a member is not its text."""
    return one == other and _types(one) == _types(other)


async def together(*works: Callable[[], Awaitable[T]]) -> list[T]:
    """Do several things at once, and return what came of each."""
    results: dict[int, T] = {}

    async def do(place: int, work: Callable[[], Awaitable[T]]) -> None:
        results[place] = await work()

    async with anyio.create_task_group() as group:
        for place, work in enumerate(works):
            group.start_soon(do, place, work)
    return [results[place] for place in range(len(works))]


async def for_all(
    values: st.SearchStrategy[T], law: Callable[[T], Coroutine[None, None, None]], *, examples: int = 50
) -> None:
    """Hold a law for many values.

    Hypothesis is synchronous, so it draws in a thread; the law itself runs in the loop that the store was opened in.
    """

    # Hypothesis remembers failures by the function, and this one stands for many laws.
    @settings(max_examples=examples, deadline=None, database=None)
    @given(values)
    def hold(value: T) -> None:
        anyio.from_thread.run(law, value)

    await anyio.to_thread.run_sync(hold)


def _types(entity: Entity | None) -> list[type]:
    return [] if entity is None else [type(getattr(entity, field.name)) for field in fields(entity)]
