"""Deciding about registrations: who becomes an account, and how strangers are told nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given, strategies as st

from authcore import Auth, accounts, challenges, registration
from authcore.audit import session_digest
from authcore.challenges import Challenged
from authcore.decisions import Decision, accept, refuse
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    ChallengeSlot,
    Credential,
    Identifier,
    Message,
    MessageKind,
    TwoStepSession,
)
from authcore.errors import (
    AuthError,
    ChallengeEnded,
    CodeMismatch,
    InvalidCredentials,
    UsernameTaken,
)
from authcore.identifiers import CANONICAL_FORM, canonical_phone
from authcore.testing import FakeClock, Mailbox, Outcomes, Scenario, build_auth, interleavings, run_sync
from tests.core.ada import BEFORE, DECOY, EMAIL, LIVE, NOW, OCCASION, PENDING, USERNAME, claim_on, identifier_of


def _register(
    contact: accounts.Claim,
    *,
    username: accounts.Claim | None = None,
    taken_by: Account | None = None,
    **changes: object,
) -> Decision[TwoStepSession]:
    given = {"held": (), "credential": None, "slot": None, "secret": "hash"} | changes
    return registration.register(OCCASION, contact=contact, taken_by=taken_by, username=username, **given)


def _one(decision: Decision[object], kind: type):
    """Return the one entity of a kind that is written."""
    (found,) = (write for write in decision.writes if isinstance(write, kind))
    return found


class TestRegistering:
    """Registering an account, or a decoy."""

    def test_a_new_account_is_pending(self):
        """Who registers first gets a pending account, its claims, a credential, a challenge, a code and an event."""
        decision = _register(claim_on(), username=claim_on(name=USERNAME))
        account = _one(decision, Account)
        assert account == Account(
            id="new-a", created_at=NOW, updated_at=NOW, email="Ada@example.org", username="Ada", epoch=1
        )
        assert [write for write in decision.writes if isinstance(write, Identifier)] == [
            Identifier(
                id=name.id, created_at=NOW, updated_at=NOW, kind=name.kind, form=CANONICAL_FORM, account_id="new-a"
            )
            for name in (EMAIL, USERNAME)
        ]
        assert (_one(decision, Credential).id, _one(decision, Credential).secret) == ("password:new-a", "hash")
        assert _one(decision, Message).kind is MessageKind.CODE
        assert _one(decision, ChallengeSlot).challenge_id == decision.settle().id
        event, challenge = _one(decision, AuditEvent), decision.settle()
        assert (event.kind, event.account_id, event.reason) == (AuditKind.REGISTERED, "new-a", "")
        assert event.session == session_digest(challenge.id)
        assert (challenge.account_id, challenge.epoch) == ("new-a", 1)
        assert (challenge.purpose, challenge.destination) == (challenges.VERIFY, "Ada@example.org")

    def test_a_telephone_number_will_do(self):
        """An account registered under a number has that, and no email address."""
        account = _one(_register(claim_on(name=canonical_phone("+4930123456"))), Account)
        assert (account.phone, account.email) == ("+4930123456", None)

    def test_registering_again_replaces_everything(self):
        """A pending account gets a new password, a new epoch and the names of now; its version guards all that."""
        credential = Credential(
            id="password:a",
            version=4,
            created_at=BEFORE,
            updated_at=BEFORE,
            account_id="a",
            kind="password",
            secret="old",
            changed_at=BEFORE,
        )
        held = [identifier_of(held_by=PENDING), identifier_of(USERNAME, held_by=PENDING)]
        slot = ChallengeSlot(
            id="a:verify", version=5, created_at=BEFORE, updated_at=BEFORE, account_id="a", challenge_id="older"
        )
        decision = _register(
            claim_on(PENDING, proven_at=NOW), held=held, credential=credential, slot=slot, secret="new"
        )
        assert _one(decision, Account) == replace(PENDING, updated_at=NOW, epoch=8, username=None)
        assert _one(decision, Credential) == replace(credential, updated_at=NOW, secret="new", changed_at=NOW)
        assert _one(decision, ChallengeSlot) == replace(slot, updated_at=NOW, challenge_id="new-c")
        claimed, released = (write for write in decision.writes if isinstance(write, Identifier))
        assert (claimed.id, claimed.account_id, claimed.proven_at, claimed.version) == (EMAIL.id, "a", None, 2)
        assert released == replace(held[1], updated_at=NOW, account_id=None, former_id="a")

    def test_a_kept_username_is_claimed_once(self):
        """Registering again under the same username writes its claim once, and does not release it."""
        held = [identifier_of(held_by=PENDING), identifier_of(USERNAME, held_by=PENDING)]
        decision = _register(claim_on(PENDING), username=claim_on(PENDING, name=USERNAME), held=held)
        assert [write.account_id for write in decision.writes if write.id == USERNAME.id] == ["a"]

    def test_released_names_are_claimed_again(self):
        """A name that was released is claimed at its version, under today's canonical form, and unproven."""
        released = identifier_of(held_by=None, proven_at=NOW, form=0)
        decision = _register(accounts.Claim(id=EMAIL.id, name=EMAIL, identifier=released, holder=None))
        assert _one(decision, Identifier) == replace(
            released, updated_at=NOW, account_id="new-a", form=CANONICAL_FORM, proven_at=None
        )

    @pytest.mark.parametrize("holder", [LIVE, replace(LIVE, deleted_at=NOW)])
    @pytest.mark.parametrize("contact", [claim_on(), claim_on(PENDING)])
    def test_usernames_of_others_are_refused(self, holder, contact):
        """A username that somebody else holds for good is refused, and nothing is written."""
        decision = _register(contact, username=claim_on(replace(holder, id="b"), name=USERNAME))
        assert (type(decision.refusal), decision.writes) == (UsernameTaken, ())

    def test_own_username_is_recognised_by_its_holder(self):
        """Whoever registers again keeps the username, even if another attempt has written the account in between."""
        newer = replace(PENDING, version=PENDING.version + 1, epoch=8)
        decision = _register(claim_on(PENDING), username=claim_on(newer, name=USERNAME))
        assert _one(decision, Account).username == "Ada"

    @pytest.mark.parametrize("contact", [claim_on(), claim_on(PENDING)])
    def test_unproven_holders_lose_their_username(self, contact):
        """Another account that has not proven its address loses the username, in the same decision."""
        other = replace(PENDING, id="b")
        account, loser = (
            write
            for write in _register(contact, username=claim_on(other, name=USERNAME)).writes
            if isinstance(write, Account)
        )
        assert account.username == "Ada"
        assert loser == replace(other, updated_at=NOW, username=None)

    @pytest.mark.parametrize(
        ("owner", "kind"),
        [
            (LIVE, MessageKind.ALREADY_REGISTERED),
            (replace(LIVE, disabled_at=NOW), MessageKind.DECOY),
            (replace(LIVE, deleted_at=NOW), MessageKind.DECOY),
        ],
    )
    def test_owners_of_taken_addresses_are_told(self, owner, kind):
        """Where the address is taken, word goes to its owner at the stored address, or nowhere; never a code."""
        decision = _register(claim_on(), taken_by=replace(owner, email="stored@example.org"))
        message = _one(decision, Message)
        assert (message.kind, message.destination, message.session_id) == (kind, "stored@example.org", None)
        assert _one(decision, AuditEvent).reason == "identifier_taken"

    @pytest.mark.parametrize(("free", "decoy"), [(claim_on(), claim_on()), (claim_on(PENDING), claim_on(DECOY))])
    @pytest.mark.parametrize("username", [None, claim_on(name=USERNAME)])
    def test_decoys_write_alike(self, free, decoy, username):
        """A taken address writes entities of the same kinds, in the same order, as a free one; none is the owner's."""
        real, fake = _register(free, username=username), _register(decoy, username=username, taken_by=LIVE)
        assert [type(write) for write in real.writes] == [type(write) for write in fake.writes]
        assert (_one(fake, Account).decoy, _one(fake, Account).beside_id) == (True, LIVE.id)
        assert _one(real, Account).beside_id is None
        assert LIVE.id not in {write.id for write in fake.writes}
        assert (real.outcome.expires_at, real.outcome.max_attempts) == (
            fake.outcome.expires_at,
            fake.outcome.max_attempts,
        )


