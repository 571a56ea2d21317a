"""What flows share that count: guesses at a password, what a network does, and codes that are sent.

No use case is here, nor what a count leads to: that is decided in `throttling`.
"""

from dataclasses import dataclass
from typing import cast

from authcore import accounts, challenges, recovery, throttling
from authcore.auth.parts import Parts
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, Credential, Device, TwoStepSession
from authcore.errors import PasswordMismatch
from authcore.flows import Work
from authcore.identifiers import CanonicalIdentifier, recognise
from authcore.lookups import count_of, failures_of, password_of
from authcore.occasion import Occasion
from authcore.principal import Principal
from authcore.recovery import NAME_KEY
from authcore.throttle import Throttle
from authcore.throttling import Counted
from authcore.tokens import Reference

__all__ = ["Counting"]


@dataclass(frozen=True, kw_only=True)
class Counting(Parts):
    """The parts, and what is counted by means of them."""

    async def _confirmed(
        self, work: Work, reference: Reference, device: Device | None, given: str
    ) -> Decision[tuple[Principal, Credential]]:
        """Return who calls and knows the current password as well; a wrong one is counted, against the account."""
        calling = await self._identified(work, reference, device)
        if calling.outcome is None:
            return calling.refused()
        known = await self._known_password(work, calling.outcome.account, given)
        if known.outcome is None:
            return known.refused()
        return accept((calling.outcome, known.outcome), known.writes)

    async def _known_password(self, work: Work, account: Account, given: str) -> Decision[Credential]:
        """Return the credential of whoever knows the current password; a wrong one is counted, against the account."""
        against = accounts.password_id(account.id)
        failing = await failures_of(work, against, self.policy.password_failures)
        throttled = throttling.may_fail(failing, now=work.now)
        if throttled is not None:
            return refuse(throttled)
        credential = await password_of(work, account)
        if credential is None or not await work.costly(self.hasher.verify, credential.secret, given):
            return refuse(PasswordMismatch(), [throttling.failed(failing, now=work.now)])
        return accept(credential, throttling.forgotten(failing, now=work.now))

    async def _admitted(self, work: Work, occasion: Occasion, what: str, throttle: Throttle) -> Decision[None]:
        """Count what a client does among what its network does; or refuse it, if that was too much already."""
        return throttling.admit(occasion, [await self._of_network(work, occasion, what, throttle)])

    async def _of_network(self, work: Work, occasion: Occasion, what: str, throttle: Throttle) -> Counted:
        """Read how often a client's network has done it."""
        return await count_of(work.weak, throttling.network_subject(what, occasion.device.network), throttle)

    async def _of_messages(self, work: Work, purpose: str) -> Counted:
        """Read how many codes went out of late, to whomever, of those whom such a purpose is there for."""
        overall = throttling.messages_subject(challenges.askers(purpose))
        return await count_of(work.weak, overall, self.policy.messages_overall)

    async def _of_letters(self, work: Work, purpose: str, digest: str) -> list[Counted]:
        """Read how many codes went out of late: in all, and for the like to the address that has this digest."""
        alike = throttling.address_subject(challenges.counted_as(purpose), digest)
        return [
            await self._of_messages(work, purpose),
            await count_of(work.weak, alike, self.policy.codes_per_address),
        ]

    async def _counted(
        self, work: Work, occasion: Occasion, decided: Decision[TwoStepSession], *counts: Counted
    ) -> Decision[TwoStepSession]:
        """Count the code that a decision sends, and in `counts` as well; or refuse it, if that was too much already."""
        challenge = decided.outcome
        if challenge is None:
            # Whoever knocks at a challenge that is over fills no store.
            return decided
        # Nobody has no address, nor has whoever was erased, and each is counted alone like an address.
        address = challenge.destination
        digest = self._digest_of(recognise(address)) if address else challenge.account_id or ""
        letters = await self._of_letters(work, challenge.purpose, digest)
        admitted = throttling.admit(occasion, [*counts, *letters])
        return decided.also(admitted.writes) if admitted.refusal is None else admitted.refused()

    def _digest_of(self, name: CanonicalIdentifier) -> str:
        """Return what stands for a name that is only counted; the newest key makes it."""
        return recovery.digest_of(name, key=cast("bytes", self.keyring.derive(self.keyring.newest_kid, NAME_KEY)))
