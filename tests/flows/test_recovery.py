"""Recovery of a forgotten password: who gets a code, what it replaces, and what strangers learn of it: nothing."""

from datetime import timedelta

import pytest

from authcore import Policy
from authcore.accounts import address_of, password_id
from authcore.entities import (
    Account,
    Attempt,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    Credential,
    Device,
    Identifier,
    MessageKind,
    MessageState,
    Tally,
    TwoStepSession,
)
from authcore.errors import (
    AccountDisabled,
    AccountNotFound,
    AccountUnverified,
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidCredentials,
    InvalidIdentifier,
    InvalidInput,
    InvalidPassword,
    InvalidToken,
    ResendLimit,
    SecondFactorRequired,
    Throttled,
)
from authcore.identifiers import canonical_email
from authcore.ports import by_id
from authcore.testing import build_auth
from tests.flows.people import (
    ADA,
    BOB,
    EVE,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    WatchedStore,
    arrive_without_password,
    challenges,
    code_to,
    derive,
    do,
    join,
    kept,
    log_in,
    messages,
    put,
    refusal,
    register,
    stored,
    wrong,
)
from tests.flows.test_throttling import HERE, THERE, WINDOW, with_limits

STATES = ("known", "unknown", "unproven", "disabled", "deleted", "decoy", "second address", "passwordless")
GETS_A_CODE = ("known", "passwordless")


def ask(auth, address=ADA, device=None):
    """Ask for a code; returns the issued challenge."""
    return do(auth.request_recovery(identifier=address, device=device))


def recover(auth, challenge, code=None, password=NEW_PASSWORD):
    """Set a new password, by the right code unless another one is given."""
    code = derive(auth, challenge) if code is None else code
    return do(auth.recover(challenge=challenge.token, code=code, new_password=password))


def refused(auth, challenge, code=None, password=NEW_PASSWORD):
    """How setting a new password is refused; None if it succeeds."""
    code = derive(auth, challenge) if code is None else code
    return refusal(auth.recover(challenge=challenge.token, code=code, new_password=password))


def opened_by(auth, password):
    """How a login with this password is refused; None if it succeeds."""
    return refusal(auth.log_in(identifier=ADA, password=password))


def in_state(state, **parts):
    """A world in which ada@example.org is in this state; nothing of how it came about is counted."""
    auth = build_auth(store=WatchedStore(), hasher=QuickHasher(), **parts)
    if state == "unproven":
        register(auth)
    elif state == "second address":
        # Messages to Bob go to his mailbox, and he has proven a second address.
        bob = join(auth, BOB)
        name, now = canonical_email(ADA), auth.clock.now()
        values = {"id": name.id, "kind": name.kind, "form": 1, "account_id": bob.id, "proven_at": now}
        do(auth.store.commit([Identifier(**values, created_at=now, updated_at=now)]))
    elif state == "passwordless":
        arrive_without_password(auth)
    elif state != "unknown":
        ada = join(auth)
        if state in {"disabled", "deleted"}:
            do({"disabled": auth.disable_account, "deleted": auth.delete_account}[state](ada.id))
        if state == "decoy":
            put(auth, ada, disabled_at=auth.clock.now())
            register(auth, password=OTHER_PASSWORD)
    do(auth.deliver_due())
    auth.courier.letters.clear()
    auth.store.commits.clear()
    auth.hasher.runs.clear()
    return auth


def told(error):
    """What a client sees of a refusal."""
    return None if error is None else (type(error), dict(error.evidence))


def shapes(auth):
    """What each commit wrote: how many rows of which kinds."""
    return [sorted(type(entity).__name__ for entity in writes) for writes in auth.store.commits]


