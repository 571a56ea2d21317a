"""Deciding about what may be done so often only.  Nothing here performs I/O, reads a clock or draws randomness.

Attempts are added and never changed, so that honest people who share a network never wait for each other.  The price:
attempts at the very same moment do not see each other, and may overshoot the limit by as many as there are of them.
Failures against one account are counted in one row, exactly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from authcore.decisions import Decision, accept, refuse
from authcore.entities import Attempt, Tally
from authcore.errors import Throttled
from authcore.occasion import Occasion
from authcore.throttle import Throttle

__all__ = [
    "Counted",
    "Failing",
    "admit",
    "failed",
    "forgotten",
    "may_fail",
    "network_subject",
    "shared_network",
]

_FAR_FUTURE: Final = 10**18
"""Microseconds since 1970, in the year 33658: what ids count down from, so that the newest one is the first."""

_SITE_PREFIX: Final = 64  # the smallest part of IPv6 that one customer is given (RFC 6177)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One count: whose it is, how much it allows, and the attempt which must be over before another one is allowed."""

    subject: str
    throttle: Throttle
    last: Attempt | None
    """The newest attempt but `limit - 1`, if there have been so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """What may fail so often only: its name, how often, and the tally, if it has failed before."""

    subject: str
    throttle: Throttle
    tally: Tally | None


def network_subject(what: str, network: str) -> str:
    """Return whose attempts are counted together."""
    return f"{what}/{shared_network(network)}"


def shared_network(network: str) -> str:
    """Return what counts as one client: an IPv4 address, the /64 of an IPv6 address, or all unknown ones."""
    try:
        address = ip_address(network)
    except ValueError:
        return network
    if isinstance(address, IPv6Address):
        # An IPv4 address may be mapped into IPv6, where one /64 holds all of them (RFC 4291 section 2.5.5.2).
        return str(address.ipv4_mapped or ip_network((address, _SITE_PREFIX), strict=False))
    return str(address)


def admit(occasion: Occasion, counts: Sequence[Counted]) -> Decision[None]:
    """Decide whether one more is allowed by every count, and count it in all of them; a refused one is not counted.

    What is refused leaves no row: otherwise strangers could fill the store, and never be let in again.
    """
    waits = [_wait(count, now=occasion.now) for count in counts]
    longest = max(waits, default=timedelta(0))
    if longest > timedelta(0):
        fullest = counts[waits.index(longest)]
        return refuse(Throttled(retry_after=math.ceil(longest.total_seconds()), cause=fullest.subject))
    return accept(None, [_attempt(occasion, count.subject) for count in counts])


def may_fail(failing: Failing, *, now: datetime) -> Throttled | None:
    """Return why something must not even be tried, or None; the window begins with the first failure."""
    tally = failing.tally
    if tally is None or tally.failing_since is None or tally.failures < failing.throttle.limit:
        return None
    wait = tally.failing_since + failing.throttle.window - now
    return None if wait <= timedelta(0) else Throttled(retry_after=math.ceil(wait.total_seconds()), cause="failures")


def failed(failing: Failing, *, now: datetime) -> Tally:
    """Return the tally with one more failure; those whose window is over are forgotten."""
    tally = failing.tally or Tally(id=failing.subject, created_at=now, updated_at=now)
    if tally.failing_since is None or tally.failing_since + failing.throttle.window <= now:
        return replace(tally, updated_at=now, failures=1, failing_since=now)
    return replace(tally, updated_at=now, failures=tally.failures + 1)


def forgotten(failing: Failing, *, now: datetime) -> list[Tally]:
    """Return what must be written after a success: nothing, where nothing has failed."""
    if failing.tally is None or failing.tally.failing_since is None:
        return []
    return [replace(failing.tally, updated_at=now, failures=0, failing_since=None)]


def _wait(count: Counted, *, now: datetime) -> timedelta:
    return timedelta(0) if count.last is None else count.last.created_at + count.throttle.window - now


def _attempt(occasion: Occasion, subject: str) -> Attempt:
    countdown = _FAR_FUTURE - int(occasion.now.timestamp() * 1_000_000)
    return Attempt(
        id=f"{countdown:018}-{occasion.ids.event}-{subject}",
        created_at=occasion.now,
        updated_at=occasion.now,
        subject=subject,
    )
