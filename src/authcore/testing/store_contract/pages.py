"""Laws about listing what a store keeps, page by page; for stores that are a Catalogue."""
# ruff: noqa: S101  a law speaks assert, as every test does

from typing import Final

from authcore.entities import Account, Grant
from authcore.ports import Catalogue, Store
from authcore.testing.store_contract.samples import MOMENT, account, at, grant, put
from authcore.testing.strategies import LOOKALIKES

__all__ = ["PageLaws"]

_MANY: Final = [f"{number:02}" for number in range(20)]

_BEGINNINGS: Final = ("ad", "ad%", "ad_", "Ad", "ad\U0010ffff", "\ud7ff", "\U0010ffff", "\uffff", "~")
"""Texts whose followers, in the order of code points, are not alike in every encoding, and signs of patterns."""


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

    async def test_page_has_only_what_begins_so(self, store: Store) -> None:
        """A page may be of what begins with some text, octet for octet, and goes on within that."""
        names = [*_BEGINNINGS, *(name + end for name in _BEGINNINGS for end in ("", "a", "\U0010ffff", "\ue000"))]
        names = sorted({*names, *LOOKALIKES})
        await put(store, *map(grant, names))
        for beginning in (*_BEGINNINGS, *LOOKALIKES):
            meant = [name for name in names if name.startswith(beginning)]
            assert await _ids(store, beginning) == meant
            for after in ("", beginning, *meant[:2], beginning + "b", "\U0010ffff"):
                rest = [name for name in meant if name > after]
                assert await _ids(store, beginning, after=after, limit=2) == rest[:2]

    async def test_nothing_begins_as_nothing_can(self, store: Store) -> None:
        """Nothing begins with a text that could not be stored, and that is no fault."""
        await put(store, grant("a"))
        for beginning in ("\0", "a\0", "\ud800", "a" * 10_000):
            assert await _ids(store, beginning) == []


async def _ids(store: Store, beginning: str, *, after: str | None = None, limit: int = 99) -> list[str]:
    page = await _listing(store).page(Grant, beginning=beginning, after=after, limit=limit)
    return [each.id for each in page]


def _listing(store: Store) -> Catalogue:
    assert isinstance(store, Catalogue)
    return store