class TestRecovering:
    """What the right code does."""

    def test_new_password_opens_and_the_old_one_does_not(self, auth):
        """Who has the code sets a password, and logs in by it; the forgotten one opens nothing any more."""
        ada = join(auth)
        challenge = ask(auth)
        recovered = recover(auth, challenge, code_to(auth))
        assert (recovered.id, recovered.epoch) == (ada.id, ada.epoch + 1)
        assert isinstance(opened_by(auth, PASSWORD), InvalidCredentials)
        assert opened_by(auth, NEW_PASSWORD) is None

    def test_everything_is_one_commit(self, auth, store):
        """Code, password, epoch, throttle, message and trail change together, and no session begins."""
        join(auth)
        refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD))
        challenge = ask(auth)
        store.commits.clear()
        recover(auth, challenge)
        (writes,) = store.commits
        assert sorted(type(each).__name__ for each in writes) == [
            *("Account", "AuditEvent", "AuditEvent", "ChallengeSlot"),
            *("Credential", "Message", "Tally", "TwoStepSession"),
        ]

    def test_nobody_is_logged_in(self, auth):
        """Recovering opens no session."""
        join(auth)
        recover(auth, ask(auth))
        assert kept(auth, AuthenticationSession) == []

    def test_every_session_and_code_ends(self, auth):
        """Whatever was open under the forgotten password is over for good, another code for recovery too."""
        join(auth)
        session = log_in(auth)
        pay = do(auth.request_two_step(token=session.token, purpose="pay"))
        other, challenge = ask(auth), ask(auth)
        recover(auth, challenge)
        assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
        assert isinstance(refusal(auth.resend_code(pay.token)), ChallengeEnded)
        assert isinstance(refused(auth, other, password=OTHER_PASSWORD), CodeMismatch)
        assert opened_by(auth, NEW_PASSWORD) is None

    def test_code_succeeds_once(self, auth):
        """A code that was spent sets no second password."""
        join(auth)
        challenge = ask(auth)
        recover(auth, challenge)
        assert isinstance(refused(auth, challenge, password=OTHER_PASSWORD), ChallengeEnded)
        assert opened_by(auth, NEW_PASSWORD) is None

    def test_second_factor_is_asked_for_as_before(self, auth):
        """A new password opens a pending session where a second factor is called for: recovery leads around none."""
        ada = join(auth)
        do(auth.require_second_factor(ada.id))
        recover(auth, ask(auth))
        pending = log_in(auth, password=NEW_PASSWORD)
        assert isinstance(refusal(auth.authenticate(pending.token)), SecondFactorRequired)

    def test_owner_and_trail_are_told(self, auth):
        """The owner gets word at the stored address, and the trail says that it was a recovery."""
        ada = join(auth)
        challenge = ask(auth)
        do(auth.deliver_due())
        auth.courier.letters.clear()
        recover(auth, challenge)
        do(auth.deliver_due())
        assert [(each.kind, each.destination) for each in auth.courier.letters] == [(MessageKind.PASSWORD_CHANGED, ADA)]
        (event,) = [each for each in kept(auth, AuditEvent) if each.kind is AuditKind.PASSWORD_CHANGED]
        assert (event.account_id, event.reason, event.session) == (ada.id, "recover", None)

    def test_it_leads_past_the_throttle_of_passwords(self):
        """Whoever was locked out by wrong passwords, her own or a stranger's, is back in by recovery."""
        auth = with_limits(password_failures=2)
        for _ in range(2):
            refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD))
        assert isinstance(opened_by(auth, PASSWORD), Throttled)
        recover(auth, ask(auth))
        assert [each.failures for each in kept(auth, Tally)] == [0]
        assert opened_by(auth, NEW_PASSWORD) is None

    def test_account_without_a_password_gets_one(self):
        """An account that was only ever opened by another identity may set a password at its proven address."""
        auth = in_state("passwordless")
        recover(auth, ask(auth))
        assert opened_by(auth, NEW_PASSWORD) is None

    def test_phone_number_instead_of_email(self, auth):
        """An account that was registered under a phone number is recovered by it."""
        challenge = do(auth.register(phone="+44 20 7946 0018", password=PASSWORD))
        do(auth.verify_account(challenge=challenge.token, code=derive(auth, challenge)))
        recover(auth, ask(auth, "+442079460018"))
        assert isinstance(log_in(auth, "+442079460018", NEW_PASSWORD).session, AuthenticationSession)

    def test_code_is_a_letter_like_others(self, auth):
        """The letter tells purpose, code and how long it holds, and goes to the address as it is stored."""
        join(auth, "Ada@example.org")
        challenge = ask(auth, "ADA@example.org")
        do(auth.deliver_due())
        letter = auth.courier.letters[-1]
        assert (letter.kind, letter.purpose, letter.destination) == (MessageKind.CODE, "recover", "Ada@example.org")
        assert (letter.code, letter.expires_at) == (derive(auth, challenge), challenge.session.expires_at)

    def test_code_holds_for_a_while(self, auth):
        """At the deadline, and after it, a code sets no password."""
        join(auth)
        challenge = ask(auth)
        auth.clock.advance(auth.policy.challenge)
        assert isinstance(refused(auth, challenge), InvalidToken)


