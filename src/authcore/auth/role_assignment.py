"""What operators do: finding accounts, and giving and taking roles."""

from collections.abc import Iterable
from dataclasses import dataclass

from authcore import roles
from authcore.auth.parts import Parts
from authcore.decisions import Decision
from authcore.entities import Account, Grant, Role
from authcore.flows import Work
from authcore.identifiers import recognise
from authcore.lookups import claim_on
from authcore.ports import by_id

__all__ = ["RoleAssignment"]


@dataclass(frozen=True, kw_only=True)
class RoleAssignment(Parts):
    """The flows that no endpoint offers."""

    async def assign_role(
        self, *, account_id: str, role: str, permissions: Iterable[str] | None = None, description: str = ""
    ) -> Grant:
        """Give a role to an account; with `permissions`, the role is created if it is new.

        Raises AccountNotFound; RoleMismatch if the role exists and grants something else; InvalidPermission; and
        InvalidInput for an unfit name, or a role that is unknown where no permissions are given.
        """
        definition, occasion = roles.define(role, permissions, description), self._occasion()

        async def decide(work: Work) -> Decision[Grant]:
            return roles.assign(
                occasion.at(work.now),
                definition=definition,
                account=await work.get(by_id(Account, account_id)),
                role=await work.get(by_id(Role, role)),
                grant=await work.get(by_id(Grant, roles.grant_id(account_id, role))),
            )

        return await self._flows.run(decide)

    async def withdraw_role(self, *, account_id: str, role: str) -> bool:
        """Take a role from an account, and tell whether it had it."""
        occasion = self._occasion()

        async def decide(work: Work) -> Decision[bool]:
            grant = await work.get(by_id(Grant, roles.grant_id(account_id, role)))
            return roles.withdraw(occasion.at(work.now), grant=grant)

        return await self._flows.run(decide)

    async def find_account(self, identifier: str) -> Account | None:
        """Return the account that an identifier names, proven or not, or None: for operators and scripts.

        Raises InvalidIdentifier.  No endpoint may tell a stranger what this returns.
        """
        holder = (await claim_on(self.store, recognise(identifier))).holder
        return None if holder is None or holder.decoy or holder.deleted_at is not None else holder
