"""Laws about removing: what is gone is gone for every look, and leaves as one commit with what is written."""
# ruff: noqa: S101  a law speaks assert, as every test does

from collections.abc import Collection
from typing import cast

from authcore.entities import Account, Entity, Identifier
from authcore.errors import Conflict
from authcore.ports import Housekeeping, Store, by_id, by_owner
from authcore.testing.store_contract.samples import account, at, identifier, ids, put, role, same

__all__ = ["RemovalLaws"]


class RemovalLaws:
    """How entities are removed: a store is a Housekeeping, too."""

    async def test_removed_is_found_no_more(self, store: Store) -> None:
        """What was removed is found neither by its id nor by its owner, and what stands beside it still is."""
        await put(store, identifier("a"), identifier("b"), account("a"))
        await _remove(store, at(1, identifier("a")))
        assert await store.get(by_id(Identifier, "a")) is None
        assert await ids(store, by_owner(Identifier, "ada")) == ["b"]
        assert await same(store, account("a")) == account("a", version=1)

    async def test_removed_id_begins_anew(self, store: Store) -> None:
        """What was removed counts as never stored: it conflicts at its former version, and is inserted at 0."""
        await put(store, identifier(owner="ada"))
        await _remove(store, at(1, identifier()))
        for writes, unchanged in (([at(1, identifier())], []), ([account()], [at(1, identifier())])):
            assert await _is_refused(store, [], writes, unchanged)
        await put(store, identifier(owner="bob"))
        assert await same(store, identifier()) == at(1, identifier(owner="bob"))
        assert await ids(store, by_owner(Identifier, "ada")) == []

    async def test_removal_and_writes_are_one(self, store: Store) -> None:
        """Several are removed, others written, old and new, in one commit."""
        await put(store, identifier("a"), role("a"), account())
        await _remove(store, at(1, identifier("a")), at(1, role("a")), writes=[account(version=1), account("bob")])
        assert [await same(store, entity) for entity in (identifier("a"), role("a"))] == [None, None]
        assert [await same(store, account(name)) for name in ("ada", "bob")] == [
            account(version=2),
            account("bob", version=1),
        ]

    async def test_removal_of_another_version_conflicts(self, store: Store) -> None:
        """What was written since, or is not stored so often, is not removed."""
        await put(store, identifier())
        await put(store, at(1, identifier()))
        for version in (1, 3):
            assert await _is_refused(store, [at(version, identifier())])
        assert await same(store, identifier()) == at(2, identifier())

    async def test_removal_of_what_is_not_there_conflicts(self, store: Store) -> None:
        """Of two who remove the same one is refused."""
        await put(store, identifier())
        await _remove(store, at(1, identifier()))
        assert await _is_refused(store, [at(1, identifier())])

    async def test_refused_removal_removes_nothing(self, store: Store) -> None:
        """Nothing is removed or written if one entity conflicts: among the removed, the written or the unchanged."""
        await put(store, identifier("a"), identifier("b"), account())
        good = [at(1, identifier("a")), at(1, identifier("b"))]
        new, stale = account("new"), account(version=7)
        assert await _is_refused(store, [*good, at(7, role())], [new])
        assert await _is_refused(store, [at(7, role()), *good], [new])
        assert await _is_refused(store, good, [new, stale])
        assert await _is_refused(store, good, [new], [stale])
        assert await ids(store, by_owner(Identifier, "ada")) == ["a", "b"]
        assert await store.get(by_id(Account, "new")) is None

    async def test_removal_leaves_the_unchanged_alone(self, store: Store) -> None:
        """What must be unchanged is neither removed nor written."""
        await put(store, identifier(), account(epoch=1))
        await _remove(store, at(1, identifier()), unchanged=[account(version=1, epoch=9)])
        assert await same(store, account()) == account(version=1, epoch=1)


async def _remove(
    store: Store, *removed: Entity, writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
) -> None:
    await cast("Housekeeping", store).remove(removed, writes, unchanged)


async def _is_refused(
    store: Store, removed: Collection[Entity], writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
) -> bool:
    try:
        await cast("Housekeeping", store).remove(removed, writes, unchanged)
    except Conflict:
        return True
    return False
