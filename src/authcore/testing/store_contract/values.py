"""Laws about values: what is read is exactly what was written."""
# ruff: noqa: S101  a law speaks assert, as every test does

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import count
from types import UnionType
from typing import Annotated, Final, TypeVar, Union, get_args, get_origin

from hypothesis import strategies as st

from authcore.entities import ENTITIES, Account, Entity, Grant, Identifier
from authcore.entities.base import field_types
from authcore.ports import Store, by_id, by_owner
from authcore.testing.store_contract.samples import (
    MOMENT,
    account,
    alike,
    at,
    for_all,
    grant,
    identifier,
    ids,
    put,
    role,
    same,
    session,
)
from authcore.testing.strategies import LOOKALIKES, entities_of

__all__ = ["ValueLaws"]

E = TypeVar("E", bound=Entity)

_FIRST_MOMENT: Final = datetime.min.replace(tzinfo=UTC)
_LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC)
_BEYOND_64_BITS: Final = 2**63
_WIDEST: Final = "\U0001d11e"
_LONGEST_ID: Final = 300


class ValueLaws:
    """How exactly values are kept."""

    async def test_ids_that_look_alike_are_different(self, store: Store) -> None:
        """Ids are compared by code point: case, accents, spaces and wildcards count, and nothing is normalised."""
        await put(store, *(account(name, epoch=epoch) for epoch, name in enumerate(LOOKALIKES)))
        for epoch, name in enumerate(LOOKALIKES):
            assert await store.find(by_id(Account, name)) == [account(name, version=1, epoch=epoch)]

    async def test_ids_that_look_alike_are_not_found_for_each_other(self, store: Store) -> None:
        """An id is not found by one that merely looks like it, or by a wildcard."""
        await put(store, account("ada"), account("\u00e9"), account("a%"), account("stra\u00dfe"))
        for name in sorted({*LOOKALIKES} - {"ada", "\u00e9", "a%", "stra\u00dfe"}):
            assert await ids(store, by_id(Account, name)) == []

    async def test_owners_that_look_alike_are_different(self, store: Store) -> None:
        """Owners are compared as ids are."""
        await put(store, *(grant(f"{place}", name) for place, name in enumerate(LOOKALIKES)))
        for place, name in enumerate(LOOKALIKES):
            assert await ids(store, by_owner(Grant, name)) == [f"{place}"]

    async def test_texts_are_kept_exactly(self, store: Store) -> None:
        """A text comes back character by character."""
        kept = [replace(session(f"{place}"), user_agent=text) for place, text in enumerate(LOOKALIKES)]
        await _assert_kept(store, kept)

    async def test_nothing_is_not_the_empty_text(self, store: Store) -> None:
        """None comes back as None and the empty text as the empty text."""
        await _assert_kept(store, [replace(account("a"), email=""), replace(account("b"), email=None)])

    async def test_items_are_kept_exactly(self, store: Store) -> None:
        """A tuple comes back with its items, whatever they hold: none, an empty one, separators, quotes."""
        await _assert_kept(
            store,
            [
                role("none"),
                role("empty", ""),
                role("two", "", ""),
                role("one", "a,b"),
                role("three", "a", "b", "a"),
                role("all", *LOOKALIKES),
                role("many", *(f"part:{number}" for number in range(1000))),
            ],
        )

    async def test_microseconds_are_kept(self, store: Store) -> None:
        """Times come back to the microsecond, aware and in UTC."""
        moments = [MOMENT + timedelta(microseconds=step) for step in (-1, 0, 1, 321_098)]
        await _assert_kept(store, [account(f"{place}", deleted_at=moment) for place, moment in enumerate(moments)])
        found = await same(store, account("0"))
        assert found is not None
        assert found.created_at.utcoffset() == timedelta(0)

    async def test_every_time_is_kept(self, store: Store) -> None:
        """The first and the last moment that Python knows come back, and so do those around 1970 and 2038."""
        moments = [
            _FIRST_MOMENT,
            _LAST_MOMENT,
            datetime(1970, 1, 1, tzinfo=UTC),
            datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        ]
        moments += [moment - timedelta(microseconds=1) for moment in moments[2:]]
        await _assert_kept(store, [account(f"{place}", deleted_at=moment) for place, moment in enumerate(moments)])

    async def test_integers_of_64_bits_are_kept(self, store: Store) -> None:
        """The smallest and the largest integer come back, and so do those that a float would round."""
        numbers = [-_BEYOND_64_BITS, _BEYOND_64_BITS - 1, 2**53 + 1, -(2**53) - 1, 2**31, 2**32, 0, -1]
        await _assert_kept(store, [account(f"{place}", epoch=number) for place, number in enumerate(numbers)])

    async def test_truth_is_kept(self, store: Store) -> None:
        """True comes back as True and False as False, and neither as a number."""
        await _assert_kept(store, [replace(account("a"), decoy=True), replace(account("b"), decoy=False)])

    async def test_longest_values_are_kept(self, store: Store) -> None:
        """Every text of every kind may be as long as its field allows, in the widest characters."""
        await _assert_kept(store, map(_fullest, ENTITIES))

    async def test_longest_owner_is_found(self, store: Store) -> None:
        """The longest ids and owners find what they name, and nothing that differs in the last character only."""
        longest, other = _WIDEST * _LONGEST_ID, _WIDEST * (_LONGEST_ID - 1) + "x"
        await put(store, identifier(longest, longest), identifier(other, other))
        for name in (longest, other):
            assert await ids(store, by_id(Identifier, name)) == [name]
            assert await ids(store, by_owner(Identifier, name)) == [name]

    async def test_every_entity_is_kept(self, store: Store) -> None:
        """Whatever an entity of any kind may hold comes back exactly."""
        await for_all(st.tuples(entities_of()), _keeping(store), examples=150)


async def _assert_kept(store: Store, entities: Iterable[Entity]) -> None:
    kept = list(entities)
    await put(store, *kept)
    for entity in kept:
        assert alike(await same(store, entity), at(1, entity))


def _keeping(store: Store) -> Callable[[Iterable[Entity]], Coroutine[None, None, None]]:
    """The law that entities are kept, under ids that no example had before."""
    numbers = count()

    async def law(drawn: Iterable[Entity]) -> None:
        await _assert_kept(store, [replace(entity, id=f"{next(numbers)}{entity.id}"[:_LONGEST_ID]) for entity in drawn])

    return law


def _fullest(kind: type[E]) -> E:
    """An entity each of whose values is as long, as late or as large as can be."""
    values = {name: _full(annotation) for name, annotation in field_types(kind).items()}
    return at(0, kind(**values))  # type: ignore[arg-type]


def _full(annotation: object) -> object:
    if get_origin(annotation) in {Union, UnionType}:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Annotated:
        plain, longest = get_args(annotation)
        return _WIDEST * longest if plain is str else ("", _WIDEST * (longest - len('["",""]')))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return max(annotation, key=lambda member: len(member.value))
    return _FULL[annotation]


_FULL: Final[dict[object, object]] = {
    bool: True,
    int: _BEYOND_64_BITS - 1,
    datetime: _LAST_MOMENT,
}
