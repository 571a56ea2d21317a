"""What of a person each stored field holds: whether an export tells it, and whether erasure leaves it.  Data only.

Times, numbers, truth values and words from a list of ours (a kind, a state) tell nobody's name: erasure leaves them, so
that what happened can still be counted.  Of every other field it is said here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from authcore.entities import (
    Account,
    Attempt,
    AuditEvent,
    AuditSeal,
    AuthenticationSession,
    CaptchaSession,
    ChallengeSlot,
    Credential,
    Entity,
    Grant,
    Identifier,
    Message,
    Milestone,
    Role,
    SessionRoster,
    Tally,
    TwoStepSession,
)

__all__ = ["NOT_OF_A_PERSON", "TREATMENTS", "Treatment"]

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

_COUNTER: Final = "how often the row was written: of use to the store alone"
_TOMBSTONE: Final = "what other rows name the account by"
_RANDOM: Final = "drawn at random, or made of ids that were"
_WORD: Final = "a word of the application's, or of ours, the same for many people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What becomes of the fields of a kind: an export has them in its `section`.

    `shown` are told as they are, `digested` by a digest, since whoever holds the value could do something with it;
    `withheld` says why a field is not told.  `blanks` is what erasure puts in the place of what names a person, and
    `kept` why it leaves a text.  `removed` says that no row remains, since its id is a name.
    """

    section: str
    shown: tuple[str, ...]
    digested: tuple[str, ...] = ()
    withheld: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    blanks: Mapping[str, str | None] = field(default_factory=lambda: _NOTHING)
    kept: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    removed: bool = False


_WHEN: Final = ("created_at", "updated_at", "deleted_at")
_SESSION: Final = ("account_id", "epoch", "expires_at", "ended_at", "ended_as")

TREATMENTS: Final[Mapping[type[Entity], Treatment]] = MappingProxyType(
    {
        Account: Treatment(
            section="account",
            shown=(
                "id", *_WHEN, "username", "email", "phone", "epoch", "verified_at", "disabled_at", "second_factor",
                "erased_at",
            ),
            withheld={
                "version": _COUNTER,
                "decoy": "decoys are what strangers typed, and are not exported",
                "beside_id": "as `decoy`",
            },
            blanks={"username": None, "email": None, "phone": None},
            kept={"id": _TOMBSTONE, "beside_id": _TOMBSTONE},
        ),
        Identifier: Treatment(
            section="identifiers",
            shown=("id", *_WHEN, "kind", "form", "account_id", "former_id", "proven_at"),
            withheld={"version": _COUNTER},
            removed=True,
        ),
        Credential: Treatment(
            section="credentials",
            shown=("id", *_WHEN, "account_id", "kind", "changed_at"),
            withheld={"version": _COUNTER, "secret": "a password hash: whoever has it can try passwords at leisure"},
            blanks={"secret": ""},
            kept={"id": _TOMBSTONE, "account_id": _TOMBSTONE, "kind": _WORD},
        ),
        AuthenticationSession: Treatment(
            section="sessions",
            shown=(
                *_WHEN, *_SESSION, "network", "user_agent", "tag", "amr", "auth_time", "requires_second_factor",
                "generation", "rotated_at", "presented_at", "rotates_at", "inactive_at",
            ),
            digested=("id",),
            withheld={"version": _COUNTER},
            blanks={"network": "", "user_agent": ""},
            kept={"id": _RANDOM, "account_id": _TOMBSTONE, "tag": _WORD, "amr": _WORD},
        ),
        SessionRoster: Treatment(
            section="session_rosters",
            shown=("id", *_WHEN, "account_id"),
            withheld={"version": _COUNTER, "session_ids": "the sessions are told one by one"},
            kept={"id": _RANDOM, "account_id": _TOMBSTONE, "session_ids": _RANDOM},
        ),
        TwoStepSession: Treatment(
            section="challenges",
            shown=(*_WHEN, *_SESSION, "attempts", "max_attempts", "purpose", "destination", "sendings"),
            digested=("id", "session_id"),
            withheld={
                "version": _COUNTER,
                "code_key": "names a key",
                "wanted_id": "`destination` tells the same",
            },
            blanks={"destination": "", "wanted_id": None},
            kept={
                "id": _RANDOM,
                "account_id": _TOMBSTONE,
                "session_id": _RANDOM,
                "code_key": "names a key",
                "purpose": _WORD,
            },
        ),
        ChallengeSlot: Treatment(
            section="challenge_slots",
            shown=("id", *_WHEN, "account_id", "failures", "failing_since"),
            digested=("challenge_id",),
            withheld={"version": _COUNTER},
            kept={"id": _RANDOM, "account_id": _TOMBSTONE, "challenge_id": _RANDOM},
        ),
        Grant: Treatment(
            section="roles",
            shown=("id", *_WHEN, "account_id", "role"),
            withheld={"version": _COUNTER},
            kept={"id": _RANDOM, "account_id": _TOMBSTONE, "role": _WORD},
        ),
        Message: Treatment(
            section="messages",
            shown=(*_WHEN, "id", "kind", "destination", "account_id", "state", "attempts", "due_at", "leased_until"),
            withheld={
                "version": _COUNTER,
                "queue": "where deliverers look; `state` tells the same",
                "session_id": "only messages of codes have one: the challenges tell of those",
            },
            blanks={"destination": "", "queue": None},
            kept={"id": _RANDOM, "account_id": _TOMBSTONE, "session_id": _RANDOM},
        ),
        AuditEvent: Treatment(
            section="audit_events",
            shown=("id", *_WHEN, "kind", "account_id", "actor", "session", "network", "reason", "count"),
            withheld={
                "version": _COUNTER,
                "form": "how the seal was made",
                "salt": "with it, whoever reads the sealed trail could try networks against the commitment",
                "commitment": "tells nothing but whether `network` is true",
                "batch": "where the event is sealed",
            },
            blanks={"network": "", "salt": ""},
            kept={
                "id": _RANDOM,
                "account_id": _TOMBSTONE,
                "actor": _TOMBSTONE,
                "session": _RANDOM,
                "reason": _WORD,
                "commitment": "without its salt it tells nothing",
                "batch": "where the event is sealed",
            },
        ),
        Tally: Treatment(
            section="failures",
            shown=("id", *_WHEN, "failures", "failing_since"),
            withheld={"version": _COUNTER},
            kept={"id": "names the account's id, or a keyed digest of a name that nobody had"},
        ),
    }
)  # fmt: skip
"""The kinds that tell of a person."""

NOT_OF_A_PERSON: Final[Mapping[type[Entity], str]] = MappingProxyType(
    {
        CaptchaSession: "it is nobody's: whoever answered it is not known",
        Role: "it says what a role permits; who has it, the grants say",
        AuditSeal: "it holds digests, and ids of events",
        Milestone: "it says that something was done once for all, and names an account by its id",
        Attempt: "it counts by network, of whoever shares it, by a keyed digest of an address, or by an account's id",
    }
)
"""The kinds that do not, and why."""
