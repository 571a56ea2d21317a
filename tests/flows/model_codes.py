"""The model's codes: who is asked for one, what a guess comes to, and what is sent."""

from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    PasswordMismatch,
    ReauthenticationRequired,
    ResendLimit,
    SessionExpired,
    StateUnchanged,
)
from tests.flows.model_words import CHANGE_ADDRESS, RECOVER, SECOND_FACTOR, VERIFY, Challenge, Person


class Codes:
    """What a model says of codes; it has `limits`, the time `now`, and what is `unsent`."""

    # --- asking for one ---

    def request_verification(self, challenge):
        """Whoever holds the newest challenge of a registration gets another code, however the old one ended."""
        person = challenge.person
        if self._has_passed(challenge):
            return SessionExpired
        if not self._is_newest(challenge) or challenge.purpose != VERIFY or person.verified:
            return ChallengeEnded
        return self._asked(person, VERIFY)

    def request_two_step(self, token, purpose):
        """Whoever is logged in gets a code at the own address."""
        person = self.authenticate(token)
        return self._asked(person, purpose, token.session) if isinstance(person, Person) else person

    def request_second_factor(self, token):
        """So does whoever waits for the second factor."""
        person = self.pending_caller(token)
        return self._asked(person, SECOND_FACTOR, token.session) if isinstance(person, Person) else person

    def request_recovery(self, address):
        """Whoever has proven an address, and may use the account, gets a code there; everybody else looks as if."""
        owner = self.owner(address)
        if owner is None or not owner.verified or owner.disabled or owner.deleted:
            owner = self.nobodies.setdefault(address, Person(address=address, is_decoy=True))
        return self._asked(owner, RECOVER)

    def request_address_change(self, token, password, address):
        """Whoever knows the password gets a code at another address; or its owner is told that somebody wanted it."""
        person = self.caller(token)
        if not isinstance(person, Person):
            return person
        if person.password != password:
            return PasswordMismatch
        if person.two_factors and self.now - token.session.since >= self.limits.pending:
            return ReauthenticationRequired
        if address == person.address:
            return StateUnchanged
        self._use(token)
        challenge = self.challenge(person, CHANGE_ADDRESS, asked_by=token.session, address=address)
        owner = self.owner(address)
        if not self._is_taken(challenge):
            self._send(challenge)
        elif not (owner.disabled or owner.deleted):
            self.unsent.append((owner.address, None))
        return challenge

    def resend_code(self, challenge):
        """A code that is waited for is sent again, some times; one that opens nothing any more looks as if it were."""
        if self._has_passed(challenge):
            return SessionExpired
        if not (self._is_open(challenge) if challenge.purpose == RECOVER else self.holds(challenge)):
            return ChallengeEnded
        if challenge.sent >= self.limits.sendings:
            return ResendLimit
        challenge.sent += 1
        if not self._is_taken(challenge):
            self._send(challenge)
        return challenge

    def _asked(self, person, purpose, session=None):
        challenge = self.challenge(person, purpose, asked_by=session)
        self._send(challenge)
        return challenge

    def challenge(self, person, purpose, asked_by=None, address=None):
        """A new code, which ends the one before."""
        challenge = Challenge(
            person=person, epoch=person.epoch, purpose=purpose, began=self.now, asked_by=asked_by, address=address
        )
        person.newest[purpose] = challenge
        return challenge

    # --- entering one ---

    def verify_account(self, challenge, *, is_right):
        """The right code proves the address; of an account that is disabled it proves nothing."""
        answered = SessionExpired if self._has_passed(challenge) else self._answer(challenge, VERIFY, None, is_right)
        if answered is not challenge:
            return answered
        if challenge.person.disabled:
            return ChallengeEnded
        challenge.person.verified = True
        return challenge.person

    def recover(self, challenge, password, *, is_right):
        """The right code sets a password, and ends all that was open; the owner is told."""
        answered = SessionExpired if self._has_passed(challenge) else self._answer(challenge, RECOVER, None, is_right)
        if answered is challenge:
            person = challenge.person
            person.password, person.epoch = password, person.epoch + 1
            self.unsent.append((person.address, None))
        return answered

    def answer_two_step(self, token, challenge, purpose, *, is_right):
        """A code counts for the session that asked for it, and for what it asked for."""
        if self.is_late(token.session) or self._has_passed(challenge):
            return SessionExpired
        person = self.authenticate(token)
        return self._answer(challenge, purpose, token.session, is_right) if isinstance(person, Person) else person

    def fulfil_second_factor(self, token, challenge, *, is_right):
        """A whole session takes the place of the pending one."""
        if self.is_late(token.session) or self._has_passed(challenge):
            return SessionExpired
        person = self.pending_caller(token)
        if not isinstance(person, Person):
            return person
        answered = self._answer(challenge, SECOND_FACTOR, token.session, is_right)
        if answered is not challenge:
            return answered
        self.close(token.session)
        return self.begin(person, two_factors=True)

    def confirm_address_change(self, token, challenge, *, is_right):
        """The address is the caller's, unless somebody has proven it before; whoever only registered it loses it."""
        if self.is_late(token.session) or self._has_passed(challenge):
            return SessionExpired
        person = self.caller(token)
        if not isinstance(person, Person):
            return person
        answered = self._answer(challenge, CHANGE_ADDRESS, token.session, is_right)
        if answered is not challenge:
            return answered
        if self._is_taken(challenge):
            return ChallengeEnded
        loser = self.owner(challenge.address)
        if loser is not None:
            loser.address, loser.epoch = None, loser.epoch + 1
        self.unsent.append((person.address, None))
        person.address = challenge.address
        return self.renew(token)

    def _answer(self, challenge, purpose, session, is_right):
        person = challenge.person
        if (challenge.purpose, challenge.asked_by) != (purpose, session):
            return ChallengeEnded
        if challenge.wrong >= self.limits.guesses:
            return AttemptsExhausted
        if challenge.spent or not (purpose == RECOVER or self._is_newest(challenge)):
            return ChallengeEnded
        failures = person.failures.setdefault(purpose, [])
        if failures and self.now - failures[0] >= self.limits.window:
            failures.clear()
        if len(failures) >= self.limits.failures:
            return AttemptsExhausted
        if is_right and not person.is_decoy and self._counts(challenge):
            failures.clear()
            challenge.spent = True
            return challenge
        failures.append(self.now)
        challenge.wrong += 1
        return CodeMismatch if challenge.wrong < self.limits.guesses else AttemptsExhausted

    # --- sending one ---

    def deliver_due(self):
        """Return what is sent, to whom and with which challenge's code; a code that holds no more is not sent."""
        due, self.unsent = self.unsent, []
        return [(address, challenge) for address, challenge in due if challenge is None or self.holds(challenge)]

    def holds(self, challenge):
        """Whether a code is still waited for."""
        return self._is_open(challenge) and self._counts(challenge)

    def _is_open(self, challenge):
        return not (challenge.spent or challenge.wrong >= self.limits.guesses or self._has_passed(challenge))

    def _counts(self, challenge):
        """Whether nothing came in between: for recovery a newer code does not, but what becomes of the account does."""
        if challenge.purpose != RECOVER:
            return self._is_newest(challenge)
        person = challenge.person
        return person.epoch == challenge.epoch and not (person.disabled or person.deleted)

    def _send(self, challenge):
        if not challenge.person.is_decoy:
            self.unsent.append((challenge.address or challenge.person.address, challenge))

    def _is_taken(self, challenge):
        owner = None if challenge.address is None else self.owner(challenge.address)
        return owner is not None and owner.verified

    def _is_newest(self, challenge):
        person = challenge.person
        return person.newest[challenge.purpose] is challenge and person.epoch == challenge.epoch

    def _has_passed(self, challenge):
        return self.now - challenge.began >= self.limits.challenge
