"""Deciding about roles, who has them, and who needs them.

Nothing here performs I/O, reads a clock or draws randomness.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import final

from authcore import audit
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuditEvent, AuditKind, Entity, Grant, Role
from authcore.errors import AccountNotFound, ConfigurationError, InvalidInput, RoleMismatch
from authcore.occasion import Occasion
from authcore.permissions import Holder, Permission, check_stated

__all__ = ["RoleDefinition", "RoleRequirement", "assign", "define", "grant_id", "withdraw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDefinition:
    """What a role is meant to grant: permissions in canonical form, sorted; None for whatever it grants already."""

    name: str
    permissions: tuple[str, ...] | None
    description: str = ""


@final
@dataclass(frozen=True, slots=True, init=False)
class RoleRequirement:
    """Which roles a caller must have: all of some, or any of them; refused when built if empty or malformed.

    A permission says what somebody may do, and outlives a new order of roles: prefer one where there is a choice.
    """

    all_of: tuple[str, ...]
    any_of: tuple[str, ...]

    def __init__(self, *, all_of: Iterable[str] | None = None, any_of: Iterable[str] | None = None) -> None:
        object.__setattr__(self, "all_of", _names(all_of))
        object.__setattr__(self, "any_of", _names(any_of))
        check_stated(all_of, any_of, named=self.all_of or self.any_of)

    def met_by(self, roles: Collection[str]) -> bool:
        """Tell whether somebody with these roles meets the requirement; names are compared exactly."""
        return all(name in roles for name in self.all_of) if self.all_of else any(name in roles for name in self.any_of)

    def holds_for(self, holder: Holder, /) -> bool:
        """Tell whether somebody's roles meet the requirement."""
        return self.met_by(holder.roles)

    def __str__(self) -> str:
        return " and ".join(self.all_of) or " or ".join(self.any_of)


def define(name: str, permissions: Iterable[str] | None, description: str = "") -> RoleDefinition:
    """Return a checked definition; raises InvalidPermission, or InvalidInput for a name with no visible text."""
    _check_name(name)
    canonical = None if permissions is None else tuple(sorted({str(Permission.parse(text)) for text in permissions}))
    return RoleDefinition(name=name, permissions=canonical, description=description)


def grant_id(account_id: str, role: str) -> str:
    """Return the id of the grant of one role to one account."""
    return f"{account_id}:{role}"


def assign(
    occasion: Occasion, *, definition: RoleDefinition, account: Account | None, role: Role | None, grant: Grant | None
) -> Decision[Grant]:
    """Decide to give a role to an account, creating the role if it is new.

    What an existing role grants is never changed on the way: a definition that differs from it is refused.
    """
    if account is None or account.deleted_at is not None:
        return refuse(AccountNotFound())
    known = None if role is None or role.deleted_at is not None else role
    if known is None and definition.permissions is None:
        return refuse(InvalidInput("role", "unknown"))
    if known is not None and definition.permissions not in {None, known.permissions}:
        return refuse(RoleMismatch())
    created: list[Entity] = [] if known is not None else [_new_role(definition, role, now=occasion.now)]
    if grant is not None and grant.deleted_at is None:
        return accept(grant, created)
    given = _given(grant, account, definition.name, now=occasion.now)
    return accept(given, [*created, given, _event(occasion, AuditKind.ROLE_ASSIGNED, given)])


def withdraw(occasion: Occasion, *, grant: Grant | None) -> Decision[bool]:
    """Decide to take a role from an account; tells whether it had it."""
    if grant is None or grant.deleted_at is not None:
        return accept(outcome=False)
    withdrawn = replace(grant, updated_at=occasion.now, deleted_at=occasion.now)
    return accept(outcome=True, writes=[withdrawn, _event(occasion, AuditKind.ROLE_WITHDRAWN, withdrawn)])


def _new_role(definition: RoleDefinition, former: Role | None, *, now: datetime) -> Role:
    return Role(
        id=definition.name,
        version=0 if former is None else former.version,
        created_at=now,
        updated_at=now,
        description=definition.description,
        permissions=definition.permissions or (),
    )


def _given(former: Grant | None, account: Account, role: str, *, now: datetime) -> Grant:
    if former is not None:
        return replace(former, updated_at=now, deleted_at=None)
    return Grant(id=grant_id(account.id, role), created_at=now, updated_at=now, account_id=account.id, role=role)


def _event(occasion: Occasion, kind: AuditKind, grant: Grant) -> AuditEvent:
    return audit.record(occasion, kind, account_id=grant.account_id, reason=grant.role)


def _names(named: Iterable[str] | None) -> tuple[str, ...]:
    if isinstance(named, str):
        # Each of its characters would be a role.
        raise ConfigurationError(f"Write a collection of roles, such as [{named!r}]")
    names = () if named is None else tuple(named)
    for name in names:
        _check_name(name)
    return tuple(sorted(set(names)))


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.isprintable() or name != name.strip() or not name:
        raise InvalidInput("role", "malformed")
