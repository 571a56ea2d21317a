"""What authcore promises to somebody who uses it alone, in a few plain dictionaries: no store, no token, no hash.

Every method says what the flow of the same name comes to: what it yields, or the very class of its refusal.  Nothing
here shares a line with what is tested, but for the classes of refusals, which are part of the promise.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from authcore.errors import (
    AccountUnverified,
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidCredentials,
    InvalidInput,
    PasswordMismatch,
    RoleMismatch,
    SessionClosed,
    SessionExpired,
    SessionRevoked,
    UsernameTaken,
)

VERIFY = "verify"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The part of a policy that lives depend on."""

    inactivity: timedelta
    absolute: timedelta
    challenge: timedelta
    guesses: int
    failures: int
    window: timedelta


@dataclass(eq=False, kw_only=True)
class Person:
    """Whoever is behind an address; or behind nothing, as where somebody has registered another one's address."""

    address: str
    is_decoy: bool
    password: str = ""
    username: str | None = None
    verified: bool = False
    epoch: int = 0
    roles: set[str] = field(default_factory=set)
    newest: dict[str, "Challenge"] = field(default_factory=dict)
    failures: dict[str, list[timedelta]] = field(default_factory=dict)


@dataclass(eq=False, kw_only=True)
class Session:
    """A login."""

    person: Person
    epoch: int
    began: timedelta
    over: bool = False


@dataclass(eq=False, kw_only=True)
class Challenge:
    """A code that was asked for, and by which session, if it was one."""

    person: Person
    epoch: int
    purpose: str
    began: timedelta
    asked_by: Session | None = None
    wrong: int = 0
    spent: bool = False


