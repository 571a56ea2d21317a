"""Deciding whose forgotten password may be replaced, and what replaces it."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from authcore import accounts, challenges, codes, recovery
from authcore.challenges import Challenged
from authcore.decisions import refuse
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    ChallengeSlot,
    Credential,
    Message,
    MessageKind,
    TwoStepSession,
)
from authcore.errors import CodeMismatch
from authcore.identifiers import canonical_email, canonical_phone
from authcore.throttle import Throttle
from tests.core.ada import BEFORE, EMAIL, LIVE, NOW, OCCASION, USERNAME, claim_on

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
PHONE = canonical_phone("+442079460018")
CREDENTIAL = accounts.password_credential(None, LIVE, "old", now=BEFORE)
NOBODY = recovery.nobody(OCCASION, digest="x")
SLOT = ChallengeSlot(
    id=f"{LIVE.id}:recover", created_at=BEFORE, updated_at=NOW, account_id=LIVE.id, challenge_id="older"
)


def of(writes, kind):
    """The one entity of a kind that is written."""
    (found,) = [entity for entity in writes if isinstance(entity, kind)]
    return found


def asked(account: Account, slot: ChallengeSlot | None = None) -> Challenged:
    """What is stored after a code was asked for, in the place of an older one if there is a slot."""
    return Challenged(challenge=recovery.request(OCCASION, account=account).outcome, account=account, slot=slot)


def answered(found: Challenged, code: str):
    """What a code comes to; whose challenge it is by now is asked first, as readers do."""
    account = challenges.subject(found.challenge, found.account)
    return challenges.answer(
        OCCASION, replace(found, account=account), purpose=recovery.PURPOSE, asked_by=None, given=code, key=KEY
    )


def right(found: Challenged) -> str:
    """The code of a challenge."""
    return codes.code_of(found.challenge, key=KEY, policy=OCCASION.policy)


class TestNaming:
    """Which account an address names."""

    @pytest.mark.parametrize(
        ("claim", "is_named"),
        [
            (claim_on(LIVE, proven_at=BEFORE), True),
            (claim_on(), False),
            (claim_on(LIVE), False),
            (claim_on(replace(LIVE, verified_at=None), proven_at=BEFORE), False),
            (claim_on(replace(LIVE, disabled_at=NOW), proven_at=BEFORE), False),
            (claim_on(replace(LIVE, deleted_at=NOW), proven_at=BEFORE), False),
            (claim_on(replace(LIVE, email="ada@example.com"), proven_at=BEFORE), False),
            (claim_on(replace(LIVE, phone="+442079460018"), proven_at=BEFORE), True),
            (claim_on(replace(LIVE, phone="+442079460018"), name=PHONE, proven_at=BEFORE), False),
            (claim_on(replace(LIVE, email=None, phone="+442079460018"), name=PHONE, proven_at=BEFORE), True),
            (claim_on(LIVE, name=USERNAME), False),
            (claim_on(replace(LIVE, email=None), name=USERNAME), False),
        ],
        ids=[
            *("proven", "free", "unproven address", "unproven account", "disabled", "deleted"),
            *("another one gets its messages", "first of two", "second of two", "phone", "username", "username alone"),
        ],
    )
    def test_a_proven_address_that_gets_the_messages_names_one(self, claim, is_named):
        """An account is named by the address where its messages go, proven by it, while it may be used."""
        assert recovery.named(claim) == (claim.holder if is_named else None)

    def test_nobody_is_the_same_each_time(self):
        """Whoever nobody knows is a decoy, named by the digest, without the address, where nothing is sent anyway."""
        expected = Account(id="nobody-x", created_at=NOW, updated_at=NOW, epoch=1, decoy=True)
        assert recovery.nobody(OCCASION, digest="x") == expected

    @given(st.sampled_from(["ada", "Ada", "ada.l", "bob"]), st.sampled_from(["ada", "ADA", "bob"]))
    def test_digests_stand_for_names(self, one, other):
        """Names have the same digest if and only if they are the same, and nobody makes it without the key."""
        first, second = (canonical_email(f"{each}@example.org") for each in (one, other))
        digests = [recovery.digest_of(name, key=KEY) for name in (first, second)]
        assert (digests[0] == digests[1]) == (first.id == second.id)
        assert recovery.digest_of(first, key=OTHER_KEY) != digests[0]
        assert all(re.fullmatch("[0-9a-f]{32}", digest) for digest in digests)

    @pytest.mark.parametrize(("limit", "share"), [(1, 1), (2, 1), (3, 1), (10, 5)])
    def test_one_network_has_half(self, limit, share):
        """One network has half of what an address is allowed, and one at least, in the same window."""
        throttle = Throttle(limit=limit, window=NOW - BEFORE)
        assert recovery.share(throttle) == Throttle(limit=share, window=NOW - BEFORE)


class TestAsking:
    """Asking for a code, and what becomes of it."""

    def test_nobody_looks_alike(self):
        """For nobody all the same is written, but the message has no address, and is never sent."""
        mine, nobodys = (recovery.request(OCCASION, account=each).writes for each in (LIVE, NOBODY))
        assert [type(each) for each in mine] == [type(each) for each in nobodys]
        assert (of(mine, Message).kind, of(nobodys, Message).kind) == (MessageKind.CODE, MessageKind.DECOY)
        assert (of(mine, Message).destination, of(nobodys, Message).destination) == (EMAIL.display, "")

    def test_asking_touches_no_slot(self):
        """What counts guesses is not even read by asking; for another purpose it is filled by every request."""
        written = recovery.request(OCCASION, account=LIVE).writes
        assert [type(each) for each in written] == [TwoStepSession, Message, AuditEvent]
        verifying = challenges.request(
            OCCASION, account=LIVE, slot=None, purpose=challenges.VERIFY, destination=EMAIL.display
        )
        assert of(verifying.writes, ChallengeSlot).challenge_id == OCCASION.ids.session

    @pytest.mark.parametrize("account", [LIVE, NOBODY], ids=["somebody", "nobody"])
    def test_request_that_is_unheard_is_nobodys(self, account):
        """It sends nothing, no code answers it whoever asked, and a wrong one is counted where the account's are."""
        assert recovery.unheard(account) == replace(account, epoch=0, decoy=True)
        found = asked(recovery.unheard(account), replace(SLOT, account_id=account.id))
        message = of(recovery.request(OCCASION, account=found.account).writes, Message)
        assert message.kind is MessageKind.DECOY
        counted = answered(replace(found, account=account), right(found))
        assert isinstance(counted.refusal, CodeMismatch)
        assert of(counted.writes, ChallengeSlot) == replace(found.slot, failures=1, failing_since=NOW)

    def test_newer_challenges_end_no_older_one(self):
        """A challenge that is not in its account's slot counts for recovery, and for nothing else."""
        found = replace(asked(LIVE), slot=SLOT)
        assert challenges.outdated(found) is None
        assert answered(found, right(found)).outcome is not None
        verifying = replace(found, challenge=replace(found.challenge, purpose=challenges.VERIFY))
        assert challenges.outdated(verifying).cause == "superseded"

    def test_first_guess_makes_the_slot(self):
        """Where none was counted before a wrong code makes the slot; the next one, of whichever challenge, is added."""
        found = asked(LIVE)
        first = of(answered(found, "no code").writes, ChallengeSlot)
        assert (first.id, first.failures, first.failing_since) == (SLOT.id, 1, NOW)
        again = of(answered(replace(found, slot=replace(first, version=1)), "no code").writes, ChallengeSlot)
        assert again == replace(first, version=1, failures=2)

    @pytest.mark.parametrize(
        "account",
        [
            None,
            replace(LIVE, epoch=LIVE.epoch + 1),
            replace(LIVE, disabled_at=NOW),
            replace(LIVE, deleted_at=NOW),
            replace(LIVE, verified_at=None),
        ],
        ids=["gone", "moved on", "disabled", "deleted", "unproven"],
    )
    def test_challenge_of_a_changed_account_is_nobodys(self, account):
        """It stays open, no code answers it, and a guess counts as before; but only where anybody may ask."""
        found = asked(LIVE)
        changed = replace(found, account=account)
        nobody = Account(id=LIVE.id, created_at=NOW, updated_at=NOW, epoch=LIVE.epoch, decoy=True)
        assert challenges.subject(found.challenge, account) == nobody
        assert challenges.outdated(replace(found, account=challenges.subject(found.challenge, account))) is None
        assert answered(changed, right(found)).writes == answered(found, "no code").writes
        verifying = replace(found.challenge, purpose=challenges.VERIFY)
        assert challenges.subject(verifying, account) is account

    def test_challenge_of_an_account_that_may_be_used_is_its_own(self):
        """As long as nothing has happened to its account, a challenge is that account's."""
        assert challenges.subject(asked(LIVE).challenge, LIVE) is LIVE
        assert challenges.subject(replace(asked(LIVE).challenge, account_id=None), None) is None

    @given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["right", "wrong", "of another"])), max_size=25))
    def test_codes_side_by_side_are_as_bounded_as_one(self, guesses):
        """However guesses spread over open challenges: each has its limit, all have the cap, a spent one is spent.

        And for nobody each guess but a right one is told the very same, until one was right.
        """
        policy = replace(OCCASION.policy, code_attempts=3, challenge_failures=5)
        occasion = replace(OCCASION, policy=policy)
        worlds = [_World(account, occasion) for account in (LIVE, NOBODY)]
        for place, kind in guesses:
            mine, nobodys = (world.guess(place, kind) for world in worlds)
            if mine.outcome is not None:
                break
            assert (type(mine.refusal), mine.refusal.evidence) == (type(nobodys.refusal), nobodys.refusal.evidence)
        for world in worlds:
            assert world.slot is None or world.slot.failures <= 5
            assert all(each.attempts <= 3 for each in world.open)
        assert worlds[1].accepted == 0
        assert worlds[0].accepted <= 1


