"""Deciding about challenges: each is open until it ends, once."""

import re
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from authcore import challenges, codes
from authcore.audit import session_digest
from authcore.challenges import Challenged
from authcore.decisions import Decision
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    ChallengeSlot,
    Device,
    Message,
    MessageKind,
    SessionEnd,
    TwoStepSession,
)
from authcore.errors import AttemptsExhausted, ChallengeEnded, CodeMismatch, InvalidInput, ResendLimit
from authcore.occasion import Ids, Occasion
from authcore.policy import Policy

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BEFORE = NOW - timedelta(minutes=1)  # when all that is stored was written
TICK = timedelta(microseconds=1)
KEY = bytes(range(32))
POLICY = Policy(code_attempts=3)
OCCASION = Occasion(
    now=NOW,
    device=Device(network="192.0.2.1"),
    policy=POLICY,
    ids=Ids(account="new-a", session="new-c", message="new-m", event="new-e", salt="new-salt"),
    code_key="k",
)
ACCOUNT = Account(id="a", version=3, created_at=BEFORE, updated_at=BEFORE, email="ada@example.org", epoch=7)
CHALLENGE = replace(
    challenges.open_challenge(
        replace(OCCASION, now=BEFORE, ids=replace(OCCASION.ids, session="c")),
        account=ACCOUNT,
        purpose="transfer",
        destination="ada@example.org",
        asked_by="s",
    ),
    version=1,
)
SLOT = ChallengeSlot(
    id="a:transfer", version=5, created_at=BEFORE, updated_at=BEFORE, account_id="a", challenge_id=CHALLENGE.id
)
RIGHT = codes.code_of(CHALLENGE, key=KEY, policy=POLICY)
WRONG = "000000" if RIGHT != "000000" else "111111"


def _asked(challenge: TwoStepSession | None = CHALLENGE, **changes: object) -> Challenged:
    return Challenged(**{"challenge": challenge, "account": ACCOUNT, "slot": SLOT} | changes)


def _answered(slot: ChallengeSlot, given: str) -> Decision[TwoStepSession]:
    asked = replace(_asked(), slot=slot)
    return challenges.answer(OCCASION, asked, purpose="transfer", asked_by="s", given=given, key=KEY)


def _answer(challenge: TwoStepSession | None = CHALLENGE, **changes: object) -> Decision[TwoStepSession]:
    given = {"purpose": "transfer", "asked_by": "s", "given": RIGHT, "key": KEY} | changes
    asked = _asked(challenge, **{name: given.pop(name) for name in ("account", "slot") if name in given})
    return challenges.answer(OCCASION, asked, **given)


class TestPurposes:
    """What an application may ask for codes for."""

    @pytest.mark.parametrize("purpose", ["x", "transfer", "delete-account", "A1", "x" * 20, "verify2", "Verify"])
    def test_words_are_accepted(self, purpose):
        """A purpose is 1 to 20 ASCII letters, digits and hyphens."""
        challenges.check_purpose(purpose)

    @pytest.mark.parametrize("purpose", ["", "-", "x" * 21, "a b", "a_b", "ä", "１", "a\0", "a\n", "\ud800"])
    def test_anything_else_is_refused(self, purpose):
        """Any other text is malformed."""
        with pytest.raises(InvalidInput) as caught:
            challenges.check_purpose(purpose)
        assert (caught.value.field, caught.value.reason) == ("purpose", "malformed")

    @pytest.mark.parametrize("purpose", [challenges.VERIFY, challenges.SECOND_FACTOR, challenges.RECOVER])
    def test_our_own_are_reserved(self, purpose):
        """The purposes of proving an address, of the second factor and of recovery are nobody else's."""
        with pytest.raises(InvalidInput) as caught:
            challenges.check_purpose(purpose)
        assert (caught.value.field, caught.value.reason) == ("purpose", "reserved")

    @given(st.text("aZ0-_ é", max_size=25) | st.text(st.characters(exclude_categories=()), max_size=25))
    def test_any_text_is_a_word_or_refused(self, purpose):
        """Whatever an application asks for, it is one of these words, or an InvalidInput."""
        is_word = re.fullmatch("(?=.*[A-Za-z0-9])[A-Za-z0-9-]{1,20}", purpose) and purpose != challenges.VERIFY
        with nullcontext() if is_word else pytest.raises(InvalidInput):
            challenges.check_purpose(purpose)

    def test_what_an_application_chooses_counts_together(self):
        """Codes for our own purposes have counts of their own, and all others one: whoever asks chooses among them."""
        ours = (challenges.VERIFY, challenges.SECOND_FACTOR, challenges.RECOVER, challenges.CHANGE_ADDRESS)
        assert [challenges.counted_as(purpose) for purpose in (*ours, "pay", "a")] == [*ours, "two-step", "two-step"]

    def test_what_anybody_asks_for_is_counted_apart(self):
        """The codes of registrations and recovery are there for strangers: every other one needs a session."""
        strangers, members = (challenges.VERIFY, challenges.RECOVER), (challenges.SECOND_FACTOR, "pay")
        assert {challenges.askers(purpose) for purpose in strangers} == {"strangers"}
        assert {challenges.askers(purpose) for purpose in members} == {"members"}