class TestRequestingVerification:
    """Asking for another code, by the challenge of one's own registration."""

    CHALLENGE = challenges.open_challenge(
        replace(OCCASION, ids=replace(OCCASION.ids, session="c")),
        account=PENDING,
        purpose=challenges.VERIFY,
        destination="Typed@example.org",
    )
    SLOT = ChallengeSlot(
        id="a:verify", version=5, created_at=BEFORE, updated_at=BEFORE, account_id="a", challenge_id="c"
    )

    def _request(self, **changes: object) -> Decision[TwoStepSession]:
        asked = Challenged(**{"challenge": self.CHALLENGE, "account": PENDING, "slot": self.SLOT} | changes)
        return registration.request_verification(OCCASION, asked)

    def test_another_code_takes_the_place_of_the_first(self):
        """A registration gets another challenge, in its slot, and a code to where the first one went."""
        decision = self._request()
        challenge = decision.settle()
        assert (challenge.id, challenge.account_id, challenge.epoch) == ("new-c", "a", 7)
        assert (challenge.purpose, challenge.session_id) == (challenges.VERIFY, None)
        assert _one(decision, ChallengeSlot) == replace(self.SLOT, updated_at=NOW, challenge_id="new-c")
        message = _one(decision, Message)
        assert (message.kind, message.destination) == (MessageKind.CODE, "Typed@example.org")

    def test_decoys_look_alike(self):
        """For a decoy all the same is written, but no message is sent."""
        real, fake = self._request(), self._request(account=replace(PENDING, decoy=True))
        assert [
            replace(write, kind=MessageKind.CODE) if isinstance(write, Message) else write for write in fake.writes
        ] == [*real.writes]
        assert _one(fake, Message).kind is MessageKind.DECOY

    @pytest.mark.parametrize(
        ("changes", "cause"),
        [
            ({"challenge": None, "account": None, "slot": None}, "unknown"),
            ({"account": None}, "unknown"),
            ({"account": replace(PENDING, epoch=8)}, "epoch"),
            ({"account": LIVE}, "nothing to prove"),
            ({"account": replace(PENDING, deleted_at=NOW)}, "nothing to prove"),
            ({"slot": None}, "superseded"),
            ({"slot": replace(SLOT, challenge_id="newer")}, "superseded"),
            ({"challenge": replace(CHALLENGE, purpose="transfer")}, "nothing to prove"),
        ],
    )
    def test_nobody_else_gets_one(self, changes, cause):
        """An unknown, outdated or foreign challenge, or one of an account that proved itself, gets no other code."""
        decision = self._request(**changes)
        assert (type(decision.refusal), decision.refusal.cause, decision.writes) == (ChallengeEnded, cause, ())


