"""Laws of permissions, of sets of them and of requirements.  Their text and their index have tests of their own."""

import copy
import pickle
from dataclasses import FrozenInstanceError
from enum import StrEnum
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from authcore.errors import ConfigurationError, InvalidPermission
from authcore.permissions import Permission, PermissionSet, Requirement

ORACLE = [
    line.split("\t")
    for line in Path(__file__).with_name("permissions.oracle").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
MALFORMED = ["", ":", "a:", "a,,b", " a", "a\n", "a*", "a" * 256, None, 7, b"a", ("a",), object()]

subparts = st.sampled_from(["a", "b", "c", "A", "a b", "é", "e\u0301", "*"])
parts = st.lists(subparts, min_size=1, max_size=3)
part_lists = st.lists(parts, min_size=1, max_size=4)
texts = part_lists.map(lambda lists: ":".join(map(",".join, lists)))
permissions = texts.map(Permission.parse)
few_texts = st.lists(st.sampled_from(["a", "b", "a,b", "*"]), min_size=1, max_size=3).map(":".join)
grant_lists = st.lists(few_texts | texts, max_size=6)


def literally_implies(grant, requirement):
    """Apply the rule to raw text, part by part, without any canonical form."""
    mine, theirs = ([set(part.split(",")) for part in text.split(":")] for text in (grant, requirement))
    covered = all("*" in m or (m >= t and "*" not in t) for m, t in zip(mine, theirs, strict=False))
    return covered and all("*" in more for more in mine[len(theirs) :])


# --- one permission -------------------------------------------------------------------------------------------------


def test_the_oracle_is_a_table_worth_the_name():
    """The table has at least sixty rows, of three columns, no two alike, and both answers."""
    assert len(ORACLE) >= 60
    assert len({(grant, requirement) for grant, requirement, _ in ORACLE}) == len(ORACLE)
    assert {answer for _, _, answer in ORACLE} == {"yes", "no"}


@pytest.mark.parametrize(("grant", "requirement", "answer"), ORACLE)
def test_oracle(grant, requirement, answer):
    """A permission, a set of one and the raw rule all answer as the table says."""
    expected = answer == "yes"
    assert Permission.parse(grant).implies(Permission.parse(requirement)) is expected
    assert PermissionSet.of([grant]).implies(requirement) is expected
    assert literally_implies(grant, requirement) is expected


@given(texts, texts)
def test_canonical_form_changes_no_answer(grant, requirement):
    """A canonical permission implies what its raw text implies."""
    assert Permission.parse(grant).implies(Permission.parse(requirement)) == literally_implies(grant, requirement)


@given(permissions)
def test_implying_is_reflexive(permission):
    """A permission implies itself."""
    assert permission.implies(permission)


@given(permissions, permissions, permissions)
def test_implying_is_transitive(first, second, third):
    """A permission implies what is implied by what it implies."""
    assert not (first.implies(second) and second.implies(third)) or first.implies(third)


@given(permissions, permissions)
def test_implying_is_antisymmetric(first, second):
    """Permissions that imply each other are equal, and equal ones have one hash and one text."""
    mutual = first.implies(second) and second.implies(first)
    assert mutual == (first == second) == (str(first) == str(second))
    assert not mutual or hash(first) == hash(second)


@given(permissions)
def test_the_wildcard_covers_all(permission):
    """The wildcard implies every permission, and only the wildcard implies the wildcard."""
    everything = Permission.parse("*")
    assert everything.implies(permission)
    assert permission.implies(everything) == (permission == everything)


@given(part_lists, st.randoms(use_true_random=False))
def test_order_and_repetition_of_subparts_say_nothing(lists, random):
    """A list of sub-parts is a set."""
    shuffled = [random.sample(part * 2, len(part) * 2) for part in lists]
    first, second = (Permission.parse(":".join(map(",".join, some))) for some in (lists, shuffled))
    assert first == second


@given(permissions)
def test_text_and_representation_give_the_permission_again(permission):
    """A permission is read again from its text, and evaluated again from its representation."""
    assert Permission.parse(str(permission)) == permission
    assert eval(repr(permission)) == permission  # noqa: S307  (it is our own representation)


@pytest.mark.parametrize(
    "malformed", [(), (frozenset(),), (frozenset({"a:b"}),), (frozenset({"*", "a"}),), (frozenset("a"), frozenset("*"))]
)
def test_no_permission_is_built_that_text_could_not_give(malformed):
    """Parts that are malformed or not canonical are refused by the constructor as well."""
    with pytest.raises(InvalidPermission):
        Permission(malformed)


def test_parts_make_the_permission_that_their_text_gives():
    """Canonical parts are as good as text, and what differs from them is refused for that."""
    assert Permission((frozenset({"a", "b"}), frozenset("c"))) == Permission.parse("b,a:c")
    with pytest.raises(InvalidPermission) as caught:
        Permission((frozenset("a"), frozenset("*")))
    assert caught.value.reason == "not_canonical"


def test_permissions_are_frozen():
    """A permission cannot be widened after its check."""
    with pytest.raises(FrozenInstanceError):
        Permission.parse("a").parts = ()  # type: ignore[misc]


# --- a set of permissions -------------------------------------------------------------------------------------------


@given(grant_lists, st.lists(few_texts | texts, min_size=1, max_size=6))
def test_a_set_answers_as_its_grants_do(grants, requirements):
    """A set implies what one of its grants implies, however it is asked, for the first time and ever again."""
    granted = PermissionSet(frozenset(map(Permission.parse, grants)))
    for text in requirements * 2:
        requirement = Permission.parse(text)
        expected = any(Permission.parse(grant).implies(requirement) for grant in grants)
        answers = [granted.implies(text), granted.implies(requirement), text in granted, requirement in granted]
        assert answers == [expected] * 4


def test_a_set_answers_as_its_grants_do_in_every_small_world():
    """Each pair of permissions of one or two parts implies, as a set, what one of the two implies."""
    words = ("a", "b", "a,b", "*")
    small = [Permission.parse(text) for text in (*words, *(f"{first}:{second}" for first in words for second in words))]
    for pair in combinations(small, 2):
        granted = PermissionSet(frozenset(pair))
        assert [str(one) in granted for one in small] == [any(grant.implies(one) for grant in pair) for one in small]


def test_grants_are_not_merged():
    """Two grants do not together cover a list that neither covers alone."""
    granted = PermissionSet.of(["printer:query", "printer:print"])
    assert granted.allows(all_of=["printer:query", "printer:print"])
    assert not granted.implies("printer:query,print")


@given(grant_lists)
def test_order_and_repetition_of_grants_say_nothing(grants):
    """Sets of the same grants are equal, with one hash, and hold each grant once."""
    granted, again = PermissionSet.of(grants), PermissionSet.of(grants[::-1] * 2)
    assert granted == again
    assert hash(granted) == hash(again)
    assert len(granted) == len(list(granted)) == len(set(map(Permission.parse, grants)))
    assert eval(repr(granted)) == granted  # noqa: S307  (it is our own representation)


@given(grant_lists, grant_lists)
def test_sets_are_equal_only_if_their_grants_are(some, others):
    """Sets are equal if and only if they were granted the same permissions."""
    equal = set(map(Permission.parse, some)) == set(map(Permission.parse, others))
    assert (PermissionSet.of(some) == PermissionSet.of(others)) == equal


def test_a_set_is_indexed_once():
    """The same grants, in any order, are answered with the same index; other grants never are."""
    assert PermissionSet.of(["a:once", "b:once"]) is PermissionSet.of(iter(("b:once", "a:once", "a:once")))
    assert PermissionSet.of(["a:once"]) is not PermissionSet.of(["A:once"])


def test_remembered_answers_are_bounded():
    """Strangers who ask for ever new things, well-formed or not, cannot make a set grow."""
    granted = PermissionSet(frozenset({Permission.parse("a:1,2,3")}))
    for i in range(3000):
        assert granted.implies(f"a:{i}") == (i in {1, 2, 3})
        assert f"a::{i}" not in granted
        assert len(granted.implies.__self__) <= 256


def test_a_liar_answers_for_itself_only():
    """Text with an equality of its own, once asked for, does not answer for other permissions."""

    class Liar(str):
        __slots__ = ()
        __hash__ = lambda _: hash("admin")  # noqa: E731
        __eq__ = lambda *_: True  # noqa: E731

    granted = PermissionSet(frozenset({Permission.parse("guest")}))
    assert granted.implies(Liar("guest"))
    assert not granted.implies("admin")


def test_enumerated_permissions_are_text():
    """An application may name its permissions in an enumeration of text."""

    class Can(StrEnum):
        READ = "docs:read"

    assert PermissionSet.of([Can.READ]) == PermissionSet.of("docs:read")
    assert PermissionSet.of("docs").allows(all_of=Can.READ)


@pytest.mark.parametrize("malformed", [*MALFORMED, [], {}])
def test_what_is_malformed_is_not_contained(malformed):
    """Even a set that allows everything holds nothing malformed, and says so without raising."""
    assert malformed not in PermissionSet.of("*")


@pytest.mark.parametrize("malformed", MALFORMED)
def test_what_is_malformed_is_neither_granted_nor_asked_for(malformed):
    """A malformed grant or requirement is refused, even by a set that allows everything."""
    with pytest.raises(InvalidPermission):
        PermissionSet.of(["a", malformed])
    with pytest.raises(InvalidPermission):
        PermissionSet.of("*").implies(malformed)


@pytest.mark.parametrize("malformed", [None, 7, [["a"]], b"a"])
def test_grants_that_are_no_permissions_are_refused(malformed):
    """Grants that cannot be iterated over, or hold no text, are a typed refusal too: they may come from a request."""
    with pytest.raises(InvalidPermission):
        PermissionSet.of(malformed)


def test_an_empty_set_allows_nothing():
    """Without grants nothing is allowed."""
    assert not any(requirement in PermissionSet.of(()) for requirement in ("*", "a", "a:b"))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])  # noqa: S301
