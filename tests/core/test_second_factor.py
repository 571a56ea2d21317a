"""Deciding about the second factor.  What becomes of it in a store, and of two at once, is tested in flows/."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import challenges, second_factor
from authcore.audit import session_digest
from authcore.decisions import accept, refuse
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    Message,
    MessageKind,
    SessionEnd,
    SessionRoster,
)
from authcore.errors import AccountDisabled, CodeMismatch, SecondFactorUnavailable
from authcore.identifiers import IdentifierKind
from authcore.rosters import Listed, roster_id
from tests.core.ada import BEFORE, LIVE, NOW, OCCASION
from tests.core.test_principal import SESSION

GUARDED = replace(LIVE, second_factor=True)
DISABLED = replace(GUARDED, disabled_at=NOW)
WHOLE = replace(SESSION, id="old-s", account_id=LIVE.id, epoch=LIVE.epoch, tag="app", auth_time=BEFORE)
PENDING = replace(WHOLE, requires_second_factor=True)
POLICY = OCCASION.policy


def written(decision, kind):
    """What a decision writes of one kind, by its id."""
    return {entity.id: entity for entity in decision.writes if isinstance(entity, kind)}


PENDING_ALONE = {"session": PENDING, "slot": None}


def by(kinds):
    """The occasion under a policy that sends the code to these kinds of addresses."""
    return replace(OCCASION, policy=replace(POLICY, second_factor_by=frozenset(map(IdentifierKind, kinds))))


class TestRequesting:
    """Asking for the code."""

    @pytest.mark.parametrize("is_first", [True, False])
    def test_code_goes_to_the_accounts_own_address(self, is_first):
        """The challenge is the account's, for this purpose and session alone, in the slot of that purpose."""
        given = {"purpose": "second-factor", "destination": LIVE.email, "asked_by": PENDING.id}
        before = challenges.request(OCCASION, account=GUARDED, slot=None, **given).writes[1]
        slot = None if is_first else replace(before, version=1, challenge_id="older")
        decision = second_factor.request(OCCASION, account=GUARDED, session=PENDING, slot=slot)
        assert decision == challenges.request(OCCASION, account=GUARDED, slot=slot, **given)
        assert decision.settle().session_id == "old-s"

    @pytest.mark.parametrize(
        ("kinds", "destination"),
        [({"email", "phone"}, LIVE.email), ({"email"}, LIVE.email), ({"phone"}, "+4930123456")],
        ids=lambda each: "-".join(sorted(each)) if isinstance(each, set) else None,
    )
    def test_code_goes_where_the_policy_says(self, kinds, destination):
        """Of an account's addresses only those count that the policy takes for a second factor."""
        decision = second_factor.request(by(kinds), account=replace(GUARDED, phone="+4930123456"), **PENDING_ALONE)
        assert decision.settle().destination == destination

    @pytest.mark.parametrize(("kinds", "missing"), [({"phone"}, "phone"), ({"email"}, "email")])
    def test_code_goes_nowhere_else(self, kinds, missing):
        """An account without such an address is sent nothing, and its session stays pending."""
        account = replace(GUARDED, **{"phone": "+4930123456", missing: None})
        decision = second_factor.request(by(kinds), account=account, **PENDING_ALONE)
        assert (type(decision.refusal), decision.writes) == (SecondFactorUnavailable, ())