class TestRequesting:
    """Asking for a code."""

    @staticmethod
    def _request(account: Account = ACCOUNT, slot: ChallengeSlot | None = SLOT) -> Decision[TwoStepSession]:
        return challenges.request(
            OCCASION, account=account, slot=slot, purpose="transfer", destination="ada@example.org", asked_by="s"
        )

    def test_a_challenge_is_bound(self):
        """A challenge is bound to account, epoch, purpose, destination, session and key, and ends by policy."""
        assert self._request().outcome == TwoStepSession(
            id="new-c",
            created_at=NOW,
            updated_at=NOW,
            account_id="a",
            epoch=7,
            expires_at=NOW + POLICY.challenge,
            code_key="k",
            attempts=0,
            max_attempts=3,
            purpose="transfer",
            destination="ada@example.org",
            session_id="s",
        )

    def test_a_challenge_may_name_what_is_wanted(self):
        """A challenge for an address that somebody wants names it, and so it can be found by that."""
        decision = challenges.request(
            *(OCCASION,),
            account=ACCOUNT,
            slot=SLOT,
            purpose=challenges.CHANGE_ADDRESS,
            destination="new@example.org",
            wanted_id="email:new@example.org",
            asked_by="s",
        )
        assert (decision.outcome.wanted_id, decision.outcome.destination) == (
            "email:new@example.org",
            "new@example.org",
        )

    @pytest.mark.parametrize(("asked_by", "actor"), [("s", "a"), (None, None)])
    def test_the_trail_says_who_asked(self, asked_by, actor):
        """Who has a session is the actor of what is asked for, and answered; whoever has none is nobody yet."""
        asked = challenges.request(
            OCCASION, account=ACCOUNT, slot=SLOT, purpose="transfer", destination="ada@example.org", asked_by=asked_by
        )
        found = _asked(replace(CHALLENGE, session_id=asked_by))
        again = challenges.resend(OCCASION, found)
        answered = challenges.answer(OCCASION, found, purpose="transfer", asked_by=asked_by, given=WRONG, key=KEY)
        events = [each.writes[-1] for each in (asked, again, answered)]
        assert [(event.account_id, event.actor) for event in events] == [("a", actor)] * 3

    def test_all_that_goes_with_it_is_written(self):
        """The challenge, its slot, a message for its code and an event are written together."""
        challenge, slot, message, event = self._request().writes
        assert slot == replace(SLOT, updated_at=NOW, challenge_id=challenge.id)
        assert isinstance(message, Message)
        assert (message.kind, message.session_id) == (MessageKind.CODE, challenge.id)
        assert message.destination == "ada@example.org"
        assert isinstance(event, AuditEvent)
        assert (event.kind, event.account_id, event.reason) == (AuditKind.CODE_REQUESTED, "a", "transfer")

    def test_the_first_challenge_makes_its_slot(self):
        """Where there is no slot yet one is made, of an id that only account and purpose decide."""
        assert self._request(slot=None).writes[1] == ChallengeSlot(
            id=challenges.slot_id("a", "transfer"),
            created_at=NOW,
            updated_at=NOW,
            account_id="a",
            challenge_id="new-c",
        )

    def test_decoys_look_alike(self):
        """For a decoy all the same is written, but the message is never sent."""
        mine, decoy = self._request(), self._request(replace(ACCOUNT, decoy=True))
        challenge, slot, message, event = mine.writes
        assert decoy.writes == (challenge, slot, replace(message, kind=MessageKind.DECOY), event)

    @pytest.mark.parametrize("account", [ACCOUNT, replace(ACCOUNT, decoy=True)], ids=["real", "decoy"])
    def test_sending_again_changes_no_code(self, account):
        """The code of the very same challenge is sent once more, it is counted, and the trail says so; decoys alike."""
        decision = challenges.resend(OCCASION, _asked(account=account))
        sent, message, event = decision.writes
        assert decision.settle() is sent
        assert sent == replace(CHALLENGE, updated_at=NOW, sendings=2)
        assert (message.kind, message.session_id) == (MessageKind.DECOY if account.decoy else MessageKind.CODE, "c")
        assert (message.id, message.destination, message.due_at) == ("new-m", "ada@example.org", NOW)
        assert (event.id, event.kind, event.account_id) == ("new-e-code_requested", AuditKind.CODE_REQUESTED, "a")
        assert event.session == session_digest("c")

    @pytest.mark.parametrize(
        ("asked", "cause"),
        [
            (_asked(None), "unknown"),
            (_asked(account=None), "unknown"),
            (_asked(account=replace(ACCOUNT, epoch=8)), "epoch"),
            (_asked(slot=None), "superseded"),
            (_asked(replace(CHALLENGE, expires_at=NOW)), "over"),
            (_asked(replace(CHALLENGE, ended_at=NOW, ended_as=SessionEnd.SPENT)), "over"),
        ],
    )
    def test_nothing_is_sent_for_what_counts_no_more(self, asked, cause):
        """A challenge that awaits its code no more is not sent again, and nothing is written."""
        decision = challenges.resend(OCCASION, asked)
        assert (type(decision.refusal), decision.refusal.cause) == (ChallengeEnded, cause)
        assert (decision.outcome, decision.writes) == (None, ())

    def test_sending_again_has_an_end(self):
        """A code is sent as often as the policy allows, and not once more."""
        last = replace(CHALLENGE, sendings=POLICY.code_sendings - 1)
        assert challenges.resend(OCCASION, _asked(last)).settle().sendings == POLICY.code_sendings
        decision = challenges.resend(OCCASION, _asked(replace(last, sendings=POLICY.code_sendings)))
        assert (type(decision.refusal), decision.writes) == (ResendLimit, ())

    @pytest.mark.parametrize(
        ("one", "other"), [(("a", "x"), ("a", "y")), (("a", "x"), ("b", "x")), (("a", "b"), ("b", "a"))]
    )
    def test_slots_are_told_apart(self, one, other):
        """Another account or another purpose has another slot."""
        assert challenges.slot_id(*one) != challenges.slot_id(*other)


