"""Deciding about roles and who has them.  Nothing here performs I/O, reads a clock or draws randomness."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from authcore import audit
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuditEvent, AuditKind, Entity, Grant, Role
from authcore.errors import AccountNotFound, InvalidInput, RoleMismatch
from authcore.occasion import Occasion
from authcore.permissions import Permission

__all__ = ["RoleDefinition", "assign", "define", "grant_id", "withdraw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDefinition:
    """What a role is meant to grant: permissions in canonical form, sorted; None for whatever it grants already."""

    name: str
    permissions: tuple[str, ...] | None
    description: str = ""


def define(name: str, permissions: Iterable[str] | None, description: str = "") -> RoleDefinition:
    """Return a checked definition; raises InvalidPermission, or InvalidInput for a name with no visible text."""
    if not name.isprintable() or name != name.strip() or not name:
        raise InvalidInput("role", "malformed")
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
