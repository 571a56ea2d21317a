"""Laws about removing, and about listing what is old: what is gone is gone for every look."""
# ruff: noqa: S101  a law speaks assert, as every test does

from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar

from authcore.entities import Account, Attempt, AuthenticationSession, Entity, Identifier, Tally
from authcore.errors import Conflict
from authcore.ports import Housekeeping, Store, by_id, by_owner
from authcore.testing.store_contract.samples import (
    MICROSECOND,
    MOMENT,
    account,
    at,
    attempt,
    identifier,
    ids,
    put,
    role,
    same,
    session,
    tally,
)

__all__ = ["RemovalLaws"]

E = TypeVar("E", bound=Entity)


class RemovalLaws:
    """How entities are removed, and what is old is found: a store is a Housekeeping, too."""

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

    async def test_what_is_old_is_listed_oldest_first(self, store: Store) -> None:
        """What lies before a time is listed by age, and what is as old in order of id by code point; deleted, too."""
        await put(store, *map(attempt, ("b", "Z", "a")), attempt("first", age=2), attempt("now", age=0), account())
        await put(store, replace(attempt("gone"), deleted_at=MOMENT))
        assert await _aged(store, Attempt) == ["first", "Z", "a", "b", "gone"]
        assert await _aged(store, Attempt, limit=2) == ["first", "Z"]
        assert (await _keeping(store).aged(Attempt, before=MOMENT, limit=1))[0] == at(1, attempt("first", age=2))

    async def test_what_is_old_is_listed_by_its_own_field(self, store: Store) -> None:
        """Each kind has a field that tells how old it is, to the microsecond; no other one does."""
        await put(store, session("dead", ends=MOMENT - MICROSECOND), session("alive", ends=MOMENT))
        await put(store, tally("old", used=MOMENT - MICROSECOND), tally("used", used=MOMENT))
        assert await _aged(store, AuthenticationSession) == ["dead"]
        assert await _aged(store, Tally) == ["old"]
        await put(store, at(1, tally("old", used=MOMENT)))
        assert await _aged(store, Tally) == []

    async def test_list_of_what_is_old_goes_on(self, store: Store) -> None:
        """After any entity that was listed come all others, whatever has been removed since, and none twice."""
        names = [f"{number:02}" for number in range(9)]
        await put(store, *(attempt(name, age=9 - place // 3) for place, name in enumerate(reversed(names))))
        for limit in (1, 2, 4, 9):
            listed: list[Attempt] = []
            while page := await _keeping(store).aged(
                Attempt, before=MOMENT, after=listed[-1] if listed else None, limit=limit
            ):
                listed.extend(page)
            assert [each.id for each in listed] == ["06", "07", "08", "03", "04", "05", "00", "01", "02"]
        await _remove(store, *listed[:2])
        assert await _aged(store, Attempt, after=listed[0], limit=2) == ["08", "03"]
        assert await _aged(store, Attempt, after=listed[1], limit=2) == ["08", "03"]

    async def test_what_is_removed_is_not_old(self, store: Store) -> None:
        """What was removed is listed no more."""
        await put(store, attempt("a"), attempt("b"))
        await _remove(store, at(1, attempt("a")))
        assert await _aged(store, Attempt) == ["b"]


async def _aged(store: Store, kind: type[E], *, after: E | None = None, limit: int = 99) -> list[str]:
    return [each.id for each in await _keeping(store).aged(kind, before=MOMENT, after=after, limit=limit)]


async def _remove(
    store: Store, *removed: Entity, writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
) -> None:
    await _keeping(store).remove(removed, writes, unchanged)


async def _is_refused(
    store: Store, removed: Collection[Entity], writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
) -> bool:
    try:
        await _keeping(store).remove(removed, writes, unchanged)
    except Conflict:
        return True
    return False


def _keeping(store: Store) -> Housekeeping:
    assert isinstance(store, Housekeeping)
    return store