class TestStates:
    """OPEN -> SPENT | EXHAUSTED | EXPIRED | outdated, once."""

    @pytest.mark.parametrize(
        ("changes", "holds"),
        [
            ({}, True),
            ({"expires_at": NOW + TICK}, True),
            ({"expires_at": NOW}, False),
            ({"expires_at": NOW - TICK}, False),
            ({"deleted_at": NOW}, False),
            *[({"ended_at": NOW, "ended_as": ended_as}, False) for ended_as in SessionEnd],
        ],
    )
    def test_open_until_the_end(self, changes, holds):
        """A challenge awaits its code until its deadline, or until it ended or was deleted."""
        assert challenges.holds(_asked(replace(CHALLENGE, **changes)), now=NOW) is holds

    @pytest.mark.parametrize(
        ("changes", "cause"),
        [
            ({"challenge": None}, "unknown"),
            ({"account": None}, "unknown"),
            ({"account": replace(ACCOUNT, epoch=8)}, "epoch"),
            ({"account": replace(ACCOUNT, epoch=6)}, "epoch"),
            ({"account": replace(ACCOUNT, epoch=8), "slot": None}, "epoch"),
            ({"slot": None}, "superseded"),
            ({"slot": replace(SLOT, challenge_id="newer")}, "superseded"),
        ],
    )
    @pytest.mark.parametrize("given", [RIGHT, WRONG])
    def test_outdated_challenges_count_no_more(self, changes, cause, given):
        """An older epoch or a newer challenge ends all before: nothing answers it, and nothing is counted."""
        asked = replace(_asked(), **changes)
        decision = challenges.answer(OCCASION, asked, purpose="transfer", asked_by="s", given=given, key=KEY)
        assert (type(decision.refusal), decision.refusal.cause, decision.writes) == (ChallengeEnded, cause, ())
        assert challenges.outdated(asked).cause == cause
        assert not challenges.holds(asked, now=NOW)

    def test_the_newest_challenge_is_not_outdated(self):
        """The challenge in its slot, of the account's epoch, is not outdated."""
        assert challenges.outdated(_asked()) is None

    def test_the_right_code_spends_it(self):
        """The right code ends a challenge as spent, counts as an attempt, and the trail says so."""
        decision = _answer()
        spent, slot, event = decision.writes
        assert decision.outcome is spent
        assert spent == replace(CHALLENGE, updated_at=NOW, attempts=1, ended_at=NOW, ended_as=SessionEnd.SPENT)
        assert slot == replace(SLOT, updated_at=NOW)
        assert (event.kind, event.reason) == (AuditKind.CODE_ACCEPTED, "transfer")

    def test_a_wrong_code_is_counted_and_refused(self):
        """A wrong code is counted, the trail says so, and the refusal says how many attempts are left."""
        decision = _answer(given=WRONG)
        counted, slot, event = decision.writes
        assert isinstance(decision.refusal, CodeMismatch)
        assert decision.refusal.attempts_left == 2
        assert counted == replace(CHALLENGE, updated_at=NOW, attempts=1)
        assert slot == replace(SLOT, updated_at=NOW, failures=1, failing_since=NOW)
        assert (event.kind, event.session) == (AuditKind.CODE_REFUSED, session_digest("c"))

    @pytest.mark.parametrize("given", [RIGHT, WRONG])
    def test_at_the_cap_no_code_is_judged(self, given):
        """Once an account has given so many wrong codes, over all of them, a new one is not judged either."""
        full = replace(SLOT, failures=OCCASION.policy.challenge_failures, failing_since=NOW)
        decision = _answered(full, given)
        assert (type(decision.refusal), decision.refusal.cause, decision.writes) == (AttemptsExhausted, "slot", ())

    def test_the_last_guess_before_the_cap_is_judged(self):
        """One failure below the cap a code still counts, and the right one forgets the failures."""
        nearly = replace(SLOT, failures=OCCASION.policy.challenge_failures - 1, failing_since=NOW)
        assert _answered(nearly, RIGHT).writes[1] == replace(SLOT, updated_at=NOW)
        assert _answered(nearly, WRONG).writes[1].failures == OCCASION.policy.challenge_failures

    @pytest.mark.parametrize(("beyond", "failures"), [(-TICK, 50), (timedelta(0), 1), (TICK, 1)])
    def test_failures_are_forgotten_when_their_window_is_over(self, beyond, failures):
        """The window runs from the first failure; when it is over, counting begins again, and so does the window."""
        began = NOW - OCCASION.policy.challenge_window - beyond
        nearly = replace(SLOT, failures=49, failing_since=began)
        counted = _answered(nearly, WRONG).writes[1]
        assert (counted.failures, counted.failing_since) == (failures, NOW if failures == 1 else began)

    def test_a_new_challenge_gives_no_new_guesses(self):
        """What fills a slot leaves its failures as they are."""
        failing = replace(SLOT, failures=7, failing_since=NOW)
        newer = replace(CHALLENGE, id="newer", created_at=NOW)
        filled = challenges.fill(failing, newer, account=ACCOUNT)
        assert filled == replace(failing, updated_at=NOW, challenge_id="newer")

    def test_the_last_wrong_code_exhausts_it(self):
        """The last wrong code is counted, and ends the challenge in the same write."""
        last = replace(CHALLENGE, attempts=2)
        decision = _answer(last, given=WRONG)
        assert type(decision.refusal) is AttemptsExhausted
        exhausted = replace(last, updated_at=NOW, attempts=3, ended_at=NOW, ended_as=SessionEnd.EXHAUSTED)
        assert decision.writes[0] == exhausted

    def test_the_last_attempt_may_be_right(self):
        """The right code is accepted on the last attempt still."""
        assert _answer(replace(CHALLENGE, attempts=2)).outcome is not None

    @pytest.mark.parametrize(
        ("changes", "refusal", "cause"),
        [
            ({"ended_at": NOW, "ended_as": SessionEnd.EXHAUSTED}, AttemptsExhausted, ""),
            ({"ended_at": NOW, "ended_as": SessionEnd.EXHAUSTED, "expires_at": NOW}, AttemptsExhausted, ""),
            ({"ended_at": NOW, "ended_as": SessionEnd.SPENT}, ChallengeEnded, "spent"),
            ({"ended_at": NOW, "ended_as": SessionEnd.REVOKED}, ChallengeEnded, "revoked"),
            ({"expires_at": NOW}, ChallengeEnded, "expired"),
            ({"deleted_at": NOW}, ChallengeEnded, "expired"),
        ],
    )
    @pytest.mark.parametrize("given", [RIGHT, WRONG])
    def test_what_ended_stays_so(self, changes, refusal, cause, given):
        """Nothing answers a challenge that ended, neither the right code nor a wrong one, and nothing is written."""
        decision = _answer(replace(CHALLENGE, **changes), given=given)
        assert (type(decision.refusal), decision.refusal.cause) == (refusal, cause)
        assert (decision.outcome, decision.writes) == (None, ())

    @given(st.lists(st.sampled_from([RIGHT, WRONG]), max_size=8))
    def test_guesses_are_bounded(self, guesses):
        """However the guesses come, at most the limit are judged, at most one succeeds, and nothing follows the end."""
        challenge, judged, accepted = CHALLENGE, 0, 0
        for guess in guesses:
            decision = _answer(challenge, given=guess)
            if decision.writes:
                challenge, judged = decision.writes[0], judged + 1
            accepted += decision.outcome is not None
        best = next((place for place, guess in enumerate(guesses) if guess == RIGHT), len(guesses))
        assert judged == challenge.attempts == min(len(guesses), best + 1, 3)
        assert accepted == (best < min(len(guesses), 3))


