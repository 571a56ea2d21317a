"""Deciding about changes of address.  What becomes of them in a store, and of two at once, is tested in flows/."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import accounts, addresses, challenges
from authcore.audit import session_digest
from authcore.challenges import Challenged
from authcore.decisions import accept, refuse
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    Identifier,
    Message,
    MessageKind,
    Tally,
)
from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidIdentifier,
    ReauthenticationRequired,
    StateUnchanged,
)
from authcore.identifiers import canonical_email, canonical_phone
from authcore.throttle import Throttle
from authcore.throttling import Failing
from tests.core.ada import BEFORE, EMAIL, LIVE, NOW, OCCASION, USERNAME, claim_on, identifier_of
from tests.core.test_principal import SESSION

POLICY = OCCASION.policy
STRICT = replace(OCCASION, policy=replace(POLICY, second_factor=True))
NEW, PHONE = canonical_email("Countess@example.org"), canonical_phone("+4930123456")
WHOLE = replace(SESSION, id="old-s", account_id=LIVE.id, epoch=LIVE.epoch, tag="app", auth_time=BEFORE)
STRANGER = replace(LIVE, id="b", email="bob@example.org", username=None)
UNPROVEN = replace(STRANGER, verified_at=None)
FREE, TAKEN, HALF = claim_on(name=NEW), claim_on(STRANGER, name=NEW, proven_at=BEFORE), claim_on(UNPROVEN, name=NEW)
RELEASED = replace(FREE, identifier=identifier_of(NEW, held_by=None))
OWN = identifier_of(EMAIL, proven_at=BEFORE)


def request(claim=FREE, *, occasion=OCCASION, account=LIVE, session=WHOLE, slot=None):
    """Decide about asking for an address."""
    return addresses.request(occasion, account=account, session=session, claim=claim, slot=slot)


CHALLENGE = request().settle()
ANSWERED = accept(CHALLENGE, [CHALLENGE])


def change(claim=FREE, *, account=LIVE, answered=ANSWERED, held=(OWN,)):
    """Decide what an answer is worth."""
    return addresses.change(OCCASION, answered, account=account, session=WHOLE, claim=claim, held=held)


def written(decision, kind):
    """What a decision writes of one kind, by its id."""
    return {entity.id: entity for entity in decision.writes if isinstance(entity, kind)}


class TestRequesting:
    """Asking for an address."""

    @pytest.mark.parametrize("is_first", [True, False])
    @pytest.mark.parametrize("claim", [FREE, RELEASED, HALF], ids=["new", "released", "unproven"])
    def test_code_goes_to_the_wanted_address(self, claim, is_first):
        """The challenge is the account's, for this purpose and session alone, and its code goes to that address."""
        slot = None if is_first else replace(challenges.fill(None, CHALLENGE, account=LIVE), version=1)
        given = {"purpose": "change-address", "destination": "Countess@example.org", "asked_by": "old-s"}
        given["wanted_id"] = NEW.id
        assert request(claim, slot=slot) == challenges.request(OCCASION, account=LIVE, slot=slot, **given)

    def test_owner_is_told_in_place_of_a_code(self):
        """Where another account has proven it, only one row differs: word to its owner, not a code."""
        free, taken = request(), request(TAKEN)
        assert [entity for entity in taken.writes if not isinstance(entity, Message)] == [
            entity for entity in free.writes if not isinstance(entity, Message)
        ]
        (message,) = written(taken, Message).values()
        assert (message.kind, message.destination, message.account_id, message.session_id) == (
            MessageKind.ALREADY_REGISTERED,
            STRANGER.email,
            STRANGER.id,
            None,
        )

    @pytest.mark.parametrize("proven_at", [BEFORE, None])
    def test_own_address_is_asked_for_until_it_is_proven(self, proven_at):
        """What the account has proven is its own already; what it merely holds can be proven."""
        claim = claim_on(LIVE, name=NEW, proven_at=proven_at)
        assert isinstance(request(claim).refusal, StateUnchanged) == (proven_at is not None)

    @pytest.mark.parametrize("since", [timedelta(0), timedelta(microseconds=1)])
    @pytest.mark.parametrize(
        ("occasion", "account"),
        [(STRICT, LIVE), (OCCASION, replace(LIVE, second_factor=True)), (OCCASION, LIVE)],
        ids=["policy", "account", "nobody"],
    )
    def test_second_factor_must_be_fresh_where_it_is_called_for(self, occasion, account, since):
        """Where a second factor is called for, it must have been met within the time that a login may take."""
        session = replace(WHOLE, auth_time=NOW - POLICY.second_factor_time + timedelta(microseconds=1) - since)
        refused = request(occasion=occasion, account=account, session=session).refusal
        is_old = since and (occasion.policy.second_factor or account.second_factor)
        assert isinstance(refused, ReauthenticationRequired) if is_old else refused is None


