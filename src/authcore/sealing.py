"""Deciding about seals: which events the next one lists, and what has become of a sealed trail since.

Nothing here performs I/O, reads a clock or draws randomness.

Each seal lists the events of a batch, names the seal before it, and is signed by a key that no database holds.  Whoever
changes a row, and cannot sign, leaves a chain that does not fit; the newest link, kept elsewhere, tells when some are
cut off at its end.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from authcore.audit import is_true_or_blank
from authcore.decisions import Decision, accept
from authcore.entities import AuditEvent, AuditSeal, Entity, columns_of, to_record
from authcore.entities.base import texts_to_json
from authcore.errors import InvalidInput, StoreFault

__all__ = [
    "AUDIT_KEY",
    "BATCH",
    "CHAIN",
    "SEALED_FIELDS",
    "SIGNED_FIELDS",
    "AuditFinding",
    "AuditFlaw",
    "AuditHead",
    "AuditReport",
    "backdated",
    "flaws_of_batch",
    "flaws_of_chain",
    "flaws_of_start",
    "head_of",
    "is_listed",
    "is_ours",
    "is_too_old",
    "may_go",
    "misplaced",
    "missing",
    "seal",
    "sequence_of",
    "unlisted",
    "was_purged",
]

AUDIT_KEY: Final = "audit"
"""The purpose for which the keys of seals are derived."""

CHAIN: Final = "audit"
"""The chain that all seals are links of."""

BATCH: Final = 100
"""How many events one seal lists at most."""

_SETTLED: Final = timedelta(minutes=10)
"""How old an event is at the latest when it is stored: longer than any flow takes, and than clocks differ."""

_ROOM: Final = next(column.max_length for column in columns_of(AuditSeal) if column.name == "members")
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = 10**15 - 1
_HEAD: Final = re.compile(r"audit-head:1:([0-9]{1,15}):([0-9a-f]{64}|)")

SEALED_FIELDS: Final = {
    1: (
        "form",
        "id",
        "created_at",
        "updated_at",
        "deleted_at",
        "kind",
        "account_id",
        "actor",
        "session",
        "reason",
        "count",
        "commitment",
    ),
}
"""What is sealed of an event, by its form: all but what erasing blanks, where it is, and how often it was written."""

SIGNED_FIELDS: Final = {
    1: (
        "form",
        "chain",
        "id",
        "created_at",
        "updated_at",
        "deleted_at",
        "previous",
        "members",
        "complete_until",
        "kid",
    ),
}
"""What is signed of a seal, by its form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    """The newest link of the chain, to be kept where nobody who writes to the database can change it.

    `str()` of it is one line of text, and `parse` reads that again.  It is no secret.
    """

    sequence: int = 0
    fingerprint: str = ""

    def __str__(self) -> str:
        return f"audit-head:1:{self.sequence}:{self.fingerprint}"

    @classmethod
    def parse(cls, text: str) -> "AuditHead":
        """Return the head that was written as `text`; raises InvalidInput for anything else."""
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise InvalidInput("head", "malformed")
        return cls(sequence=int(found[1]), fingerprint=found[2])


