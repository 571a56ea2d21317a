"""Laws about finding: by id, by owner, in order, up to a limit."""
# ruff: noqa: S101  a law speaks assert, as every test does

import random
from collections.abc import Sequence
from typing import Final

from authcore.entities import Account, AuditEvent, Grant, Identifier
from authcore.ports import Store, by_field, by_id, by_owner
from authcore.testing.store_contract.samples import (
    MOMENT,
    account,
    at,
    conflicts,
    event,
    grant,
    identifier,
    ids,
    put,
    same,
)
from authcore.testing.strategies import LOOKALIKES

__all__ = ["ReadLaws"]

_SHUFFLE: Final = random.Random(7)  # noqa: S311  the order of a test, not a secret


class ReadLaws:
    """How entities are found."""

    async def test_unknown_id_finds_nothing(self, store: Store) -> None:
        """An id that was never stored gives an empty answer."""
        assert list(await store.find(by_id(Account, "nobody"))) == []

    async def test_unknown_owner_finds_nothing(self, store: Store) -> None:
        """An owner of nothing gives an empty answer."""
        await put(store, account("nobody"))
        assert list(await store.find(by_owner(Grant, "nobody"))) == []

    async def test_impossible_names_find_nothing(self, store: Store) -> None:
        """A name that no entity can have gives an empty answer, however it got into a key: a miss, not a fault."""
        await put(store, account("ada"), grant("a", "ada"), account(""), grant("b", ""))
        for name in ("\ud800", "ada\udfff", "ada\0", "\0", "x" * 100_000):
            assert await ids(store, by_id(Account, name)) == []
            assert await ids(store, by_owner(Grant, name)) == []
            assert (await store.caller(name)).session is None

    async def test_get_gives_one_or_none(self, store: Store) -> None:
        """`get` gives the entity itself, or None."""
        await put(store, account())
        assert await store.get(by_id(Account, "ada")) == account(version=1)
        assert await store.get(by_id(Account, "bob")) is None

    async def test_id_finds_only_its_own(self, store: Store) -> None:
        """An id finds one entity, among many."""
        await put(store, account("a"), account("ab"), account("abc"), account("b"))
        assert list(await store.find(by_id(Account, "ab"))) == [account("ab", version=1)]

    async def test_owner_finds_only_its_own(self, store: Store) -> None:
        """An owner finds all its entities of one kind, and none of another's or of another kind."""
        await put(store, grant("a", "ada"), grant("b", "bob"), grant("c", "ada"), identifier("d", "ada"))
        assert list(await store.find(by_owner(Grant, "ada"))) == [at(1, grant("a", "ada")), at(1, grant("c", "ada"))]

    async def test_found_in_order_of_id(self, store: Store) -> None:
        """What an owner finds is in order of id by code point, whatever the order in which it was written."""
        names = _shuffled(LOOKALIKES)
        for name in names[:5]:
            await put(store, grant(name))
        await put(store, *map(grant, names[5:]))
        assert await ids(store, by_owner(Grant, "ada")) == sorted(names)

    async def test_limit_finds_the_first(self, store: Store) -> None:
        """A limit gives the first in order of id, as many as it says or as there are."""
        names = [f"{number:02}" for number in range(20)]
        await put(store, *map(grant, _shuffled(names)))
        for limit in (1, 7, 20, 21):
            assert await ids(store, by_owner(Grant, "ada", limit=limit)) == names[:limit]

    async def test_skip_leaves_the_first_out(self, store: Store) -> None:
        """Of what an owner finds the first may be left out, as many as is said, with a limit or without."""
        names = [f"{number:02}" for number in range(20)]
        await put(store, *map(grant, _shuffled(names)))
        for skip in (0, 1, 7, 19, 20, 21):
            assert await ids(store, by_owner(Grant, "ada", skip=skip)) == names[skip:]
            assert await ids(store, by_owner(Grant, "ada", skip=skip, limit=3)) == names[skip : skip + 3]

    async def test_after_goes_on_from_any_id(self, store: Store) -> None:
        """Of what an owner finds only what comes after some id is wanted, be it one that nothing has."""
        await put(store, *map(grant, _shuffled(LOOKALIKES)), grant("other", "bob"))
        names = sorted(LOOKALIKES)
        for after in (*names, "", names[0] + "!", "\U0010ffff"):
            rest = [name for name in names if name > after]
            assert await ids(store, by_owner(Grant, "ada", after=after)) == rest
            assert await ids(store, by_owner(Grant, "ada", after=after, limit=2)) == rest[:2]
            assert await ids(store, by_owner(Grant, "ada", after=after, skip=1, limit=2)) == rest[1:3]

    async def test_new_owner_finds_what_moved(self, store: Store) -> None:
        """An entity that is written with another owner is found by that one, and by the former no more."""
        await put(store, identifier(owner="ada"))
        await put(store, at(1, identifier(owner="bob")))
        assert await ids(store, by_owner(Identifier, "ada")) == []
        assert await ids(store, by_owner(Identifier, "bob")) == [identifier().id]

    async def test_every_field_finds_its_own(self, store: Store) -> None:
        """What is found by several fields is found by each of them, and by none for another's value."""
        await put(store, event("a"), event("b", batch="1"), event("c", "bob"), event("1", "unsealed"))
        assert await ids(store, by_owner(AuditEvent, "ada")) == ["a", "b"]
        assert await ids(store, by_field(AuditEvent, "batch", "unsealed")) == ["1", "a", "c"]
        assert await ids(store, by_field(AuditEvent, "batch", "unsealed", limit=1, skip=1)) == ["a"]
        await put(store, at(1, event("a", batch="1")))
        assert await ids(store, by_owner(AuditEvent, "ada")) == ["a", "b"]
        assert await ids(store, by_field(AuditEvent, "batch", "unsealed")) == ["1", "c"]
        assert await ids(store, by_field(AuditEvent, "batch", "1")) == ["a", "b"]

    async def test_no_owner_is_found_by_nobody(self, store: Store) -> None:
        """An entity without an owner is found by its id alone."""
        await put(store, identifier(owner=None))
        for nobody in ("", "None", "null", "NULL", "0"):
            assert await ids(store, by_owner(Identifier, nobody)) == []
        assert await same(store, identifier()) == at(1, identifier(owner=None))

    async def test_empty_owner_is_an_owner(self, store: Store) -> None:
        """The empty text finds what it owns."""
        await put(store, identifier(owner=""))
        assert await ids(store, by_owner(Identifier, "")) == [identifier().id]

    async def test_released_entity_may_be_claimed(self, store: Store) -> None:
        """An entity that lost its owner is found by nobody, and then by the next owner."""
        for version, owner in enumerate(["ada", None, "bob"]):
            await put(store, at(version, identifier(owner=owner)))
            for name in ("ada", "bob"):
                assert bool(await ids(store, by_owner(Identifier, name))) is (name == owner)

    async def test_deleted_entities_are_found(self, store: Store) -> None:
        """A deleted entity is found like any other: hiding it is a rule of the flows."""
        await put(store, account(deleted_at=MOMENT), grant("a", deleted_at=MOMENT), grant("b"))
        assert await same(store, account()) == account(version=1, deleted_at=MOMENT)
        assert await ids(store, by_owner(Grant, "ada")) == ["a", "b"]

    async def test_deleted_id_stays_taken(self, store: Store) -> None:
        """The id of a deleted entity is taken."""
        await put(store, account(deleted_at=MOMENT))
        assert await conflicts(store, [account()])

    async def test_deleted_entity_may_come_back(self, store: Store) -> None:
        """Deleting and restoring are updates like others."""
        await put(store, account())
        await put(store, account(version=1, deleted_at=MOMENT))
        await put(store, account(version=2))
        assert await same(store, account()) == account(version=3)

    async def test_found_stays_as_it_was_found(self, store: Store) -> None:
        """What was found is changed neither by a later commit nor by a later search."""
        await put(store, grant("a"), grant("b"))
        found = await store.find(by_owner(Grant, "ada"))
        await put(store, at(1, grant("a", "bob")), grant("c"))
        await store.find(by_owner(Grant, "ada"))
        assert list(found) == [at(1, grant("a")), at(1, grant("b"))]

    async def test_commit_is_seen_at_once(self, store: Store) -> None:
        """What was committed is found by the next search."""
        for version in range(10):
            await put(store, at(version, identifier(form=version)), grant(f"{version}"))
            assert await same(store, identifier()) == at(version + 1, identifier(form=version))
            assert len(await store.find(by_owner(Grant, "ada"))) == version + 1


def _shuffled(names: Sequence[str]) -> list[str]:
    return _SHUFFLE.sample(names, len(names))