class TestWithholding:
    """Sending a code again."""

    ASKED = Challenged(challenge=replace(CHALLENGE, purpose=addresses.PURPOSE), account=LIVE)

    @pytest.mark.parametrize(
        ("claim", "is_withheld"),
        [(None, True), (FREE, False), (RELEASED, False), (HALF, False), (claim_on(LIVE), False), (TAKEN, True)],
        ids=["erased", "new", "released", "unproven", "own", "taken"],
    )
    def test_code_for_a_taken_address_is_withheld(self, claim, is_withheld):
        """Nobody gets a code by which another account would have the address that he has proven, or had."""
        assert addresses.is_withheld(self.ASKED, claim) is is_withheld
        other = replace(self.ASKED, challenge=replace(CHALLENGE, purpose="pay"))
        assert addresses.is_withheld(other, claim) is False

    def test_what_is_withheld_looks_alike(self):
        """In place of a code that is withheld a row is written that is never sent, and all else is the same."""
        slot = challenges.fill(None, CHALLENGE, account=LIVE)
        asked = replace(self.ASKED, slot=slot)
        sent, withheld = (challenges.resend(OCCASION, asked, is_withheld=each) for each in (False, True))
        assert withheld.outcome == sent.outcome
        assert [
            replace(each, kind=MessageKind.CODE) if isinstance(each, Message) else each for each in withheld.writes
        ] == [*sent.writes]
        assert [each.kind for each in written(withheld, Message).values()] == [MessageKind.DECOY]


class TestChanging:
    """What a right code is worth."""

    @pytest.mark.parametrize(
        ("claim", "version"), [(FREE, 0), (RELEASED, 2), (HALF, 2)], ids=["new", "released", "unproven"]
    )
    def test_one_commit_moves_claim_and_copy(self, claim, version):
        """The new address is claimed and proven, the old one released, and what is shown is what is claimed."""
        decision = change(claim)
        claims = written(decision, Identifier)
        new, old = claims[NEW.id], claims[OWN.id]
        assert (new.account_id, new.proven_at, new.version, new.kind) == (LIVE.id, NOW, version, NEW.kind)
        assert old == replace(OWN, updated_at=NOW, account_id=None, former_id=OWN.account_id, proven_at=None)
        changed = written(decision, Account)[LIVE.id]
        assert changed == replace(LIVE, updated_at=NOW, email=NEW.display, epoch=LIVE.epoch + 1)

    def test_other_kinds_of_names_are_kept(self):
        """A phone number takes the place of no email address, and no change touches a username or an identity."""
        decision = change(claim_on(name=PHONE))
        assert set(written(decision, Identifier)) == {PHONE.id}
        changed = written(decision, Account)[LIVE.id]
        assert (changed.email, changed.phone, changed.username) == (LIVE.email, PHONE.display, LIVE.username)

    def test_caller_goes_on_in_a_new_session(self):
        """The caller's session is superseded by one of the new epoch, which proves no more and lasts no longer."""
        decision = change()
        sessions = written(decision, AuthenticationSession)
        assert sessions["old-s"].ended_as == "superseded"
        heir = decision.settle()
        assert heir == sessions["new-c"]
        assert (heir.epoch, heir.amr, heir.tag) == (LIVE.epoch + 1, WHOLE.amr, "app")
        assert (heir.auth_time, heir.expires_at) == (WHOLE.auth_time, WHOLE.expires_at)

    @pytest.mark.parametrize("claim", [FREE, claim_on(name=PHONE)], ids=["email", "phone"])
    def test_every_former_address_is_told(self, claim):
        """Each address that the account had proven is told, in a message of its own; the new one is not."""
        both = replace(LIVE, phone="+15005550006")
        held = (OWN, identifier_of(canonical_phone(both.phone), proven_at=BEFORE))
        told = written(change(claim, account=both, held=held), Message)
        assert len(told) == 2
        assert {(each.kind, each.destination) for each in told.values()} == {
            (MessageKind.ADDRESS_CHANGED, LIVE.email),
            (MessageKind.ADDRESS_CHANGED, both.phone),
        }

    def test_stranger_is_not_told(self):
        """A number that came with an import, and was never proven, may be anybody's: nothing is sent there."""
        both = replace(LIVE, phone="+15005550006")
        held = (OWN, identifier_of(canonical_phone(both.phone)), identifier_of(USERNAME))
        told = written(change(account=both, held=held), Message)
        assert [each.destination for each in told.values()] == [LIVE.email]

    def test_trail_tells(self):
        """One event names the account, whose deed it is, its new session and the kind of address."""
        (event,) = written(change(), AuditEvent).values()
        assert (event.kind, event.account_id, event.reason) == (AuditKind.ADDRESS_CHANGED, LIVE.id, "email")
        assert (event.actor, event.session) == (LIVE.id, session_digest("new-c"))

    def test_unproven_holder_loses_it(self):
        """Whoever held it without proof shows it no more, under a new epoch: no code of before proves anything."""
        decision = change(HALF)
        assert written(decision, Account)[UNPROVEN.id] == replace(
            UNPROVEN, updated_at=NOW, email=None, epoch=UNPROVEN.epoch + 1, beside_id=LIVE.id
        )
        told = {
            (event.kind, event.account_id, event.actor, event.reason)
            for event in written(decision, AuditEvent).values()
        }
        assert told == {
            (AuditKind.ADDRESS_CHANGED, LIVE.id, LIVE.id, "email"),
            (AuditKind.ADDRESS_LOST, UNPROVEN.id, LIVE.id, "email"),
        }

    def test_own_unproven_address_is_proven(self):
        """An address that the account holds already stays its own, and is proven by the code."""
        own = claim_on(LIVE, name=NEW)
        decision = change(own, account=LIVE, held=(OWN, own.identifier))
        assert written(decision, Identifier)[NEW.id] == replace(own.identifier, updated_at=NOW, proven_at=NOW)
        assert set(written(decision, Account)) == {LIVE.id}

    @pytest.mark.parametrize("claim", [None, TAKEN], ids=["other purpose", "taken"])
    def test_taken_address_is_refused_like_a_spent_code(self, claim):
        """Where another account has proven it meanwhile, the code is spent, and nothing else is written."""
        decision = change(claim)
        assert (type(decision.refusal), decision.writes) == (ChallengeEnded, ANSWERED.writes)
        assert decision.refusal.cause == "identifier"

    def test_wrong_code_is_remembered_and_changes_nothing(self):
        """What a wrong code leaves behind is written, and nothing else."""
        refused = refuse(CodeMismatch(attempts_left=1), [CHALLENGE])
        assert change(answered=refused) == refused


