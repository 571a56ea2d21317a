"""The occasion of a decision: when, from where, by which policy, and the fresh names it may use.

It decides nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from authcore.entities import Device, microseconds
from authcore.policy import Policy

__all__ = ["Ids", "Occasion", "time_prefix", "timed_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """Random ids for what a decision may create; they stay the same however often its flow is tried again."""

    account: str
    session: str
    message: str
    event: str
    """Begins with the time: events are listed in order of id."""
    salt: str
    """A secret, which is stored nowhere: the salts of the occasion's events are made of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What every decision is given besides its subject; `code_key` names the key that new codes are derived with.

    `actor` is on whose behalf a call without a session of its own was made.
    """

    now: datetime
    device: Device
    policy: Policy
    ids: Ids
    code_key: str
    actor: str | None = None

    def at(self, now: datetime) -> "Occasion":
        """Return the same occasion at another attempt's time."""
        return replace(self, now=now)


def timed_id(moment: datetime, *parts: str) -> str:
    """Return an id for what is listed in order of id: the time in front puts the oldest first."""
    return "-".join((time_prefix(moment), *parts))


def time_prefix(moment: datetime) -> str:
    """Return what comes just before the timed ids of a moment, and after those of all that was earlier."""
    return f"{microseconds(moment):016x}"