class TestNewPasswords:
    """What the new password has to be, and when that is told."""

    @pytest.mark.parametrize("password", ["tiny", "passwordpassword", "x" * 257])
    def test_unfit_one_is_refused_before_anything_is_read(self, auth, store, hasher, password):
        """What nobody may have as a password is refused for whatever challenge, and costs neither read nor hash."""
        join(auth)
        challenge = ask(auth)
        store.reads.clear()
        hasher.runs.clear()
        for code in (None, "000000"):
            error = refused(auth, challenge, code, password)
            assert isinstance(error, InvalidPassword)
            assert error.field == "new_password"
        assert not store.reads + hasher.runs

    def test_own_words_are_told_after_the_right_code_only(self, auth):
        """Made of the account's own words, it is refused to whoever has the code, who may choose another one."""
        join(auth, username="ada-lovelace-1815")
        challenge = ask(auth)
        own = "ada lovelace 1815"
        assert isinstance(refused(auth, challenge, wrong(derive(auth, challenge)), own), CodeMismatch)
        before = dict(auth.store._kept)  # noqa: SLF001  that nothing at all is written
        error = refused(auth, challenge, password=own)
        assert isinstance(error, InvalidPassword)
        assert (error.reason, error.field) == ("own_words", "new_password")
        assert auth.store._kept == before  # noqa: SLF001
        recover(auth, challenge)
        assert opened_by(auth, NEW_PASSWORD) is None

    def test_refused_attempt_costs_no_hash(self, auth, hasher):
        """Neither a wrong code nor one that counts no more has anything hashed."""
        join(auth)
        challenge = ask(auth)
        hasher.runs.clear()
        assert isinstance(refused(auth, challenge, wrong(derive(auth, challenge))), CodeMismatch)
        auth.clock.advance(auth.policy.challenge - timedelta(seconds=1))
        assert isinstance(refused(auth, ask(auth, BOB)), CodeMismatch)
        assert not hasher.runs
        recover(auth, challenge)
        assert dict(hasher.runs) == {"hash": 1}


