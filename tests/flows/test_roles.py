"""Giving and taking roles, and what they permit from then on.  What implies what is tested in core/."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore.entities import AuditEvent, AuditKind, Grant, Role
from authcore.errors import AccountNotFound, InvalidInput, InvalidPermission, PermissionDenied, RoleMismatch
from authcore.permissions import Requirement
from authcore.principal import authorize
from authcore.roles import RoleRequirement
from tests.flows.people import BOB, OTHER_PASSWORD, do, join, kept, log_in, put, refusal, role


@pytest.fixture(params=[0, 5], ids=["asking", "recalling"])
def revocation_within(request):
    """Whether each request asks the store, or goes by what was read before: in one process nobody can tell."""
    return timedelta(minutes=request.param)


@pytest.fixture
def account(auth):
    """Ada has an account."""
    return join(auth)


@pytest.fixture
def session(auth, account):
    """She is logged in."""
    return log_in(auth)


def assign(auth, account, name="editor", permissions=("article:write",), **more):
    """Give a role."""
    return do(auth.assign_role(account_id=account.id, role=name, permissions=permissions, **more))


def attempt(auth, account, name="editor", permissions=("article:write",)):
    """How giving a role is refused; None if it is not."""
    return refusal(auth.assign_role(account_id=account.id, role=name, permissions=permissions))


# --- giving -----------------------------------------------------------------------------------------------------------


def test_role_counts_on_the_next_request(auth, account, session):
    """A role is effective for a session that was open before."""
    assert not do(auth.authenticate(session.token)).may(all_of="article:write")
    assign(auth, account)
    principal = do(auth.authenticate(session.token))
    assert principal.roles == ("editor",)
    assert principal.may(all_of="article:write")
    assert not principal.may(all_of="article:delete")


def test_authorize_refuses_what_is_not_granted(auth, account, session):
    """What no grant implies is PermissionDenied, with what was missing in its private cause only."""
    assign(auth, account)
    principal = do(auth.authenticate(session.token))
    assert authorize(principal, Requirement(all_of="article:write")) is principal
    with pytest.raises(PermissionDenied) as denied:
        authorize(principal, Requirement(all_of="article:delete"))
    assert denied.value.cause == "article:delete"
    assert "article" not in str(denied.value)


def test_new_role_is_created(auth, account):
    """With permissions, a role that is new is created, in canonical form; grant, role and trail are one commit."""
    auth.store.commits.clear()
    assign(auth, account, permissions=["b:*", "a:x", "a:x"], description="Edits")
    created = role(auth, "editor")
    assert (created.permissions, created.description) == (("a:x", "b"), "Edits")
    (writes,) = auth.store.commits
    assert sorted(type(entity).__name__ for entity in writes) == ["AuditEvent", "Grant", "Role"]


def test_role_may_permit_nothing(auth, account, session):
    """A role without permissions can be given: somebody may only want its name."""
    assign(auth, account, permissions=())
    assert do(auth.authenticate(session.token)).roles == ("editor",)


def test_known_role_needs_no_permissions(auth, account):
    """A role that exists is given by its name alone, and what it grants stays."""
    assign(auth, account)
    bob = join(auth, BOB, OTHER_PASSWORD)
    before = role(auth, "editor")
    assign(auth, bob, permissions=None)
    assert role(auth, "editor") == before


def test_same_definition_is_no_mismatch(auth, account):
    """Naming what the role grants already, in another order or spelling, is not a change."""
    assign(auth, account, permissions=["a:x", "b"])
    bob = join(auth, BOB, OTHER_PASSWORD)
    assert attempt(auth, bob, permissions=["b:*", "a:x"]) is None


@pytest.mark.parametrize("permissions", [(), ("article",), ("article:write", "x"), ("article:read",)])
def test_other_definition_is_refused(auth, account, permissions):
    """A role is never changed on the way: another definition is RoleMismatch, and nothing is stored."""
    assign(auth, account)
    bob = join(auth, BOB, OTHER_PASSWORD)
    auth.store.commits.clear()
    assert type(attempt(auth, bob, permissions=permissions)) is RoleMismatch
    assert not auth.store.commits


def test_unknown_role_needs_permissions(auth, account):
    """A role that nobody has defined cannot be given by its name alone."""
    refused = attempt(auth, account, permissions=None)
    assert type(refused) is InvalidInput
    assert (refused.field, refused.reason) == ("role", "unknown")


def test_second_time_changes_nothing(auth, account):
    """Giving a role that the account has returns the grant, and writes nothing."""
    first = assign(auth, account)
    auth.store.commits.clear()
    assert assign(auth, account).id == first.id
    assert not auth.store.commits


def test_unknown_account_is_refused(auth, account):
    """Nobody is given a role who is not there, or was deleted; and the role is not created on the way."""
    for nobody in (replace(account, id="nobody"), put(auth, account, deleted_at=auth.clock.now())):
        assert type(attempt(auth, nobody)) is AccountNotFound
    assert role(auth, "editor") is None


@pytest.mark.parametrize("name", ["", " ", " editor", "editor ", "a\nb", "a\0b", "\x1b[0m", "\ud800", "x" * 65])
def test_unfit_name_is_refused(auth, account, name):
    """A name without visible text, or that no store could keep, is refused, and nothing is stored."""
    auth.store.commits.clear()
    assert isinstance(attempt(auth, account, name), InvalidInput)
    assert not auth.store.commits


@pytest.mark.parametrize("permission", ["", ":", "a:", ":a", "a::b", "a,:b", " a", "a b:\n"])
def test_malformed_permission_is_refused(auth, account, permission):
    """A malformed permission is refused when the role is made, and nothing is stored."""
    auth.store.commits.clear()
    assert type(attempt(auth, account, permissions=[permission])) is InvalidPermission
    assert not auth.store.commits


def test_roles_add_up(auth, account, session):
    """Several roles permit what any of them permits; each counts for itself."""
    assign(auth, account)
    assign(auth, account, "reader", ["article:read"])
    principal = do(auth.authenticate(session.token))
    assert set(principal.roles) == {"editor", "reader"}
    assert principal.may(all_of=["article:read", "article:write"])
    assert not principal.may(all_of="article:read,write")


def test_role_is_of_one_account(auth, account, session):
    """Giving Bob a role gives Ada nothing."""
    assign(auth, join(auth, BOB, OTHER_PASSWORD))
    assert do(auth.authenticate(session.token)).roles == ()


# --- taking -----------------------------------------------------------------------------------------------------------


def test_withdrawal_counts_on_the_next_request(auth, account, session):
    """A withdrawn role permits nothing any more, in sessions that are open."""
    assign(auth, account)
    assert do(auth.withdraw_role(account_id=account.id, role="editor")) is True
    principal = do(auth.authenticate(session.token))
    assert principal.roles == ()
    assert not principal.may(any_of="article:write")


def test_second_withdrawal_is_no_error(auth, account):
    """Taking what is not there tells so, and writes nothing."""
    assign(auth, account)
    do(auth.withdraw_role(account_id=account.id, role="editor"))
    auth.store.commits.clear()
    for account_id, name in ((account.id, "editor"), (account.id, "unknown"), ("nobody", "editor"), ("", "")):
        assert do(auth.withdraw_role(account_id=account_id, role=name)) is False
    assert not auth.store.commits


def test_withdrawal_leaves_role_and_others_alone(auth, account):
    """The role itself stays, and so does everybody else's grant."""
    bob = join(auth, BOB, OTHER_PASSWORD)
    assign(auth, account)
    assign(auth, bob)
    bobs = log_in(auth, BOB, OTHER_PASSWORD)
    do(auth.withdraw_role(account_id=account.id, role="editor"))
    assert role(auth, "editor")
    assert do(auth.authenticate(bobs.token)).roles == ("editor",)


