"""Taking over what another system kept: accounts with their passwords, and roles."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from authcore import imported_accounts
from authcore.auth.parts import Parts
from authcore.decisions import Decision, accept
from authcore.entities import Milestone, Role
from authcore.flows import Work
from authcore.imported_accounts import AccountRecord, Imported, RoleRecord
from authcore.lookups import claim_on
from authcore.ports import by_id
from authcore.rehearsal import Rehearsal

__all__ = ["Imports"]


@dataclass(frozen=True, kw_only=True)
class Imports(Parts):
    """The flows of an import; no endpoint offers them, and they send nobody a message.

    What stands in the way of a record is returned, not raised, and then nothing of it is written.  With a `rehearsal`
    nothing is written at all: it is told what would come of the record, after those that were rehearsed before.
    """

    async def import_account(self, record: AccountRecord, *, rehearsal: Rehearsal | None = None) -> Imported:
        """Keep an account as it is elsewhere, once: a record that was imported before is left alone, and `known`.

        Its roles must be here already, as `import_role` keeps them.
        """
        reading, occasion = imported_accounts.read(record), self._operation(None)
        marked = by_id(Milestone, imported_accounts.milestone_id(record.origin, record.id))
        readable = record.secret is None or self.hasher.knows(record.secret)

        async def decide(work: Work) -> Decision[Imported]:
            if (done := await work.get(marked)) is not None:
                return accept(Imported(id=done.account_id, known=True))
            return imported_accounts.import_account(
                occasion.at(work.now),
                record=record,
                reading=reading,
                claims=[await claim_on(work, name) for name in reading.names],
                roles_here={role.name: await work.get(by_id(Role, role.name)) for role in record.roles},
                readable=readable,
                # Once more, and last: what another importer has just claimed must not look like a stranger's.
                done=await work.get(marked),
            )

        return await self._kept(decide, rehearsal)

    async def import_role(self, record: RoleRecord, *, rehearsal: Rehearsal | None = None) -> Imported:
        """Keep a role as it is elsewhere; one of that name that is here is `known` if it permits the same."""
        occasion = self._operation(None)

        async def decide(work: Work) -> Decision[Imported]:
            role = await work.get(by_id(Role, record.name))
            return imported_accounts.import_role(occasion.at(work.now), record=record, role=role)

        return await self._kept(decide, rehearsal)

    async def find_imported(self, origin: str, id_: str) -> str | None:
        """Return the id of the account that a record has become, whatever has become of the account since; or None."""
        done = await self.store.get(by_id(Milestone, imported_accounts.milestone_id(origin, id_)))
        return None if done is None else done.account_id

    async def _kept(
        self, decide: Callable[[Work], Awaitable[Decision[Imported]]], rehearsal: Rehearsal | None
    ) -> Imported:
        if rehearsal is None:
            return await self._flows.run(decide)
        decision = await self._flows.rehearse(decide, rehearsal)
        rehearsal.keep(decision.writes)
        return decision.settle()
