"""Laws of the index of grants: its size, and the steps of a search.  Its answers are tested with permission sets."""

import pytest

from authcore.permissions.index import GrantIndex
from authcore.permissions.text import parse, plain


def index_of(*grants):
    """Index grants that are given as text."""
    return GrantIndex([parse(grant) for grant in grants])


def size(index):
    """Count the branches of an index, each of them once."""
    below = {id(branch): branch for filed in index.branches.values() for branch in filed}
    return 1 + sum(map(size, below.values()))


def entries(index):
    """Count the places where branches are filed."""
    below = {id(branch): branch for filed in index.branches.values() for branch in filed}
    return sum(map(len, index.branches.values())) + sum(map(entries, below.values()))


@pytest.fixture
def search(monkeypatch):
    """Return the branches that a search enters, and the parts that it compares with a list."""
    entered, compared = [], []
    covers = GrantIndex.covers

    class Watched(frozenset):
        __slots__ = ()

        def __le__(self, other):
            compared.append(other)
            return super().__le__(other)

    def watched_covers(index, requirement, depth=0):
        entered.append(id(index))
        return covers(index, requirement, depth)

    def watch(index, requirement):
        entered.clear()
        compared.clear()
        index.covers([part if isinstance(part, str) else Watched(part) for part in requirement])
        return entered, compared

    monkeypatch.setattr(GrantIndex, "covers", watched_covers)
    return watch


@pytest.fixture
def steps(search):
    """Count what a search enters and compares."""
    return lambda index, requirement: sum(map(len, search(index, requirement)))


def unrelated(number):
    """Return grants of which none has to do with printer 7, though some share its first or second part."""
    shapes = (
        "domain{0}:query:7",
        "printer:action{0}:7",
        "printer:query:1{0}",
        "a{0},b{0}:query",
        "printer:x{0},y{0}:*:7",
    )
    return [shape.format(i) for i in range(number // len(shapes)) for shape in shapes]


@pytest.mark.parametrize(
    "requirement", ["printer:query:7", "printer:print", "scanner", "printer:query,print:7", "*:query"]
)
def test_unrelated_grants_cost_a_search_nothing(steps, requirement):
    """A search takes as many steps among ten thousand grants as among ten."""
    related = ("printer:delete:7", "*:print:8", "printer:query,print:9", "printer:query,print,x:8")
    few, many = (index_of(*related, *unrelated(number)) for number in (10, 10_000))
    for wanted in filter(None, (parse(requirement), plain(requirement))):
        assert steps(few, wanted) == steps(many, wanted) <= 12


def test_lists_are_never_multiplied_out():
    """A grant of sixteen lists, which stands for 7 ** 16 permissions, is one branch a part."""
    bomb = index_of(":".join(["a,b,c,d,e,f,g"] * 16))
    assert size(bomb) == 17
    assert entries(bomb) == 16 * 7


def test_an_index_grows_no_faster_than_its_grants():
    """An index holds at most one branch a part, filed once a sub-part and once more for a wildcard beside it."""
    grants = [f"a,b,c{i}:{'*' if i % 2 else 'r,w'}:{i}" for i in range(1000)]
    index = index_of(*grants)
    assert size(index) <= 1 + sum(len(parse(grant)) for grant in grants)
    assert entries(index) <= 2 * sum(len(part) for grant in grants for part in parse(grant))


def test_a_list_is_searched_by_its_rarest_subpart(steps):
    """A required list costs no more than its rarest sub-part, however many lists name the others."""
    index = index_of("docs:read,rare:1", *(f"docs:read,x{i}:1" for i in range(1000)))
    assert steps(index, parse("docs:rare,read:2")) == steps(index, parse("docs:read,rare:2")) <= 8


@pytest.mark.parametrize("requirement", ["a:a:a:other", "*:*:*:other", "a,b:a,b:*:other"])
def test_no_branch_is_entered_twice(search, requirement):
    """A search among wildcards and lists that overlap enters each branch once at most."""
    parts = ("*", "a", "a,b", "a,c")
    index = index_of(*(f"{x}:{y}:{z}:end" for x in parts for y in parts for z in parts))
    entered, _ = search(index, parse(requirement))
    assert len(entered) == len(set(entered)) > 1


def test_what_a_shorter_grant_covers_is_not_indexed():
    """Nothing is kept below a part where a grant ends."""
    assert size(index_of("printer", *(f"printer:query:{i}" for i in range(100)))) == 2


def test_no_grants_cover_nothing():
    """An index of no grants covers nothing, not even the widest or the narrowest requirement."""
    assert not any(index_of().covers(parse(requirement)) for requirement in ("*", "a", "a:b:c"))