def test_withdrawn_role_can_be_given_again(auth, account, session):
    """A grant is remembered when it is withdrawn, and taken up again."""
    for _ in range(2):
        assign(auth, account)
        assert do(auth.authenticate(session.token)).roles == ("editor",)
        do(auth.withdraw_role(account_id=account.id, role="editor"))
    (grant,) = kept(auth, Grant)
    assert grant.deleted_at is not None


def test_deleted_role_permits_nothing(auth, account, session):
    """A role that was deleted permits nothing to those who have it still; made anew, it permits what it says then."""
    assign(auth, account)
    put(auth, role(auth, "editor"), deleted_at=auth.clock.now())
    assert do(auth.authenticate(session.token)).roles == ()
    assert isinstance(attempt(auth, account, permissions=None), InvalidInput)
    assign(auth, account, permissions=["other"])
    assert not do(auth.authenticate(session.token)).may(all_of="article:write")
    assert len(kept(auth, Role)) == 1


def test_trail_tells_of_both(auth, account):
    """One event tells of the giving, one of the taking, each with the role's name."""
    assign(auth, account)
    assign(auth, account)
    do(auth.withdraw_role(account_id=account.id, role="editor"))
    told = [(event.kind, event.reason) for event in kept(auth, AuditEvent) if event.reason == "editor"]
    assert told == [(AuditKind.ROLE_ASSIGNED, "editor"), (AuditKind.ROLE_WITHDRAWN, "editor")]


# --- finding ----------------------------------------------------------------------------------------------------------


def test_roles_of_an_account(auth, account):
    """The roles of an account are listed in order, without those that were withdrawn, or deleted."""
    for name in ("writer", "editor", "owner", "ghost"):
        assign(auth, account, name)
    do(auth.withdraw_role(account_id=account.id, role="writer"))
    put(auth, role(auth, "ghost"), deleted_at=auth.clock.now())
    assert [each.id for each in do(auth.roles_of(account.id))] == ["editor", "owner"]
    assert do(auth.roles_of("nobody")) == ()


def test_role_is_found_by_its_name(auth, account):
    """A role is found by its exact name, unless it was deleted."""
    assign(auth, account, "editor", description="Edits")
    assert do(auth.find_role("editor")).description == "Edits"
    assert do(auth.find_role("Editor")) is None
    put(auth, role(auth, "editor"), deleted_at=auth.clock.now())
    assert do(auth.find_role("editor")) is None


def test_role_may_be_required(auth, account, session):
    """A role counts on the next request for whoever has it, and no longer once it is withdrawn."""
    assign(auth, account, "editor", permissions=())
    wanted = RoleRequirement(any_of=["editor", "owner"])
    principal = do(auth.authenticate(session.token))
    assert authorize(principal, wanted) is principal
    assert principal.has_roles(all_of=["editor"])
    do(auth.withdraw_role(account_id=account.id, role="editor"))
    with pytest.raises(PermissionDenied):
        authorize(do(auth.authenticate(session.token)), wanted)
