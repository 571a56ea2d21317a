"""Reading what would be stored, if what is only rehearsed were written."""

from dataclasses import replace

import pytest

from authcore.entities import Grant, Role
from authcore.memory import MemoryStore
from authcore.ports import by_id, by_owner
from authcore.rehearsal import Rehearsal
from authcore.testing import run_sync
from tests.core.ada import NOW

ROLE = Role(id="clerk", created_at=NOW, updated_at=NOW, permissions=("file",))
FIRST = Grant(id="1", created_at=NOW, updated_at=NOW, account_id="a", role="clerk")
SECOND = replace(FIRST, id="2")
THIRD = replace(FIRST, id="3")


@pytest.fixture
def store():
    """A store with one role, and two grants of Ada's."""
    store = MemoryStore()
    run_sync(store.commit([ROLE, FIRST, THIRD]))
    return store


def find(rehearsal, key):
    """What is found."""
    return list(run_sync(rehearsal.find(key)))


def test_store_is_read_through(store):
    """Before anything is decided, the answers are the store's."""
    rehearsal = Rehearsal(store)
    for key in (by_id(Role, "clerk"), by_id(Role, "nobody"), by_owner(Grant, "a"), by_owner(Grant, "a", limit=1)):
        assert find(rehearsal, key) == run_sync(store.find(key))


def test_what_was_decided_is_found(store):
    """What was decided is found by id and by owner, in order, at the version that a store would have given it."""
    rehearsal = Rehearsal(store)
    rehearsal.keep([SECOND])
    assert find(rehearsal, by_id(Grant, "2")) == [replace(SECOND, version=1)]
    assert [grant.id for grant in find(rehearsal, by_owner(Grant, "a"))] == ["1", "2", "3"]
    assert [grant.id for grant in find(rehearsal, by_owner(Grant, "a", limit=2))] == ["1", "2"]


def test_pages_follow_each_other(store):
    """What a page skips is skipped among all that would be found: the decided ones and the stored ones in one order."""
    rehearsal = Rehearsal(store)
    rehearsal.keep([SECOND])
    pages = [find(rehearsal, replace(by_owner(Grant, "a", limit=1), skip=skip)) for skip in range(4)]
    assert [[grant.id for grant in page] for page in pages] == [["1"], ["2"], ["3"], []]


def test_what_was_decided_replaces_what_is_stored(store):
    """A change is found in place of what is stored, and by its new owner alone."""
    rehearsal, moved = Rehearsal(store), replace(FIRST, version=1, account_id="b")
    rehearsal.keep([moved])
    assert [grant.id for grant in find(rehearsal, by_owner(Grant, "a"))] == ["3"]
    assert find(rehearsal, by_owner(Grant, "b")) == find(rehearsal, by_id(Grant, "1")) == [replace(moved, version=2)]


def test_store_is_not_written_to(store):
    """The store stays as it is."""
    Rehearsal(store).keep([SECOND, replace(ROLE, version=1, permissions=())])
    assert run_sync(store.get(by_id(Grant, "2"))) is None
    assert run_sync(store.get(by_id(Role, "clerk"))) == replace(ROLE, version=1)
