"""Who is calling, and what it may do.  Nothing here performs I/O, reads a clock or draws randomness."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, cast

from authcore import sessions
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuthenticationSession
from authcore.errors import (
    AuthError,
    ConfigurationError,
    InvalidToken,
    NotAuthenticated,
    PermissionDenied,
    SecondFactorFulfilled,
    SecondFactorRequired,
)
from authcore.permissions import Condition, Holder, Permissions, PermissionSet
from authcore.ports import Caller
from authcore.roles import RoleRequirement
from authcore.rotation import Presentation, Presented, present

__all__ = [
    "Anonymous",
    "Pending",
    "Principal",
    "TagRequirement",
    "admit",
    "authenticate",
    "authorize",
    "check_within",
    "identify",
    "identify_pending",
    "recognise_again",
]


_LONGEST_WITHIN: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who is logged in: an account through one of its sessions, with what its roles permit.

    `is_refresh` tells that the session's token was replaced, or handed out again, on this very occasion.
    `is_authenticated`, `display_name` and `identity` are what Starlette expects of a user.
    """

    account: Account
    session: AuthenticationSession
    roles: tuple[str, ...] = ()
    permissions: PermissionSet = field(default_factory=lambda: PermissionSet.of(()))
    is_refresh: bool = False

    @property
    def is_authenticated(self) -> bool:
        """True: a session was validated for this very request."""
        return True

    @property
    def display_name(self) -> str:
        """The name to greet the person by."""
        return self.account.username or self.account.email or self.account.phone or ""

    @property
    def identity(self) -> str:
        """The account's id."""
        return self.account.id

    def authenticated(self) -> "Principal":
        """Return itself."""
        return self

    def may(self, *, all_of: Permissions | None = None, any_of: Permissions | None = None) -> bool:
        """Tell whether its grants imply all of, or any of, some permissions; exactly one of the two must be given."""
        return self.permissions.allows(all_of=all_of, any_of=any_of)

    def has_roles(self, *, all_of: Iterable[str] | None = None, any_of: Iterable[str] | None = None) -> bool:
        """Tell whether it has all of, or any of, some roles; exactly one of the two must be given, and not empty."""
        return RoleRequirement(all_of=all_of, any_of=any_of).holds_for(self)

    def require_fresh(self, *, within: timedelta, now: datetime) -> "Principal":
        """Return itself if it has authenticated less than `within` ago; otherwise raise ReauthenticationRequired.

        Raises ConfigurationError for a time that is not longer than zero, or longer than 30 days.
        """
        check_within(within)
        refusal = sessions.stale(self.session, within=within, now=now)
        if refusal is not None:
            raise refusal
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Somebody whose password was right, and whose second factor is still to come; not a Principal either."""

    account: Account
    session: AuthenticationSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymous:
    """Nobody in particular: no credential was presented, or `refusal` tells why the one presented does not count.

    Not a Principal, so that no check for one can take it for somebody.  `session` is the anonymous session, if one was
    presented: something to hang things on, such as a basket, until its holder logs in.
    """

    refusal: AuthError = field(default_factory=NotAuthenticated)
    session: AuthenticationSession | None = None

    @property
    def is_authenticated(self) -> bool:
        """False."""
        return False

    @property
    def display_name(self) -> str:
        """Nothing to greet by."""
        return ""

    @property
    def identity(self) -> str:
        """No account."""
        return ""

    @property
    def permissions(self) -> PermissionSet:
        """None at all."""
        return PermissionSet.of(())

    def authenticated(self) -> Principal:
        """Raise the reason why nobody is logged in."""
        raise self.refusal


@dataclass(frozen=True, slots=True)
class TagRequirement:
    """Which sort of session a caller must have: one that was opened with this tag."""

    tag: str

    def holds_for(self, holder: Holder, /) -> bool:
        """Tell whether somebody's session has the tag."""
        return isinstance(holder, Principal) and holder.session.tag == self.tag

    def __str__(self) -> str:
        return f"tag {self.tag}"