def test_copies_are_equal_and_answer_alike(copied):
    """Permissions, sets and requirements survive copying and pickling."""
    granted = PermissionSet.of(["a:b", "c"])
    assert granted.implies("a:b:c")
    assert copied(granted) == granted
    assert copied(granted).allows(any_of=["c:d", "x"])
    assert copied(Requirement(all_of="a")) == Requirement(all_of="a")


# --- a requirement --------------------------------------------------------------------------------------------------


@given(grant_lists, st.lists(texts, min_size=1, max_size=3))
def test_all_and_any_mean_all_and_any(grants, wanted):
    """A requirement is met if all, or any, of its permissions are implied."""
    granted = PermissionSet.of(grants)
    implied = [granted.implies(text) for text in wanted]
    assert Requirement(all_of=wanted).met_by(granted) == granted.allows(all_of=wanted) == all(implied)
    assert Requirement(any_of=wanted).met_by(granted) == granted.allows(any_of=wanted) == any(implied)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"all_of": ()},
        {"any_of": []},
        {"all_of": "a", "any_of": "a"},
        {"all_of": (), "any_of": "a"},
        {"any_of": iter(())},
    ],
)
def test_a_requirement_says_one_thing(wanted):
    """An empty requirement, or one of both kinds, is refused when it is built."""
    fault = "Say what is required" if len(wanted) != 1 or None in wanted.values() else "An empty requirement would"
    with pytest.raises(ConfigurationError, match=f"^{fault}"):
        Requirement(**wanted)
    with pytest.raises(ConfigurationError, match=f"^{fault}"):
        PermissionSet.of("*").allows(**wanted)


