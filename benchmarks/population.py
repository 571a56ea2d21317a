"""Who is there: people with roles in a store, each logged in once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from authcore import Argon2Hasher, Auth, ConsoleCourier, Device, Keyring, Policy, RootKey
from authcore.imported_accounts import AccountRecord, RoleRecord
from authcore.ports import Store

__all__ = ["Person", "admit", "auth_over", "cookies_of", "roles"]

_PASSWORD: Final = "a loom that weaves algebra"  # noqa: S105  it guards nobody
_THEN: Final = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is logged in."""

    account_id: str
    session_id: str
    token: str


def auth_over(store: Store) -> Auth:
    """Return an Auth as in production, but for the cost of hashing, of which no request has any."""
    keyring = Keyring([RootKey("bench", secrets.token_bytes(32))])
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


async def admit(auth: Auth, people: int, having: Sequence[RoleRecord]) -> list[Person]:
    """Have people with these roles in the store, and each of them logged in."""
    for role in having:
        await auth.import_role(role)
    secret = auth.hasher.hash(_PASSWORD, secrets.token_bytes(16))
    return [await _admit_one(auth, number, secret, having) for number in range(people)]


async def _admit_one(auth: Auth, number: int, secret: str, having: Sequence[RoleRecord]) -> Person:
    name = f"person-{number}@example.org"
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
    imported = await auth.import_account(record)
    device = Device(network=f"198.18.{number // 256}.{number % 256}")  # nobody is throttled for a neighbour
    issued = await auth.log_in(identifier=name, password=_PASSWORD, device=device)
    return Person(account_id=str(imported.id), session_id=issued.session.id, token=issued.token)


def cookies_of(auth: Auth, people: Sequence[Person]) -> list[str]:
    """Return the cookies that the browsers of people send."""
    return [f"{auth.policy.session_cookie.name}={person.token}" for person in people]
