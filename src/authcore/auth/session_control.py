"""Seeing and ending sessions other than the one in use: a person's own, and anybody's by an operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from authcore import lifecycle, revocation, rosters
from authcore.audit import session_digest
from authcore.auth.parts import Issued, Parts
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuthenticationSession, Device, Session, SessionRoster
from authcore.errors import AccountNotFound
from authcore.flows import Work
from authcore.ports import by_id, by_owner
from authcore.revocation import OpenSession
from authcore.tokens import TokenKind

__all__ = ["SessionControl"]

S = TypeVar("S", bound=Session)

_MOST_READ: Final = 1000


@dataclass(frozen=True, kw_only=True)
class SessionControl(Parts):
    """The flows about an account's sessions, all of them."""

    async def list_sessions(self, token: str, *, device: Device | None = None) -> tuple[OpenSession, ...]:
        """Return the caller's sessions that count, newest first; pending ones do not.

        Raises InvalidToken, SecondFactorRequired and NotAuthenticated.
        """
        reference = self._decode(TokenKind.AUTHENTICATION, token)

        async def decide(work: Work) -> Decision[tuple[OpenSession, ...]]:
            calling = await self._identified(work, reference, device)
            if calling.outcome is None:
                return calling.refused()
            account, current = calling.outcome.account, calling.outcome.session
            found = await self._sessions_read(account)
            listed = revocation.open_sessions(found, account=account, current=current, policy=self.policy, now=work.now)
            return accept(listed, calling.writes)

        return await self._flows.run(decide)

    async def revoke_session(self, token: str, *, session: str, device: Device | None = None) -> AuthenticationSession:
        """End one of the caller's own sessions, which may be the one in use; `session` is its id as it was shown.

        Raises as `list_sessions` does; InvalidInput for what names no session of the caller's, and StateUnchanged for
        one that is over.  For another one than that in use, raises ReauthenticationRequired if `Policy.fresh_for` asks
        for a newer login.
        """
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            calling = await self._identified(work, reference, device)
            if calling.outcome is None:
                return calling.refused()
            account, current = calling.outcome.account, calling.outcome.session
            named = await self._shown_as(work, account, session)
            return revocation.revoke(occasion.at(work.now), account=account, session=named, current=current)

        return await self._flows.run(decide)

    async def revoke_other_sessions(self, token: str, *, device: Device | None = None) -> Issued[AuthenticationSession]:
        """End every session of the caller, and every open challenge, and return a new session for the caller alone.

        Raises as `list_sessions` does, and ReauthenticationRequired if `Policy.fresh_for` asks for a newer login.
        """
        reference, occasion = self._decode(TokenKind.AUTHENTICATION, token), self._occasion(device)

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            calling = await self._identified(work, reference, device)
            if calling.outcome is None:
                return calling.refused()
            account, session = calling.outcome.account, calling.outcome.session
            return revocation.revoke_others(occasion.at(work.now), account=account, session=session)

        return self._issued(TokenKind.AUTHENTICATION, await self._flows.run(decide))

    async def revoke_session_of(self, account_id: str, *, session: str, by: str | None = None) -> AuthenticationSession:
        """End one session of an account, by an operator's word; `session` is its id as its owner is shown it.

        `by` is the id of the operator's own account, if he has one, and stands in the trail.  Raises AccountNotFound,
        InvalidInput for what names no session of that account, and StateUnchanged for one that is over.
        """
        occasion = self._operation(by)

        async def decide(work: Work) -> Decision[AuthenticationSession]:
            account = lifecycle.visible(await work.get(by_id(Account, account_id)))
            if account is None:
                return refuse(AccountNotFound())
            named = await self._shown_as(work, account, session)
            return revocation.revoke(occasion.at(work.now), account=account, session=named)

        return await self._flows.run(decide)

    async def revoke_sessions(self, account_id: str, *, by: str | None = None) -> Account:
        """End every session and open challenge of an account, by an operator's word.  Raises AccountNotFound.

        `by` is the id of the operator's own account, if he has one, and stands in the trail.
        """
        occasion = self._operation(by)

        async def decide(work: Work) -> Decision[Account]:
            account = await work.get(by_id(Account, account_id))
            return revocation.revoke_all(occasion.at(work.now), account=account)

        return await self._flows.run(decide)

    async def sessions_of(self, account_id: str, kind: type[S]) -> tuple[S, ...]:
        """Return all sessions of an account of one kind, ended ones too, newest first: for operators and scripts.

        The kind is AuthenticationSession, or TwoStepSession for its challenges.
        """
        found = await self.store.find(by_owner(kind, account_id))
        shown = [session for session in found if session.deleted_at is None]
        return tuple(sorted(shown, key=lambda session: (session.created_at, session.id), reverse=True))

    async def _shown_as(self, work: Work, account: Account, digest: str) -> AuthenticationSession | None:
        """Return the session of an account that is shown by this name, if there is one."""
        shown = {session_digest(each.id): each.id for each in await self._sessions_read(account)}
        return await work.get(by_id(AuthenticationSession, shown.get(digest, "")))

    async def _sessions_read(self, account: Account) -> Sequence[AuthenticationSession]:
        # Past the flow's work: no commit may hang on every session of an account, each of which rotates by itself.
        found = await self.store.find(by_owner(AuthenticationSession, account.id, limit=_MOST_READ))
        # Those that count stand in the rosters, however many that are over fill the page.
        return found if len(found) < _MOST_READ else [*found, *await self._sessions_listed(account)]

    async def _sessions_listed(self, account: Account) -> list[AuthenticationSession]:
        names = [rosters.roster_id(account.id, epoch=account.epoch, pending=pending) for pending in (False, True)]
        read = [await self.store.get(by_id(SessionRoster, name)) for name in names]
        ids = [each for roster in read if roster is not None for each in roster.session_ids]
        found = [await self.store.get(by_id(AuthenticationSession, each)) for each in ids]
        return [session for session in found if session is not None]
