"""What operators look at: accounts, sessions, roles and the trail, page by page.  Nothing here decides or writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from authcore.auth.parts import Parts
from authcore.entities import Account, AuditEvent, AuthenticationSession, Entity, Identifier, Role, can_be_stored
from authcore.errors import ConfigurationError, InvalidInput
from authcore.identifiers import beginnings
from authcore.occasion import time_prefix
from authcore.ports import Catalogue, by_field, by_id, by_owner

__all__ = ["Listings", "Page"]

E = TypeVar("E", bound=Entity)

_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[E]):
    """Some of what is listed, and where the next page begins: None once there is no more.

    A page may have fewer entities than were asked for, even none, although there are more.
    """

    entities: tuple[E, ...]
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Listings(Parts):
    """Lists and searches what is stored, deleted entities too: for operators and their tools; no endpoint offers it.

    A page comes of `limit` entities, 1 to 1000, and begins `after` where the page before says.  Everything that is
    stored all the while is on one page.
    Raises InvalidInput for another limit and for an `after` that no page says, and ConfigurationError for a store that
    is no Catalogue.
    """

    async def browse_accounts(self, name: str = "", *, after: str | None = None, limit: int = 100) -> Page[Account]:
        """List the accounts that have a username, email address or phone number which begins with `name`.

        How it is written does not matter, capitals for instance; a phone number begins with a plus.  Each account is
        listed once, in order of the first of its names that begins so; without a `name`, all are, in order of id.
        """
        if not name.strip(" "):
            listed = await self._of_kind(Account, after=after, limit=limit)
            return Page(tuple(account for account in listed.entities if not account.decoy), listed.after)
        after = _checked(after, limit)
        sought, claims = beginnings(name), list[Identifier]()
        for beginning in sought:
            if len(claims) < limit:
                listed_claims = await self._of_kind(Identifier, beginning, after=after, limit=limit - len(claims))
                claims.extend(listed_claims.entities)
        found = [await self._first_named(claim, sought) for claim in claims]
        return Page(tuple(account for account in found if account is not None), _next(claims, limit))

    async def browse_sessions(
        self, account_id: str | None = None, *, after: str | None = None, limit: int = 100
    ) -> Page[AuthenticationSession]:
        """List the sessions of an account, or of all accounts and of none, ended ones too, in order of id."""
        if account_id is None:
            return await self._of_kind(AuthenticationSession, after=after, limit=limit)
        return await self._of_field(AuthenticationSession, "account_id", account_id, after=after, limit=limit)

    async def browse_roles(self, name: str = "", *, after: str | None = None, limit: int = 100) -> Page[Role]:
        """List the roles whose name begins with `name`, in order of name."""
        return await self._of_kind(Role, name, after=after, limit=limit)

    async def browse_events(
        self,
        *,
        account_id: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[AuditEvent]:
        """List what the trail says of an account, of what somebody did, or of both, or all of it: the oldest first.

        The first page begins with what happened `since` then, which needs a time zone.
        """
        if since is not None and since.utcoffset() is None:
            raise InvalidInput("since", "not_utc")
        if after is None and since is not None:
            after = time_prefix(since)
        if account_id is None and actor is None:
            return await self._of_kind(AuditEvent, after=after, limit=limit)
        field, value = ("actor", actor or "") if account_id is None else ("account_id", account_id)
        page = await self._of_field(AuditEvent, field, value, after=after, limit=limit)
        return Page(tuple(event for event in page.entities if actor in {None, event.actor}), page.after)

    async def _of_kind(self, kind: type[E], beginning: str = "", *, after: str | None, limit: int) -> Page[E]:
        if not isinstance(self.store, Catalogue):
            raise ConfigurationError("this store cannot list what it keeps")
        listed = await self.store.page(kind, beginning=beginning, after=_checked(after, limit), limit=limit)
        return Page(tuple(listed), _next(listed, limit))

    async def _of_field(self, kind: type[E], field: str, value: str, *, after: str | None, limit: int) -> Page[E]:
        after = _checked(after, limit)
        found = await self.store.find(by_field(kind, field, value, after=after, limit=limit))
        return Page(tuple(found), _next(found, limit))

    async def _first_named(self, claim: Identifier, sought: tuple[str, ...]) -> Account | None:
        """Return the account of a claim, unless another claim of it comes before, or it is a decoy."""
        if claim.account_id is None:
            return None
        claims = await self.store.find(by_owner(Identifier, claim.account_id))
        if any(each.id < claim.id for each in claims if each.id.startswith(sought)):
            return None
        account = await self.store.get(by_id(Account, claim.account_id))
        return None if account is None or account.decoy else account


def _checked(after: str | None, limit: int) -> str | None:
    if not 1 <= limit <= _MOST:
        raise InvalidInput("limit", "out_of_range")
    if after is not None and not can_be_stored(after):
        raise InvalidInput("after", "forbidden_character")
    return after


def _next(listed: Sequence[Entity], limit: int) -> str | None:
    return listed[-1].id if len(listed) >= limit else None
