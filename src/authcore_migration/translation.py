"""What a row of sanic-security's says, in the words of an import.  Nothing here reads or writes.

Raises InvalidInput for what says nothing; what a value may be *here* is decided in the core.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from authcore.errors import InvalidInput
from authcore.imported_accounts import AccountRecord, RoleRecord
from authcore_migration.rows import AccountRow, RoleRow

__all__ = ["ORIGIN", "Interpretation", "Issuer", "role"]

ORIGIN: Final = "sanic-security/account"
"""What imported accounts are known by, together with their former ids."""

Issuer: TypeAlias = str | Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretation:
    """What the tables leave open, and only their application knows."""

    usernames: bool = True
    calling_code: str = ""
    issuer: Issuer | None = None

    def account(self, row: AccountRow) -> AccountRecord:
        """Return what a row of `account` says."""
        return AccountRecord(
            origin=ORIGIN,
            id=str(row.id),
            email=_text(row.email),
            phone=self._phone(_text(row.phone)),
            username=_text(row.username) if self.usernames else None,
            external=self._external(_text(row.oauth_id)),
            secret=_text(row.password),
            roles=tuple(map(role, row.roles)),
            created_at=_time("date_created", row.date_created),
            updated_at=_time("date_updated", row.date_updated),
            verified=bool(row.verified),
            disabled=bool(row.disabled),
            deleted=bool(row.deleted),
        )

    def _phone(self, number: str | None) -> str | None:
        is_national = number is not None and not number.lstrip().startswith("+")
        return f"{self.calling_code}{number}" if is_national and self.calling_code else number

    def _external(self, subject: str | None) -> tuple[str, str] | None:
        if subject is None:
            return None
        issuer = self.issuer(subject) if callable(self.issuer) else self.issuer
        if issuer is None:
            raise InvalidInput("oauth_id", "issuer_unknown")
        return issuer, subject


def role(row: RoleRow) -> RoleRecord:
    """Return what a row of `role` says."""
    return RoleRecord(
        name=_text(row.name) or "",
        permissions=_permissions(row.permissions),
        description=_text(row.description) or "",
        created_at=_time("date_created", row.date_created),
        updated_at=_time("date_updated", row.date_updated),
        deleted=bool(row.deleted),
    )


def _permissions(stored: object) -> tuple[str, ...]:
    """Return a JSON array as a tuple, whatever stands in it: each permission is judged where it becomes one."""
    try:
        listed = json.loads(stored) if isinstance(stored, str | bytes) else stored
    except ValueError:
        raise InvalidInput("permissions", "not_json") from None
    if not isinstance(listed, list | None):
        raise InvalidInput("permissions", "not_a_list")
    return tuple(listed or ())


def _text(stored: object) -> str | None:
    """Return a text; an empty one says nothing."""
    return None if stored is None or stored == "" else str(stored)


def _time(column: str, stored: object) -> datetime:
    """Return a time in UTC, in which sanic-security's are that name no zone."""
    try:
        told = stored if isinstance(stored, datetime) else datetime.fromisoformat(str(stored))
    except ValueError:
        raise InvalidInput(column, "not_a_time") from None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