class TestVerifying:
    """Proving an address."""

    CHALLENGE = challenges.open_challenge(
        OCCASION, account=PENDING, purpose=challenges.VERIFY, destination="x@example.org"
    )

    def _verify(self, account: Account | None = PENDING, claim: accounts.Claim | None = None) -> Decision[Account]:
        answered = accept(self.CHALLENGE, [self.CHALLENGE])
        return registration.verify(answered, account=account, claim=claim or claim_on(PENDING), now=NOW)

    def test_account_and_address_are_proven_together(self):
        """The right code verifies the account and proves its claim, beside what the answer writes."""
        decision = self._verify()
        assert decision.outcome == replace(PENDING, updated_at=NOW, verified_at=NOW)
        proven = replace(identifier_of(), updated_at=NOW, proven_at=NOW)
        assert decision.writes == (self.CHALLENGE, decision.outcome, proven)

    def test_refused_answers_stay_refused(self):
        """A refused answer verifies nothing, and what it leaves behind is written."""
        answered = refuse(CodeMismatch(attempts_left=1), [self.CHALLENGE])
        decision = registration.verify(answered, account=PENDING, claim=claim_on(PENDING), now=NOW)
        assert (decision.refusal, decision.writes) == (answered.refusal, (self.CHALLENGE,))

    @pytest.mark.parametrize(
        "account", [None, LIVE, replace(PENDING, disabled_at=NOW), replace(PENDING, deleted_at=NOW)]
    )
    def test_only_pending_accounts_are_verified(self, account):
        """An account that is gone, verified, disabled or deleted is not verified, and the code is spent anyway."""
        decision = self._verify(account)
        assert (type(decision.refusal), decision.refusal.cause) == (ChallengeEnded, "standing")
        assert decision.writes == (self.CHALLENGE,)

    @pytest.mark.parametrize("holder", [None, LIVE])
    def test_only_held_addresses_are_proven(self, holder):
        """An account that no longer holds the address is not verified by it."""
        other = None if holder is None else replace(holder, id="b")
        decision = self._verify(claim=claim_on(other))
        assert (type(decision.refusal), decision.refusal.cause) == (ChallengeEnded, "identifier")
        assert decision.writes == (self.CHALLENGE,)


