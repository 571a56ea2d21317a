"""Codes for whatever an application wants confirmed by somebody who is logged in."""

from dataclasses import dataclass

from authcore import accounts, addresses, challenges
from authcore.auth.counting import Counting
from authcore.auth.parts import Issued
from authcore.decisions import Decision
from authcore.entities import Device, TwoStepSession
from authcore.flows import Work
from authcore.lookups import challenged, slot_of, wanted_address
from authcore.tokens import TokenKind

__all__ = ["TwoStep"]


@dataclass(frozen=True, kw_only=True)
class TwoStep(Counting):
    """The flows of a challenge that a session asked for."""

    async def request_two_step(
        self, *, token: str, purpose: str, device: Device | None = None
    ) -> Issued[TwoStepSession]:
        """Send a code to the caller's own address, for one purpose of the application.

        A purpose is 1 to 20 ASCII letters, digits and hyphens.  A newer code ends older ones for the same purpose.
        Raises InvalidToken for a session that does not count, InvalidInput for a malformed or reserved purpose, and
        Throttled after too many codes.
        """
        challenges.check_purpose(purpose)
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)

        async def decide(work: Work) -> Decision[TwoStepSession]:
            calling = await self._identified(work, reference, device)
            if calling.outcome is None:
                return calling.refused()
            account, now = calling.outcome.account, occasion.at(work.now)
            requested = challenges.request(
                now,
                account=account,
                slot=await slot_of(work, account, purpose),
                purpose=purpose,
                destination=accounts.address_of(account),
                asked_by=reference.id,
            )
            return (await self._counted(work, now, requested)).also(calling.writes)

        return self._issued(TokenKind.TWO_STEP, await self._flows.run(decide))

    async def answer_two_step(
        self, *, token: str, challenge: str, purpose: str, code: str, device: Device | None = None
    ) -> TwoStepSession:
        """Answer a code that this very session asked for, for this purpose, and return the spent challenge.

        Raises InvalidToken for either token, and like `verify_account` for the code.
        """
        challenges.check_purpose(purpose)
        asking, reference = self._decode(TokenKind.AUTHENTICATION, token), self._decode(TokenKind.TWO_STEP, challenge)
        occasion = self._occasion(device)

        async def decide(work: Work) -> Decision[TwoStepSession]:
            calling = await self._identified(work, asking, device)
            if calling.outcome is None:
                return calling.refused()
            asked = await challenged(work, reference.id)
            answered = self._answer(occasion.at(work.now), asked, purpose=purpose, code=code, asked_by=asking.id)
            return answered.also(calling.writes)

        return await self._flows.run(decide)

    async def resend_code(self, challenge: str, *, device: Device | None = None) -> TwoStepSession:
        """Send the very code of a challenge once more, whatever it is for: a registration, recovery, a purpose.

        `challenge` is the challenge's token, which goes on to hold.  Raises InvalidToken if it is none, ChallengeEnded
        when there is nothing to send any more, ResendLimit after `Policy.code_sendings`, and Throttled after too many
        codes.
        """
        reference, occasion = self._decode(TokenKind.TWO_STEP, challenge), self._occasion(device)

        async def decide(work: Work) -> Decision[TwoStepSession]:
            now, asked = occasion.at(work.now), await challenged(work, reference.id)
            claim = await wanted_address(work, asked.challenge)
            is_withheld = addresses.is_withheld(asked, claim)
            return await self._counted(work, now, challenges.resend(now, asked, is_withheld=is_withheld))

        return await self._flows.run(decide)