class TestStrangers:
    """Whoever asks about somebody else learns nothing, and keeps nobody out."""

    def test_asking_does_the_same_for_everybody(self):
        """Whatever an address is to us, asking answers and writes alike, again and again, and hashes nothing."""
        seen = {}
        for state in STATES:
            auth = in_state(state)
            sessions = [ask(auth).session for _ in range(2)]
            do(auth.resend_code(ask(auth).token))
            assert not auth.hasher.runs
            views = [(each.purpose, each.attempts, each.max_attempts, len(each.id)) for each in sessions]
            seen[state] = (views, shapes(auth))
        assert seen == dict.fromkeys(STATES, seen["known"])

    @pytest.mark.parametrize("state", STATES)
    def test_letters_go_to_proven_addresses_only(self, state):
        """A code is sent where an account that may be used gets its messages; else there is a decoy, never sent."""
        auth = in_state(state)
        challenge = ask(auth)
        do(auth.resend_code(challenge.token))
        sent = [each for each in messages(auth) if each.session_id == challenge.session.id]
        do(auth.deliver_due())
        kind = MessageKind.CODE if state in GETS_A_CODE else MessageKind.DECOY
        assert [(each.kind, each.destination) for each in sent] == [(kind, ADA if state in GETS_A_CODE else "")] * 2
        assert len(auth.courier.letters) == (2 if state in GETS_A_CODE else 0)
        assert {stored(auth, each).state for each in sent} == {
            MessageState.SENT if state in GETS_A_CODE else MessageState.DISCARDED
        }

    def test_wrong_codes_are_answered_alike(self):
        """Every guess, over codes and up to the cap of the account, is told the same and counted alike."""
        seen = {}
        for state in STATES:
            auth = in_state(state, policy=Policy(code_attempts=2, challenge_failures=5, code_sendings=2))
            answers = []
            for _ in range(4):
                challenge = ask(auth)
                answers += [told(refused(auth, challenge, "no code")) for _ in range(3)]
                answers += [told(refusal(auth.resend_code(challenge.token))) for _ in range(2)]
            assert not auth.hasher.runs
            seen[state] = (answers, shapes(auth))
        assert seen == dict.fromkeys(STATES, seen["known"])
        kinds = {kind for kind, _ in filter(None, seen["known"][0])}
        assert kinds == {CodeMismatch, AttemptsExhausted, ChallengeEnded, ResendLimit}

    @pytest.mark.parametrize("state", [state for state in STATES if state not in GETS_A_CODE])
    def test_no_code_answers_nobodys_challenge(self, state):
        """Where no code was sent not even the right one sets a password, and nothing of any account changes."""
        auth = in_state(state)
        challenge = ask(auth)
        before = [*kept(auth, Account), *kept(auth, Credential)]
        assert isinstance(refused(auth, challenge), CodeMismatch)
        assert [*kept(auth, Account), *kept(auth, Credential)] == before

    @pytest.mark.parametrize("change", ["disable_account", "delete_account", "revoke_sessions", "require_recovery"])
    def test_what_becomes_of_an_account_is_not_told(self, change):
        """A challenge that is open when its account changes goes on to look open, and its right code is a wrong one."""
        seen = []
        for state, changes in (("known", True), ("unknown", False)):
            auth = in_state(state)
            challenge = ask(auth)
            do(auth.deliver_due())
            if changes:
                do(getattr(auth, change)(challenge.session.account_id))
            again = do(auth.resend_code(challenge.token))
            do(auth.deliver_due())
            answers = [told(refused(auth, challenge)) for _ in range(6)]
            seen.append((again.sendings, again.expires_at, answers))
        assert seen[0] == seen[1]

    def test_letter_of_an_account_that_changed_is_not_sent(self, auth):
        """A code that counts no more, since its account moved on before it was sent, is discarded."""
        ada = join(auth)
        challenge = ask(auth)
        do(auth.disable_account(ada.id))
        do(auth.enable_account(ada.id))
        auth.courier.letters.clear()
        do(auth.deliver_due())
        assert auth.courier.letters == []
        (message,) = [each for each in messages(auth) if each.session_id == challenge.session.id]
        assert message.state is MessageState.DISCARDED

    def test_standing_is_told_to_nobody(self, auth):
        """Who has the right code of an account that was disabled meanwhile is told what a wrong code is told."""
        ada = join(auth)
        challenge = ask(auth)
        do(auth.disable_account(ada.id))
        assert isinstance(refused(auth, challenge), CodeMismatch)
        assert isinstance(opened_by(auth, PASSWORD), AccountDisabled)

    def test_newer_code_ends_no_older_one(self, auth):
        """A stranger who keeps asking does not keep the owner from recovering."""
        join(auth)
        challenge = ask(auth)
        for _ in range(3):
            ask(auth)
        recover(auth, challenge)
        assert opened_by(auth, NEW_PASSWORD) is None

    def test_asking_changes_no_row(self, auth, store):
        """Whoever asks only adds rows, so that no storm of requests makes the owner's answer lose a race."""
        join(auth)
        refused(auth, ask(auth), "no code")
        store.commits.clear()
        ask(auth)
        (writes,) = store.commits
        assert {entity.version for entity in writes} == {0}

    def test_code_answers_its_own_challenge_only(self, auth):
        """Who asked himself does not recover by the code that the owner's mailbox got for her own challenge."""
        join(auth)
        hers, his = ask(auth), ask(auth)
        assert isinstance(refused(auth, his, derive(auth, hers)), CodeMismatch)

    def test_guesses_are_capped_over_all_codes(self):
        """However many codes are asked for, an account meets so many wrong ones, and then not even the right one."""
        auth = in_state("known", policy=Policy(code_attempts=2, challenge_failures=3))
        asked = [ask(auth) for _ in range(3)]
        answers = [type(refused(auth, asked[place], "no code")) for place in (0, 0, 1, 1, 2)]
        assert answers == [CodeMismatch, AttemptsExhausted, CodeMismatch, AttemptsExhausted, AttemptsExhausted]
        assert isinstance(refused(auth, asked[2]), AttemptsExhausted)
        auth.clock.advance(auth.policy.challenge_window)
        recover(auth, ask(auth))

    @pytest.mark.parametrize("name", ["ada", "nobody"])
    def test_username_names_nobody(self, auth, name):
        """A username, somebody's or nobody's, is refused as what no code can be sent to."""
        join(auth, username="ada")
        error = refusal(auth.request_recovery(identifier=name))
        assert isinstance(error, InvalidIdentifier)
        assert (error.field, error.reason) == ("identifier", "no_address")

    def test_nothing_stored_holds_the_name_of_whom_nobody_knows(self, auth):
        """What counts requests about a name holds a digest, which only the keyring can make."""
        ask(auth)
        (challenge,) = challenges(auth)
        assert challenge.account_id.startswith("nobody-")
        assert not [each for each in kept(auth, Attempt) if "ada" in each.subject]
        assert do(auth.store.get(by_id(Account, challenge.account_id))) is None