# --- what strangers learn -------------------------------------------------------------------------------------------

PASSWORDS = ("orbit velvet cactus", "quiet lantern forest")
OWNERS = "humble piano river"
ADDRESS = "ada@example.org"

_users = st.sampled_from(["eve", "mallory"])
_calls = st.one_of(
    st.tuples(st.just("register"), st.sampled_from(PASSWORDS), st.none() | _users),
    st.tuples(st.just("request"), st.integers(0, 5)),
    st.tuples(st.just("verify"), st.integers(0, 5)),
    st.tuples(st.just("log_in"), st.just(ADDRESS) | _users, st.sampled_from(PASSWORDS)),
    st.tuples(st.just("deliver")),
    st.tuples(st.just("wait"), st.sampled_from([1, 700])),
)


def _world(state: str) -> tuple[Auth, Mailbox]:
    """Return an Auth whose address is unknown, pending or verified, as its owner left it."""
    mailbox = Mailbox()
    auth = build_auth(courier=mailbox)
    if state != "unknown":
        challenge = run_sync(auth.register(email=ADDRESS, password=OWNERS, username=state.partition(" ")[2] or None))
        run_sync(auth.deliver_due())
        if state.startswith("verified"):
            run_sync(auth.verify_account(challenge=challenge.token, code=mailbox.last_code()))
    return auth, mailbox


class _Stranger:
    """Calls an Auth, and writes down all that it is told."""

    def __init__(self, auth: Auth, clock: FakeClock) -> None:
        self.auth, self.clock = auth, clock
        self.tokens: list[str] = []
        self.told: list[object] = []

    def call(self, name: str, *arguments: object) -> None:
        try:
            self.told.append(getattr(self, name)(*arguments))
        except AuthError as refusal:
            self.told.append((refusal.code, dict(refusal.evidence)))

    def register(self, password: str, username: str | None) -> str:
        return self._keep(self.auth.register(email=ADDRESS, password=password, username=username))

    def request(self, index: int) -> str:
        return self._keep(self.auth.request_verification(challenge=self._token(index)))

    def verify(self, index: int) -> object:
        return run_sync(self.auth.verify_account(challenge=self._token(index), code="!"))

    def log_in(self, identifier: str, password: str) -> object:
        return run_sync(self.auth.log_in(identifier=identifier, password=password))

    def deliver(self) -> str:
        run_sync(self.auth.deliver_due())
        return "delivered"

    def wait(self, seconds: int) -> str:
        self.clock.advance(timedelta(seconds=seconds))
        return "waited"

    def _token(self, index: int) -> str:
        return self.tokens[index % len(self.tokens)] if self.tokens else "none"

    def _keep(self, flow) -> str:
        self.tokens.append(run_sync(flow).token)
        return "a challenge"


def _told(state: str, calls: list[tuple[object, ...]]) -> list[object]:
    auth, _ = _world(state)
    stranger = _Stranger(auth, auth.clock)
    for name, *arguments in calls:
        stranger.call(name, *arguments)
    return stranger.told


