"""The store in memory; what every store promises is tested by the contract."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from authcore.entities import ENTITIES, Account, Grant, Identifier, Role
from authcore.errors import Conflict
from authcore.identifiers import IdentifierKind
from authcore.memory import MemoryStore
from authcore.ports import by_id, by_owner
from authcore.testing import run_sync

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ADA = Account(id="ada", created_at=NOW, updated_at=NOW)


def _grant(name: str, *, owner: str = "ada", version: int = 0) -> Grant:
    return Grant(id=name, version=version, created_at=NOW, updated_at=NOW, account_id=owner, role="r")


def _found(store: MemoryStore, owner: str, *, limit: int | None = None) -> list[str]:
    return [grant.id for grant in run_sync(store.find(by_owner(Grant, owner, limit=limit)))]


def test_it_begins_empty():
    """A new store holds nothing of any kind, and shares nothing with another one."""
    run_sync(MemoryStore().commit([ADA]))
    store = MemoryStore()
    for kind in ENTITIES:
        assert run_sync(store.find(by_id(kind, "ada"))) == []


def test_what_is_written_has_the_next_version():
    """An entity is kept at its version plus one."""
    store = MemoryStore()
    run_sync(store.commit([ADA]))
    run_sync(store.commit([replace(ADA, version=1, epoch=2)]))
    assert run_sync(store.get(by_id(Account, "ada"))) == replace(ADA, version=2, epoch=2)


@pytest.mark.parametrize("version", [0, 2])
def test_another_version_is_a_conflict(version):
    """An entity that is not kept at the version that it carries is a conflict, written or unchanged."""
    store = MemoryStore()
    run_sync(store.commit([ADA]))
    for writes, unchanged in (([replace(ADA, version=version)], []), ([_grant("g")], [replace(ADA, version=version)])):
        with pytest.raises(Conflict):
            run_sync(store.commit(writes, unchanged))
    assert _found(store, "ada") == []


def test_a_conflict_stores_nothing():
    """Nothing of a commit is kept if one of its entities conflicts, not even what came before it."""
    store = MemoryStore()
    with pytest.raises(Conflict):
        run_sync(store.commit([ADA, _grant("g", version=1)]))
    assert run_sync(store.get(by_id(Account, "ada"))) is None


def test_kinds_are_told_apart():
    """Two entities of different kinds may share an id."""
    store = MemoryStore()
    role = Role(id="ada", created_at=NOW, updated_at=NOW, permissions=())
    run_sync(store.commit([ADA, role]))
    assert run_sync(store.get(by_id(Role, "ada"))) == replace(role, version=1)


@given(st.sets(st.text(max_size=5), max_size=8), st.none() | st.integers(1, 9))
def test_an_owner_has_its_own_in_order(names, limit):
    """What an owner has is found in order of id by code point, at most the first so many."""
    store = MemoryStore()
    names = {name for name in names if name.isprintable()}
    run_sync(store.commit([_grant(name) for name in names]))
    run_sync(store.commit([_grant("another's", owner="eve")]) if "another's" not in names else store.commit([]))
    assert _found(store, "ada", limit=limit) == sorted(names)[:limit]


def test_a_change_of_owner_moves():
    """What gets another owner is found under that one only."""
    store = MemoryStore()
    run_sync(store.commit([_grant("g")]))
    run_sync(store.commit([_grant("g", owner="eve", version=1)]))
    assert (_found(store, "ada"), _found(store, "eve")) == ([], ["g"])


def test_no_owner_is_nobodys():
    """What has no owner is found by its id alone, and by no owner's name."""
    store = MemoryStore()
    released = Identifier(
        id="email:x@example.org", created_at=NOW, updated_at=NOW, kind=IdentifierKind.EMAIL, form=1, account_id=None
    )
    run_sync(store.commit([released]))
    assert run_sync(store.get(by_id(Identifier, released.id))) is not None
    for owner in ("", "None", "null"):
        assert run_sync(store.find(by_owner(Identifier, owner))) == []


@pytest.mark.parametrize("name", ["Ada", "ada ", " ada", "adá", "ada\u0301", ""])
def test_names_are_compared_exactly(name):
    """Case, accents and spaces count."""
    store = MemoryStore()
    run_sync(store.commit([ADA]))
    assert run_sync(store.get(by_id(Account, name))) is None


def test_deleted_entities_are_returned():
    """A deleted entity is found like any other."""
    store = MemoryStore()
    run_sync(store.commit([replace(ADA, deleted_at=NOW)]))
    assert run_sync(store.get(by_id(Account, "ada"))).deleted_at == NOW


def test_answers_are_not_the_store():
    """What is done to an answer does not reach the store."""
    store = MemoryStore()
    run_sync(store.commit([_grant("g")]))
    run_sync(store.find(by_owner(Grant, "ada"))).clear()
    assert _found(store, "ada") == ["g"]


def test_kinds_without_owner_cannot_be_searched():
    """To search by owner for a kind that has none is a mistake of the program."""
    with pytest.raises(TypeError):
        by_owner(Account, "ada")