def authorize(caller: Principal | Anonymous, requirement: Condition | None = None) -> Principal:
    """Return the caller if somebody is logged in, and meets the requirement, if there is one.

    It is about permissions (Requirement), roles (RoleRequirement) or sessions (TagRequirement).  Raises the caller's
    own refusal if nobody is logged in, and PermissionDenied for whoever falls short.
    """
    principal = caller.authenticated()
    if requirement is not None and not requirement.holds_for(principal):
        raise PermissionDenied(cause=str(requirement))
    return principal


def check_within(within: timedelta) -> None:
    """Raise ConfigurationError unless somebody may be asked to have authenticated within this time.

    No session is older than 30 days.
    """
    if not timedelta(0) < within <= _LONGEST_WITHIN:
        raise ConfigurationError("within must be longer than zero, and at most 30 days")


def identify(caller: Caller, shown: Presentation) -> Decision[Principal | Pending | Anonymous]:
    """Decide who is calling, from what the store says about the session that a token names.

    A rotation that is due, and whatever else must be remembered of the token, is among the writes.
    """
    session, account = caller.session, caller.account
    refusal = sessions.validate(session=session, account=account, policy=shown.policy, now=shown.now)
    if session is None or (refusal is not None and not isinstance(refusal, SecondFactorRequired)):
        return refuse(refusal or InvalidToken(cause="no session"))
    presented = present(session, shown)
    if presented.outcome is None:
        return presented.refused()
    if refusal is not None and account is not None:
        # Without the writes: a pending session is never rotated.
        return accept(Pending(account=account, session=session))
    if account is None:
        return accept(Anonymous(session=presented.outcome.session), presented.writes)
    return accept(_principal(caller, account, presented.outcome), presented.writes)


def admit(caller: Caller, shown: Presentation) -> Decision[Principal | Anonymous]:
    """Decide who is calling, where whoever still owes a second factor is sent to meet it."""
    found = identify(caller, shown)
    if isinstance(found.outcome, Pending):
        return refuse(SecondFactorRequired())
    return cast("Decision[Principal | Anonymous]", found)


def authenticate(caller: Caller, shown: Presentation) -> Decision[Principal]:
    """Decide who is calling, where nobody but an authenticated person will do."""
    found = admit(caller, shown)
    if isinstance(found.outcome, Anonymous):
        return refuse(found.outcome.refusal)
    return cast("Decision[Principal]", found)


def recognise_again(kept: Caller, shown: Presentation) -> Principal | None:
    """Return who is calling by what was read a while ago, or None where only the store can tell.

    It is judged as if a new token was asked for, and told only where none is due and nothing is to be written: so
    neither this process nor another one has had reason to rotate the session since, and no reuse is overlooked.
    """
    decided = authenticate(kept, replace(shown, rotate=True))
    return None if decided.writes or decided.outcome is None or decided.outcome.is_refresh else decided.outcome


def identify_pending(caller: Caller, shown: Presentation) -> Decision[Pending]:
    """Decide who is calling, where a second factor is to be met."""
    found = identify(caller, shown)
    if isinstance(found.outcome, Pending):
        return accept(found.outcome)
    if isinstance(found.outcome, Principal):
        return refuse(SecondFactorFulfilled())
    return found.refused() if found.outcome is None else refuse(found.outcome.refusal)


def _principal(caller: Caller, account: Account, presented: Presented) -> Principal:
    granted = {grant.role for grant in caller.grants if grant.deleted_at is None}
    roles = [role for role in caller.roles if role.id in granted and role.deleted_at is None]
    return Principal(
        account=account,
        session=presented.session,
        roles=tuple([role.id for role in roles]),
        permissions=PermissionSet.of(chain.from_iterable([role.permissions for role in roles])),
        is_refresh=presented.renewed,
    )
