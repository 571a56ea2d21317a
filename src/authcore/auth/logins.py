"""Logging in and logging out; and changing the password that does it."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from authcore import accounts, sessions, throttling
from authcore.auth.counting import Counting
from authcore.auth.parts import Issued
from authcore.decisions import Decision, accept, refuse
from authcore.entities import AuthenticationSession, Credential, Device
from authcore.errors import InvalidCredentials, InvalidToken
from authcore.flows import Work
from authcore.identifiers import recognise
from authcore.lookups import claim_on, failures_of, password_of
from authcore.passwords import normalise
from authcore.ports import by_id
from authcore.principal import identify
from authcore.tokens import TokenKind

__all__ = ["Logins"]

_LOGIN: Final = "login"


@dataclass(frozen=True, kw_only=True)
class Logins(Counting):
    """The flows of authentication sessions."""

    async def log_in(
        self,
        *,
        identifier: str,
        password: str,
        former: str | None = None,
        tag: str = "",
        device: Device | None = None,
    ) -> Issued[AuthenticationSession]:
        """Open a session for whoever has this email address, phone number or username, and this password.

        `former` is the token that the client presented until now, if any: its session, which may be an anonymous one,
        ends in the same commit.  `tag` is a word of the application's, by which it knows sessions of one sort.  Where a
        second factor is called for the session is pending: see `request_second_factor`.

        Raises InvalidCredentials, which does not say why; and after the right password AccountDeleted,
        AccountUnverified or AccountDisabled.  Raises InvalidIdentifier and InvalidPassword for what could be nobody's.
        Raises Throttled, before any password is tried, after too many wrong ones against one account, or a name that
        nobody has, and after too many logins from one network.
        """
        name, given = recognise(identifier), normalise(password, max_length=self.policy.password_max_length)
        if name.kind not in self.policy.login_with:
            raise InvalidCredentials(cause="kind")
        replaced = self._named(former)
        occasion, salt = self._occasion(device), self._salt()

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            now = occasion.at(work.now)
            account = accounts.account_for_login(await claim_on(work, name))
            admitted = await self._admitted(work, now, _LOGIN, self.policy.logins_per_network)
            # A name that nobody has is counted like an account: otherwise the throttle would tell them apart.
            # Only its digest is kept: trying a name that was erased does not store it again.
            against = accounts.password_id(self._digest_of(name) if account is None else account.id)
            failing = await failures_of(work, against, self.policy.password_failures)
            throttled = admitted.refusal or throttling.may_fail(failing, now=work.now)
            if throttled is not None:
                return refuse(throttled)
            credential = await password_of(work, account)
            stored = self._compared_with(credential)
            matches = await work.costly(self.hasher.verify, stored, given)
            outdated = matches and self.hasher.needs_rehash(stored)
            previous = None if replaced is None else await work.get(by_id(AuthenticationSession, replaced))
            among = None
            if account is not None and matches:
                among = await self._listed(work, account, amr=sessions.BY_PASSWORD, instead_of=previous)
            decided = sessions.log_in(
                now,
                account=account,
                credential=credential,
                matches=matches,
                rehashed=await work.costly(self.hasher.hash, given, salt) if outdated else None,
                former=previous,
                among=among,
                tag=tag,
            )
            forget = throttling.forgotten(failing, now=work.now)
            counted = forget if matches else [throttling.failed(failing, now=work.now)]
            return decided.also([*admitted.writes, *counted])

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    async def open_anonymous(self, *, tag: str = "", device: Device | None = None) -> Issued[AuthenticationSession]:
        """Open a session of nobody in particular; nobody is authenticated by it, and a login takes its place."""
        occasion = self._occasion(device)

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            return sessions.open_anonymous(occasion.at(work.now), tag=tag)

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    async def log_out(self, token: str, *, device: Device | None = None) -> bool:
        """End the session of a token, and tell whether it was open; logging out twice is no error."""
        try:
            reference = self._decode(TokenKind.AUTHENTICATION, token)
        except InvalidToken:
            return False
        occasion = self._occasion(device)

        async def decide(work: Work) -> Decision[bool]:
            shown = self._presentation(reference, work, device)
            calling = identify(await work.caller(reference.id), shown)
            if calling.outcome is None:
                return accept(outcome=False, writes=calling.writes)
            return sessions.log_out(occasion.at(work.now), calling.outcome.session)

        return await self._flows.run(decide)

    async def reauthenticate(
        self, *, token: str, password: str, device: Device | None = None
    ) -> Issued[AuthenticationSession]:
        """Return a new session in place of the caller's, who gives the password once more: it is as after a login.

        Where a second factor is called for it is pending, until the next code is entered.  Raises InvalidToken,
        PasswordMismatch for a wrong password, and Throttled after too many of them.
        """
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)
        given = normalise(password, max_length=self.policy.password_max_length, field="current_password")

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            confirmed = await self._confirmed(work, reference, device, given)
            if confirmed.outcome is None:
                return confirmed.refused()
            (calling, _) = confirmed.outcome
            account, session = calling.account, calling.session
            among = await self._listed(work, account, amr=sessions.BY_PASSWORD, instead_of=session)
            renewed = sessions.reauthenticate(occasion.at(work.now), account=account, session=session, among=among)
            return renewed.also(confirmed.writes)

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    async def change_password(
        self, *, token: str, current: str, new: str, device: Device | None = None
    ) -> Issued[AuthenticationSession]:
        """Replace the caller's password, end every session of the account, and return a new one for the caller.

        Raises InvalidToken, PasswordMismatch for a wrong current password, Throttled after too many of them, and
        InvalidPassword for an unfit new one.
        """
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)
        given = normalise(current, max_length=self.policy.password_max_length, field="current_password")
        salt = self._salt()

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            confirmed = await self._confirmed(work, reference, device, given)
            if confirmed.outcome is None:
                return confirmed.refused()
            calling, credential = confirmed.outcome
            secret = self._new_password(new, *accounts.words_of(calling.account), field="new_password")
            return sessions.change_password(
                occasion.at(work.now),
                account=calling.account,
                session=calling.session,
                credential=credential,
                secret=await work.costly(self.hasher.hash, secret, salt),
            ).also(confirmed.writes)

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    def _compared_with(self, credential: Credential | None) -> str:
        """Return the hash that a password is compared with; a stranger's costs what a member's does."""
        # Nor may a hash that would never be run, being too dear or of a lost pepper, be told by its speed.
        if credential is None or not self.hasher.knows(credential.secret):
            return self.hasher.dummy()
        return credential.secret

    def _named(self, former: str | None) -> str | None:
        """Return the id of the session that a token names; whatever else a client had keeps nobody from logging in."""
        with suppress(InvalidToken):
            return None if former is None else self._decode(TokenKind.AUTHENTICATION, former).id
        return None
