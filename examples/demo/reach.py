"""Deciding whom an administrator may act upon, and which roles are theirs to give: nobody gains more than they have."""

from collections.abc import Iterable

from authcore import Principal, Role
from authcore.errors import InvalidInput, PermissionDenied
from examples.demo.roles import ROLES

__all__ = ["OutOfReach", "check_giving", "check_reach", "may_act_on", "may_give"]


class OutOfReach(PermissionDenied):
    """An account, or a role, that the caller's grants do not cover."""


def may_act_on(principal: Principal, account_id: str, roles: Iterable[Role]) -> bool:
    """Tell whether an account is somebody else's, and may do nothing that the principal may not."""
    # Not upon oneself: the last administrator would be gone by one careless click.
    return account_id != principal.account.id and all(may_give(principal, role.permissions) for role in roles)


def may_give(principal: Principal, permissions: Iterable[str]) -> bool:
    """Tell whether the principal's own grants imply all of these."""
    return all(principal.may(all_of=permission) for permission in permissions)


def check_reach(principal: Principal, account_id: str, roles: Iterable[Role]) -> None:
    """Raise OutOfReach unless the principal may act upon an account with these roles."""
    if not may_act_on(principal, account_id, roles):
        raise OutOfReach(cause="account")


def check_giving(principal: Principal, role: str) -> None:
    """Raise OutOfReach unless the principal may give or take a role, and InvalidInput if there is no such role."""
    if role not in ROLES:
        raise InvalidInput("role", "unknown")
    if not may_give(principal, ROLES[role]):
        raise OutOfReach(cause="role")