@dataclass(kw_only=True)
class Model:
    """Everybody, every role, and what waits to be sent."""

    limits: Limits
    now: timedelta = timedelta(0)
    people: list[Person] = field(default_factory=list)
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    unsent: list[tuple[str, Challenge | None]] = field(default_factory=list)

    # --- registering ---

    def register(self, address, password, username):
        """A taken address answers alike; an unproven one is registered anew, and what was held by it is lost."""
        rival = self.called(username)
        if rival is not None and rival.verified:
            return UsernameTaken
        owner = self.owner(address)
        is_taken = owner is not None and owner.verified
        person = self._entered(address, is_decoy=is_taken)
        if rival is not None:
            rival.username = None
        person.password, person.username, person.epoch = password, username, person.epoch + 1
        challenge = self._challenge(person, VERIFY)
        self.unsent.append((address, None if is_taken else challenge))
        return challenge

    def request_verification(self, challenge):
        """Whoever holds the newest challenge of a registration gets another code, however the old one ended."""
        person = challenge.person
        if self._is_late(challenge):
            return SessionExpired
        if not self._is_newest(challenge) or challenge.purpose != VERIFY or person.verified:
            return ChallengeEnded
        newer = self._challenge(person, VERIFY)
        if not person.is_decoy:
            self.unsent.append((person.address, newer))
        return newer

    def verify_account(self, challenge, *, is_right):
        """The right code proves the address."""
        answered = SessionExpired if self._is_late(challenge) else self._answer(challenge, VERIFY, None, is_right)
        if answered is challenge:
            challenge.person.verified = True
            return challenge.person
        return answered

    # --- logging in and out ---

    def log_in(self, name, password, former):
        """An address that was not proven names nobody; a username is public."""
        person = self.called(name) or self.owner(name)
        is_known = person is not None and (person.verified or person.username == name)
        if not is_known or person.password != password:
            return InvalidCredentials
        if not person.verified:
            return AccountUnverified
        if former is not None:
            former.over = True
        return Session(person=person, epoch=person.epoch, began=self.now)

    def authenticate(self, session):
        """A session counts until it is ended, until it is too old, or until the password is changed."""
        age = self.now - session.began
        if age >= self.limits.absolute:
            return SessionExpired
        if session.over:
            return SessionClosed
        if age >= self.limits.inactivity:
            return SessionExpired
        return session.person if session.epoch == session.person.epoch else SessionRevoked

    def log_out(self, session):
        """It tells whether there was anything to end."""
        if self.authenticate(session) is not session.person:
            return False
        session.over = True
        return True

    def change_password(self, session, current, new):
        """All sessions and codes end; the caller goes on in a new session."""
        person = self.authenticate(session)
        if person is not session.person:
            return person
        if person.password != current:
            return PasswordMismatch
        person.password, person.epoch, session.over = new, person.epoch + 1, True
        self.unsent.append((person.address, None))
        return Session(person=person, epoch=person.epoch, began=self.now)

    # --- two steps ---

    def request_two_step(self, session, purpose):
        """Whoever is logged in gets a code at the own address."""
        person = self.authenticate(session)
        if person is not session.person:
            return person
        challenge = self._challenge(person, purpose, asked_by=session)
        self.unsent.append((person.address, challenge))
        return challenge

    def answer_two_step(self, session, challenge, purpose, *, is_right):
        """A code counts for the session that asked for it, and for what it asked for."""
        # A token that is too old is not even looked up.
        if self.now - session.began >= self.limits.absolute or self._is_late(challenge):
            return SessionExpired
        person = self.authenticate(session)
        return self._answer(challenge, purpose, session, is_right) if person is session.person else person

    # --- roles ---

    def assign_role(self, person, role, permissions):
        """The first one who gives permissions to a role defines it, for good."""
        if permissions is None and role not in self.roles:
            return InvalidInput
        if permissions is not None and self.roles.setdefault(role, permissions) != permissions:
            return RoleMismatch
        person.roles.add(role)
        return role

    def withdraw_role(self, person, role):
        """It tells whether there was anything to take."""
        had_it = role in person.roles
        person.roles.discard(role)
        return had_it

    def permissions(self, person):
        """What somebody may do."""
        return {permission for role in person.roles for permission in self.roles[role]}

    # --- delivery ---

    def deliver_due(self):
        """Return what is sent, to whom and with which challenge's code; a code that holds no more is not sent."""
        due, self.unsent = self.unsent, []
        return [(address, challenge) for address, challenge in due if challenge is None or self.holds(challenge)]

    def holds(self, challenge):
        """Whether a code is still waited for."""
        has_ended = challenge.spent or challenge.wrong >= self.limits.guesses or self._is_late(challenge)
        return not has_ended and self._is_newest(challenge)

    # --- who is who ---

    def owner(self, address):
        """Who has registered an address, proven or not."""
        return next((each for each in self.people if each.address == address and not each.is_decoy), None)

    def called(self, username):
        """Who has a username, proven or not."""
        return next((each for each in self.people if username is not None and each.username == username), None)

    def _entered(self, address, *, is_decoy):
        for person in self.people:
            if (person.address, person.is_decoy) == (address, is_decoy):
                return person
        self.people.append(Person(address=address, is_decoy=is_decoy))
        return self.people[-1]

    # --- codes ---

    def _challenge(self, person, purpose, asked_by=None):
        challenge = Challenge(person=person, epoch=person.epoch, purpose=purpose, began=self.now, asked_by=asked_by)
        person.newest[purpose] = challenge
        return challenge

    def _answer(self, challenge, purpose, session, is_right):
        person = challenge.person
        if (challenge.purpose, challenge.asked_by) != (purpose, session):
            return ChallengeEnded
        if challenge.wrong >= self.limits.guesses:
            return AttemptsExhausted
        if challenge.spent or not self._is_newest(challenge):
            return ChallengeEnded
        failures = person.failures.setdefault(purpose, [])
        if failures and self.now - failures[0] >= self.limits.window:
            failures.clear()
        if len(failures) >= self.limits.failures:
            return AttemptsExhausted
        if is_right and not person.is_decoy:
            failures.clear()
            challenge.spent = True
            return challenge
        failures.append(self.now)
        challenge.wrong += 1
        return CodeMismatch if challenge.wrong < self.limits.guesses else AttemptsExhausted

    def _is_newest(self, challenge):
        person = challenge.person
        return person.newest[challenge.purpose] is challenge and person.epoch == challenge.epoch

    def _is_late(self, challenge):
        return self.now - challenge.began >= self.limits.challenge
