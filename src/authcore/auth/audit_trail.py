"""What operators do with the trail: sealing it, exporting its head, and verifying that nobody has touched it."""

from dataclasses import dataclass

from authcore import sealing
from authcore.auth.parts import Parts
from authcore.decisions import Decision
from authcore.entities import UNSEALED, AuditEvent, AuditSeal
from authcore.errors import ConfigurationError
from authcore.flows import Work
from authcore.inspection import Inspection
from authcore.ports import Catalogue, Reader, by_field, by_owner
from authcore.sealing import AuditHead, AuditReport

__all__ = ["AuditTrail"]


@dataclass(frozen=True, kw_only=True)
class AuditTrail(Parts):
    """The housekeeping of the trail; no endpoint offers it."""

    async def seal_audit(self, *, limit: int = 1000) -> int:
        """Seal what happened since the last time, in batches, until `limit` events are sealed; return how many were.

        Several processes may do so at the same time.
        """
        sealed = 0
        while sealed < limit:
            batch = await self._flows.run(self._seal)
            sealed += batch
            if batch < sealing.BATCH:
                break
        return sealed

    async def audit_head(self) -> AuditHead:
        """Return the head of the chain of seals, to be kept outside of the database."""
        return sealing.head_of(await _newest(self.store))

    async def verify_audit(self, *, head: AuditHead | None = None, since: AuditHead | None = None) -> AuditReport:
        """Return whatever was changed, removed or put in since it was sealed, having read the whole trail page by page.

        Without a `head` that was kept elsewhere nobody can tell if the newest batches were cut off.  With `since`, such
        a head too, nothing is said of what was sealed up to there: it may have been removed.

        Raises ConfigurationError for a store that is no Catalogue, and StoreFault for a row that could be no event.
        """
        if not isinstance(self.store, Catalogue):
            raise ConfigurationError("this store cannot list what it keeps, so that nobody can verify its trail")
        return await Inspection(self.store, self.store, self.keyring, head, since or AuditHead()).report()

    async def _seal(self, work: Work) -> Decision[int]:
        latest = await _newest(work)
        waiting = await work.find(by_field(AuditEvent, "batch", UNSEALED, limit=sealing.BATCH))
        kid = self.keyring.newest_kid
        key = self.keyring.derive(kid, sealing.AUDIT_KEY) or b""
        return sealing.seal(waiting, latest=latest, kid=kid, key=key, now=work.now)


async def _newest(reader: Reader) -> AuditSeal | None:
    found = await reader.find(by_owner(AuditSeal, sealing.CHAIN, limit=1))
    return found[0] if found else None