@pytest.mark.parametrize("named", [7, None, [["a"]], [{}]])
def test_what_is_no_text_is_refused_for_that(named):
    """What is neither text nor permissions is named as that, even if it cannot be gone through or hashed."""
    with pytest.raises(InvalidPermission) as caught:
        PermissionSet.of(named)
    assert caught.value.reason == "not_text"


@pytest.mark.parametrize("kind", ["all_of", "any_of"])
@pytest.mark.parametrize("malformed", ["", "a:", 7, ["a", ""], ["a", None], [["a"]], b"a"])
def test_a_malformed_requirement_is_refused_when_built(kind, malformed):
    """No check can meet a malformed permission, because no requirement holds one."""
    with pytest.raises(InvalidPermission):
        Requirement(**{kind: malformed})


def test_bare_text_is_one_permission():
    """Text that is given alone is one permission, not a series of characters."""
    assert Requirement(all_of="docs") == Requirement(all_of=["docs"])
    assert not PermissionSet.of(["d", "o", "c", "s"]).allows(any_of="docs")
    assert PermissionSet.of("docs") == PermissionSet.of(["docs"])


def test_equal_requirements_are_equal():
    """Order, repetition and spelling of the permissions say nothing; all and any do."""
    forms = (["a:*", "b"], ("b", "a", "b"), iter([Permission.parse("b"), "a"]))
    assert all(first == second for first, second in pairwise(Requirement(all_of=form) for form in forms))
    assert Requirement(all_of=["a", "b"]) != Requirement(any_of=["a", "b"])


def test_a_requirement_reads_as_a_phrase():
    """A requirement names its permissions in canonical form, joined by and or or."""
    assert str(Requirement(all_of=["docs:write,read", "admin:*"])) == "admin and docs:read,write"
    assert str(Requirement(any_of=["b", "a"])) == "a or b"
