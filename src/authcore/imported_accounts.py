"""Deciding about accounts and roles that another system kept: what they become here, or why they stay behind.

Nothing here performs I/O, reads a clock or draws randomness.  Whatever stands in the way of a record is told, all of it
at once, and then nothing of the record is written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from authcore import accounts, audit, roles
from authcore.accounts import Claim
from authcore.decisions import Decision, accept
from authcore.entities import Account, AuditKind, Entity, Grant, Milestone, Role
from authcore.entities.base import Name, max_length
from authcore.errors import InvalidInput
from authcore.identifiers import (
    CanonicalIdentifier,
    IdentifierKind,
    canonical_email,
    canonical_external,
    canonical_phone,
    canonical_username,
)
from authcore.occasion import Occasion
from authcore.roles import RoleDefinition

__all__ = [
    "AccountRecord",
    "Imported",
    "Obstacle",
    "Reading",
    "RoleRecord",
    "import_account",
    "import_role",
    "milestone_id",
    "read",
]

_LONGEST_NAME: Final = max_length(Name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRecord:
    """A role as another system kept it; one that is `deleted` there gives nobody anything."""

    name: str
    permissions: tuple[str, ...]
    description: str = ""
    created_at: datetime
    updated_at: datetime
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """An account as another system kept it; `origin` and `id` name it for ever.

    `secret` is the stored hash of its password, `external` an issuer and a subject.  Times are aware and in UTC.
    """

    origin: str
    id: str
    email: str | None = None
    phone: str | None = None
    username: str | None = None
    external: tuple[str, str] | None = None
    secret: str | None = field(default=None, repr=False)
    roles: tuple[RoleRecord, ...] = ()
    created_at: datetime
    updated_at: datetime
    verified: bool = False
    disabled: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a record stays behind: the field at fault, a stable reason, and which role if it is about one."""

    field: str
    reason: str
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a record: the id of what it is here, `known` if it was here before; or what stands in the way."""

    id: str | None = None
    known: bool = False
    obstacles: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The names of a record in canonical form, and why others are no names here."""

    names: tuple[CanonicalIdentifier, ...]
    obstacles: tuple[Obstacle, ...]


def milestone_id(origin: str, id_: str) -> str:
    """Return the id of the milestone that says what a record has become, once and for ever."""
    return f"import/{origin}/{id_}"


def read(record: AccountRecord) -> Reading:
    """Return the names of a record as they are written here."""
    names: list[CanonicalIdentifier] = []
    obstacles: list[Obstacle] = []
    for canonical in _given(record):
        try:
            names.append(canonical())
        except InvalidInput as refusal:
            obstacles.append(_obstacle(refusal))
    return Reading(names=tuple(names), obstacles=tuple(obstacles))


def import_role(occasion: Occasion, *, record: RoleRecord, role: Role | None) -> Decision[Imported]:
    """Decide to keep a role with what it permits; one of that name that is here already is never changed."""
    try:
        definition = _definition(record)
        created = _role(definition, record, now=occasion.now)
    except InvalidInput as refusal:
        return accept(Imported(obstacles=(_obstacle(refusal),)))
    if role is None:
        event = audit.record(occasion, AuditKind.ROLE_IMPORTED, account_id=None, reason=created.id)
        return accept(Imported(id=created.id), [created, event])
    if not _says(role, definition, record):
        return accept(Imported(obstacles=(Obstacle("permissions", "mismatch"),)))
    return accept(Imported(id=role.id, known=True))


def import_account(
    occasion: Occasion,
    *,
    record: AccountRecord,
    reading: Reading,
    claims: Sequence[Claim],
    roles_here: Mapping[str, Role | None],
    readable: bool,
    done: Milestone | None,
) -> Decision[Imported]:
    """Decide to keep an account as it is elsewhere, with its password, names and roles; or nothing, if that was `done`.

    `claims` are those on the names that were read, `readable` tells whether any password can ever match the hash.
    An account that was never verified holds its names as a registration does, and its address is still to be proven.
    """
    if done is not None:
        return accept(Imported(id=done.account_id, known=True))
    wanted = claims if _keeps_names(record) else ()
    obstacles = (
        *reading.obstacles,
        *_missing_names(record),
        *(Obstacle(claim.name.kind.value, "taken") for claim in wanted if _is_held(claim)),
        *([] if readable else [Obstacle("password", "unreadable_hash")]),
        *_missing_roles(record.roles, roles_here),
    )
    if obstacles:
        return accept(Imported(obstacles=obstacles))
    try:
        account = _account(occasion, record, reading.names)
        writes = [account, *_belongings(occasion, record, account=account, claims=wanted)]
    except InvalidInput as refusal:
        return accept(Imported(obstacles=(_obstacle(refusal),)))
    return accept(Imported(id=account.id), writes)


