"""The second factor: asking for its code, entering it, and choosing to need one."""

from dataclasses import dataclass

from authcore import second_factor
from authcore.auth.counting import Counting
from authcore.auth.parts import Issued
from authcore.decisions import Decision
from authcore.entities import AuthenticationSession, Device, TwoStepSession
from authcore.flows import Work
from authcore.lookups import challenged, slot_of
from authcore.passwords import normalise
from authcore.principal import Pending, identify_pending
from authcore.tokens import Reference, TokenKind

__all__ = ["SecondFactor"]


@dataclass(frozen=True, kw_only=True)
class SecondFactor(Counting):
    """The flows of a pending session, and those that make sessions begin as one."""

    async def request_second_factor(self, token: str, *, device: Device | None = None) -> Issued[TwoStepSession]:
        """Send a code to the account of a pending session; a newer code ends the older ones.

        Raises InvalidToken, SecondFactorFulfilled for a session that is whole, NotAuthenticated, and Throttled after
        too many codes.  Raises SecondFactorUnavailable for an account without an address that
        `Policy.second_factor_by` names: it stays out.
        """
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)

        async def decide(work: Work) -> Decision[TwoStepSession]:
            calling = await self._pending(work, reference, device)
            if calling.outcome is None:
                return calling.refused()
            account, session = calling.outcome.account, calling.outcome.session
            slot, now = await slot_of(work, account, second_factor.PURPOSE), occasion.at(work.now)
            requested = second_factor.request(now, account=account, session=session, slot=slot)
            return await self._counted(work, now, requested)

        return self._issued(TokenKind.TWO_STEP, await self._flows.run(decide))

    async def fulfil_second_factor(
        self, *, token: str, challenge: str, code: str, device: Device | None = None
    ) -> Issued[AuthenticationSession]:
        """Answer the code that this very pending session asked for, and return the whole session in its place.

        Raises as `request_second_factor` does, though never Throttled, and like `verify_account` for the code.
        """
        reference, asking = self._decode(TokenKind.AUTHENTICATION, token), self._decode(TokenKind.TWO_STEP, challenge)
        occasion = self._occasion(device)

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            calling = await self._pending(work, reference, device)
            if calling.outcome is None:
                return calling.refused()
            account, session, now = calling.outcome.account, calling.outcome.session, occasion.at(work.now)
            asked = await challenged(work, asking.id)
            answered = self._answer(now, asked, purpose=second_factor.PURPOSE, code=code, asked_by=session.id)
            amr = second_factor.with_code(session)
            among = await self._listed(work, account, amr=amr, instead_of=session)
            return second_factor.fulfil(now, answered, account=account, session=session, among=among)

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    async def change_second_factor(
        self, *, token: str, password: str, required: bool, device: Device | None = None
    ) -> Issued[AuthenticationSession]:
        """Choose whether the caller's password alone is enough, end every session, and return a new one.

        After turning it on, that one is pending until the first code is entered.  Raises InvalidToken,
        PasswordMismatch for a wrong password, Throttled after too many of them, and SecondFactorUnavailable where no
        code could be sent.
        """
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)
        given = normalise(password, max_length=self.policy.password_max_length, field="current_password")

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            confirmed = await self._confirmed(work, reference, device, given)
            if confirmed.outcome is None:
                return confirmed.refused()
            (calling, _), now = confirmed.outcome, occasion.at(work.now)
            changed = second_factor.change(now, account=calling.account, session=calling.session, required=required)
            return changed.also(confirmed.writes)

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    async def _pending(self, work: Work, reference: Reference, device: Device | None) -> Decision[Pending]:
        return identify_pending(await work.caller(reference.id), self._presentation(reference, work, device))
