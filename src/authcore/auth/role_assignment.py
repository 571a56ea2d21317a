"""What operators do with roles: giving, taking, and finding them."""

from collections.abc import Iterable
from dataclasses import dataclass

from authcore import roles
from authcore.auth.parts import Parts
from authcore.decisions import Decision
from authcore.entities import Account, Grant, Role
from authcore.flows import Work
from authcore.ports import by_id, by_owner

__all__ = ["RoleAssignment"]


@dataclass(frozen=True, kw_only=True)
class RoleAssignment(Parts):
    """The flows that no endpoint offers."""

    async def assign_role(
        self,
        *,
        account_id: str,
        role: str,
        permissions: Iterable[str] | None = None,
        description: str = "",
        by: str | None = None,
    ) -> Grant:
        """Give a role to an account; with `permissions`, the role is created if it is new.

        `by` is the id of the operator's own account, if he has one, and stands in the trail.

        Raises AccountNotFound; RoleMismatch if the role exists and grants something else; InvalidPermission; and
        InvalidInput for an unfit name, or a role that is unknown where no permissions are given.
        """
        definition, occasion = roles.define(role, permissions, description), self._operation(by)

        async def decide(work: Work) -> Decision[Grant]:
            return roles.assign(
                occasion.at(work.now),
                definition=definition,
                account=await work.get(by_id(Account, account_id)),
                role=await work.get(by_id(Role, role)),
                grant=await work.get(by_id(Grant, roles.grant_id(account_id, role))),
            )

        return await self._flows.run(decide)

    async def withdraw_role(self, *, account_id: str, role: str, by: str | None = None) -> bool:
        """Take a role from an account, and tell whether it had it."""
        occasion = self._operation(by)

        async def decide(work: Work) -> Decision[bool]:
            grant = await work.get(by_id(Grant, roles.grant_id(account_id, role)))
            return roles.withdraw(occasion.at(work.now), grant=grant)

        return await self._flows.run(decide)

    async def roles_of(self, account_id: str) -> tuple[Role, ...]:
        """Return the roles that an account has, in order of their names; none for what is no account.

        No flow lists all roles, or all accounts: a store finds things by their id and by their owner only.
        """
        grants = await self.store.find(by_owner(Grant, account_id))
        names = [grant.role for grant in grants if grant.deleted_at is None]
        found = [await self.find_role(name) for name in names]
        return tuple(role for role in found if role is not None)

    async def find_role(self, name: str) -> Role | None:
        """Return the role of a name, or None."""
        role = await self.store.get(by_id(Role, name))
        return None if role is None or role.deleted_at is not None else role