class TestPurposes:
    """A code for recovery is good for nothing else, and no other one for it."""

    def test_code_proves_nothing_else(self, auth):
        """Its challenge verifies no address, and asks for no registration's code."""
        join(auth)
        challenge = ask(auth)
        code = derive(auth, challenge)
        assert isinstance(refusal(auth.verify_account(challenge=challenge.token, code=code)), ChallengeEnded)
        assert isinstance(refusal(auth.request_verification(challenge=challenge.token)), ChallengeEnded)

    def test_other_codes_recover_nothing(self, auth):
        """Neither a registration's code nor one of the application sets a password."""
        registered = register(auth)
        assert isinstance(refused(auth, registered), ChallengeEnded)
        do(auth.verify_account(challenge=registered.token, code=derive(auth, registered)))
        pay = do(auth.request_two_step(token=log_in(auth).token, purpose="pay"))
        assert isinstance(refused(auth, pay), ChallengeEnded)

    def test_purpose_is_reserved(self, auth):
        """No application asks for codes of this purpose by a session."""
        join(auth)
        error = refusal(auth.request_two_step(token=log_in(auth).token, purpose="recover"))
        assert isinstance(error, InvalidInput)
        assert error.reason == "reserved"


class TestThrottles:
    """How much one network, and how much one mailbox, is allowed."""

    def test_network_is_throttled(self):
        """One network asks so often only, whosever the addresses are; a refused one stores nothing."""
        auth = with_limits(recoveries_per_network=2)
        assert [type(refusal(auth.request_recovery(identifier=each, device=HERE))) for each in (ADA, EVE)] == [
            type(None)
        ] * 2
        before = len(auth.store._kept)  # noqa: SLF001  that nothing at all is written
        error = refusal(auth.request_recovery(identifier=ADA, device=HERE))
        assert isinstance(error, Throttled)
        assert error.retry_after == WINDOW.total_seconds()
        assert len(auth.store._kept) == before  # noqa: SLF001
        ask(auth, ADA, THERE)

    def test_mailbox_gets_so_many_letters(self):
        """Beyond its limit nothing more is sent to an address; every answer stays the same, and sent codes count."""
        auth = with_limits(recoveries_per_name=4)
        asked = [ask(auth, ADA, Device(network=f"192.0.2.{place}")) for place in range(6)]
        auth.courier.letters.clear()
        do(auth.deliver_due())
        assert [each.purpose for each in auth.courier.letters] == ["recover"] * 4
        assert isinstance(refused(auth, asked[5]), CodeMismatch)
        recover(auth, asked[0])
        auth.clock.advance(WINDOW)
        recover(auth, ask(auth), password=OTHER_PASSWORD)

    def test_one_network_does_not_use_up_a_mailbox(self):
        """Who asks again and again from one network has half of the letters sent: the owner gets hers elsewhere."""
        auth = with_limits(recoveries_per_name=4)
        flood = [ask(auth, ADA, HERE) for _ in range(5)]
        assert [isinstance(refused(auth, each), CodeMismatch) for each in flood[2:]] == [True] * 3
        recover(auth, ask(auth, ADA, THERE))

    @pytest.mark.parametrize("per_network", [True, False])
    def test_limits_do_not_tell_who_is_known(self, per_network):
        """At either limit, and beyond it, somebody and nobody are answered and counted alike."""
        name = "recoveries_per_network" if per_network else "recoveries_per_name"
        seen = []
        for address in (ADA, EVE):
            auth = with_limits(**{name: 2})
            auth.store.commits.clear()
            answers = [told(refusal(auth.request_recovery(identifier=address, device=HERE))) for _ in range(4)]
            seen.append((answers, shapes(auth), len(kept(auth, Attempt))))
        assert seen[0] == seen[1]