def _given(record: AccountRecord) -> Iterator[Callable[[], CanonicalIdentifier]]:
    if record.email is not None:
        yield partial(canonical_email, record.email)
    if record.phone is not None:
        yield partial(canonical_phone, record.phone)
    if record.username is not None:
        yield partial(canonical_username, record.username)
    if record.external is not None:
        yield partial(canonical_external, *record.external)


def _missing_names(record: AccountRecord) -> Iterator[Obstacle]:
    if record.email is None and record.phone is None:
        yield Obstacle("email", "missing")
    if record.external is not None and not record.verified:
        # Whoever proves the address next may be somebody else, whom the identity's owner would then log in as.
        yield Obstacle("external", "account_unverified")


def _missing_roles(records: Iterable[RoleRecord], here: Mapping[str, Role | None]) -> Iterator[Obstacle]:
    for record in records:
        role = here.get(record.name)
        try:
            if role is None or not _says(role, _definition(record), record):
                yield Obstacle("role", "missing" if role is None else "mismatch", role=record.name)
        except InvalidInput as refusal:
            yield Obstacle("role", refusal.reason, role=record.name)


def _keeps_names(record: AccountRecord) -> bool:
    """Tell whether it holds names: as with deleting here, whoever was never verified holds none any more."""
    return record.verified or not record.deleted


def _is_held(claim: Claim) -> bool:
    return claim.identifier is not None and claim.identifier.account_id is not None


def _account(occasion: Occasion, record: AccountRecord, names: Iterable[CanonicalIdentifier]) -> Account:
    shown = {name.kind: name.display for name in names}
    # It is not known since when it has been so; it was at the latest when the record was last written.
    since = record.updated_at
    return Account(
        id=occasion.ids.account,
        created_at=record.created_at,
        updated_at=since,
        deleted_at=since if record.deleted else None,
        username=shown.get(IdentifierKind.USERNAME),
        email=shown.get(IdentifierKind.EMAIL),
        phone=shown.get(IdentifierKind.PHONE),
        verified_at=since if record.verified else None,
        disabled_at=since if record.disabled else None,
    )


def _belongings(
    occasion: Occasion, record: AccountRecord, *, account: Account, claims: Iterable[Claim]
) -> Iterator[Entity]:
    for claim in claims:
        yield accounts.claimed(claim, account, now=occasion.now, proven=record.verified and _is_proof(claim, account))
    if record.secret is not None:
        yield accounts.password_credential(None, account, record.secret, now=record.updated_at)
    for role in record.roles:
        yield _grant(account, role, now=occasion.now)
    yield Milestone(
        id=milestone_id(record.origin, record.id),
        created_at=occasion.now,
        updated_at=occasion.now,
        account_id=account.id,
    )
    yield audit.record(occasion, AuditKind.ACCOUNT_IMPORTED, account_id=account.id, reason=record.origin)


def _is_proof(claim: Claim, account: Account) -> bool:
    """Tell whether it is what a verified account has proven: the address that its messages go to, or an identity."""
    return claim.name.kind is IdentifierKind.EXTERNAL or claim.name.display == accounts.address_of(account)


def _grant(account: Account, role: RoleRecord, *, now: datetime) -> Grant:
    # A role that is deleted gives nobody anything; should it come back, nobody is to have it by an old assignment.
    deleted_at = now if role.deleted else None
    id_ = roles.grant_id(account.id, role.name)
    return Grant(id=id_, created_at=now, updated_at=now, deleted_at=deleted_at, account_id=account.id, role=role.name)


def _definition(record: RoleRecord) -> RoleDefinition:
    definition = roles.define(record.name, record.permissions, record.description)
    if len(record.name) > _LONGEST_NAME:
        raise InvalidInput("role", "too_long")
    return definition


def _role(definition: RoleDefinition, record: RoleRecord, *, now: datetime) -> Role:
    return Role(
        id=definition.name,
        created_at=record.created_at,
        updated_at=record.updated_at,
        deleted_at=now if record.deleted else None,
        description=definition.description,
        permissions=definition.permissions or (),
    )


def _says(role: Role, definition: RoleDefinition, record: RoleRecord) -> bool:
    """Tell whether a role that is here permits what the record says, and is there or deleted like it."""
    return role.permissions == definition.permissions and (role.deleted_at is not None) == record.deleted


def _obstacle(refusal: InvalidInput) -> Obstacle:
    return Obstacle(str(refusal.field), refusal.reason)
