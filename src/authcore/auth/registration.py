"""Becoming an account: registering under an address, and proving that it is one's own."""

from dataclasses import dataclass
from typing import Final

from authcore import accounts, challenges, registration, throttling
from authcore.auth.counting import Counting
from authcore.auth.parts import Issued
from authcore.decisions import Decision
from authcore.entities import Account, Device, Identifier, TwoStepSession
from authcore.flows import Work
from authcore.identifiers import canonical_username
from authcore.lookups import challenged, claim_on, destination_of, password_of, slot_of
from authcore.ports import Transaction, by_owner
from authcore.tokens import TokenKind

__all__ = ["Registration"]

_COUNTED_AS: Final = "registration"


@dataclass(frozen=True, kw_only=True)
class Registration(Counting):
    """The flows before anybody can log in."""

    async def register(
        self,
        *,
        password: str,
        email: str | None = None,
        phone: str | None = None,
        username: str | None = None,
        device: Device | None = None,
        within: Transaction | None = None,
    ) -> Issued[TwoStepSession]:
        """Register an account under an email address or a phone number (one of them), and send a code there.

        A taken address answers alike, and its owner is told by message.  Registering again before the code was
        entered replaces the first registration.  Raises InvalidIdentifier, InvalidPassword and UsernameTaken, and
        Throttled after too many from one network, for one address, or overall.

        `within` is a transaction of the application's, whose commit stores the account together with rows of its own.
        There is one attempt then, after which RaceLost may be raised.  Call `posted` after the commit: otherwise the
        message waits until the outbox is next looked through.
        """
        address = accounts.address_given(email=email, phone=phone)
        digest = self._digest_of(address)
        name = None if username is None else canonical_username(username)
        secret = self._new_password(password, address.value, "" if name is None else name.value)
        occasion, salt = self._occasion(device), self._salt()

        async def decide(work: Work) -> Decision[TwoStepSession]:
            if within is not None:
                # The first reading may lock what others wait for: nobody waits for a hash.
                await work.costly(self.hasher.hash, secret, salt)
            now = occasion.at(work.now)
            network = await self._of_network(work, now, _COUNTED_AS, self.policy.registrations_per_network)
            letters = await self._of_letters(work, challenges.VERIFY, digest)
            admitted = throttling.admit(now, [network, *letters])
            if admitted.refusal is not None:
                return admitted.refused()
            hashed = await work.costly(self.hasher.hash, secret, salt)
            # Before the address: a refusal that writes nothing is not held against what has changed meanwhile, and
            # a form that was sent twice must not be told that its own username is taken.
            wanted = None if name is None else await claim_on(work, name)
            claim = await claim_on(work, address)
            taken_by = claim.holder if accounts.is_taken(claim) else None
            if taken_by is not None:
                claim = await claim_on(work, address, stored_as=accounts.decoy_id(address))
            return registration.register(
                now,
                contact=claim,
                taken_by=taken_by,
                username=wanted,
                held=() if claim.holder is None else await work.find(by_owner(Identifier, claim.holder.id)),
                credential=await password_of(work, claim.holder),
                slot=await slot_of(work, claim.holder, challenges.VERIFY),
                secret=hashed,
            ).also(admitted.writes)

        registering = self._flows.run(decide) if within is None else self._flows.run_within(within, decide)
        return self._issued(TokenKind.TWO_STEP, await registering)

    async def request_verification(self, *, challenge: str, device: Device | None = None) -> Issued[TwoStepSession]:
        """Send another code for a registration, in a new challenge that takes the place of the old one.

        `challenge` is the old one's token; without it, register again.  Raises InvalidToken if it is none, and
        ChallengeEnded if there is nothing to prove by it any more; and Throttled as `register` does.
        """
        reference, occasion = self._decode(TokenKind.TWO_STEP, challenge), self._occasion(device)

        async def decide(work: Work) -> Decision[TwoStepSession]:
            now = occasion.at(work.now)
            network = await self._of_network(work, now, _COUNTED_AS, self.policy.registrations_per_network)
            decided = registration.request_verification(now, await challenged(work, reference.id))
            return await self._counted(work, now, decided, network)

        return self._issued(TokenKind.TWO_STEP, await self._flows.run(decide))

    async def verify_account(self, *, challenge: str, code: str, device: Device | None = None) -> Account:
        """Prove the address that a challenge's code was sent to, and return the account; nobody is logged in by it.

        `challenge` is the challenge's token.  Raises InvalidToken if it is none; CodeMismatch for a wrong code,
        AttemptsExhausted from the last wrong one on, and ChallengeEnded when there is nothing to answer any more.
        """
        reference, occasion = self._decode(TokenKind.TWO_STEP, challenge), self._occasion(device)

        async def decide(work: Work) -> Decision[Account]:
            asked = await challenged(work, reference.id)
            answered = self._answer(occasion.at(work.now), asked, purpose=challenges.VERIFY, code=code)
            claim = await destination_of(work, asked.challenge)
            return registration.verify(answered, account=asked.account, claim=claim, now=work.now)

        return await self._flows.run(decide)
