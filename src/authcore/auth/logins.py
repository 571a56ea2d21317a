"""Logging in, being recognised, logging out; and changing the password that does it."""

from contextlib import suppress
from dataclasses import dataclass

from authcore import accounts, sessions
from authcore.auth.parts import Issued, Parts
from authcore.decisions import Decision, refuse
from authcore.entities import AuthenticationSession, Device
from authcore.errors import InvalidCredentials, InvalidToken, PasswordMismatch
from authcore.flows import Work
from authcore.identifiers import recognise
from authcore.lookups import claim_on, identified, password_of
from authcore.passwords import normalise
from authcore.ports import by_id
from authcore.principal import Principal
from authcore.tokens import TokenKind

__all__ = ["Logins"]


@dataclass(frozen=True, kw_only=True)
class Logins(Parts):
    """The flows of authentication sessions."""

    async def log_in(
        self, *, identifier: str, password: str, former: str | None = None, device: Device | None = None
    ) -> Issued[AuthenticationSession]:
        """Open a session for whoever has this email address, phone number or username, and this password.

        `former` is the token that the client presented until now, if any: its session ends in the same commit.

        Raises InvalidCredentials, which does not say why; and after the right password AccountDeleted,
        AccountUnverified or AccountDisabled.  Raises InvalidIdentifier and InvalidPassword for what could be nobody's.
        """
        name, given = recognise(identifier), normalise(password, max_length=self.policy.password_max_length)
        if name.kind not in self.policy.login_with:
            raise InvalidCredentials(cause="kind")
        replaced = self._named(former)
        occasion, salt = self._occasion(device), self._salt()

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            account = accounts.account_for_login(await claim_on(work, name))
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
                former=None if replaced is None else await work.get(by_id(AuthenticationSession, replaced)),
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
            calling = (await identified(work, reference)).outcome
            return sessions.log_out(occasion.at(work.now), None if calling is None else calling.session)

        return await self._flows.run(decide)

    async def change_password(
        self, *, token: str, current: str, new: str, device: Device | None = None
    ) -> Issued[AuthenticationSession]:
        """Replace the caller's password, end every session of the account, and return a new one for the caller.

        Raises InvalidToken, PasswordMismatch for a wrong current password, and InvalidPassword for an unfit new one.
        """
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)
        given = normalise(current, max_length=self.policy.password_max_length, field="current_password")
        salt = self._salt()

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            calling = await identified(work, reference)
            if calling.outcome is None:
                return calling.refused()
            account = calling.outcome.account
            credential = await password_of(work, account)
            if credential is None or not await work.costly(self.hasher.verify, credential.secret, given):
                return refuse(PasswordMismatch())
            own_words = (account.email or "", account.username or "", account.phone or "")
            secret = self._new_password(new, *own_words, field="new_password")
            return sessions.change_password(
                occasion.at(work.now),
                account=account,
                session=calling.outcome.session,
                credential=credential,
                secret=await work.costly(self.hasher.hash, secret, salt),
            )

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    def _named(self, former: str | None) -> str | None:
        """Return the id of the session that a token names; whatever else a client had keeps nobody from logging in."""
        with suppress(InvalidToken):
            return None if former is None else self._decode(TokenKind.AUTHENTICATION, former).id
        return None