class TestCounting:
    """What was guessed at an address before, by whomever."""

    CAP = Throttle(limit=2, window=timedelta(hours=1))
    WRONG = refuse(CodeMismatch(attempts_left=1), [CHALLENGE])

    def _failing(self, failures):
        tally = Tally(id="an address", created_at=BEFORE, updated_at=BEFORE, failures=failures, failing_since=NOW)
        return Failing(subject="an address", throttle=self.CAP, tally=tally if failures else None)

    def test_wrong_code_counts(self):
        """A wrong code is counted under its address, besides all else that it leaves behind."""
        decision = addresses.counted(OCCASION, self.WRONG, self._failing(0))
        first = Tally(id="an address", created_at=NOW, updated_at=NOW, failures=1, failing_since=NOW)
        assert decision == self.WRONG.also([first])

    def test_right_code_forgets(self):
        """The right code is accepted, and sets the count back."""
        failing = self._failing(1)
        decision = addresses.counted(OCCASION, ANSWERED, failing)
        assert decision == ANSWERED.also([replace(failing.tally, updated_at=NOW, failures=0, failing_since=None)])

    @pytest.mark.parametrize("answered", [WRONG, ANSWERED], ids=["wrong", "right"])
    def test_nothing_is_judged_at_the_cap(self, answered):
        """At the cap a right code is told what a wrong one is told, and nothing is written."""
        decision = addresses.counted(OCCASION, answered, self._failing(2))
        assert (type(decision.refusal), decision.writes) == (AttemptsExhausted, ())
        assert decision.refusal.cause == "address"

    def test_what_is_no_guess_is_not_counted(self):
        """A code for a challenge that counts no more, or is of another session, uses up nobody's guesses."""
        ended = refuse(ChallengeEnded(cause="superseded"))
        assert addresses.counted(OCCASION, ended, self._failing(2)) is ended


class TestNaming:
    """Which address is asked for."""

    def test_one_address_is_read(self):
        """An email address or a phone number, in its canonical form."""
        assert accounts.address_given(email="Ada@Example.org", phone=None) == EMAIL
        assert accounts.address_given(email=None, phone="+49 30 123456") == PHONE

    @pytest.mark.parametrize(
        ("email", "phone", "told"),
        [(None, None, ("email", "missing")), ("ada@example.org", "+4930123456", ("phone", "one_address_only"))],
    )
    def test_none_and_two_are_refused(self, email, phone, told):
        """A code proves one address, so one must be named."""
        with pytest.raises(InvalidIdentifier) as refused:
            accounts.address_given(email=email, phone=phone)
        assert (refused.value.field, refused.value.reason) == told
