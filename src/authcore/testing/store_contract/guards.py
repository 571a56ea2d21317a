"""Laws about `unchanged`: what was read must still be as it was."""
# ruff: noqa: S101  a law speaks assert, as every test does

from authcore.entities import Identifier
from authcore.ports import Store, by_owner
from authcore.testing.store_contract.samples import account, at, conflicts, identifier, ids, put, role, same

__all__ = ["GuardLaws"]


class GuardLaws:
    """How entities are guarded that a commit does not write."""

    async def test_unchanged_lets_pass_what_is_as_it_was(self, store: Store) -> None:
        """A commit is stored if everything that must be unchanged is stored at the version it carries."""
        await put(store, account(), role())
        await store.commit([account("bob")], [account(version=1), at(1, role())])
        assert await same(store, account("bob")) == account("bob", version=1)

    async def test_unchanged_is_not_written(self, store: Store) -> None:
        """What must be unchanged keeps its version and its values."""
        await put(store, account(epoch=1))
        await store.commit([account("bob")], [account(version=1, epoch=99)])
        assert await same(store, account()) == account(version=1, epoch=1)

    async def test_unchanged_conflicts_after_a_change(self, store: Store) -> None:
        """A commit is refused, without a trace, if what must be unchanged was written since."""
        await put(store, account())
        await put(store, account(version=1))
        assert await conflicts(store, [account("bob")], [account(version=1)])
        assert await same(store, account("bob")) is None

    async def test_unchanged_conflicts_if_never_stored(self, store: Store) -> None:
        """A commit is refused if what must be unchanged was never stored."""
        assert await conflicts(store, [account("bob")], [account(version=1)])
        assert await same(store, account("bob")) is None

    async def test_unchanged_conflicts_if_from_the_future(self, store: Store) -> None:
        """A commit is refused if what must be unchanged is stored at an older version."""
        await put(store, account())
        assert await conflicts(store, [account("bob")], [account(version=2)])
        assert await same(store, account("bob")) is None

    async def test_unchanged_guards_every_entity(self, store: Store) -> None:
        """One changed entity among unchanged ones of several kinds is enough to refuse a commit."""
        await put(store, account(), role(), identifier())
        await put(store, at(1, identifier()))
        kept = [account(version=1), at(1, role())]
        assert await conflicts(store, [account("bob")], [at(1, identifier()), *kept])
        assert await conflicts(store, [account("bob")], [*kept, at(1, identifier())])
        assert await same(store, account("bob")) is None

    async def test_unchanged_tells_kinds_apart(self, store: Store) -> None:
        """An entity of another kind that has the same id guards nothing."""
        await put(store, account("x"))
        assert await conflicts(store, [account("bob")], [at(1, role("x"))])

    async def test_commit_without_writes_still_checks(self, store: Store) -> None:
        """A commit that writes nothing is refused, too, if something changed."""
        await put(store, account())
        assert not await conflicts(store, [], [account(version=1)])
        await put(store, account(version=1))
        assert await conflicts(store, [], [account(version=1)])

    async def test_changed_entity_leaves_no_trace_among_owners(self, store: Store) -> None:
        """A commit that is refused for what it does not write changes nothing about who owns what."""
        await put(store, identifier(owner="ada"), account())
        assert await conflicts(store, [at(1, identifier(owner="bob"))], [account(version=2)])
        assert await ids(store, by_owner(Identifier, "ada")) == [identifier().id]
        assert await ids(store, by_owner(Identifier, "bob")) == []
