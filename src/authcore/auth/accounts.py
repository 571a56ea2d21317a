"""What operators do with accounts: finding them, and changing their state."""

from collections.abc import Callable
from dataclasses import dataclass

from authcore import accounts, lifecycle
from authcore.accounts import Claim
from authcore.auth.parts import Parts
from authcore.decisions import Decision
from authcore.entities import Account, Identifier
from authcore.errors import ConfigurationError
from authcore.flows import Work
from authcore.identifiers import (
    canonical_email,
    canonical_external,
    canonical_phone,
    canonical_username,
    recognise,
)
from authcore.lookups import claim_on, password_of
from authcore.occasion import Occasion
from authcore.ports import by_id, by_owner

__all__ = ["Accounts"]


@dataclass(frozen=True, kw_only=True)
class Accounts(Parts):
    """The flows that an operator runs, about whoever it may be; no endpoint offers them.

    Each change ends all sessions and open challenges of the account.  Each raises AccountNotFound for what is no
    account, or is deleted where that is not what it is about, and StateUnchanged if the account is so already.  `by` is
    the id of the operator's own account, if he has one, and stands in the trail.
    """

    async def disable_account(self, account_id: str, *, by: str | None = None) -> Account:
        """Keep somebody out, by any way in, until the account is enabled again."""
        return await self._change(account_id, lifecycle.disable, by)

    async def enable_account(self, account_id: str, *, by: str | None = None) -> Account:
        """Let somebody in again; what was open before stays closed."""
        return await self._change(account_id, lifecycle.enable, by)

    async def delete_account(self, account_id: str, *, by: str | None = None) -> Account:
        """Hide an account from every look-up; what is kept of it can be restored.

        Its names stay taken.  Those of an account that was never proven are free at once.
        """
        occasion = self._operation(by)

        async def decide(work: Work) -> Decision[Account]:
            account = await work.get(by_id(Account, account_id))
            held = await work.find(by_owner(Identifier, account_id))
            return lifecycle.delete(occasion.at(work.now), account=account, held=held)

        return await self._flows.run(decide)

    async def restore_account(self, account_id: str, *, by: str | None = None) -> Account:
        """Show a deleted account again, with its password and roles, in the state in which it was deleted.

        Raises IdentifierTaken if another account holds one of its names by now, and AccountErased where nothing is
        kept that could be restored.
        """
        occasion = self._operation(by)

        async def decide(work: Work) -> Decision[Account]:
            account = await work.get(by_id(Account, account_id))
            claims = [await claim_on(work, name) for name in lifecycle.names_shown(account)]
            return lifecycle.restore(occasion.at(work.now), account=account, claims=claims)

        return await self._flows.run(decide)

    async def confirm_account(self, account_id: str, *, by: str | None = None) -> Account:
        """Prove an account's address by an operator's word instead of a code."""
        occasion = self._operation(by)

        async def decide(work: Work) -> Decision[Account]:
            account = await work.get(by_id(Account, account_id))
            return lifecycle.confirm(occasion.at(work.now), account=account, claim=await _address_of(work, account))

        return await self._flows.run(decide)

    async def require_second_factor(self, account_id: str, *, required: bool = True, by: str | None = None) -> Account:
        """Choose whether somebody's password alone is enough; the owner is told by message."""

        def decide(occasion: Occasion, *, account: Account | None) -> Decision[Account]:
            return lifecycle.require_second_factor(occasion, account=account, required=required)

        return await self._change(account_id, decide, by)

    async def require_recovery(self, account_id: str, *, by: str | None = None) -> Account:
        """Have no password open an account until its owner has set a new one by recovery; the owner is told by message.

        For a password that has become known: nobody but the owner learns, or chooses, the next one (OWASP ASVS 6.4.6).
        Raises AccountUnverified where no address is proven that a code could be sent to.
        """
        occasion = self._operation(by)

        async def decide(work: Work) -> Decision[Account]:
            account = await work.get(by_id(Account, account_id))
            return lifecycle.require_recovery(
                occasion.at(work.now),
                account=account,
                credential=await password_of(work, account),
                secret=self.hasher.dummy(),
            )

        return await self._flows.run(decide)

    async def find_account(
        self,
        identifier: str | None = None,
        *,
        account_id: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        username: str | None = None,
        external: tuple[str, str] | None = None,
        deleted: bool = False,
    ) -> Account | None:
        """Return the account that is meant by one of these, proven or not, or None: for operators and scripts.

        `identifier` is an email address, phone number or username, whichever it looks like; `external` an issuer and a
        subject.  With `deleted`, an account that was deleted is found as well, as long as its names are its own.
        Raises InvalidIdentifier, and ConfigurationError unless exactly one is given.  No endpoint may tell a stranger
        what this returns.
        """
        typed = (
            (recognise, identifier),
            (canonical_email, email),
            (canonical_phone, phone),
            (canonical_username, username),
        )
        names = [read(text) for read, text in typed if text is not None]
        names += [] if external is None else [canonical_external(*external)]
        if len(names) + (account_id is not None) != 1:
            raise ConfigurationError("Say which account is meant, by exactly one of the ways to name it.")
        by_name = (await claim_on(self.store, names[0])).holder if names else None
        found = by_name if account_id is None else await self.store.get(by_id(Account, account_id))
        hidden = found is None or found.decoy or (found.deleted_at is not None and not deleted)
        return None if hidden else found

    async def _change(self, account_id: str, change: Callable[..., Decision[Account]], by: str | None) -> Account:
        occasion = self._operation(by)

        async def decide(work: Work) -> Decision[Account]:
            return change(occasion.at(work.now), account=await work.get(by_id(Account, account_id)))

        return await self._flows.run(decide)


async def _address_of(work: Work, account: Account | None) -> Claim | None:
    """Return the claim on the address that messages to an account go to."""
    address = "" if account is None else accounts.address_of(account)
    names = (name for name in lifecycle.names_shown(account) if name.display == address)
    name = next(names, None)
    return None if name is None else await claim_on(work, name)
