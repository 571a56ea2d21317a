"""What every store promises, as tests that any store's author inherits.

class TestMyStore(StoreContract):
    @pytest.fixture
    async def store(self):
        return MyStore(...)

The fixture gives an empty store to each test (yield it, to close it afterwards).  It needs the extra `testing`.

The law book; each law is one test, whose docstring is the law:

`commits`   Writing.  Version 0 means "never stored"; every write raises the version by one.  A commit with an entity
            that is not stored at the version it carries is refused by Conflict and leaves no trace: not in other
            entities, not in other kinds, not in who owns what.
`guards`    `unchanged` is checked as the writes are, and not written.
`reads`     An id finds one entity, an owner its entities in order of id by code point, deleted ones too.  Absence is
            an empty answer.  What was found is not changed by what is committed later.
`callers`   A store's own `caller` answers as the one derived from `find` does.
`values`    Values come back exactly: case, accents, spaces, wildcards, microseconds, nothing and the empty text.
`races`     Of several commits that meet, only those win that could have come one after another.  Nobody ever sees half
            a commit, even if it was cancelled.
`machine`   Used at random, it answers as a store in memory does, which is used alike.
`pages`     A store that is a Catalogue lists all entities of a kind once, in order of id by code point; it inherits
            CatalogueContract instead.
`removals`  What a Housekeeping removes is gone for every look, and counts as never stored; it goes as one commit with
            what is written, or not at all.  What is older than some time is listed page by page, oldest first.  It
            inherits HousekeepingContract instead.

No law says what becomes of an entity that one commit lists twice, nor of one at version 0 among those unchanged: flows
do neither.
"""

import pytest

from authcore.ports import Store
from authcore.testing.store_contract.callers import CallerLaws
from authcore.testing.store_contract.commits import CommitLaws
from authcore.testing.store_contract.guards import GuardLaws
from authcore.testing.store_contract.machine import MachineLaws
from authcore.testing.store_contract.pages import PageLaws
from authcore.testing.store_contract.races import RaceLaws
from authcore.testing.store_contract.reads import ReadLaws
from authcore.testing.store_contract.removals import RemovalLaws
from authcore.testing.store_contract.values import ValueLaws

__all__ = ["CatalogueContract", "HousekeepingContract", "StoreContract"]


@pytest.mark.anyio
class StoreContract(CommitLaws, GuardLaws, ReadLaws, CallerLaws, ValueLaws, RaceLaws, MachineLaws):
    """Every law of the storage port; a subclass whose name begins with `Test` is collected by pytest."""

    @pytest.fixture(scope="session")
    @classmethod
    def anyio_backend(cls) -> str:
        """The event loop that the laws run in."""
        return "asyncio"

    @pytest.fixture
    def store(self) -> Store:
        """Return an empty store: this is what a subclass must define."""
        raise NotImplementedError


class CatalogueContract(StoreContract, PageLaws):
    """The same, for a store that is a Catalogue as well."""


class HousekeepingContract(CatalogueContract, RemovalLaws):
    """The same, for a store that is a Housekeeping, too."""
