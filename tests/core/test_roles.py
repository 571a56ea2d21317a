"""Deciding about roles and who has them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from authcore import roles
from authcore.decisions import Decision
from authcore.entities import Account, AuditKind, Device, Grant, Role
from authcore.errors import AccountNotFound, InvalidInput, InvalidPermission, RoleMismatch
from authcore.occasion import Ids, Occasion
from authcore.policy import Policy

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BEFORE = NOW - timedelta(days=1)  # when all that is stored was written
OCCASION = Occasion(
    now=NOW,
    device=Device(),
    policy=Policy(),
    ids=Ids(account="new-a", session="new-s", message="new-m", event="new-e", salt="new-salt"),
    code_key="k",
)
ACCOUNT = Account(id="a", version=1, created_at=BEFORE, updated_at=BEFORE)
ROLE = Role(id="clerk", version=2, created_at=BEFORE, updated_at=BEFORE, permissions=("file:read", "file:write"))
GRANT = Grant(id="a:clerk", version=3, created_at=BEFORE, updated_at=BEFORE, account_id="a", role="clerk")
SAME = roles.define("clerk", ["file:write", "file:read"])


def _assign(**changes: object) -> Decision[Grant]:
    return roles.assign(OCCASION, **{"definition": SAME, "account": ACCOUNT, "role": ROLE, "grant": None} | changes)


class TestDefining:
    """What a role is meant to grant."""

    def test_permissions_are_canonical(self):
        """Permissions are written in canonical form, sorted, each once, so that equal definitions are equal."""
        assert roles.define("clerk", ["file:write", "file:read:*", "file:read", "file:read,write"]).permissions == (
            "file:read",
            "file:read,write",
            "file:write",
        )

    def test_no_permissions_is_not_none(self):
        """None means whatever the role grants already, and an empty list means nothing at all."""
        assert (roles.define("clerk", None).permissions, roles.define("clerk", []).permissions) == (None, ())

    def test_descriptions_may_be_left_out(self):
        """A role is described only if somebody says so."""
        assert roles.define("clerk", None).description == ""

    @pytest.mark.parametrize("name", ["clerk", "a b", "Ärztin", "管理者", "a:b", "-"])
    def test_visible_names_are_accepted(self, name):
        """A name is any printable text without white space at its edges."""
        assert roles.define(name, None).name == name

    @pytest.mark.parametrize(
        "name", ["", " ", " clerk", "clerk ", "cl\nerk", "\u200bclerk", "a\0", "\ud800", "a\u2028b"]
    )
    def test_other_names_are_refused(self, name):
        """A name that cannot be seen, or not be told from another, is malformed."""
        with pytest.raises(InvalidInput) as caught:
            roles.define(name, None)
        assert (caught.value.field, caught.value.reason) == ("role", "malformed")

    @pytest.mark.parametrize("permission", ["", "a::b", " a", "a:\n"])
    def test_malformed_permissions_are_refused(self, permission):
        """A malformed permission is refused when the role is defined, never when it is checked."""
        with pytest.raises(InvalidPermission):
            roles.define("clerk", ["fine", permission])


class TestAssigning:
    """Giving a role to an account."""

    def test_an_existing_role_is_given(self):
        """An account gets a grant of the role, and the trail says so; the role is not written."""
        decision = _assign()
        given, event = decision.writes
        assert decision.outcome is given
        assert given == Grant(id="a:clerk", created_at=NOW, updated_at=NOW, account_id="a", role="clerk")
        assert (event.kind, event.account_id, event.reason) == (AuditKind.ROLE_ASSIGNED, "a", "clerk")

    def test_a_new_role_is_created(self):
        """A role that does not exist yet is created as defined, in the same decision."""
        definition = roles.define("clerk", ["file:read"], "reads")
        role, _, _ = _assign(role=None, definition=definition).writes
        assert role == Role(id="clerk", created_at=NOW, updated_at=NOW, description="reads", permissions=("file:read",))

    def test_a_deleted_role_is_created_anew(self):
        """A role that was deleted is created at its version, with what it grants now and not what it granted then."""
        deleted = replace(ROLE, deleted_at=NOW)
        role = _assign(role=deleted, definition=roles.define("clerk", ["file:read"])).writes[0]
        assert (role.version, role.deleted_at, role.permissions) == (2, None, ("file:read",))

    @pytest.mark.parametrize("account", [None, replace(ACCOUNT, deleted_at=NOW)])
    def test_nobody_gets_no_role(self, account):
        """An account that is not there, or deleted, is not found, and no role is created."""
        decision = _assign(account=account, role=None)
        assert (type(decision.refusal), decision.writes) == (AccountNotFound, ())

    @pytest.mark.parametrize("role", [None, replace(ROLE, deleted_at=NOW)])
    def test_an_unknown_role_needs_a_definition(self, role):
        """Without permissions a role that does not exist is unknown."""
        decision = _assign(role=role, definition=roles.define("clerk", None))
        assert (decision.refusal.field, decision.refusal.reason) == ("role", "unknown")
        assert decision.writes == ()

    @pytest.mark.parametrize("permissions", [[], ["file:read"], ["file:read", "file:write", "x"], ["file"], ["*"]])
    def test_a_role_is_never_changed_on_the_way(self, permissions):
        """A definition that differs from the existing role is refused."""
        decision = _assign(definition=roles.define("clerk", permissions))
        assert (type(decision.refusal), decision.writes) == (RoleMismatch, ())

    @pytest.mark.parametrize("permissions", [None, ["file:write", "file:read"], ["file:read:*", "file:write"]])
    def test_an_equal_definition_is_fine(self, permissions):
        """Without permissions, or with equal ones in any order and spelling, the existing role is given."""
        assert _assign(definition=roles.define("clerk", permissions)).refusal is None

    def test_assigning_twice_is_no_error(self):
        """Who has the role already keeps the grant, and nothing is written."""
        decision = _assign(grant=GRANT)
        assert (decision.outcome, decision.writes) == (GRANT, ())

    def test_who_has_a_role_that_is_gone_gets_it_anew(self):
        """The role of a grant that is there already is created if it is not, and nothing else is written."""
        decision = _assign(role=None, grant=GRANT)
        assert (decision.outcome, [write.id for write in decision.writes]) == (GRANT, ["clerk"])

    def test_a_withdrawn_grant_is_given_again(self):
        """A grant that was withdrawn is given again at its version."""
        assert _assign(grant=replace(GRANT, deleted_at=BEFORE)).outcome == replace(GRANT, updated_at=NOW)

    def test_names_are_bounded(self):
        """A name that is too long for a grant and for the trail is refused as input."""
        with pytest.raises(InvalidInput) as caught:
            _assign(role=None, definition=roles.define("x" * 65, []))
        assert caught.value.reason == "too_long"


class TestWithdrawing:
    """Taking a role from an account."""

    def test_a_grant_is_kept_and_deleted(self):
        """A withdrawn grant is deleted and so remembered, and the trail says so."""
        decision = roles.withdraw(OCCASION, grant=GRANT)
        withdrawn, event = decision.writes
        assert decision.outcome is True
        assert withdrawn == replace(GRANT, updated_at=NOW, deleted_at=NOW)
        assert (event.kind, event.account_id, event.reason) == (AuditKind.ROLE_WITHDRAWN, "a", "clerk")

    @pytest.mark.parametrize("grant", [None, replace(GRANT, deleted_at=NOW)])
    def test_withdrawing_nothing_is_no_error(self, grant):
        """Where there is no grant any more, nothing is written."""
        decision = roles.withdraw(OCCASION, grant=grant)
        assert (decision.outcome, decision.writes) == (False, ())


def test_grants_have_one_id():
    """The grant of a role to an account has one id, so that there is never a second one."""
    assert roles.grant_id("a", "clerk") == "a:clerk"
