"""The use cases, one flow each.

What they decide is decided elsewhere; here they read, ask for a decision, and commit it.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, TypeVar

from authcore import accounts, challenges, roles, sessions
from authcore.codes import CODE_KEY
from authcore.decisions import Decision, refuse
from authcore.delivery import Delivery
from authcore.entities import (
    Account,
    AuthenticationSession,
    Device,
    Grant,
    Identifier,
    Role,
    Session,
    TwoStepSession,
)
from authcore.errors import InvalidCredentials, InvalidIdentifier, InvalidToken, PasswordMismatch
from authcore.flows import Flows, Work
from authcore.hashing import Argon2Hasher
from authcore.identifiers import CanonicalIdentifier, canonical_email, canonical_phone, canonical_username, recognise
from authcore.keyring import Keyring
from authcore.lookups import challenged, claim_on, destination_of, identified, password_of
from authcore.occasion import Ids, Occasion
from authcore.passwords import accept_new, normalise
from authcore.policy import Policy
from authcore.ports import Clock, Courier, Entropy, Offload, PasswordHasher, Store, by_id, by_owner
from authcore.principal import Principal
from authcore.system import SystemClock, SystemEntropy, inline
from authcore.tokens import Reference, TokenKind, Tokens

__all__ = ["Auth", "Issued"]

S = TypeVar("S", bound=Session)


@dataclass(frozen=True, slots=True)
class Issued(Generic[S]):
    """A session, and the token that refers to it; the token is a secret, and left out of `repr`."""

    session: S
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Auth:
    """Everything an application does with accounts and sessions.

    The application builds one and hands it on; there is no global one.  Under an event loop pass it through
    `authcore.offload.on_event_loop` (adapters do), so that no hash holds up the loop.

    Every method may raise what its docstring names, and besides that Contention and Overloaded, with nothing stored,
    and StoreFault, which raised from a commit leaves open whether it took place.
    """

    store: Store
    keyring: Keyring
    courier: Courier
    policy: Policy = field(default_factory=Policy)
    clock: Clock = field(default_factory=SystemClock)
    entropy: Entropy = field(default_factory=SystemEntropy)
    hasher: PasswordHasher = field(default_factory=Argon2Hasher.rfc9106_low_memory)
    offload: Offload = inline

    async def register(
        self,
        *,
        password: str,
        email: str | None = None,
        phone: str | None = None,
        username: str | None = None,
        device: Device | None = None,
    ) -> Issued[TwoStepSession]:
        """Register an account under an email address or a phone number (one of them), and send a code there.

        A taken address answers alike, and its owner is told by message.  Registering again before the code was
        entered replaces the first registration.  Raises InvalidIdentifier, InvalidPassword and UsernameTaken.
        """
        address = _address(email=email, phone=phone)
        name = None if username is None else canonical_username(username)
        secret = self._new_password(password, address.value, "" if name is None else name.value)
        occasion, salt = self._occasion(device), self._salt()

        async def decide(work: Work) -> Decision[TwoStepSession]:
            hashed = await work.costly(self.hasher.hash, secret, salt)
            claim = await claim_on(work, address)
            taken_by = claim.holder if accounts.is_taken(claim) else None
            if taken_by is not None:
                claim = await claim_on(work, address, stored_as=accounts.decoy_id(address))
            return accounts.register(
                occasion.at(work.now),
                contact=claim,
                taken_by=taken_by,
                username=None if name is None else await claim_on(work, name),
                held=() if claim.holder is None else await work.find(by_owner(Identifier, claim.holder.id)),
                credential=await password_of(work, claim.holder),
                secret=hashed,
            )

        return self._issued(TokenKind.TWO_STEP, await self._flows.run(decide))

    async def request_verification(self, *, identifier: str, device: Device | None = None) -> Issued[TwoStepSession]:
        """Send a new code to an account that has not proven its address; any other identifier answers alike.

        Raises InvalidIdentifier.
        """
        name, occasion = recognise(identifier), self._occasion(device)

        async def decide(work: Work) -> Decision[TwoStepSession]:
            return accounts.request_verification(occasion.at(work.now), claim=await claim_on(work, name))

        return self._issued(TokenKind.TWO_STEP, await self._flows.run(decide))

    async def verify_account(self, *, challenge: str, code: str, device: Device | None = None) -> Account:
        """Prove the address that a challenge's code was sent to, and return the account; nobody is logged in by it.

        `challenge` is the challenge's token.  Raises InvalidToken if it is none; CodeMismatch for a wrong code,
        AttemptsExhausted from the last wrong one on, and ChallengeEnded when there is nothing to answer any more.
        """
        reference, occasion = self._decode(TokenKind.TWO_STEP, challenge), self._occasion(device)

        async def decide(work: Work) -> Decision[Account]:
            session, account = await challenged(work, reference)
            answered = self._answer(occasion.at(work.now), session, account, purpose=challenges.VERIFY, code=code)
            claim = await destination_of(work, session)
            return accounts.verify(answered, account=account, claim=claim, now=work.now)

        return await self._flows.run(decide)

    async def request_two_step(
        self, *, token: str, purpose: str, device: Device | None = None
    ) -> Issued[TwoStepSession]:
        """Send a code to the caller's own address, for one purpose of the application.

        A purpose is 1 to 20 ASCII letters, digits and hyphens.  A newer code ends older ones for the same purpose.
        Raises InvalidToken for a session that does not count, and InvalidInput for a malformed or reserved purpose.
        """
        challenges.check_purpose(purpose)
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)

        async def decide(work: Work) -> Decision[TwoStepSession]:
            calling = await identified(work, reference)
            if calling.outcome is None:
                return refuse(calling.refusal or InvalidToken())
            account = calling.outcome.account
            return challenges.request(
                occasion.at(work.now),
                account=account,
                purpose=purpose,
                destination=accounts.address_of(account),
                older=await work.find(by_owner(TwoStepSession, account.id)),
                asked_by=reference.id,
            )

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
            calling = await identified(work, asking)
            if calling.refusal is not None:
                return refuse(calling.refusal)
            session, account = await challenged(work, reference)
            return self._answer(occasion.at(work.now), session, account, purpose=purpose, code=code, asked_by=asking.id)

        return await self._flows.run(decide)

    async def log_in(
        self, *, identifier: str, password: str, device: Device | None = None
    ) -> Issued[AuthenticationSession]:
        """Open a session for whoever has this email address, phone number or username, and this password.

        Raises InvalidCredentials, which does not say why; and after the right password AccountDeleted,
        AccountUnverified or AccountDisabled.  Raises InvalidIdentifier and InvalidPassword for what could be nobody's.
        """
        name, given = recognise(identifier), normalise(password, max_length=self.policy.password_max_length)
        if name.kind not in self.policy.login_with:
            raise InvalidCredentials(cause="kind")
        occasion, salt = self._occasion(device), self._salt()

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            account = accounts.names_for_login(await claim_on(work, name))
            credential = await password_of(work, account)
            # Hash even for a stranger, so that both answers take the same time.
            stored = self.hasher.dummy() if credential is None else credential.secret
            matches = await work.costly(self.hasher.verify, stored, given)
            outdated = matches and self.hasher.needs_rehash(stored)
            return sessions.log_in(
                occasion.at(work.now),
                account=account,
                credential=credential,
                matches=matches,
                rehashed=await work.costly(self.hasher.hash, given, salt) if outdated else None,
            )

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    async def authenticate(self, token: str) -> Principal:
        """Return who presents a token; raises InvalidToken, with its cause in private, if nobody who counts does.

        A token that was not made here, or is over, costs no read of the store; a good one costs a single one.
        """
        reference = self._decode(TokenKind.AUTHENTICATION, token)
        return await self._flows.run(lambda work: identified(work, reference))

    async def log_out(self, token: str, *, device: Device | None = None) -> bool:
        """End the session of a token, and tell whether it was open; logging out twice is no error."""
        try:
            reference = self._decode(TokenKind.AUTHENTICATION, token)
        except InvalidToken:
            return False
        occasion = self._occasion(device)

        async def decide(work: Work) -> Decision[bool]:
            return sessions.log_out(occasion.at(work.now), await work.get(by_id(AuthenticationSession, reference.id)))

        return await self._flows.run(decide)

    async def change_password(
        self, *, token: str, current: str, new: str, device: Device | None = None
    ) -> Issued[AuthenticationSession]:
        """Replace the caller's password, end every session of the account, and return a new one for the caller.

        Raises InvalidToken, PasswordMismatch for a wrong current password, and InvalidPassword for an unfit new one.
        """
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)
        given, salt = normalise(current, max_length=self.policy.password_max_length), self._salt()

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            calling = await identified(work, reference)
            if calling.outcome is None:
                return refuse(calling.refusal or InvalidToken())
            account = calling.outcome.account
            credential = await password_of(work, account)
            if credential is None or not await work.costly(self.hasher.verify, credential.secret, given):
                return refuse(PasswordMismatch())
            secret = self._new_password(new, account.email or "", account.username or "", account.phone or "")
            return sessions.change_password(
                occasion.at(work.now),
                account=account,
                session=calling.outcome.session,
                credential=credential,
                secret=await work.costly(self.hasher.hash, secret, salt),
            )

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    async def assign_role(
        self, *, account_id: str, role: str, permissions: Iterable[str] | None = None, description: str = ""
    ) -> Grant:
        """Give a role to an account; with `permissions`, the role is created if it is new.

        Raises AccountNotFound; RoleMismatch if the role exists and grants something else; InvalidPermission; and
        InvalidInput for an unfit name, or a role that is unknown where no permissions are given.
        """
        definition, occasion = roles.define(role, permissions, description), self._occasion()

        async def decide(work: Work) -> Decision[Grant]:
            return roles.assign(
                occasion.at(work.now),
                definition=definition,
                account=await work.get(by_id(Account, account_id)),
                role=await work.get(by_id(Role, role)),
                grant=await work.get(by_id(Grant, roles.grant_id(account_id, role))),
            )

        return await self._flows.run(decide)

    async def withdraw_role(self, *, account_id: str, role: str) -> bool:
        """Take a role from an account, and tell whether it had it."""
        occasion = self._occasion()

        async def decide(work: Work) -> Decision[bool]:
            grant = await work.get(by_id(Grant, roles.grant_id(account_id, role)))
            return roles.withdraw(occasion.at(work.now), grant=grant)

        return await self._flows.run(decide)

    async def find_account(self, identifier: str) -> Account | None:
        """Return the account that an identifier names, proven or not, or None: for operators and scripts.

        Raises InvalidIdentifier.  No endpoint may tell a stranger what this returns.
        """
        claim = await claim_on(self.store, recognise(identifier))
        return None if claim.holder is None or claim.holder.deleted_at is not None else claim.holder

    async def deliver_due(self, *, limit: int = 100) -> int:
        """Send what waits in the outbox, up to `limit` messages of each queue, and return how many were sent."""
        return await self._delivery.deliver_due(limit=limit)

    def _new_password(self, password: str, *own_words: str) -> str:
        return accept_new(
            password,
            min_length=self.policy.password_min_length,
            max_length=self.policy.password_max_length,
            own_words=[word for word in (*self.policy.own_words, *own_words) if word],
        )

    def _answer(
        self,
        occasion: Occasion,
        session: TwoStepSession | None,
        account: Account | None,
        *,
        purpose: str,
        code: str,
        asked_by: str | None = None,
    ) -> Decision[TwoStepSession]:
        return challenges.answer(
            occasion,
            challenge=session,
            account=account,
            purpose=purpose,
            asked_by=asked_by,
            given=code,
            key=None if session is None else self.keyring.derive(session.code_key, CODE_KEY),
        )

    def _occasion(self, device: Device | None = None) -> Occasion:
        now = self.clock.now()
        # Messages are found in order of id: the time in front puts the oldest first.
        message = f"{int(now.timestamp() * 1_000_000):016x}-{self._id()}"
        ids = Ids(account=self._id(), session=self._id(), message=message, event=self._id())
        return Occasion(
            now=now, device=device or Device(), policy=self.policy, ids=ids, code_key=self.keyring.signing_kid
        )

    def _id(self) -> str:
        """Draw 160 random bits (OWASP ASVS 7.2.3 asks for 128)."""
        return base64.urlsafe_b64encode(self.entropy.token_bytes(20)).rstrip(b"=").decode()

    def _salt(self) -> bytes:
        return self.entropy.token_bytes(16)

    def _decode(self, kind: TokenKind, token: str) -> Reference:
        return self._tokens.decode(kind, token, now=self.clock.now())

    def _issued(self, kind: TokenKind, session: S) -> Issued[S]:
        generation = session.generation if isinstance(session, AuthenticationSession) else 1
        reference = Reference(
            id=session.id, generation=generation, issued_at=session.created_at, expires_at=session.expires_at
        )
        return Issued(session, self._tokens.encode(kind, reference))

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self.keyring, self.policy.issuer, self.policy.audience)

    @cached_property
    def _flows(self) -> Flows:
        return Flows(
            store=self.store,
            clock=self.clock,
            entropy=self.entropy,
            offload=self.offload,
            attempts=self.policy.flow_attempts,
            patience=self.policy.flow_patience,
        )

    @cached_property
    def _delivery(self) -> Delivery:
        return Delivery(flows=self._flows, courier=self.courier, keyring=self.keyring, policy=self.policy)


def _address(*, email: str | None, phone: str | None) -> CanonicalIdentifier:
    """Read what an account is registered under: the one address that a code can prove."""
    if email is not None and phone is not None:
        raise InvalidIdentifier("phone", "one_address_only")
    if phone is not None:
        return canonical_phone(phone)
    if email is None:
        raise InvalidIdentifier("email", "missing")
    return canonical_email(email)