class TestStrangers:
    """Whatever a stranger calls, in whatever order, says nothing about whether an address is known."""

    @pytest.mark.parametrize("state", ["pending", "verified"])
    @given(calls=st.lists(_calls, max_size=8))
    @example(calls=[("register", PASSWORDS[0], None), ("request", 0), ("register", PASSWORDS[0], None), ("verify", 1)])
    @example(
        calls=[("register", PASSWORDS[0], "eve"), ("log_in", "eve", PASSWORDS[0]), ("log_in", ADDRESS, PASSWORDS[0])]
    )
    def test_any_calls_are_answered_alike(self, state, calls):
        """A known address, pending or verified, is answered for exactly like an unknown one, call by call."""
        assert _told(state, calls) == _told("unknown", calls)

    def test_usernames_of_pending_accounts_tell_no_address(self):
        """Whoever knows a username cannot find out by registering which address it is pending with."""
        auth, _ = _world("pending eve")
        stranger = _Stranger(auth, auth.clock)
        other = build_auth()
        run_sync(other.register(email="somebody@example.org", password=OWNERS, username="eve"))
        elsewhere = _Stranger(other, other.clock)
        for each in (stranger, elsewhere):
            each.call("register", PASSWORDS[0], "eve")
        assert stranger.told == elsewhere.told

    def test_a_code_never_proves_an_address_for_another_password(self):
        """A stranger who registers an address after its owner gets no account by any code that the owner enters."""
        mailbox = Mailbox()
        auth = build_auth(courier=mailbox)
        own = run_sync(auth.register(email=ADDRESS, password=OWNERS)).token
        run_sync(auth.deliver_due())
        run_sync(auth.register(email=ADDRESS, password=PASSWORDS[0]))
        run_sync(auth.deliver_due())
        with pytest.raises(ChallengeEnded):
            run_sync(auth.request_verification(challenge=own))
        for letter in mailbox.letters:
            with pytest.raises(ChallengeEnded):
                run_sync(auth.verify_account(challenge=own, code=letter.code))
        with pytest.raises(InvalidCredentials):
            run_sync(auth.log_in(identifier=ADDRESS, password=PASSWORDS[0]))

    def test_registering_again_is_a_way_out(self):
        """An owner whose registration a stranger replaced registers again, and has the account."""
        auth, mailbox = _world("pending")
        run_sync(auth.register(email=ADDRESS, password=PASSWORDS[0]))
        again = run_sync(auth.register(email=ADDRESS, password=OWNERS))
        run_sync(auth.deliver_due())
        account = run_sync(auth.verify_account(challenge=again.token, code=mailbox.last_code()))
        assert run_sync(auth.log_in(identifier=ADDRESS, password=OWNERS)).session.account_id == account.id

    @pytest.mark.parametrize("again", ["request", "register"])
    def test_guesses_are_capped_across_codes(self, again):
        """Asking for one code after another does not give a stranger guesses without end."""
        stranger = _Stranger(auth := build_auth(), auth.clock)
        stranger.call("register", PASSWORDS[0], None)
        for _ in range(40):
            for _ in range(auth.policy.code_attempts):
                stranger.call("verify", len(stranger.tokens) - 1)
            stranger.call(again, *([len(stranger.tokens) - 1] if again == "request" else [PASSWORDS[0], None]))
        judged = [event for event in auth.store._kept.values() if getattr(event, "kind", "") == AuditKind.CODE_REFUSED]  # noqa: SLF001  what is kept is the evidence
        assert len(judged) == auth.policy.challenge_failures

    @pytest.mark.parametrize("number", ["+4930123456", "+44 - 20 - 7946 - 0958"])
    def test_telephone_numbers_are_stored_however_typed(self, number):
        """Whatever spelling of a number is recognised, an account can be registered under it."""
        mailbox = Mailbox()
        auth = build_auth(courier=mailbox)
        run_sync(auth.register(phone=number, password=OWNERS))
        run_sync(auth.deliver_due())
        assert mailbox.last_code()

    def test_a_form_sent_twice_is_no_mistake(self):
        """Two registrations alike at the same time are both answered, in every order: one makes the account."""

        def check(outcomes: Outcomes, auth: Auth) -> None:
            assert not [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]

        def world() -> Scenario:
            def register(auth: Auth):
                return auth.register(email=ADDRESS, password=OWNERS, username="ada")

            return Scenario(auth=build_auth(), flows={"once": register, "twice": register}, check=check)

        assert interleavings(world).orders > 1
