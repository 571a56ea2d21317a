"""Who is calling, and what it may do.  Nothing here performs I/O, reads a clock or draws randomness."""

from dataclasses import dataclass, field
from datetime import datetime

from authcore import sessions
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuthenticationSession
from authcore.errors import AuthError, InvalidToken, NotAuthenticated, PermissionDenied
from authcore.permissions import Permissions, PermissionSet, Requirement
from authcore.ports import Caller

__all__ = ["Anonymous", "Principal", "authorize", "identify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who is logged in: an account through one of its sessions, with what its roles permit.

    `is_authenticated`, `display_name` and `identity` are what Starlette expects of a user.
    """

    account: Account
    session: AuthenticationSession
    roles: tuple[str, ...] = ()
    permissions: PermissionSet = field(default_factory=lambda: PermissionSet.of(()))

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymous:
    """Nobody in particular: no credential was presented, or `refusal` tells why the one presented does not count.

    Not a Principal, so that no check for one can take it for somebody.
    """

    refusal: AuthError = field(default_factory=NotAuthenticated)

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


def authorize(caller: Principal | Anonymous, requirement: Requirement | None = None) -> Principal:
    """Return the caller if somebody is logged in, and has grants that meet the requirement, if there is one.

    Raises the caller's own refusal if nobody is logged in, and PermissionDenied if the grants fall short.
    """
    principal = caller.authenticated()
    if requirement is not None and not requirement.met_by(principal.permissions):
        raise PermissionDenied(cause=str(requirement))
    return principal


def identify(caller: Caller, *, generation: int, now: datetime) -> Decision[Principal]:
    """Decide who is calling, from what the store says about the session that a token names."""
    session, account = caller.session, caller.account
    refusal = sessions.validate(session=session, account=account, generation=generation, now=now)
    if refusal is not None or session is None or account is None:
        return refuse(refusal or InvalidToken(cause="no account"))
    granted = {grant.role for grant in caller.grants if grant.deleted_at is None}
    roles = [role for role in caller.roles if role.id in granted and role.deleted_at is None]
    return accept(
        Principal(
            account=account,
            session=session,
            roles=tuple(role.id for role in roles),
            permissions=PermissionSet.of(text for role in roles for text in role.permissions),
        )
    )