class AuditFlaw(StrEnum):
    """What is wrong with an event or a seal."""

    CHANGED = "changed"
    """It is not what was sealed, or not signed by us."""
    REMOVED = "removed"
    """It was sealed, and is not there any more."""
    UNLISTED = "unlisted"
    """It says that it was sealed, and no seal lists it."""
    BACKDATED = "backdated"
    """It is older than a seal that would have listed it, had it been there."""
    UNPROVEN = "unproven"
    """No newer seal, and no key that is still in the ring, shows that it is ours."""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """Something that is wrong with the entity of this id: an event, or a seal."""

    flaw: AuditFlaw
    kind: type[Entity]
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What a verification has found: nothing, if the trail is `intact`; and how much it has looked at.

    `unsealed` events are only known not to be backdated.  `blanked` ones have lost their network, as by an erasure.
    `purged` ones are gone, since they are older than is kept.
    """

    findings: tuple[AuditFinding, ...]
    head: AuditHead
    seals: int
    sealed: int
    unsealed: int
    blanked: int
    purged: int = 0

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def seal(
    waiting: Sequence[AuditEvent], *, latest: AuditSeal | None, kid: str, key: bytes, now: datetime
) -> Decision[int]:
    """Decide to seal the next batch, if anything waits, and tell how many events are in it.

    `waiting` are those that a search for BATCH of them has found.
    """
    members = _fitting(waiting)
    if not members:
        return accept(0)
    before = head_of(latest)
    # Fewer than were asked for: there were no others, and what is not there by now will be younger.
    complete = len(members) == len(waiting) < BATCH
    known = _BEGINNING if latest is None else latest.complete_until
    made = AuditSeal(
        id=_id_of(before.sequence + 1),
        created_at=now,
        updated_at=now,
        previous=before.fingerprint,
        members=members,
        complete_until=max(known, now - _SETTLED) if complete else known,
        kid=kid,
        mac="",
    )
    signed = replace(made, mac=_mac(made, key))
    return accept(len(members), [signed, *(replace(each, batch=signed.id) for each in waiting[: len(members)])])


def head_of(newest: AuditSeal | None) -> AuditHead:
    """Return the head of a chain whose newest seal is given, if there is one."""
    if newest is None:
        return AuditHead()
    sequence = sequence_of(newest.id)
    if sequence is None:
        # Nobody goes on from what somebody else has put there: `verify_audit` tells more.
        raise StoreFault("the newest seal of the trail has no place in its chain")
    return AuditHead(sequence=sequence, fingerprint=_fingerprint(newest))


def sequence_of(seal_id: str) -> int | None:
    """Return the place of a seal in its chain, from 1, or None for what is no seal's id.

    Ids count down, so that the newest seal is found first.
    """
    return _LAST - int(seal_id) if re.fullmatch(r"[0-9]{15}", seal_id) and int(seal_id) < _LAST else None


def is_ours(seal: AuditSeal, *, newer: AuditSeal | None, key: bytes | None, head: AuditHead | None) -> bool | None:
    """Tell whether a seal is ours: by its own key, by the head, or by the `newer` one, if that is proven to be ours.

    None if nobody can tell: its key has left the ring, and there is neither of the others.
    """
    if key is not None:
        return hmac.compare_digest(_mac(seal, key).encode(), seal.mac.encode())
    fingerprint = _fingerprint(seal)
    named = newer is not None and newer.previous == fingerprint
    return True if named or (head is not None and head == head_of(seal)) else None


def flaws_of_chain(
    seal: AuditSeal, *, newer: AuditSeal | None, ours: bool | None, head: AuditHead | None
) -> Iterator[AuditFinding]:
    """Tell what is wrong with a seal, and what is missing between it and the next `newer` one, or the `head`."""
    here = head_of(seal)
    after = (AuditHead() if head is None else head) if newer is None else head_of(newer)
    changed = ours is False or (
        head is not None and head.sequence == here.sequence and head.fingerprint != here.fingerprint
    )
    if after.sequence > here.sequence + (newer is not None):
        yield _of_seal(AuditFlaw.REMOVED, _id_of(here.sequence + 1))
    elif newer is not None:
        changed = changed or newer.previous != here.fingerprint
    if changed:
        yield _of_seal(AuditFlaw.CHANGED, seal.id)
    elif ours is None:
        yield _of_seal(AuditFlaw.UNPROVEN, seal.id)


def flaws_of_start(
    oldest: AuditSeal | None, *, before: AuditSeal | None, since: AuditHead, head: AuditHead | None
) -> Iterator[AuditFinding]:
    """Tell what is wrong with where a chain begins: it goes on from `since`, which may be the very beginning.

    `before` is the newest seal up to there.  It may have been removed, but not while there is no newer one: the next
    seal would begin a chain of its own, and nobody would look at it.
    """
    start = head_of(before)
    last = since.sequence if head is None else max(since.sequence, head.sequence)
    if oldest is None and start.sequence < last:
        yield _of_seal(AuditFlaw.REMOVED, _id_of(min(since.sequence + 1, last)))
    elif oldest is not None and sequence_of(oldest.id) != since.sequence + 1:
        yield _of_seal(AuditFlaw.REMOVED, _id_of(since.sequence + 1))
    elif oldest is not None and oldest.previous != since.fingerprint:
        yield _of_seal(AuditFlaw.CHANGED, oldest.id)
    elif before is not None and start.sequence == since.sequence and start != since:
        yield _of_seal(AuditFlaw.CHANGED, before.id)


def flaws_of_batch(seal: AuditSeal, found: Iterable[AuditEvent], *, older: AuditSeal | None) -> Iterator[AuditFinding]:
    """Tell what is wrong with the events that say that they are in the batch of a seal; `older` is the seal before."""
    listed = _listed(seal)
    for event in found:
        fingerprint = listed.pop(event.id, None)
        if fingerprint is None:
            yield _of_event(AuditFlaw.UNLISTED, event.id)
        elif fingerprint != _fingerprint(event) or not is_true_or_blank(event):
            yield _of_event(AuditFlaw.CHANGED, event.id)
        elif is_too_old(event, older):
            yield _of_event(AuditFlaw.BACKDATED, event.id)
    yield from (_of_event(AuditFlaw.REMOVED, gone) for gone in listed)


def may_go(seal: AuditSeal | None, found: Sequence[AuditEvent], *, before: datetime) -> bool:
    """Tell whether a batch may be removed, which is found as it is: sealed before a time, and as it was sealed.

    What is wrong with it stays there, for whoever verifies the trail.
    """
    return seal is not None and seal.created_at < before and not any(flaws_of_batch(seal, found, older=None))


def was_purged(seal: AuditSeal, found: Sequence[AuditEvent], *, before: datetime | None) -> bool:
    """Tell whether a batch is gone, whole, because it was sealed before a time from which on the trail is kept."""
    return before is not None and not found and seal.created_at < before


def misplaced(seal: AuditSeal) -> AuditFinding:
    """Return the finding that a seal has no place in any chain."""
    return _of_seal(AuditFlaw.UNLISTED, seal.id)


def unlisted(event: AuditEvent) -> AuditFinding:
    """Return the finding that an event says that it was sealed, and was not."""
    return _of_event(AuditFlaw.UNLISTED, event.id)


def backdated(event: AuditEvent) -> AuditFinding:
    """Return the finding that an event was not there when it says that it happened."""
    return _of_event(AuditFlaw.BACKDATED, event.id)


def is_too_old(event: AuditEvent, seal: AuditSeal | None) -> bool:
    """Tell whether a seal, or one before it, would have listed an event that it does not list."""
    return seal is not None and event.created_at < seal.complete_until


def is_listed(event: AuditEvent, seal: AuditSeal | None) -> bool:
    """Tell whether a seal lists an event."""
    return seal is not None and event.id in _listed(seal)


def missing(seal: AuditSeal, found: Iterable[AuditEvent]) -> list[str]:
    """Return the ids that a seal lists, without those of the events that were found."""
    there = {event.id for event in found}
    return [id_ for id_ in _listed(seal) if id_ not in there]


def _fitting(events: Sequence[AuditEvent]) -> tuple[str, ...]:
    """Return the members of a batch: as many as a seal has room for."""
    members = tuple(f"{_fingerprint(event)}:{event.id}" for event in events)
    while len(texts_to_json(members)) > _ROOM:
        members = members[:-1]
    return members


def _listed(seal: AuditSeal) -> dict[str, str]:
    """Return the digest of each event that a seal lists."""
    parted = (member.partition(":") for member in seal.members)
    return {id_: fingerprint for fingerprint, _, id_ in parted}


def _id_of(sequence: int) -> str:
    return f"{_LAST - sequence:015}"


def _mac(seal: AuditSeal, key: bytes) -> str:
    return hmac.digest(key, _text(seal, SIGNED_FIELDS), hashlib.sha256).hex()


def _fingerprint(entity: AuditEvent | AuditSeal) -> str:
    """Return what the next seal says of a seal, with its signature, or a seal of an event."""
    if isinstance(entity, AuditSeal):
        return hashlib.sha256(_text(entity, SIGNED_FIELDS) + entity.mac.encode()).hexdigest()
    return hashlib.sha256(_text(entity, SEALED_FIELDS)).hexdigest()


def _text(entity: AuditEvent | AuditSeal, fields: Mapping[int, tuple[str, ...]]) -> bytes:
    """Return the fields of an entity as bytes, so that no two entities have the same ones."""
    record = to_record(entity)
    return json.dumps([record[name] for name in fields.get(entity.form, ())], separators=(",", ":")).encode()


def _of_seal(flaw: AuditFlaw, id_: str) -> AuditFinding:
    return AuditFinding(flaw, AuditSeal, id_)


def _of_event(flaw: AuditFlaw, id_: str) -> AuditFinding:
    return AuditFinding(flaw, AuditEvent, id_)
