"""The rows of sanic-security's tables, with the values that a driver returns.  What they mean is told elsewhere."""

from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["AccountRow", "AssignmentRow", "RoleRow", "RowId"]

RowId: TypeAlias = str | int
"""The id of a row: the text of a UUID, or a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """A row of `role`."""

    id: RowId
    date_created: object
    date_updated: object
    deleted: object
    name: object
    description: object
    permissions: object


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A row of `account`, with those of the roles that are assigned to it."""

    id: RowId
    date_created: object
    date_updated: object
    deleted: object
    username: object
    email: object
    phone: object
    password: object = field(repr=False)
    oauth_id: object
    disabled: object
    verified: object
    roles: tuple[RoleRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentRow:
    """A row of `account_role`."""

    account_id: RowId
    role_id: RowId