class TestRequiring:
    """An operator begins a recovery, and neither learns nor chooses a password (OWASP ASVS 6.4.6)."""

    def test_no_password_opens_until_it_is_recovered(self, auth, hasher):
        """The password opens nothing any more, nor does a session; the owner sets a new one by recovery alone."""
        ada = join(auth)
        session = log_in(auth)
        assert do(auth.require_recovery(ada.id)).epoch == ada.epoch + 1
        assert isinstance(opened_by(auth, PASSWORD), InvalidCredentials)
        assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
        assert do(auth.store.get(by_id(Credential, password_id(ada.id)))).secret == hasher.dummy()
        recover(auth, ask(auth))
        assert opened_by(auth, NEW_PASSWORD) is None

    def test_owner_is_told(self, auth):
        """The owner gets word, and the trail says that it was required."""
        ada = join(auth)
        auth.courier.letters.clear()
        do(auth.require_recovery(ada.id))
        do(auth.deliver_due())
        assert [(each.kind, each.destination) for each in auth.courier.letters] == [
            (MessageKind.PASSWORD_CHANGED, address_of(ada))
        ]
        (event,) = [each for each in kept(auth, AuditEvent) if each.kind is AuditKind.PASSWORD_CHANGED]
        assert (event.account_id, event.reason) == (ada.id, "required")

    def test_unfit_accounts_are_refused(self, auth):
        """Where no address is proven no code could open it again; and what is no account is none."""
        pending = register(auth).session.account_id
        assert isinstance(refusal(auth.require_recovery(pending)), AccountUnverified)
        assert isinstance(refusal(auth.require_recovery("nobody")), AccountNotFound)
        assert len([each for each in challenges(auth) if isinstance(each, TwoStepSession)]) == 1
