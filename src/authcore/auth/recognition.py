"""Being recognised: who presents a token, and which token comes after it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from authcore.auth.parts import Issued, Parts
from authcore.caller_cache import check_revocation_within
from authcore.decisions import Decision
from authcore.entities import AuthenticationSession, Device
from authcore.errors import InvalidToken
from authcore.flows import Work
from authcore.principal import Anonymous, Principal, admit, authenticate, recognise_again
from authcore.rotation import Circumstances, Presentation
from authcore.tokens import Reference, TokenKind

__all__ = ["Identified", "Recognition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Who presented a token; if it is `renewed`, the client needs this newer one of the same session.

    `recalled` tells that the store was not asked, since what was read of it before was recent enough.
    """

    caller: Principal | Anonymous
    renewed: Issued[AuthenticationSession] | None = None
    recalled: bool = False


@dataclass(frozen=True, kw_only=True)
class Recognition(Parts):
    """The flows of every request."""

    def read_token(self, token: str) -> Reference:
        """Return what the token of a session says, without asking the store whether it still counts.

        For logs and the like: only the store knows who is calling.  Raises InvalidToken for what was not made here.
        """
        return self._decode(TokenKind.AUTHENTICATION, token)

    async def authenticate(
        self,
        token: str,
        *,
        tag: str | None = None,
        device: Device | None = None,
        revocation_within: timedelta | None = None,
    ) -> Principal:
        """Return who presents a token; raises InvalidToken, with its cause in private, if nobody who counts does.

        A token that was not made here, or is over, costs no read of the store; a good one costs a single one.  Its
        session is never rotated on the way: see `identify` and `refresh`.  With `tag`, only sessions of that tag count.
        Raises SecondFactorRequired for a pending session, and NotAuthenticated for an anonymous one.

        `revocation_within` takes the place of the policy's, for this time: within it who was let in may be let in
        without a read.  Raises ConfigurationError below zero, and above 5 minutes.
        """
        bound, reference = self._bound(revocation_within), self._decode(TokenKind.AUTHENTICATION, token)
        known = self._recognised_again(reference, within=bound, tag=tag) if bound else None
        if known is not None:
            return known

        async def decide(work: Work) -> Decision[Principal]:
            shown = self._presentation(reference, work, device, tag=tag)
            return authenticate(await work.caller(reference.id), shown)

        return await self._flows.run(decide, keep=bool(bound))

    async def identify(
        self,
        token: str,
        *,
        rotate: bool = True,
        tag: str | None = None,
        device: Device | Callable[[], Device] | None = None,
        revocation_within: timedelta | None = None,
    ) -> Identified:
        """Return who presents a token, somebody or nobody in particular, and the next token if one is due.

        For clients that keep what they are given, as browsers do with cookies; for others, `rotate` may be False.
        However many requests present one token at the same time, they are given the same next one.
        `device` may be a function that tells it, which is called only where an event needs it.
        `revocation_within` is as in `authenticate`.  Raises InvalidToken and SecondFactorRequired.
        """
        bound, reference = self._bound(revocation_within), self._decode(TokenKind.AUTHENTICATION, token)
        known = self._recognised_again(reference, within=bound, tag=tag) if bound else None
        if known is not None:
            return Identified(caller=known, recalled=True)

        async def decide(work: Work) -> Decision[Principal | Anonymous]:
            shown = self._presentation(reference, work, device, tag=tag, rotate=rotate)
            return admit(await work.caller(reference.id), shown)

        caller = await self._flows.run(decide, keep=bool(bound))
        session = caller.session
        if not rotate or session is None or session.generation == reference.generation:
            return Identified(caller=caller)
        return Identified(caller=caller, renewed=self._issued(TokenKind.AUTHENTICATION, session))

    async def refresh(self, token: str, *, device: Device | None = None) -> Issued[AuthenticationSession]:
        """Return the newest token of a session: the next one if it is due, or else the one that counts now.

        For clients that ask for it.  The session's absolute end stays where it is, and so do its factors.  Raises
        InvalidToken, and SecondFactorRequired for a pending session.
        """
        found = await self.identify(token, device=device, revocation_within=timedelta(0))
        if found.renewed is not None:
            return found.renewed
        if found.caller.session is None:
            raise InvalidToken(cause="no session")
        return self._issued(TokenKind.AUTHENTICATION, found.caller.session)

    def _bound(self, revocation_within: timedelta | None) -> timedelta:
        return (
            self.policy.revocation_within if revocation_within is None else check_revocation_within(revocation_within)
        )

    def _recognised_again(self, reference: Reference, *, within: timedelta, tag: str | None) -> Principal | None:
        """Return who presents a token, if what was read within this time lets him in."""
        now = self.clock.now()
        kept = self.callers.recall(reference.id, now=now, within=within)
        if kept is None:
            return None
        return recognise_again(
            kept,
            Presentation(generation=reference.generation, now=now, policy=self.policy, tag=tag, circumstances=_untold),
        )


def _untold() -> Circumstances:
    """Neither name nor salt, since no event comes of it."""
    return Circumstances(device=Device(), event="", salt="")