class TestBinding:
    """Whose answer counts."""

    def test_an_unknown_challenge_has_ended(self):
        """A challenge that is not stored is refused as one that ended."""
        assert type(_answer(None).refusal) is ChallengeEnded

    @pytest.mark.parametrize(
        "changes", [{"purpose": "verify"}, {"purpose": "Transfer"}, {"asked_by": None}, {"asked_by": "s2"}]
    )
    @pytest.mark.parametrize("given", [RIGHT, WRONG])
    def test_another_purpose_or_session_is_refused(self, changes, given):
        """For another purpose or from another session a challenge looks as if it had ended, and no guess is counted."""
        decision = _answer(given=given, **changes)
        assert (type(decision.refusal), decision.writes) == (ChallengeEnded, ())
        assert decision.refusal.cause == "another purpose or session"

    def test_a_purpose_is_asked_before_the_end(self):
        """Who presents an exhausted challenge for another purpose is not told that it is exhausted."""
        exhausted = replace(CHALLENGE, ended_at=NOW, ended_as=SessionEnd.EXHAUSTED)
        assert type(_answer(exhausted, purpose="other").refusal) is ChallengeEnded

    def test_no_code_fits_a_decoy(self):
        """A decoy counts the right code as a wrong one, and looks like any challenge."""
        account = replace(ACCOUNT, decoy=True)
        right, wrong, real = _answer(account=account), _answer(account=account, given=WRONG), _answer(given=WRONG)
        assert type(right.refusal) is type(wrong.refusal) is type(real.refusal) is CodeMismatch
        assert right.refusal.evidence == wrong.refusal.evidence == real.refusal.evidence
        assert right.writes == wrong.writes == real.writes

    def test_decoys_are_exhausted_too(self):
        """The last guess at a decoy ends it."""
        decision = _answer(replace(CHALLENGE, attempts=2), account=replace(ACCOUNT, decoy=True))
        assert type(decision.refusal) is AttemptsExhausted

    def test_a_removed_key_ends_its_challenges(self):
        """Where the key that a challenge names is gone, no code answers it, and no guess is counted."""
        decision = _answer(key=None)
        assert (type(decision.refusal), decision.refusal.cause, decision.writes) == (ChallengeEnded, "key", ())

    @pytest.mark.parametrize("given", [RIGHT, WRONG])
    def test_codes_are_never_written(self, given):
        """Nothing that an answer writes or refuses with holds the code that was due."""
        decision = _answer(given=given)
        assert RIGHT not in f"{decision.writes} {decision.refusal!r}"
        assert decision.refusal is None or RIGHT not in decision.refusal.cause

    def test_policies_may_change_under_an_open_challenge(self):
        """How many guesses a challenge allows is what it allowed when it was made."""
        many = replace(OCCASION, policy=Policy(code_attempts=100))
        decision = challenges.answer(many, _asked(), purpose="transfer", asked_by="s", given=WRONG, key=KEY)
        assert decision.refusal.attempts_left == 2
