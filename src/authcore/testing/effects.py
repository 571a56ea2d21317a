"""What a run does, and whether somebody could tell two runs apart by it.  Watching a run is done in `recording`."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Final

from authcore.auth import Issued
from authcore.entities import AuditEvent, AuditKind, AuditSeal, Entity, Message
from authcore.errors import AuthcoreError, AuthError, Fault

__all__ = ["Effects", "assert_indistinguishable", "effects_of"]

_RANDOM: Final = re.compile(
    r"[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}"  # tokens
    r"|(?<![\w-])(?:[\w-]{27}|[0-9a-f]{32})(?![\w-])",  # ids, and the digests of sessions
    re.ASCII,
)

_BY: Final[Mapping[str, str]] = {
    "answer": "what was answered",
    "hashes": "the hashes that were run",
    "offloaded": "how much work was handed on to be done apart",
    "commits": "the rows that were written, commit by commit",
    "events": "the events of the trail",
    "messages": "the messages that were left in the outbox",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What one run did, as far as it must not depend on whom it met.

    Tokens and ids are masked letter for letter, so that their lengths count and their values do not.  Left out is what
    cannot be equal, or is seen by nobody outside: how often the store was read, which of the rows were there before,
    the texts in them, and what was done later to deliver a message or to keep the trail.
    """

    name: str
    """Whom it met, for the message of a difference."""

    answer: str
    """What came of it: the value or the refusal, with its code, text and evidence."""

    hashes: tuple[str, ...]
    """Each run of the password hasher, with its parameters."""

    offloaded: int
    """How many pieces of work were handed to the `Offload` port."""

    commits: tuple[tuple[str, ...], ...]
    """For each commit the kinds of the rows that it wrote, as often as it wrote one."""

    events: tuple[str, ...]
    """The kinds of the events that were written; their reasons are nobody's but the trail's."""

    messages: tuple[str, ...]
    """Each message that was written, be it to be sent or, as a decoy, to be discarded."""


def assert_indistinguishable(first: Effects, second: Effects, /, *others: Effects) -> None:
    """Raise AssertionError, which says by what, if the first run can be told from one of the others."""
    for other in (second, *others):
        for name, what in _BY.items():
            ones, theirs = getattr(first, name), getattr(other, name)
            if ones != theirs:
                raise AssertionError(
                    f"{first.name} and {other.name} can be told apart by {what}:"
                    f"\n  {first.name}: {_shown(ones)}\n  {other.name}: {_shown(theirs)}"
                )


def effects_of(
    name: str, answer: object, *, hashes: Collection[str], offloaded: int, commits: Collection[tuple[Entity, ...]]
) -> Effects:
    """Return what was seen of a run in the form in which runs are compared."""
    told = [writes for writes in commits if not _is_housekeeping(writes)]
    written = [entity for writes in told for entity in writes]
    return Effects(
        name=name,
        answer=_told(answer),
        hashes=tuple(hashes),
        offloaded=offloaded,
        commits=tuple(tuple(sorted(type(entity).__name__ for entity in writes)) for writes in told),
        events=tuple(entity.kind.value for entity in written if isinstance(entity, AuditEvent)),
        messages=tuple(
            f"{entity.state.value} in {entity.queue}, due {entity.due_at - entity.created_at} later"
            for entity in written
            if isinstance(entity, Message) and entity.version == 0
        ),
    )


def _is_housekeeping(writes: tuple[Entity, ...]) -> bool:
    """Whether a commit only delivers, seals or writes counts of refusals: that is done at any time, for all at once."""
    return any(isinstance(entity, AuditSeal) for entity in writes) or all(
        (isinstance(entity, Message) and entity.version > 0)
        or (isinstance(entity, AuditEvent) and entity.kind is AuditKind.REFUSED)
        for entity in writes
    )


def _told(value: object) -> str:
    """Return what somebody sees of an answer."""
    tell = next((tell for kind, tell in _TELLING.items() if isinstance(value, kind)), _parts)
    return tell(value)


def _masked(text: str) -> str:
    return _RANDOM.sub(lambda found: "x" * len(found[0]), text)


def _parts(value: object) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__ + _pairs((each.name, getattr(value, each.name)) for each in fields(value))
    raise TypeError(
        f"{type(value).__name__} cannot be compared: return texts, octets and numbers, such as the status, "
        "the headers and the body of a response"
    )


def _pairs(pairs: Iterable[tuple[object, object]]) -> str:
    return "{" + ", ".join(f"{_told(name)}: {_told(each)}" for name, each in pairs) + "}"


def _refusal(error: AuthcoreError) -> str:
    if isinstance(error, AuthError):
        return f"{error.code}: {error.text} {_pairs(error.evidence.items())}"
    return f"{error.code}: {error.text}" if isinstance(error, Fault) else type(error).__name__


_TELLING: Final[Mapping[type | tuple[type, ...], Callable[..., str]]] = {
    AuthcoreError: _refusal,
    Issued: lambda issued: f"{type(issued.session).__name__}, {_masked(issued.token)}",
    # What an application is given of it, it tells nobody but in a form of its own.
    Entity: lambda entity: type(entity).__name__,
    str: lambda text: repr(_masked(text)),
    bytes: lambda octets: repr(_masked(octets.decode("latin-1"))),
    (bool, int, float, datetime, timedelta, type(None)): repr,
    Mapping: lambda mapping: _pairs(mapping.items()),
    (tuple, list): lambda values: f"({', '.join(map(_told, values))})",
}
"""How a value of each kind is told; the first kind that fits counts."""


def _shown(effect: object) -> str:
    return ("; ".join(map(str, effect)) or "none") if isinstance(effect, tuple) else str(effect)
