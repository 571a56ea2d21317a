"""Laws about listing what a store keeps, page by page; for stores that are a Catalogue."""
# ruff: noqa: S101  a law speaks assert, as every test does

from typing import Final

from authcore.entities import Account, Grant
from authcore.ports import Catalogue, Store
from authcore.testing.store_contract.samples import MOMENT, account, at, grant, put
from authcore.testing.strategies import LOOKALIKES

__all__ = ["PageLaws"]

_MANY: Final = [f"{number:02}" for number in range(20)]


class PageLaws:
    """How the entities of a kind are listed."""

    async def test_pages_list_everything_once(self, store: Store) -> None:
        """Page after page, every entity of a kind is listed once, as it is stored, in order of id by code point."""
        await put(store, *map(grant, LOOKALIKES), account("ada"))
        for limit in (1, 3, 1000):
            listed: list[Grant] = []
            while page := await _listing(store).page(Grant, after=listed[-1].id if listed else None, limit=limit):
                assert len(page) <= limit
                listed.extend(page)
            assert listed == [at(1, grant(name)) for name in sorted(LOOKALIKES)]

    async def test_first_page_begins_with_the_first(self, store: Store) -> None:
        """Without a name to begin after, the empty id is listed too; deleted entities are listed like any other."""
        await put(store, account(""), account("a", deleted_at=MOMENT))
        assert [each.id for each in await _listing(store).page(Account, limit=9)] == ["", "a"]
        assert [each.id for each in await _listing(store).page(Account, after="", limit=9)] == ["a"]

    async def test_page_goes_on_from_what_is_gone(self, store: Store) -> None:
        """A page begins after any name, be it one that nothing has."""
        await put(store, *map(grant, _MANY))
        assert [each.id for each in await _listing(store).page(Grant, after="07x", limit=2)] == ["08", "09"]
        assert await _listing(store).page(Grant, after="99", limit=2) == []


def _listing(store: Store) -> Catalogue:
    assert isinstance(store, Catalogue)
    return store
