"""Keeping what was read of callers for a while: what of it may still be told, and what ends it.

Nothing here performs I/O, reads a clock or decides who may come in: what is told is judged by the very functions that
judge what was just read.  Nothing here waits, either: in one event loop nobody gets between a look and what follows it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Self

from authcore.entities import Account, AuthenticationSession, Entity, Grant, Role
from authcore.errors import ConfigurationError
from authcore.policy import LONGEST_REVOCATION
from authcore.ports import Caller, Reader

__all__ = ["CallerCache", "Reading", "check_revocation_within"]

_MOST: Final = 4096


def check_revocation_within(bound: timedelta) -> timedelta:
    """Return how late a revocation may be seen; raises ConfigurationError below zero, and above 5 minutes."""
    if not timedelta(0) <= bound <= LONGEST_REVOCATION:
        raise ConfigurationError("revocation_within must be zero to 5 minutes")
    return bound


@dataclass(frozen=True, slots=True)
class _Kept:
    caller: Caller
    since: datetime
    """When its reading began: what was committed later may be missing."""


@dataclass(slots=True, eq=False)
class CallerCache:
    """What was read of callers of one store, by the ids of their sessions: at most so many of them, those read last.

    Of readings that overlap nobody knows which is the newer one.  So the first of them that ends is kept, and no other;
    and whoever finds something else than is kept removes it, and has nothing kept that is being read at that moment.
    """

    most: int = _MOST
    _store: Reader | None = field(default=None, repr=False)
    _kept: dict[str, _Kept] = field(default_factory=dict, repr=False)
    """In the order in which it was read."""
    _rounds: dict[str, "Reading"] = field(default_factory=dict, repr=False)
    """Of each session the first of the readings under way that may be kept; no more than there are requests at work.

    Those that overlap it are of its round, which is over once one of them has ended, or was made worthless.
    """

    def of(self, store: Reader) -> "CallerCache":
        """Return itself if it is of this store, or of none yet; another one otherwise.

        A session of one store must never let anybody into another.
        """
        if self._store is None:
            self._store = store
        return self if self._store is store else CallerCache(self.most, store)

    def recall(self, session_id: str, *, now: datetime, within: timedelta) -> Caller | None:
        """Return what was read of a session's caller, if that reading began less than `within` ago."""
        kept = self._kept.get(session_id)
        # What comes from the future has been timed by another clock.
        return kept.caller if kept is not None and timedelta(0) <= now - kept.since < within else None

    def reading(self, session_id: str, *, now: datetime, keep: bool) -> "Reading":
        """Learn from what is read of a caller meanwhile, and keep it if it is asked for, and may be kept."""
        return Reading(self, session_id, now, keep)

    def begin(self, reading: "Reading") -> "Reading":
        """Return the reading whose round this one belongs to."""
        return self._rounds.setdefault(reading.session_id, reading)

    def end(self, reading: "Reading", of_round: "Reading") -> None:
        """Learn from a reading."""
        may_be_kept = self._rounds.get(reading.session_id) is of_round
        if may_be_kept:
            del self._rounds[reading.session_id]
        if reading.found is not None:
            self._learn(reading.session_id, reading.found, reading.since, keep=reading.keep and may_be_kept)

    def changed(self, entities: Iterable[Entity]) -> None:
        """Forget all that a commit may have changed, and whatever is being read of it."""
        for entity in entities:
            if isinstance(entity, AuthenticationSession) and entity.version > 0:
                self._forget(entity.id)
            concerned = _concerned(entity)
            if concerned is not None:
                self._forget_all(concerned)

    def _learn(self, session_id: str, found: Caller, since: datetime, *, keep: bool) -> None:
        if keep and _may_count(found):
            # Taken out first, to stand at the end: among those that were read last.
            self._kept.pop(session_id, None)
            self._kept[session_id] = _Kept(_as_compared(found), since)
            self._make_room(since)
        elif session_id not in self._kept or self._kept[session_id].caller != _as_compared(found):
            self._forget(session_id)

    def _make_room(self, now: datetime) -> None:
        """Remove what is too many, or of no use to anybody any more, beginning with what was read first."""
        while self._kept:
            first = next(iter(self._kept))
            if len(self._kept) <= self.most and now - self._kept[first].since < LONGEST_REVOCATION:
                return
            del self._kept[first]

    def _forget(self, session_id: str) -> None:
        self._kept.pop(session_id, None)
        self._rounds.pop(session_id, None)

    def _forget_all(self, concerned: Callable[[Caller], bool]) -> None:
        for session_id, kept in list(self._kept.items()):
            if concerned(kept.caller):
                del self._kept[session_id]
        # Whose it is will only be known when it has been read.
        self._rounds.clear()


@dataclass(slots=True, eq=False)
class Reading:
    """A caller that is being read: since when, whether to be kept, and what was found in the end, if anything was."""

    _cache: CallerCache
    session_id: str
    since: datetime
    keep: bool
    found: Caller | None = None
    _round: "Reading | None" = None

    def __enter__(self) -> Self:
        self._round = self._cache.begin(self)
        return self

    def __exit__(self, *raised: object) -> None:
        self._cache.end(self, self._round or self)


def _concerned(entity: Entity) -> Callable[[Caller], bool] | None:
    """Return whom a change of an entity concerns besides the holder of a single session; None if it is nobody."""
    match entity:
        case Role():
            return lambda _: True
        case Grant(account_id=account_id):
            return partial(_is_of, account_id)
        case Account(id=account_id, version=version) if version > 0:
            return partial(_is_of, account_id)
    return None


def _is_of(account_id: str, caller: Caller) -> bool:
    return caller.account is not None and caller.account.id == account_id


def _may_count(caller: Caller) -> bool:
    """Tell whether somebody might be let in by this: what never can is not worth its room."""
    return caller.account is not None and caller.session is not None and caller.session.ended_at is None


def _as_compared(caller: Caller) -> Caller:
    """Return a caller that equals every other one of whom the same was read."""
    return replace(caller, grants=tuple(caller.grants), roles=tuple(caller.roles))
