"""What operators do with the trail: counting what was refused, sealing, and verifying."""

from collections.abc import Mapping
from dataclasses import dataclass

from authcore import refusals, sealing
from authcore.auth.parts import Parts
from authcore.decisions import Decision
from authcore.entities import UNSEALED, AuditEvent, AuditSeal, Device
from authcore.errors import AuthError, ConfigurationError
from authcore.flows import Work
from authcore.inspection import Inspection
from authcore.logbook import log_refusal
from authcore.ports import Catalogue, Reader, by_field, by_id, by_owner
from authcore.refusals import Refused
from authcore.sealing import AuditHead, AuditReport

__all__ = ["AuditTrail"]


@dataclass(frozen=True, kw_only=True)
class AuditTrail(Parts):
    """The housekeeping of the trail; no endpoint offers it."""

    def note_refusal(self, refusal: AuthError, *, device: Device | None = None) -> None:
        """Log a refusal, unless it was logged, and count it for the trail, unless an event tells of it already.

        For what answers requests; the adapters do so.  It may be called for every refusal, and several times for one.
        Nothing is read or written: see `record_refusals`.
        """
        log_refusal(refusal)
        self.refusals.note(refusal, network=(device or Device()).network)

    async def record_refusals(self) -> int:
        """Write what was counted since the last time: one event for each reason and network, in any one minute.

        Returns how many refusals were written.  If they could not be, they are still counted; where it is unknown
        whether they were, they may count twice.
        """
        counts = self.refusals.take()
        left: Mapping[Refused, int] = counts
        occasion, key = self._occasion(), self.keyring.derive(self.keyring.newest_kid, refusals.REFUSALS_KEY) or b""

        async def decide(work: Work) -> Decision[Mapping[Refused, int]]:
            now = occasion.at(work.now)
            ids = [refusals.event_id(now, refused, key) for refused in counts]
            found = [await work.get(by_id(AuditEvent, id_)) for id_ in ids]
            stored = {event.id: event for event in found if event is not None}
            return refusals.record(now, counts, stored=stored, key=key)

        try:
            left = await self._flows.run(decide)
        finally:
            self.refusals.give_back(left)
        return sum(counts.values()) - sum(left.values())

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
        a head too, nothing is said of what was sealed up to there: it may have been removed.  Whole batches that were
        sealed longer than `Policy.audit_retention` ago may be gone as well.

        Raises ConfigurationError for a store that is no Catalogue, and StoreFault for a row that could be no event.
        """
        if not isinstance(self.store, Catalogue):
            raise ConfigurationError("this store cannot list what it keeps, so that nobody can verify its trail")
        kept_for = self.policy.audit_retention
        kept_from = None if kept_for is None else self.clock.now() - kept_for
        return await Inspection(self.store, self.store, self.keyring, head, since or AuditHead(), kept_from).report()

    async def _seal(self, work: Work) -> Decision[int]:
        latest = await _newest(work)
        waiting = await work.find(by_field(AuditEvent, "batch", UNSEALED, limit=sealing.BATCH))
        kid = self.keyring.newest_kid
        key = self.keyring.derive(kid, sealing.AUDIT_KEY) or b""
        return sealing.seal(waiting, latest=latest, kid=kid, key=key, now=work.now)


async def _newest(reader: Reader) -> AuditSeal | None:
    found = await reader.find(by_owner(AuditSeal, sealing.CHAIN, limit=1))
    return found[0] if found else None
