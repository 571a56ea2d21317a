"""Making the first administrator: once, by whichever worker comes first."""

from collections.abc import Iterable
from dataclasses import dataclass

from authcore import bootstrap, roles
from authcore.auth.parts import Parts
from authcore.bootstrap import FirstAdministrator
from authcore.decisions import Decision, accept
from authcore.entities import Account, Milestone, Role
from authcore.flows import Work
from authcore.identifiers import canonical_email, canonical_username
from authcore.lookups import claim_on
from authcore.ports import by_id

__all__ = ["Bootstrap"]


@dataclass(frozen=True, kw_only=True)
class Bootstrap(Parts):
    """The flow that a server runs whenever it starts."""

    async def create_first_administrator(
        self, first: FirstAdministrator, *, role: str = "administrator", permissions: Iterable[str] = ("*",)
    ) -> Account | None:
        """Create an account that may do everything, once in the life of a store; return None if that was done before.

        Its address needs no code: an operator vouches for it.  Nothing is read of `first`, and nothing written, once
        there was a first administrator, whatever has become of the account, its password or its role since.

        Raises InvalidIdentifier, InvalidPassword and InvalidPermission; IdentifierTaken if another account, proven or
        not, holds the address or the username; and RoleMismatch if the role exists and grants something else.
        """
        occasion, salt, texts = self._operation(None), self._salt(), tuple(permissions)
        done = by_id(Milestone, bootstrap.FIRST_ADMINISTRATOR)

        async def decide(work: Work) -> Decision[Account | None]:
            if await work.get(done) is not None:
                return accept(None)
            definition = roles.define(role, texts)
            email = canonical_email(first.email)
            username = None if first.username is None else canonical_username(first.username)
            secret = self._new_password(first.password, email.value, "" if username is None else username.value)
            return bootstrap.create(
                occasion.at(work.now),
                definition=definition,
                secret=await work.costly(self.hasher.hash, secret, salt),
                email=await claim_on(work, email),
                username=None if username is None else await claim_on(work, username),
                role=await work.get(by_id(Role, role)),
                # Once more, and last: what another worker has just claimed must not look like a stranger's.
                done=await work.get(done),
            )

        return await self._flows.run(decide)
