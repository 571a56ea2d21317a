"""What the laws are tried on: small entities, and the questions that a law asks of a store."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
from hypothesis import given, settings, strategies as st

from authcore.entities import Account, AuthenticationSession, Entity, Grant, Identifier, Role
from authcore.errors import Conflict
from authcore.identifiers import IdentifierKind
from authcore.ports import Key, Store, by_id

__all__ = [
    "MOMENT",
    "account",
    "alike",
    "at",
    "conflicts",
    "for_all",
    "grant",
    "identifier",
    "ids",
    "role",
    "session",
    "stored",
    "together",
]

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

MOMENT: Final = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def account(name: str = "ada", *, version: int = 0, epoch: int = 1, deleted_at: datetime | None = None) -> Account:
    """An entity that has no owner."""
    return Account(
        id=name, version=version, created_at=MOMENT, updated_at=MOMENT, epoch=epoch, deleted_at=deleted_at
    )


def identifier(name: str = "ada@example.org", owner: str | None = "ada", *, form: int = 1) -> Identifier:
    """An entity that may have an owner."""
    return Identifier(
        id=name, created_at=MOMENT, updated_at=MOMENT, kind=IdentifierKind.EMAIL, form=form, account_id=owner
    )


def role(name: str = "reader", *permissions: str, deleted_at: datetime | None = None) -> Role:
    """A role."""
    return Role(id=name, created_at=MOMENT, updated_at=MOMENT, deleted_at=deleted_at, permissions=permissions)


def grant(name: str, owner: str = "ada", *, role: str = "reader", deleted_at: datetime | None = None) -> Grant:
    """A role given to an account; an entity that always has an owner."""
    return Grant(
        id=name, created_at=MOMENT, updated_at=MOMENT, deleted_at=deleted_at, account_id=owner, role=role
    )


def session(name: str = "session", owner: str | None = "ada") -> AuthenticationSession:
    """A session; it has many fields."""
    return AuthenticationSession(
        id=name,
        created_at=MOMENT,
        updated_at=MOMENT,
        account_id=owner,
        epoch=1,
        expires_at=MOMENT + timedelta(days=30),
        network="192.0.2.7",
        user_agent="Mosaic",
        amr=("pwd", "otp"),
        auth_time=MOMENT,
        rotated_at=MOMENT,
        inactive_at=MOMENT + timedelta(hours=1),
    )
