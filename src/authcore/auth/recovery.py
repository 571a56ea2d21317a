"""Recovering an account whose password was forgotten: asking for a code, and setting a new password by it."""

from dataclasses import dataclass
from typing import Final

from authcore import accounts, recovery, throttling
from authcore.auth.counting import Counting
from authcore.auth.parts import Issued
from authcore.decisions import Decision
from authcore.entities import Account, Device, TwoStepSession
from authcore.errors import InvalidIdentifier
from authcore.flows import Work
from authcore.identifiers import CanonicalIdentifier, IdentifierKind, recognise
from authcore.lookups import challenged, claim_on, count_of, failures_of, password_of
from authcore.occasion import Occasion
from authcore.throttling import network_subject
from authcore.tokens import TokenKind

__all__ = ["Recovery"]

_COUNTED_AS: Final = "recovery"


@dataclass(frozen=True, kw_only=True)
class Recovery(Counting):
    """The flows of somebody who has forgotten a password."""

    async def request_recovery(self, *, identifier: str, device: Device | None = None) -> Issued[TwoStepSession]:
        """Send a code to an email address or phone number, if an account that may be used has proven it.

        Whether there is one shows in nothing: for nobody the same is stored, and a message that is never sent.  An
        older code for the same address goes on to count.  Of many requests about one address only some send anything,
        see `Policy.recoveries_per_name`.

        Raises InvalidIdentifier for what is no address, a username too; and Throttled after too many from one network,
        or overall.
        """
        name = _address(identifier)
        digest = self._digest_of(name)
        occasion = self._occasion(device)

        async def decide(work: Work) -> Decision[TwoStepSession]:
            now = occasion.at(work.now)
            network = await self._of_network(work, now, _COUNTED_AS, self.policy.recoveries_per_network)
            admitted = throttling.admit(now, [network, await self._of_messages(work, recovery.PURPOSE)])
            if admitted.refusal is not None:
                return admitted.refused()
            sent = await self._sent(work, now, digest)
            account = recovery.named(await claim_on(work, name)) or recovery.nobody(now, digest=digest)
            if sent.refusal is not None:
                account = recovery.unheard(account)
            return recovery.request(now, account=account).also((*admitted.writes, *sent.writes))

        return self._issued(TokenKind.TWO_STEP, await self._flows.run(decide))

    async def recover(self, *, challenge: str, code: str, new_password: str, device: Device | None = None) -> Account:
        """Set a new password by the code that a challenge has sent, and return the account; nobody is logged in by it.

        Every session of the account, and every open challenge, ends.  Wrong passwords that were counted against it are
        forgotten: this is the way past `Policy.password_failures`.  A second factor goes on to be asked for.  The owner
        is told by message.

        `challenge` is the challenge's token.  Raises InvalidToken if it is none; InvalidPassword for an unfit new
        password, which spends no code; and like `verify_account` for the code.
        """
        # What is wrong with it in itself is told before anything is read; what is so for its account, only to whoever
        # has the right code.
        self._new_password(new_password, field="new_password")
        reference, occasion, salt = self._decode(TokenKind.TWO_STEP, challenge), self._occasion(device), self._salt()

        async def decide(work: Work) -> Decision[Account]:
            now, asked = occasion.at(work.now), await challenged(work, reference.id)
            answered = self._answer(now, asked, purpose=recovery.PURPOSE, code=code)
            account = asked.account
            if answered.outcome is None or account is None:
                return answered.refused()
            secret = self._new_password(new_password, *accounts.words_of(account), field="new_password")
            failing = await failures_of(work, accounts.password_id(account.id), self.policy.password_failures)
            return recovery.recover(
                now,
                answered,
                account=account,
                credential=await password_of(work, account),
                secret=await work.costly(self.hasher.hash, secret, salt),
            ).also(throttling.forgotten(failing, now=work.now))

        return await self._flows.run(decide)

    async def _sent(self, work: Work, occasion: Occasion, digest: str) -> Decision[None]:
        """Count a message to an address, known or not; a refusal says that none is to be sent any more."""
        each, subject = self.policy.recoveries_per_name, f"{_COUNTED_AS}/{digest}"
        by_network = network_subject(subject, occasion.device.network)
        counts = [
            await count_of(work.weak, subject, each),
            await count_of(work.weak, by_network, recovery.share(each)),
        ]
        return throttling.admit(occasion, counts)


def _address(identifier: str) -> CanonicalIdentifier:
    """Read where to send a code; what else names an account names no place, and would tell that the two are one's."""
    name = recognise(identifier)
    if name.kind is IdentifierKind.USERNAME:
        raise InvalidIdentifier("identifier", "no_address")
    return name
