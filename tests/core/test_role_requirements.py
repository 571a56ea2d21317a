"""Requirements about roles: what they say, whom they let in."""

import pickle
from types import SimpleNamespace

import pytest

from authcore.errors import ConfigurationError, InvalidInput, PermissionDenied
from authcore.permissions import PermissionSet, Requirement
from authcore.principal import Anonymous, Principal, authorize
from authcore.roles import RoleRequirement
from tests.core.test_principal import ACCOUNT, SESSION

CLERK = Principal(
    account=ACCOUNT, session=SESSION, roles=("clerk", "porter"), permissions=PermissionSet.of(["file:read"])
)


@pytest.mark.parametrize(
    ("wanted", "is_met"),
    [
        ({"all_of": ["clerk"]}, True),
        ({"all_of": ["clerk", "porter"]}, True),
        ({"all_of": ["clerk", "boss"]}, False),
        ({"any_of": ["boss", "clerk"]}, True),
        ({"any_of": ["boss", "cler", "Clerk"]}, False),
        ({"any_of": iter(["boss", "porter"])}, True),
    ],
)
def test_all_and_any_mean_all_and_any(wanted, is_met):
    """A requirement is met if somebody has all, or any, of its roles; names are compared exactly."""
    wanted = {kind: tuple(names) for kind, names in wanted.items()}
    assert CLERK.has_roles(**wanted) is RoleRequirement(**wanted).met_by(CLERK.roles) is is_met


@pytest.mark.parametrize(
    "wanted",
    [{}, {"all_of": ()}, {"any_of": []}, {"all_of": ["a"], "any_of": ["a"]}, {"all_of": "clerk"}, {"any_of": ""}],
)
def test_a_requirement_says_one_thing(wanted):
    """A requirement that is empty, of both kinds, or one text where a collection is meant, is refused."""
    with pytest.raises(ConfigurationError):
        RoleRequirement(**wanted)
    with pytest.raises(ConfigurationError):
        CLERK.has_roles(**wanted)


@pytest.mark.parametrize("name", ["", " clerk", "cl\nerk", None, 7])
def test_a_malformed_name_is_refused_when_built(name):
    """A name that no role can have is refused, not waited for."""
    with pytest.raises(InvalidInput):
        RoleRequirement(any_of=["clerk", name])


def test_a_text_is_no_collection():
    """One text is refused, not read as its letters, and the refusal says what to write."""
    with pytest.raises(ConfigurationError, match=r"^Write a collection of roles, such as \['clerk'\]$"):
        RoleRequirement(any_of="clerk")


def test_equal_requirements_are_equal():
    """Order and repetition say nothing; all and any do."""
    assert RoleRequirement(all_of=["b", "a", "b"]) == RoleRequirement(all_of=("a", "b"))
    assert RoleRequirement(all_of=["a"]) != RoleRequirement(any_of=["a"])
    assert pickle.loads(pickle.dumps(RoleRequirement(all_of=["a"]))) == RoleRequirement(all_of=["a"])  # noqa: S301


@pytest.mark.parametrize(
    "requirement",
    [
        RoleRequirement(all_of=["clerk", "porter"]),
        RoleRequirement(any_of=["boss", "clerk"]),
        Requirement(all_of="file:read"),
    ],
    ids=str,
)
def test_whoever_meets_it_is_let_in(requirement):
    """One gate judges requirements of either sort."""
    assert authorize(CLERK, requirement) is CLERK


@pytest.mark.parametrize(
    ("requirement", "cause"),
    [
        (RoleRequirement(all_of=["clerk", "boss"]), "boss and clerk"),
        (RoleRequirement(any_of=["boss", "owner"]), "boss or owner"),
        (Requirement(any_of="door"), "door"),
    ],
)
def test_whoever_does_not_is_denied(requirement, cause):
    """What was missing stands in the private cause only."""
    with pytest.raises(PermissionDenied) as caught:
        authorize(CLERK, requirement)
    assert caught.value.cause == cause
    assert cause not in str(caught.value)


def test_roles_and_permissions_are_no_substitutes():
    """A role that is called like a permission is not one, nor the other way round."""
    holder = SimpleNamespace(roles=("file",), permissions=PermissionSet.of(["clerk"]))
    assert not Requirement(all_of="file").holds_for(holder)
    assert not RoleRequirement(all_of=["clerk"]).holds_for(holder)


def test_nobody_has_no_roles():
    """Nobody in particular is refused for being nobody."""
    nobody = Anonymous()
    with pytest.raises(type(nobody.refusal)):
        authorize(nobody, RoleRequirement(any_of=["clerk"]))
