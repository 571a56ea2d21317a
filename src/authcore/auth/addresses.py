"""Another email address or phone number for an account: asking for it, and proving that it is one's own."""

from dataclasses import dataclass
from typing import Final

from authcore import accounts, addresses, throttling
from authcore.auth.counting import Counting
from authcore.auth.parts import Issued
from authcore.decisions import Decision, refuse
from authcore.entities import AuthenticationSession, Device, Identifier, TwoStepSession
from authcore.flows import Work
from authcore.identifiers import CanonicalIdentifier
from authcore.lookups import challenged, claim_on, failures_of, slot_of, wanted_address
from authcore.occasion import Occasion
from authcore.passwords import normalise
from authcore.ports import by_owner
from authcore.throttle import Throttle
from authcore.tokens import TokenKind

__all__ = ["Addresses"]

_COUNTED_AS: Final = "address"


@dataclass(frozen=True, kw_only=True)
class Addresses(Counting):
    """The flows by which an account comes to an address other than the one that it was registered under."""

    async def request_address_change(
        self,
        *,
        token: str,
        password: str,
        email: str | None = None,
        phone: str | None = None,
        device: Device | None = None,
    ) -> Issued[TwoStepSession]:
        """Send a code to the email address or the phone number (one of them) that the caller wants for the account.

        An address that is taken answers alike, and its owner is told by message.  `password` is the current one.
        Raises InvalidToken, InvalidIdentifier, PasswordMismatch for a wrong password, and StateUnchanged for an address
        that the account has proven already.  Raises ReauthenticationRequired where a second factor is called for, and
        the caller has logged in longer than `Policy.second_factor_time` ago; and Throttled after too many wrong
        passwords, too many changes from one network, and too many codes.
        """
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)
        given = normalise(password, max_length=self.policy.password_max_length, field="current_password")

        async def decide(work: Work) -> Decision[TwoStepSession]:
            calling = await self._identified(work, reference, device)
            if calling.outcome is None:
                return calling.refused()
            account, session, now = calling.outcome.account, calling.outcome.session, occasion.at(work.now)
            wanted = accounts.address_given(email=email, phone=phone)
            admitted = await self._admitted(work, now, _COUNTED_AS, self.policy.registrations_per_network)
            letters = throttling.admit(now, await self._of_letters(work, addresses.PURPOSE, self._digest_of(wanted)))
            throttled = admitted.refusal or letters.refusal
            if throttled is not None:
                return refuse(throttled)
            known = await self._known_password(work, account, given)
            if known.outcome is None:
                return known.refused().also(admitted.writes)
            claim, slot = await claim_on(work, wanted), await slot_of(work, account, addresses.PURPOSE)
            requested = addresses.request(now, account=account, session=session, claim=claim, slot=slot)
            sent = letters.writes if requested.outcome is not None else ()
            return requested.also([*calling.writes, *known.writes, *admitted.writes, *sent])

        return self._issued(TokenKind.TWO_STEP, await self._flows.run(decide))

    async def confirm_address_change(
        self, *, token: str, challenge: str, code: str, device: Device | None = None
    ) -> Issued[AuthenticationSession]:
        """Make the address the account's own that the code came to, end every session, and return a new one.

        The code is one that this very session asked for; wrong ones are counted over all accounts that want the address
        as well.  Whatever address the account had is told by message; of the
        same kind it has the new one only.  Raises InvalidToken for either token, and like `verify_account` for the
        code; ChallengeEnded as well where somebody else has proven the address meanwhile.
        """
        reference, asking = self._decode(TokenKind.AUTHENTICATION, token), self._decode(TokenKind.TWO_STEP, challenge)
        occasion = self._occasion(device)

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            calling = await self._identified(work, reference, device)
            if calling.outcome is None:
                return calling.refused()
            account, session, now = calling.outcome.account, calling.outcome.session, occasion.at(work.now)
            asked = await challenged(work, asking.id)
            claim = await wanted_address(work, asked.challenge)
            answered = self._answer(now, asked, purpose=addresses.PURPOSE, code=code, asked_by=session.id)
            return addresses.change(
                now,
                answered if claim is None else await self._counted_at(work, now, claim.name, answered),
                account=account,
                session=session,
                claim=claim,
                held=await work.find(by_owner(Identifier, account.id)),
            )

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    async def _counted_at(
        self, work: Work, occasion: Occasion, address: CanonicalIdentifier, answered: Decision[TwoStepSession]
    ) -> Decision[TwoStepSession]:
        """Count an answer at the address that its code was sent to, over all accounts that want it."""
        digest = self._digest_of(address)
        cap = Throttle(limit=self.policy.challenge_failures, window=self.policy.challenge_window)
        failing = await failures_of(work, throttling.address_subject(addresses.PURPOSE, digest), cap)
        return addresses.counted(occasion, answered, failing)
