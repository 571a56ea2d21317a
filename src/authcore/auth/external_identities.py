"""Linking accounts with what identity providers call their owners."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from authcore import external_identities
from authcore.auth.parts import Parts
from authcore.decisions import Decision
from authcore.entities import Account, Identifier
from authcore.flows import Work
from authcore.identifiers import canonical_external
from authcore.lookups import claim_on
from authcore.ports import by_id

__all__ = ["ExternalIdentities"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ExternalIdentities(Parts):
    """The flows after an identity provider has said who somebody is, and the application has verified that it did.

    Issuer and subject are compared exactly as they are given (OpenID Connect's `iss` and `sub`).  Both flows raise
    AccountNotFound, and InvalidIdentifier for what no provider may say.
    """

    async def link_external_identity(self, account_id: str, *, issuer: str, subject: str) -> Identifier:
        """Make an external identity an account's; doing it again is no error, and the owner is told by message.

        Raises IdentifierTaken if it is another account's, even a deleted one's; and AccountUnverified and
        AccountDisabled.
        """
        return await self._decide(account_id, issuer, subject, external_identities.link)

    async def unlink_external_identity(self, account_id: str, *, issuer: str, subject: str) -> bool:
        """Part an account from an external identity, ending all its sessions, and tell whether it had it."""
        return await self._decide(account_id, issuer, subject, external_identities.unlink)

    async def _decide(self, account_id: str, issuer: str, subject: str, change: Callable[..., Decision[T]]) -> T:
        name, occasion = canonical_external(issuer, subject), self._operation(None)

        async def decide(work: Work) -> Decision[T]:
            account = await work.get(by_id(Account, account_id))
            return change(occasion.at(work.now), account=account, claim=await claim_on(work, name))

        return await self._flows.run(decide)
