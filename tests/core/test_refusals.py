"""Counting what was refused, and deciding what the trail says of it."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import errors, refusals
from authcore.audit import is_true_or_blank
from authcore.entities import AuditKind
from authcore.errors import AuthError, InvalidInput, InvalidToken, PermissionDenied, SessionExpired
from authcore.refusals import RefusalCounts, Refused
from tests.core.ada import BEFORE, OCCASION

KEY = bytes(range(32))
TOKEN = Refused("invalid_token", "192.0.2.1")


def written(counts, stored=()):
    """What is written of counts, and what is left."""
    decision = refusals.record(OCCASION, counts, stored={event.id: event for event in stored}, key=KEY)
    return list(decision.writes), decision.settle()


class TestCounting:
    """Counts, before they are written."""

    def test_equal_refusals_are_one_count(self):
        """Refusals of one code and network are counted together, and leaves of one code are one."""
        counts = RefusalCounts()
        for refusal in (InvalidToken(), SessionExpired(), PermissionDenied()):
            counts.note(refusal, network="192.0.2.1")
        counts.note(InvalidToken(), network="192.0.2.2")
        assert counts.take() == {
            TOKEN: 2,
            Refused("permission_denied", "192.0.2.1"): 1,
            Refused("invalid_token", "192.0.2.2"): 1,
        }
        assert counts.take() == {}

    def test_a_refusal_counts_once(self):
        """However often one and the same refusal is noted, it counts once."""
        counts, refusal = RefusalCounts(), InvalidToken()
        counts.note(refusal, network="192.0.2.1")
        counts.note(refusal, network="192.0.2.1")
        assert counts.take() == {TOKEN: 1}

    def test_what_has_its_own_event_is_not_counted(self):
        """A refusal that an event tells of is not told twice; nor are those which only ask for something else."""
        counts, told = RefusalCounts(), InvalidToken()
        told.in_trail = True
        for refusal in (told, InvalidInput("code", "malformed")):
            counts.note(refusal, network="192.0.2.1")
        assert counts.take() == {}

    def test_an_ipv6_site_is_one_network(self):
        """Whoever has a whole /64 is counted as one network."""
        counts = RefusalCounts()
        for host in range(50):
            counts.note(InvalidToken(), network=f"2001:db8::{host:x}")
        assert counts.take() == {Refused("invalid_token", "2001:db8::/64"): 50}

    @pytest.mark.parametrize("networks", [201, 300, 1000])
    def test_strangers_never_fill_the_memory(self, networks):
        """However many networks come, the counts are bounded: those beyond are one count, and nobody is left out."""
        counts = RefusalCounts()
        for number in range(networks):
            counts.note(InvalidToken(), network=f"192.0.{number // 256}.{number % 256}")
        taken = counts.take()
        assert len(taken) == 201
        assert sum(taken.values()) == networks
        assert taken[Refused("invalid_token", "other")] == networks - 200

    def test_what_is_given_back_is_added(self):
        """Counts that could not be written are added to what was counted meanwhile."""
        counts = RefusalCounts()
        counts.note(InvalidToken(), network="192.0.2.1")
        counts.give_back({TOKEN: 4})
        assert counts.take() == {TOKEN: 5}

    def test_counted_codes_are_codes(self):
        """Every code that is counted is that of a refusal."""
        known = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AuthError)}
        assert known >= refusals.COUNTED


class TestRecording:
    """What becomes of counts."""

    def test_event_says_what_was_refused_how_often_and_where(self):
        """One event stands for a count: of nobody, by nobody, with code, network and a commitment to it."""
        [event], left = written({TOKEN: 7})
        assert (event.kind, event.reason, event.network, event.count) == (
            AuditKind.REFUSED,
            "invalid_token",
            "192.0.2.1",
            7,
        )
        assert (event.account_id, event.actor, event.session, left) == (None, None, None, {})
        assert (event.created_at, event.updated_at) == (OCCASION.now, OCCASION.now)
        assert is_true_or_blank(event)

    def test_two_processes_meet_in_one_event(self):
        """What is counted at another place in the same minute is added to the same event, at its version."""
        [event], _ = written({TOKEN: 7})
        stored = replace(event, version=1, created_at=BEFORE, updated_at=BEFORE)
        assert written({TOKEN: 2}, stored=[stored]) == ([replace(stored, updated_at=OCCASION.now, count=9)], {})

    def test_sealed_event_is_left_alone(self):
        """What was sealed already is never changed: the count waits for the next minute."""
        [event], _ = written({TOKEN: 7})
        writes, left = written({TOKEN: 2}, stored=[replace(event, version=2, batch="1")])
        assert (writes, left) == ([], {TOKEN: 2})

    def test_one_event_for_each_kind_network_and_minute(self):
        """Code, network and minute make the event's id, and nothing else does."""
        ids = {
            refusals.event_id(OCCASION.at(OCCASION.now + timedelta(seconds=seconds)), refused, KEY)
            for seconds in (0, 0.000001, 30, 59.999999, 60)
            for refused in (TOKEN, replace(TOKEN, code="throttled"), replace(TOKEN, network="192.0.2.2"))
        }
        assert len(ids) == 2 * 3

    def test_ids_hold_no_network(self):
        """No network can be read out of an id, nor tried without the key: ids stay when networks are erased."""
        one, other = (refusals.event_id(OCCASION, TOKEN, key) for key in (KEY, KEY[::-1]))
        assert re.fullmatch(r"0006ba1694472000-refused-invalid_token-[0-9a-f]{16}", one)
        assert one != other

    @pytest.mark.parametrize("code", sorted(refusals.COUNTED))
    def test_every_code_makes_an_event(self, code):
        """Every code that is counted fits into an event, with the longest network."""
        [event], _ = written({Refused(code, "ffff:ffff:ffff:ffff::/64"): 1})
        assert event.reason == code
