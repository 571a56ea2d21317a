"""Counting refusals that leave no event of their own, and deciding what the trail says of them.

One event stands for all that one network was refused for one reason in one minute, so that strangers, who are refused
as often as they like, do not fill the store.  Until they are written, they are counted in memory, within a bound.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from authcore.audit import salted
from authcore.decisions import Decision, accept
from authcore.entities import UNSEALED, AuditEvent, AuditKind
from authcore.errors import AuthError
from authcore.occasion import Occasion, timed_id
from authcore.throttling import shared_network

__all__ = ["COUNTED", "OTHER", "REFUSALS_KEY", "RefusalCounts", "Refused", "event_id", "record"]

REFUSALS_KEY: Final = "refusals"
"""The purpose for which the key is derived that keeps networks from being read out of ids."""

OTHER: Final = "other"
"""The network of all for whom there was no room."""

COUNTED: Final = frozenset(
    {
        "account_deleted",
        "account_disabled",
        "account_unverified",
        "attempts_exhausted",
        "challenge_ended",
        "cross_site_request",
        "invalid_credentials",
        "invalid_token",
        "not_authenticated",
        "password_mismatch",
        "permission_denied",
        "reauthentication_required",
        "resend_limit",
        "second_factor_required",
        "second_factor_unavailable",
        "throttled",
    }
)
"""The codes of what is counted: who was kept out.  Whoever only has to write something else is not."""

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Refused:
    """What is counted together: the code of a refusal, and the network that was refused."""

    code: str
    network: str


class RefusalCounts:
    """How often what was refused, since the counts were last written; at most so many, whoever comes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._counts: dict[Refused, int] = {}

    def note(self, refusal: AuthError, *, network: str) -> None:
        """Count a refusal, once however often it is raised again, unless it is of no interest or has its own event."""
        if refusal.code in COUNTED and not refusal.in_trail:
            refusal.in_trail = True
            self._add(Refused(refusal.code, shared_network(network)), 1)

    def take(self) -> Mapping[Refused, int]:
        """Return all counts, and begin anew."""
        counts, self._counts = self._counts, {}
        return counts

    def give_back(self, counts: Mapping[Refused, int]) -> None:
        """Add counts that were taken and could not be written."""
        for refused, count in counts.items():
            self._add(refused, count)

    def _add(self, refused: Refused, count: int) -> None:
        if refused not in self._counts and len(self._counts) >= _MOST:
            refused = replace(refused, network=OTHER)
        self._counts[refused] = self._counts.get(refused, 0) + count


def event_id(occasion: Occasion, refused: Refused, key: bytes) -> str:
    """Return the id of the one event of its minute; whoever counts the same at another place meets it there."""
    network = hmac.digest(key, refused.network.encode(), sha256).hex()[:16]
    return timed_id(occasion.now.replace(second=0, microsecond=0), AuditKind.REFUSED, refused.code, network)


def record(
    occasion: Occasion, counts: Mapping[Refused, int], *, stored: Mapping[str, AuditEvent], key: bytes
) -> Decision[Mapping[Refused, int]]:
    """Decide to write counts, adding to what is `stored` of this minute; return those which cannot be written now.

    They wait for the next minute: what is sealed is never changed.
    """
    left: dict[Refused, int] = {}
    writes: list[AuditEvent] = []
    for refused, count in counts.items():
        id_ = event_id(occasion, refused, key)
        event = stored.get(id_)
        if event is None:
            writes.append(_event(occasion, id_, refused, count))
        elif event.batch == UNSEALED:
            writes.append(replace(event, updated_at=occasion.now, count=event.count + count))
        else:
            left[refused] = count
    return accept(left, writes)


def _event(occasion: Occasion, id_: str, refused: Refused, count: int) -> AuditEvent:
    event = AuditEvent(
        id=id_,
        created_at=occasion.now,
        updated_at=occasion.now,
        kind=AuditKind.REFUSED,
        account_id=None,
        network=refused.network,
        reason=refused.code,
        count=count,
        salt="",
        commitment="",
    )
    return salted(event, occasion.ids.salt)
