"""A person's rights: knowing what is stored about them, and being forgotten."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar, cast

from authcore import accounts, erasure, exports
from authcore.auth.parts import Parts
from authcore.decisions import Decision, accept
from authcore.entities import (
    Account,
    AuditEvent,
    AuthenticationSession,
    ChallengeSlot,
    Credential,
    Entity,
    Grant,
    Identifier,
    Message,
    SessionRoster,
    Tally,
    TwoStepSession,
)
from authcore.erasure import Entombed
from authcore.errors import AccountNotFound
from authcore.exports import AccountExport, Row
from authcore.flows import Work
from authcore.personal_fields import TREATMENTS
from authcore.ports import Key, Reader, by_field, by_id, by_owner

__all__ = ["PersonalData"]

E = TypeVar("E", bound=Entity)

_BATCH: Final = 500
"""How many rows are read at a time, and written in one commit."""


@dataclass(frozen=True, kw_only=True)
class PersonalData(Parts):
    """The flows that an operator runs when a person asks for it; no endpoint offers them.

    Both raise AccountNotFound for what is no account.  What the application keeps beside these, it exports and erases
    itself.
    """

    async def export_account(self, account_id: str) -> AccountExport:
        """Return all that is stored about a person, but for what is secret; a deleted account's as well.

        It is read piece by piece: what changes meanwhile may be told as it was before, or after.
        """
        account = await self.store.get(by_id(Account, account_id))
        if account is None or account.decoy:
            raise AccountNotFound
        sections: dict[str, tuple[Row, ...]] = {}
        for key in _all_of(account_id):
            section = TREATMENTS[key.kind].section
            rows = exports.rows_of(filter(exports.is_told, await _found(self.store, key)))
            sections[section] = (*sections.get(section, ()), *rows)
        return AccountExport(account_id=account_id, exported_at=self.clock.now(), sections=sections)

    async def erase_account(self, account_id: str, *, by: str | None = None) -> Account:
        """Forget whose an account was, for ever, and return what is left of it: a tombstone, by its id.

        One commit ends every session, removes all names and makes the account one that nobody can restore or log in to.
        Before it, and once more after it, it is forgotten who else has asked to have one of the addresses.  Whatever
        else names the person is blanked last, in commits of at most 500 rows.  Where that is interrupted, erase it
        again: what is done stays done, and the rest follows.  `by` is the id of the account on whose behalf it is done,
        and stands in the trail.

        Raises ConfigurationError, having done nothing, if the store is no `Housekeeping`.
        """
        occasion = self._operation(by)

        async def decide(work: Work) -> Decision[Entombed]:
            account = await work.get(by_id(Account, account_id))
            decoys = await work.find(by_field(Account, "beside_id", account_id))
            keys = [key for person in (account_id, *(decoy.id for decoy in decoys)) for key in _names_of(person)]
            names = [name for key in keys for name in await work.find(key)]
            return erasure.entomb(occasion.at(work.now), account=account, decoys=decoys, names=names)

        self._flows.housekeeping()
        names = [name for key in _names_of(account_id) for name in await _found(self.store, key)]
        known = erasure.addresses_among(names)
        # Before the names go, too: if it is interrupted, they are found once more.
        await self._unwant(known)
        first = await self._flows.run(decide)
        # Once more: until then a stranger may have met the address, and left a decoy that had not been there before.
        last = await self._flows.run(decide)
        await self._unwant(known | first.addresses | last.addresses)
        # And only now the rows: until then somebody may still have logged in, and left some.
        for person in last.people:
            for kind in erasure.SWEPT:
                await self._sweep(by_field(kind, "account_id", person))
            # What was done to others was done from somewhere, too.
            await self._sweep(by_field(AuditEvent, "actor", person))
        return cast("Account", await self.store.get(by_id(Account, account_id)))

    async def _unwant(self, addresses: Collection[str]) -> None:
        """Forget that anybody has asked for one of these addresses for his own, challenge by challenge."""
        for address in sorted(addresses):
            while await self._flows.run(partial(self._unwant_once, address)):
                pass

    async def _unwant_once(self, address: str, work: Work) -> Decision[bool]:
        found = await work.find(by_field(TwoStepSession, "wanted_id", address, limit=1))
        # Together: whoever has a code sent again meanwhile writes the challenge as well.
        sent = [message for each in found for message in await work.find(by_field(Message, "session_id", each.id))]
        return erasure.unwanted(found, sent, now=work.now)

    async def _sweep(self, key: Key[E]) -> None:
        """Blank all that a key names, page by page; no row comes meanwhile."""

        async def blank(page: Key[E]) -> Sequence[E]:
            return await self._flows.run(partial(self._blank_page, page))

        async for _ in _pages(blank, key):
            pass

    async def _blank_page(self, key: Key[E], work: Work) -> Decision[Sequence[E]]:
        # Weakly: what is blank already may change as it likes.
        page = await work.weak.find(key)
        blank = [erasure.blanked(entity, now=work.now) for entity in page]
        changed = [after for before, after in zip(page, blank, strict=True) if after != before]
        return accept(page, changed)


def _names_of(account_id: str) -> list[Key[Identifier]]:
    """Name the claims that an account has, and those that it had last."""
    return [by_owner(Identifier, account_id), by_field(Identifier, "former_id", account_id)]


def _all_of(account_id: str) -> list[Key[Entity]]:
    """Name whatever is stored of an account."""
    owned = (
        Credential,
        AuthenticationSession,
        SessionRoster,
        TwoStepSession,
        ChallengeSlot,
        Grant,
        Message,
        AuditEvent,
    )
    keys: list[Key[Any]] = [
        by_id(Account, account_id),
        *_names_of(account_id),
        *(by_field(kind, "account_id", account_id) for kind in owned),
        by_id(Tally, accounts.password_id(account_id)),
    ]
    return keys


async def _found(reader: Reader, key: Key[E]) -> list[E]:
    """Return all that a key names, read a page at a time."""
    found = {entity.id: entity async for page in _pages(reader.find, key) for entity in page}
    return list(found.values())


async def _pages(read: Callable[[Key[E]], Awaitable[Sequence[E]]], key: Key[E]) -> AsyncIterator[Sequence[E]]:
    """Read all that a key names, page by page.

    Each page begins with the last row of the one before.  Where another one stands there, rows were purged meanwhile,
    and others have moved up past what was to be read next: then it is begun again.
    """
    place, last = 0, None
    while True:
        again = 0 if last is None else 1
        page = await read(replace(key, skip=place - again, limit=_BATCH + again))
        if last is not None and (not page or page[0].id != last):
            place, last = 0, None
            continue
        yield page
        if len(page) < _BATCH + again:
            return
        place, last = place - again + len(page), page[-1].id
