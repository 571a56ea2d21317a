"""Deciding about the first administrator, who is there before anybody could have given somebody a role.

Nothing here performs I/O, reads a clock or draws randomness.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from authcore import accounts, audit, roles
from authcore.accounts import Claim
from authcore.decisions import Decision, accept, refuse
from authcore.entities import Account, AuditKind, Entity, Milestone, Role
from authcore.environment import PREFIX, read_text
from authcore.errors import ConfigurationError, IdentifierTaken
from authcore.occasion import Occasion
from authcore.roles import RoleDefinition

__all__ = ["FIRST_ADMINISTRATOR", "FirstAdministrator", "create"]

FIRST_ADMINISTRATOR: Final = "first-administrator"
"""The id of the milestone, and the reason in the trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAdministrator:
    """Who is to be the first administrator, in an operator's words; there is no default password."""

    email: str
    password: str = field(repr=False)
    username: str | None = None

    @classmethod
    def from_env(cls, prefix: str = PREFIX, environ: Mapping[str, str] | None = None) -> "FirstAdministrator | None":
        """Read `AUTHCORE_ADMIN_EMAIL`, `_PASSWORD` and, if there is one, `_USERNAME`; return None if none is there.

        Raises ConfigurationError if there is no password for the address, or no address.
        """
        email, password, username = (
            read_text(name, prefix=prefix, environ=environ)
            for name in ("ADMIN_EMAIL", "ADMIN_PASSWORD", "ADMIN_USERNAME")
        )
        if email is not None and password is not None:
            return cls(email=email, password=password, username=username)
        if (email, password, username) == (None, None, None):
            return None
        raise ConfigurationError(f"set both {prefix}ADMIN_EMAIL and {prefix}ADMIN_PASSWORD, or nothing of that kind")


def create(
    occasion: Occasion,
    *,
    definition: RoleDefinition,
    secret: str,
    email: Claim,
    username: Claim | None,
    role: Role | None,
    done: Milestone | None,
) -> Decision[Account | None]:
    """Decide to create an account, proven by its operator's word, with a role; or nothing, if that was `done`.

    An account that is there already never becomes it: whoever holds one of the names, proven or not, may be a stranger
    who came first, and waits for this.
    """
    if done is not None:
        return accept(None)
    names = [email] if username is None else [email, username]
    for claim in names:
        if claim.identifier is not None and claim.identifier.account_id is not None:
            return refuse(IdentifierTaken(evidence={"field": claim.name.kind.value}))
    account = _account(occasion, email=email, username=username)
    granted = roles.assign(occasion, definition=definition, account=account, role=role, grant=None)
    if granted.outcome is None:
        return granted.refused()
    writes: list[Entity] = [
        _milestone(account, now=occasion.now),
        account,
        *(accounts.claimed(claim, account, now=occasion.now, proven=True) for claim in names),
        accounts.password_credential(None, account, secret, now=occasion.now),
        *granted.writes,
        audit.record(occasion, AuditKind.REGISTERED, account_id=account.id, reason=FIRST_ADMINISTRATOR),
    ]
    return accept(account, writes)


def _account(occasion: Occasion, *, email: Claim, username: Claim | None) -> Account:
    return Account(
        id=occasion.ids.account,
        created_at=occasion.now,
        updated_at=occasion.now,
        username=None if username is None else username.name.display,
        email=email.name.display,
        verified_at=occasion.now,
    )


def _milestone(account: Account, *, now: datetime) -> Milestone:
    return Milestone(id=FIRST_ADMINISTRATOR, created_at=now, updated_at=now, account_id=account.id)