class _World:
    """Three challenges of one account, and how far their guessing has come."""

    def __init__(self, account: Account, occasion) -> None:
        self.account, self.occasion, self.slot, self.open, self.accepted = account, occasion, None, [], 0
        for place in "abc":
            at = replace(occasion, ids=replace(occasion.ids, session=place))
            writes = recovery.request(at, account=account).writes
            self.open.append(of(writes, TwoStepSession))

    def guess(self, place, kind):
        """Enter a code, and keep what is written."""
        rights = [codes.code_of(each, key=KEY, policy=self.occasion.policy) for each in self.open]
        code = {"right": rights[place], "wrong": "no code", "of another": rights[(place + 1) % 3]}[kind]
        found = Challenged(challenge=self.open[place], account=self.account, slot=self.slot)
        decision = challenges.answer(self.occasion, found, purpose=recovery.PURPOSE, asked_by=None, given=code, key=KEY)
        if decision.writes:
            self.open[place], self.slot = of(decision.writes, TwoStepSession), of(decision.writes, ChallengeSlot)
        self.accepted += decision.outcome is not None
        return decision


class TestRecovering:
    """What a right code replaces."""

    @staticmethod
    def _recover(decision, credential: Credential | None = CREDENTIAL):
        return recovery.recover(OCCASION, decision, account=LIVE, credential=credential, secret="new")

    def test_everything_changes_together(self):
        """The code is spent, the password replaced, the epoch raised, the owner told, and no session begun."""
        found = asked(LIVE)
        decision = self._recover(answered(found, right(found)))
        recovered = decision.settle()
        assert recovered == replace(LIVE, updated_at=NOW, epoch=LIVE.epoch + 1)
        assert of(decision.writes, Account) is recovered
        assert of(decision.writes, TwoStepSession).ended_as == "spent"
        assert of(decision.writes, Credential) == replace(CREDENTIAL, updated_at=NOW, changed_at=NOW, secret="new")
        message = of(decision.writes, Message)
        assert (message.kind, message.destination) == (MessageKind.PASSWORD_CHANGED, LIVE.email)
        events = [(each.kind, each.reason, each.account_id) for each in decision.writes if isinstance(each, AuditEvent)]
        kinds = (AuditKind.CODE_ACCEPTED, AuditKind.PASSWORD_CHANGED)
        assert events == [(kind, "recover", LIVE.id) for kind in kinds]
        assert not [each for each in decision.writes if isinstance(each, AuthenticationSession)]

    def test_first_password_is_made(self):
        """An account that had no password has one then."""
        found = asked(LIVE)
        made = of(self._recover(answered(found, right(found)), None).writes, Credential)
        assert (made.id, made.version, made.secret) == (accounts.password_id(LIVE.id), 0, "new")

    def test_refused_code_replaces_nothing(self):
        """After a wrong code nothing is written but its count."""
        refused = refuse(CodeMismatch(attempts_left=1), [NOBODY])
        decision = self._recover(refused)
        assert (decision.refusal, decision.writes) == (refused.refusal, refused.writes)
