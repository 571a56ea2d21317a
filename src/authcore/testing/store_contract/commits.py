"""Laws about writing: versions, and what a refused commit leaves behind."""
# ruff: noqa: S101  a law speaks assert, as every test does

from authcore.entities import Account, Credential, Entity, Identifier, Role
from authcore.ports import Store, by_id, by_owner
from authcore.testing.store_contract.samples import (
    account,
    alike,
    at,
    conflicts,
    grant,
    identifier,
    ids,
    put,
    role,
    same,
    session,
)

__all__ = ["CommitLaws"]


class CommitLaws:
    """How entities are written."""

    async def test_what_was_never_stored_becomes_version_one(self, store: Store) -> None:
        """An entity at version 0 is stored at version 1, and as it was otherwise."""
        await put(store, session())
        assert alike(await same(store, session()), at(1, session()))

    async def test_insert_of_a_stored_id_conflicts(self, store: Store) -> None:
        """An entity at version 0 conflicts if its id is taken."""
        await put(store, account(epoch=1))
        assert await conflicts(store, [account(epoch=2)])
        assert await same(store, account()) == at(1, account(epoch=1))

    async def test_insert_conflicts_after_an_update_too(self, store: Store) -> None:
        """An entity at version 0 conflicts whatever version is stored."""
        await put(store, account())
        await put(store, account(version=1))
        assert await conflicts(store, [account()])

    async def test_update_raises_the_version_by_one(self, store: Store) -> None:
        """An entity at the version that is stored replaces it, at the next version."""
        for version in range(5):
            await put(store, account(version=version, epoch=10 + version))
            assert await same(store, account()) == account(version=version + 1, epoch=10 + version)

    async def test_old_version_conflicts(self, store: Store) -> None:
        """An entity conflicts if a newer version is stored: no update is ever lost."""
        await put(store, account())
        await put(store, account(version=1, epoch=2))
        assert await conflicts(store, [account(version=1, epoch=3)])
        assert await same(store, account()) == account(version=2, epoch=2)

    async def test_version_from_the_future_conflicts(self, store: Store) -> None:
        """An entity conflicts if an older version is stored."""
        await put(store, account())
        assert await conflicts(store, [account(version=2, epoch=3)])
        assert await same(store, account()) == account(version=1)

    async def test_update_of_what_was_never_stored_conflicts(self, store: Store) -> None:
        """An entity that claims to be stored conflicts if it is not, and is not stored by that."""
        assert await conflicts(store, [account(version=1)])
        assert await same(store, account()) is None

    async def test_update_replaces_every_field(self, store: Store) -> None:
        """Of what was stored nothing remains after an update, neither a value nor its absence."""
        first, second = identifier(owner="ada", form=1), identifier(owner=None, form=2)
        for version, entity in enumerate([first, second, first]):
            await put(store, at(version, entity))
            assert alike(await same(store, entity), at(version + 1, entity))

    async def test_commit_may_insert_and_update_several_kinds(self, store: Store) -> None:
        """One commit may write several entities of several kinds, new and old."""
        await put(store, account(), role())
        written: list[Entity] = [
            account(version=1),
            at(1, role()),
            account("bob"),
            grant("a"),
            grant("b"),
            identifier(),
        ]
        await put(store, *written)
        assert [await same(store, entity) for entity in written] == [at(e.version + 1, e) for e in written]

    async def test_kinds_do_not_share_ids(self, store: Store) -> None:
        """Entities of different kinds may have the same id and the same owner."""
        for entity in (account("x"), role("x"), identifier("x", "x"), grant("x", "x"), session("x", "x")):
            await put(store, entity)
        assert await ids(store, by_owner(Identifier, "x")) == ["x"]
        assert await store.get(by_id(Role, "x")) == at(1, role("x"))
        assert await store.get(by_id(Credential, "x")) is None

    async def test_empty_commit_does_nothing(self, store: Store) -> None:
        """A commit of nothing is no mistake."""
        assert not await conflicts(store)

    async def test_any_collection_will_do(self, store: Store) -> None:
        """Writes, and what must be unchanged, may be any collections."""
        await store.commit({account()}, frozenset())
        await store.commit({1: account("bob")}.values(), {account(version=1): None}.keys())
        assert await same(store, account("bob")) is not None

    async def test_many_entities_fit_in_one_commit(self, store: Store) -> None:
        """Two hundred entities are stored by one commit."""
        crowd = [identifier(f"{number:03}") for number in range(200)]
        await put(store, *crowd)
        assert await store.find(by_owner(Identifier, "ada")) == [at(1, entity) for entity in crowd]

    async def test_many_entities_are_refused_as_one(self, store: Store) -> None:
        """Two hundred entities are refused together if one of them conflicts."""
        await put(store, identifier("150", "bob"))
        assert await conflicts(store, [identifier(f"{number:03}") for number in range(200)])
        assert await ids(store, by_owner(Identifier, "ada")) == []

    async def test_refused_first_entity_leaves_no_trace(self, store: Store) -> None:
        """Nothing of a commit is stored if its first entity conflicts."""
        await _assert_refused(store, [account("stale", version=7), account("new"), account("old", version=1, epoch=2)])

    async def test_refused_middle_entity_leaves_no_trace(self, store: Store) -> None:
        """Nothing of a commit is stored if an entity amid the others conflicts."""
        await _assert_refused(store, [account("new"), account("stale", version=7), account("old", version=1, epoch=2)])

    async def test_refused_last_entity_leaves_no_trace(self, store: Store) -> None:
        """Nothing of a commit is stored if its last entity conflicts."""
        await _assert_refused(store, [account("new"), account("old", version=1, epoch=2), account("stale", version=7)])

    async def test_refused_insert_leaves_no_trace(self, store: Store) -> None:
        """Nothing of a commit is stored if an entity at version 0 is stored already."""
        await _assert_refused(store, [account("new"), account("old", version=1, epoch=2), account("stale")])

    async def test_refused_kind_leaves_no_trace_in_another(self, store: Store) -> None:
        """Nothing of a commit is stored if an entity of another kind conflicts, whichever of the two comes first."""
        await put(store, role(), account("taken"))
        assert await conflicts(store, [account(), at(7, role())])
        assert await conflicts(store, [role("new"), account("taken")])
        assert await conflicts(store, [identifier(), role()])
        assert [await same(store, entity) for entity in (account(), role("new"), identifier())] == [None, None, None]

    async def test_refused_commit_moves_nothing_to_another_owner(self, store: Store) -> None:
        """A refused commit changes nothing about who owns what."""
        await put(store, identifier(owner="ada"), account())
        assert await conflicts(store, [at(1, identifier(owner="bob")), identifier("new", "bob"), account()])
        assert await ids(store, by_owner(Identifier, "ada")) == [identifier().id]
        assert await ids(store, by_owner(Identifier, "bob")) == []

    async def test_store_works_on_after_a_conflict(self, store: Store) -> None:
        """What was refused may be committed at the right versions."""
        await put(store, account())
        assert await conflicts(store, [account("bob"), account()])
        await put(store, account("bob"), account(version=1, epoch=2))
        assert await same(store, account("bob")) == account("bob", version=1)


async def _assert_refused(store: Store, writes: list[Account]) -> None:
    await put(store, account("old"), account("stale"))
    assert await conflicts(store, writes)
    assert await same(store, account("new")) is None
    assert await same(store, account("old")) == account("old", version=1)
    assert await same(store, account("stale")) == account("stale", version=1)
