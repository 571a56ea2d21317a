"""Who is there: people with roles in a store, who can log in, or have done so once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from authcore import Argon2Hasher, Auth, ConsoleCourier, Device, Keyring, Policy, RootKey
from authcore.imported_accounts import AccountRecord, RoleRecord
from authcore.ports import Store

__all__ = ["PASSWORD", "Person", "admit", "auth_over", "cookies_of", "enrol", "name_of", "network_of", "roles"]

PASSWORD: Final = "a loom that weaves algebra"  # noqa: S105  it guards nobody
"""What everybody's password is."""

_THEN: Final = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is logged in."""

    account_id: str
    session_id: str
    token: str


def auth_over(store: Store, keyring: Keyring | None = None) -> Auth:
    """Return an Auth as in production, but for the cost of hashing, of which no request has any.

    The keyring is a new one, unless processes are to share one.
    """
    keyring = keyring or Keyring([RootKey("bench", secrets.token_bytes(32))])
    policy = Policy(origins=frozenset({"https://example.org"}))
    hasher = Argon2Hasher.cheapest()
    return Auth(store=store, keyring=keyring, courier=ConsoleCourier(), policy=policy, hasher=hasher)


def roles(count: int, *, permissions: int) -> tuple[RoleRecord, ...]:
    """Return roles which permit so much each, as in `domain-2:action-7`."""
    return tuple(
        RoleRecord(
            name=f"role-{role}",
            permissions=tuple(f"domain-{role}:action-{action}" for action in range(permissions)),
            created_at=_THEN,
            updated_at=_THEN,
        )
        for role in range(count)
    )


async def enrol(auth: Auth, people: int, having: Sequence[RoleRecord] = (), *, first: int = 0) -> list[str]:
    """Have people with these roles in the store, from the `first` number on, and return the ids of their accounts."""
    for role in having:
        await auth.import_role(role)
    secret = auth.hasher.hash(PASSWORD, secrets.token_bytes(16))
    return [await _enrol_one(auth, name_of(number), secret, having) for number in range(first, first + people)]


async def admit(auth: Auth, people: int, having: Sequence[RoleRecord], *, first: int = 0) -> list[Person]:
    """Have people with these roles in the store, from the `first` number on, and each of them logged in."""
    accounts = await enrol(auth, people, having, first=first)
    return [await _log_in(auth, number, account_id) for number, account_id in enumerate(accounts, first)]


def name_of(number: int) -> str:
    """Return what somebody logs in by."""
    return f"person-{number}@example.org"


def network_of(number: int) -> str:
    """Return an address of its own for each of many, so that nobody is throttled for a neighbour."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


async def _enrol_one(auth: Auth, name: str, secret: str, having: Sequence[RoleRecord]) -> str:
    record = AccountRecord(
        origin="bench",
        id=name,
        email=name,
        secret=secret,
        roles=tuple(having),
        created_at=_THEN,
        updated_at=_THEN,
        verified=True,
    )
    return str((await auth.import_account(record)).id)


async def _log_in(auth: Auth, number: int, account_id: str) -> Person:
    device = Device(network=network_of(number))
    issued = await auth.log_in(identifier=name_of(number), password=PASSWORD, device=device)
    return Person(account_id=account_id, session_id=issued.session.id, token=issued.token)


def cookies_of(auth: Auth, people: Sequence[Person]) -> list[str]:
    """Return the cookies that the browsers of people send."""
    return [f"{auth.policy.session_cookie.name}={person.token}" for person in people]
