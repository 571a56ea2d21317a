"""Laws about commits that meet."""
# ruff: noqa: S101  a law speaks assert, as every test does

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import anyio
from anyio.lowlevel import checkpoint

from authcore.entities import Grant, Identifier
from authcore.ports import Store, by_owner
from authcore.testing.store_contract.samples import (
    account,
    at,
    conflicts,
    grant,
    identifier,
    put,
    same,
    together,
)

__all__ = ["RaceLaws"]

_CROWD: Final = 20
_PATIENCE: Final = 1000
_LONGEST_WAIT: Final = 60


class RaceLaws:
    """What becomes of commits that happen at the same time."""

    async def test_of_two_writers_one_wins(self, store: Store) -> None:
        """Of two who read the same version and both write, exactly one is stored."""
        await put(store, account())
        read = await together(*[partial(same, store, account())] * 2)
        writes = [replace(entity, epoch=10 + place) for place, entity in enumerate(read) if entity is not None]
        refused = await together(*(partial(conflicts, store, [entity]) for entity in writes))
        assert sorted(refused) == [False, True]
        assert await same(store, account()) == replace(writes[refused.index(False)], version=2)

    async def test_of_many_claims_one_wins(self, store: Store) -> None:
        """Of twenty who claim one id at once, exactly one gets it, and the others get a Conflict."""
        claims = [identifier(owner=f"{number}") for number in range(_CROWD)]
        refused = await together(*(partial(conflicts, store, [claim]) for claim in claims))
        assert refused.count(False) == 1
        assert await same(store, identifier()) == at(1, claims[refused.index(False)])

    async def test_no_update_is_lost(self, store: Store) -> None:
        """Twenty who each raise a number by one, again after each Conflict, raise it by twenty."""
        await put(store, account(epoch=0))
        await together(*[partial(_insist, partial(_raise, store))] * _CROWD)
        assert await same(store, account()) == account(version=1 + _CROWD, epoch=_CROWD)

    async def test_strangers_all_get_through(self, store: Store) -> None:
        """Twenty who write what nobody else writes are all stored, if each tries again after a Conflict."""
        writes = [partial(conflicts, store, [grant(f"{number:02}")]) for number in range(_CROWD)]
        await together(*(partial(_insist, write) for write in writes))
        assert len(await store.find(by_owner(Grant, "ada"))) == _CROWD

    async def test_unchanged_stops_write_skew(self, store: Store) -> None:
        """Of two who read the same two entities and each write another one of them, exactly one is stored."""
        for number in range(10):
            one, two = account(f"{number} one"), account(f"{number} two")
            await put(store, one, two)
            first = partial(conflicts, store, [at(1, one)], [at(1, two)])
            second = partial(conflicts, store, [at(1, two)], [at(1, one)])
            assert sorted(await together(first, second)) == [False, True]

    async def test_nobody_sees_half_a_commit(self, store: Store) -> None:
        """Whoever finds several entities while they are written together finds all before or all after it."""
        pair = [identifier("one", form=0), identifier("two", form=0)]
        await put(store, *pair)
        seen: list[Sequence[Identifier]] = []

        async def write() -> None:
            for version in range(1, _CROWD):
                await put(store, *(at(version, replace(entity, form=version)) for entity in pair))

        async def look() -> None:
            for _ in range(_CROWD):
                seen.append(await store.find(by_owner(Identifier, "ada")))
                await checkpoint()

        await together(write, look, look)
        assert all(one.form == two.form for one, two in seen)

    async def test_cancelled_commit_leaves_all_or_nothing(self, store: Store) -> None:
        """Of a commit whose task was cancelled either everything is stored or nothing, and the store works on."""
        for steps in range(_CROWD):
            owner = f"owner {steps}"
            with anyio.fail_after(_LONGEST_WAIT):
                await _cancel_after(steps, partial(put, store, *(grant(f"{steps} {name}", owner) for name in "abc")))
                assert len(await store.find(by_owner(Grant, owner))) in {0, 3}
                await _insist(partial(conflicts, store, [account(owner)]))
                assert len(await store.find(by_owner(Grant, owner))) in {0, 3}


async def _cancel_after(steps: int, work: Callable[[], Awaitable[None]]) -> None:
    async def do() -> None:
        await work()

    async with anyio.create_task_group() as group:
        group.start_soon(do)
        for _ in range(steps):
            await checkpoint()
        group.cancel_scope.cancel()


async def _raise(store: Store) -> bool:
    """Raise a number by one; whether that was refused."""
    read = await same(store, account())
    return read is None or await conflicts(store, [replace(read, epoch=read.epoch + 1)])


async def _insist(attempt: Callable[[], Awaitable[bool]]) -> None:
    """Try again until it is not refused any more."""
    for _ in range(_PATIENCE):
        if not await attempt():
            return
        await checkpoint()
    raise AssertionError("no end of conflicts")
