"""Deciding what has been over for long enough to go.  Nothing here performs I/O, reads a clock or draws randomness.

A row goes once nobody can tell that it is gone: no token and no code names it any more, no count needs it, and nothing
waits for it.  What stands in no rule (accounts, names, passwords, roles, milestones, seals) does not go for its age.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from authcore.entities import (
    Attempt,
    AuthenticationSession,
    CaptchaSession,
    ChallengeSlot,
    Entity,
    Message,
    SessionRoster,
    Tally,
    TwoStepSession,
)
from authcore.errors import InvalidInput
from authcore.policy import LONGEST_SESSION, SHORTEST_RETENTION, Policy
from authcore.throttle import Throttle

__all__ = ["RULES", "Purged", "Rule", "bounds", "checked", "longest_window", "over", "trail_bound"]

E = TypeVar("E", bound=Entity)

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How many of each kind are gone; `more` tells whether there may be others, which go when it is called again."""

    counts: Mapping[type[Entity], int]
    more: bool

    @property
    def total(self) -> int:
        """How many are gone in all."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Rule(Generic[E]):
    """When entities of a kind are over: `counts_for` so long after their date (`DATED`), and if `is_over` agrees.

    That is asked about an entity whose date lies before a time at which nothing counts any more; it is given that time.
    """

    counts_for: Callable[[Policy], timedelta]
    is_over: Callable[[E, datetime], bool]


def longest_window(policy: Policy) -> timedelta:
    """Return how long anything that is counted is remembered."""
    settings = [getattr(part, each.name) for part in (policy, policy.captcha) for each in fields(part)]
    windows = [setting.window for setting in settings if isinstance(setting, Throttle)]
    return max(*windows, policy.challenge_window, policy.captcha.lifetime)


def _no_longer(_: Policy) -> timedelta:
    return timedelta(0)


def _longest_session(_: Policy) -> timedelta:
    # Not the policy's own: those that are open may have begun under another one.
    return LONGEST_SESSION


def _always(_: Entity, __: datetime) -> bool:
    return True


def _is_finished(message: Message, _: datetime) -> bool:
    return message.queue is None


def _is_forgotten(count: ChallengeSlot | Tally, bound: datetime) -> bool:
    # A clock that was ahead may have begun to count later than one that was behind has last written.
    return count.failing_since is None or count.failing_since < bound


RULES: Final[Mapping[type[Entity], Rule[Any]]] = {
    # Before challenges, by which those of them are found that name an address of somebody else's.
    Message: Rule(_no_longer, _is_finished),
    # The row tells when its token is over; however it has ended before, until then the token is refused by the row.
    AuthenticationSession: Rule(_no_longer, _always),
    TwoStepSession: Rule(_no_longer, _always),
    # Without its row a captcha could be answered once more.
    CaptchaSession: Rule(_no_longer, _always),
    # Written by each new challenge, and each guess: what it counts, and the challenge that is in it, are over.
    ChallengeSlot: Rule(longest_window, _is_forgotten),
    # Written by each session that is opened: all that stand there are over.
    SessionRoster: Rule(_longest_session, _always),
    Attempt: Rule(longest_window, _always),
    Tally: Rule(longest_window, _is_forgotten),
}
"""What goes, in this order.  The trail goes by batches: see `trail_bound`."""


def checked(before: datetime | None, *, now: datetime, policy: Policy) -> datetime:
    """Return the time before which something must have been over to go: as asked for, or as the policy says.

    Raises InvalidInput for one that is too young: a flow that has read it may still be under way, and clocks differ.
    """
    if before is None:
        return max(now - policy.retention, _BEGINNING)
    if before.utcoffset() is None:
        raise InvalidInput("before", "not_utc")
    if before > now - max(SHORTEST_RETENTION, policy.flow_patience):
        raise InvalidInput("before", "too_young")
    return max(before.astimezone(UTC), _BEGINNING)


def bounds(before: datetime, *, policy: Policy) -> Mapping[type[Entity], datetime]:
    """Return, for each kind, the time before which the date of what goes must lie."""
    return {kind: before - rule.counts_for(policy) for kind, rule in RULES.items()}


def over(aged: Sequence[E], *, bound: datetime) -> list[E]:
    """Return those of the aged entities of a kind, all dated before its bound, that are over."""
    return [entity for entity in aged if RULES[type(entity)].is_over(entity, bound)]


def trail_bound(before: datetime, *, now: datetime, policy: Policy) -> datetime | None:
    """Return the time before which a batch of the trail must have been sealed to go, or None: it stays for good."""
    return None if policy.audit_retention is None else min(before, now - policy.audit_retention)
