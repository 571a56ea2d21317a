"""Crowds: far more people than could ever log in one by one, so that their rows are written by a driver."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from authcore import Auth
from authcore.entities import Account, AuthenticationSession, Entity, Grant, Scalar, microseconds, to_record
from authcore.roles import grant_id
from authcore.tokens import Reference, TokenKind, Tokens
from benchmarks.drivers import Driver, Row
from benchmarks.population import Person, roles

__all__ = ["Crowd"]

_LONGEST: Final = timedelta(days=30)
_LONG_AGO: Final = timedelta(days=3650)

_Changes: TypeAlias = dict[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """So many sessions, `each` account having some: open ones, of which none is due for rotation, and one role."""

    auth: Auth
    driver: Driver
    sessions: int
    each: int
    now: datetime

    @classmethod
    async def gathered(cls, auth: Auth, driver: Driver, sessions: int, *, each: int = 10) -> "Crowd":
        """Write their rows into an empty database."""
        crowd = cls(auth=auth, driver=driver, sessions=sessions, each=each, now=datetime.now(UTC))
        (role,) = roles(1, permissions=1)
        await auth.import_role(role)
        accounts = [_name("account", number) for number in range(-(-sessions // each))]
        await crowd._write("authcore_account", crowd._account(), (_Changes(id=each) for each in accounts))
        grants = (_Changes(id=grant_id(each, role.name), account_id=each) for each in accounts)
        await crowd._write("authcore_grant", crowd._grant(role.name), grants)
        # In order of id, since that is how some engines keep them.
        named = sorted((_name("session", number), number) for number in range(sessions))
        open_ones = (
            _Changes(id=name, account_id=accounts[number // crowd.each], expires_at=microseconds(crowd._end(number)))
            for name, number in named
        )
        await crowd._write("authcore_authentication_session", crowd._session(), open_ones)
        await driver.analyse()
        return crowd

    def people(self, count: int) -> Sequence[Person]:
        """Return some of them, from everywhere among all, as if they had logged in."""
        tokens = Tokens(self.auth.keyring, self.auth.policy.issuer, self.auth.policy.audience)
        step = max(1, self.sessions // count)
        return [self._person(tokens, number) for number in range(0, self.sessions, step)][:count]

    async def expire(self, count: int) -> int:
        """Add sessions that have been over for years, and return a time between them and all others."""
        over = microseconds(self.now - _LONG_AGO)
        names = (_name("expired", number) for number in range(count))
        changes = (_Changes(id=each, account_id=_name("nobody", 0), expires_at=over) for each in names)
        await self._write("authcore_authentication_session", self._session(), changes)
        return over + 1

    async def _write(self, table: str, pattern: Entity, changes: Iterable[_Changes]) -> None:
        record = to_record(pattern) | {"version": 1}
        await self.driver.fill(table, list(record), _rows(record, changes))

    def _account(self) -> Account:
        return Account(id="", created_at=self.now, updated_at=self.now, verified_at=self.now)

    def _grant(self, role: str) -> Grant:
        return Grant(id="", created_at=self.now, updated_at=self.now, account_id="", role=role)

    def _session(self) -> AuthenticationSession:
        policy = self.auth.policy
        return AuthenticationSession(
            id="",
            created_at=self.now,
            updated_at=self.now,
            account_id="",
            epoch=1,
            expires_at=self.now + _LONGEST,
            network="198.18.0.1",
            user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            amr=("pwd",),
            auth_time=self.now,
            rotated_at=self.now,
            rotates_at=self.now + policy.rotation,
            inactive_at=self.now + policy.inactivity,
        )

    def _end(self, number: int) -> datetime:
        return self.now + _LONGEST - timedelta(seconds=number)

    def _person(self, tokens: Tokens, number: int) -> Person:
        name, account_id = _name("session", number), _name("account", number // self.each)
        reference = Reference(id=name, issued_at=self.now, expires_at=self._end(number))
        return Person(account_id=account_id, session_id=name, token=tokens.encode(TokenKind.AUTHENTICATION, reference))


def _rows(record: _Changes, changes: Iterable[_Changes]) -> Iterator[Row]:
    for each in changes:
        yield tuple((record | each).values())


def _name(what: str, number: int) -> str:
    """Return an id that has its place anywhere among the others, as random ones have."""
    return hashlib.sha256(f"{what} {number}".encode()).hexdigest()[:27]