class TestFulfilling:
    """What a right code lifts."""

    CHALLENGE = second_factor.request(OCCASION, account=GUARDED, session=PENDING, slot=None).settle()
    ANSWERED = accept(CHALLENGE, [CHALLENGE])

    def fulfil(self, session=PENDING, *, answered=ANSWERED, account=GUARDED):
        """Decide what becomes of an answer."""
        return second_factor.fulfil(OCCASION, answered, account=account, session=session)

    def test_whole_session_takes_the_place_of_the_pending_one(self):
        """A right code opens a whole session of another id, ends the pending one and is spent, in one commit."""
        decision = self.fulfil()
        sessions = written(decision, AuthenticationSession)
        assert decision.settle() is sessions["new-c"]
        assert (decision.outcome.requires_second_factor, decision.outcome.tag) == (False, "app")
        assert sessions["old-s"] == replace(PENDING, updated_at=NOW, ended_at=NOW, ended_as=SessionEnd.SUPERSEDED)
        assert self.CHALLENGE in decision.writes

    @pytest.mark.parametrize(
        ("before", "after"), [(("pwd",), ("pwd", "otp", "mfa")), (("pwd", "otp", "mfa"), ("pwd", "otp", "mfa"))]
    )
    def test_factors_are_told_once(self, before, after):
        """The session tells which factors were met, in order, and none of them twice."""
        assert self.fulfil(replace(PENDING, amr=before)).settle().amr == after

    def test_trail_says_who_is_in(self):
        """The trail names the account and the whole session, as after any login."""
        (event,) = written(self.fulfil(), AuditEvent).values()
        assert (event.kind, event.account_id, event.actor) == (AuditKind.LOGGED_IN, LIVE.id, LIVE.id)
        assert event.session == session_digest("new-c")

    def test_it_stands_in_the_roster_where_the_one_before_stood(self):
        """A session that was whole before leaves the roster that the new one joins: it takes nobody's room."""
        name = roster_id(LIVE.id, epoch=LIVE.epoch, pending=False)
        times = {"created_at": BEFORE, "updated_at": BEFORE, "version": 1}
        roster = SessionRoster(id=name, account_id=LIVE.id, session_ids=("another-s", "old-s"), **times)
        decision = second_factor.fulfil(
            OCCASION, self.ANSWERED, account=GUARDED, session=WHOLE, among=Listed(roster=roster)
        )
        assert written(decision, SessionRoster)[name].session_ids == ("another-s", "new-c")

    def test_pending_session_has_used_up_nothing(self):
        """After a login in two steps the session lasts as long as any, and its holder has authenticated now."""
        opened = self.fulfil().settle()
        assert (opened.expires_at, opened.auth_time) == (NOW + POLICY.absolute, NOW)

    def test_session_that_was_whole_before_lasts_no_longer(self):
        """A session of which more was asked later ends when it had to, and its holder has authenticated then."""
        opened = self.fulfil(replace(WHOLE, expires_at=NOW + timedelta(minutes=5))).settle()
        assert (opened.expires_at, opened.auth_time) == (NOW + timedelta(minutes=5), BEFORE)

    def test_wrong_code_lifts_nothing(self):
        """A code that is refused leaves the session as it is, and what was counted is written."""
        refusal = CodeMismatch(attempts_left=1)
        decision = self.fulfil(answered=refuse(refusal, [self.CHALLENGE]))
        assert (decision.refusal, decision.outcome, decision.writes) == (refusal, None, (self.CHALLENGE,))

    def test_account_that_may_not_be_used_is_let_in_by_no_code(self):
        """A right code is spent even where the account is refused, and no session is opened or ended."""
        decision = self.fulfil(account=DISABLED)
        assert (type(decision.refusal), decision.writes) == (AccountDisabled, (self.CHALLENGE,))


class TestChanging:
    """Choosing to need the second factor, or not to."""

    @staticmethod
    def change(*, required, account=None, session=WHOLE):
        """Decide to change the factor."""
        account = account or replace(LIVE, second_factor=not required)
        return second_factor.change(OCCASION, account=account, session=session, required=required)

    @pytest.mark.parametrize("required", [True, False])
    def test_everything_begun_before_ends(self, required):
        """The account has its new rule under a new epoch, so that every older session and challenge is over."""
        (raised,) = written(self.change(required=required), Account).values()
        assert raised == replace(LIVE, second_factor=required, epoch=LIVE.epoch + 1, updated_at=NOW)

    @pytest.mark.parametrize(("required", "is_pending"), [(True, True), (False, False)])
    def test_caller_goes_on_in_a_new_session(self, required, is_pending):
        """The new session has the factors and the tag of the old one; it is pending where the factor is new."""
        decision = self.change(required=required)
        sessions = written(decision, AuthenticationSession)
        opened = decision.settle()
        assert opened is sessions["new-c"]
        assert (opened.epoch, opened.amr, opened.tag) == (LIVE.epoch + 1, ("pwd",), "app")
        assert (opened.requires_second_factor, opened.auth_time) == (is_pending, BEFORE)
        assert sessions["old-s"] == replace(WHOLE, updated_at=NOW, ended_at=NOW, ended_as=SessionEnd.SUPERSEDED)

    def test_whoever_has_met_it_stays_in(self):
        """Turning the factor on in a session in which it was met leaves nothing pending."""
        whole = replace(WHOLE, amr=("pwd", "otp", "mfa"))
        assert not self.change(required=True, session=whole).settle().requires_second_factor

    @pytest.mark.parametrize(("required", "reason"), [(True, "on"), (False, "off")])
    def test_owner_and_trail_are_told(self, required, reason):
        """Word goes to the account's address, and the trail says which way it was changed."""
        decision = self.change(required=required)
        (message,) = written(decision, Message).values()
        (event,) = written(decision, AuditEvent).values()
        assert (message.kind, message.account_id) == (MessageKind.SECOND_FACTOR_CHANGED, LIVE.id)
        assert message.destination == LIVE.email
        assert (event.kind, event.reason) == (AuditKind.SECOND_FACTOR_CHANGED, reason)
        assert (event.account_id, event.actor, event.session) == (LIVE.id, LIVE.id, session_digest("new-c"))

    def test_unusable_accounts_change_nothing(self):
        """An account that may not be used keeps its rule."""
        decision = self.change(required=False, account=DISABLED)
        assert (type(decision.refusal), decision.writes) == (AccountDisabled, ())

    def test_nobody_locks_himself_out(self):
        """Where no code could ever be sent the factor is not turned on; it is turned off in any case."""
        decision = second_factor.change(by({"phone"}), account=LIVE, session=WHOLE, required=True)
        assert (type(decision.refusal), decision.writes) == (SecondFactorUnavailable, ())
        assert second_factor.change(by({"phone"}), account=LIVE, session=WHOLE, required=False).settle()
