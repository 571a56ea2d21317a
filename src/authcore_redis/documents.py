"""What is stored of an entity: a document that the server never looks into, and beside it what the server looks for."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeVar, cast

from authcore.entities import (
    Account,
    AuthenticationSession,
    Entity,
    Grant,
    Role,
    from_record,
    microseconds,
    to_record,
)
from authcore.errors import StoreFault
from authcore.ports import Caller
from authcore_redis.keys import indexed

__all__ = ["FORMAT", "text_of", "to_caller", "to_document", "to_entity", "values_of"]

E = TypeVar("E", bound=Entity)

_HALF: Final = 2**63  # so that no date is negative
_BOTH: Final = 2
_NOT_OURS: Final = (KeyError, OverflowError, TypeError, ValueError)

FORMAT: Final = 1
"""Raised whenever what is stored changes, a field of an entity included; a store refuses a realm of any other."""


def to_document(entity: Entity) -> bytes:
    """Return how an entity is stored at its next version: JSON in ASCII, which no client's encoding can spoil."""
    return json.dumps(to_record(entity) | {"version": entity.version + 1}, separators=(",", ":")).encode("ascii")


def to_entity(kind: type[E], document: bytes | str) -> E:
    """Return the entity of a document that `to_document` made; StoreFault for any other."""
    try:
        return from_record(kind, json.loads(document))
    except _NOT_OURS:
        pass
    raise _fault(kind)


def to_caller(answer: object) -> Caller:
    """Return what the script of `caller` answers, as a JSON array; StoreFault for any other.

    It begins with how many there are of session and account, of grants and of roles, and these follow.
    """
    try:
        known, granted, given, *documents = json.loads(cast("bytes", answer))
        if len(documents) == known + granted + given:
            return Caller(
                session=from_record(AuthenticationSession, documents[0]) if known else None,
                account=from_record(Account, documents[1]) if known == _BOTH else None,
                grants=[from_record(Grant, grant) for grant in documents[known : known + granted]],
                roles=[from_record(Role, role) for role in documents[known + granted :]],
            )
    except _NOT_OURS:
        pass
    raise _fault(AuthenticationSession)


def _fault(kind: type[Entity]) -> StoreFault:
    """Apart from the cause, whose text may hold what was stored."""
    return StoreFault(f"a document of {kind.__name__} holds what no {kind.__name__} can hold")


def values_of(entity: Entity) -> bytes:
    """Return what scripts need to know of an entity: what it is found by, field by field, and what it leads to.

    A zero stands between them, which is in no text; an equals sign before each that is there at all.
    """
    values = [_text(getattr(entity, field)) for field in indexed(type(entity))]
    if type(entity) in _LEADS_TO:
        values.append(_LEADS_TO[type(entity)](entity))
    return "\0".join("" if value is None else f"={value}" for value in values).encode()


def text_of(date: datetime) -> str:
    """Return a date as twenty digits, which stand in the order of dates."""
    return f"{microseconds(date) + _HALF:020}"


def _text(value: str | datetime | None) -> str | None:
    return text_of(value) if isinstance(value, datetime) else value


def _role_of(entity: Entity) -> str | None:
    grant = cast("Grant", entity)
    return grant.role if grant.deleted_at is None else None


_LEADS_TO: Final[Mapping[type[Entity], Callable[[Entity], str | None]]] = {Grant: _role_of}
"""What `caller` follows from one entity to another, besides the fields that entities are found by."""
