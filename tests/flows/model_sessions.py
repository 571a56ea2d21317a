"""The model's sessions: who counts, for how long, and which token comes next."""

from authcore.errors import (
    InvalidInput,
    NotAuthenticated,
    PasswordMismatch,
    SecondFactorFulfilled,
    SecondFactorRequired,
    SessionClosed,
    SessionExpired,
    SessionRevoked,
    StateUnchanged,
)
from tests.flows.model_words import Person, Session, Token


class Sessions:
    """What a model says of sessions; it has `limits`, the time `now`, and all `sessions` that ever were."""

    # --- being recognised ---

    def authenticate(self, token):
        """Somebody is recognised, and the first use of a new token is remembered."""
        person = self.caller(token)
        if isinstance(person, Person):
            self._use(token)
        return person

    def refresh(self, token):
        """Whoever comes with a token, even nobody in particular, gets the one that counts now, or the next one."""
        refusal = self._recognise(token)
        session = token.session
        if refusal is not None or session.pending:
            return refusal or SecondFactorRequired
        is_due = self.now - session.rotated >= self.limits.rotation
        if token.generation == session.generation and is_due and not self._awaits_older(session):
            session.generation, session.rotated, session.shown = session.generation + 1, self.now, None
        else:
            self._use(token)
        return Token(session, session.generation)

    def caller(self, token):
        """Who is behind a token, if it is somebody who has shown all that is asked for."""
        refusal = self._recognise(token)
        if refusal is not None:
            return refusal
        if token.session.person is None:
            return NotAuthenticated
        return SecondFactorRequired if token.session.pending else token.session.person

    def pending_caller(self, token):
        """Who is behind a token that waits for the second factor."""
        refusal = self._recognise(token)
        if refusal is not None:
            return refusal
        if token.session.person is None:
            return NotAuthenticated
        return token.session.person if token.session.pending else SecondFactorFulfilled

    def counts(self, session):
        """Whether somebody may go on with a session, be it only to the second factor."""
        return session.person is not None and self._standing(session) is None

    def is_late(self, session):
        """Whether a session has had its time, whatever happened: its tokens are not even looked up."""
        return self.now >= session.ends

    def _recognise(self, token):
        session = token.session
        refusal = self._standing(session)
        if refusal is not None or token.generation == session.generation:
            return refusal
        if token.generation == session.generation - 1 and self._awaits_older(session):
            return None
        session.over = SessionRevoked
        return SessionRevoked

    def _standing(self, session):
        """A session counts until it ends, until it is too old, or until something ends all of somebody's sessions."""
        if self.is_late(session):
            return SessionExpired
        if session.over is not None:
            return session.over
        if self.now - session.rotated >= self.limits.inactivity:
            return SessionExpired
        has_ended = session.person is not None and session.person.epoch != session.epoch
        return SessionRevoked if has_ended else None

    def _awaits_older(self, session):
        """Whether the token before the newest one is still good: then no further one takes its place."""
        is_awaited = session.shown is None or self.now - session.shown < self.limits.grace
        return session.generation > 1 and is_awaited

    def _use(self, token):
        session = token.session
        if token.generation == session.generation > 1 and session.shown is None:
            session.shown = self.now

    # --- beginning and ending ---

    def open_anonymous(self):
        """Nobody in particular has a session as well."""
        return self.begin(None)

    def begin(self, person, *, two_factors=False, former=None):
        """A new session; it is pending where a factor is lacking, and ends no later than the former one."""
        pending = person is not None and person.two_factors and not two_factors
        ends = self.now + (self.limits.pending if pending else self.limits.absolute)
        session = Session(
            person=person,
            epoch=0 if person is None else person.epoch,
            rotated=self.now,
            since=self.now if former is None else former.since,
            ends=ends if former is None else min(ends, former.ends),
            pending=pending,
            two_factors=two_factors,
        )
        self.sessions.append(session)
        return Token(session, 1)

    def close(self, session):
        """Another one has taken its place, or somebody has left."""
        session.over = session.over or SessionClosed

    def log_out(self, token):
        """It tells whether there was anything to end."""
        if self._recognise(token) is not None:
            return False
        self.close(token.session)
        return True

    def revoke_session(self, token, session):
        """Somebody ends one of the own sessions, even a pending one."""
        person = self.caller(token)
        if not isinstance(person, Person):
            return person
        if session.person is not person:
            return InvalidInput
        if self._standing(session) is not None:
            return StateUnchanged
        session.over = SessionRevoked
        return session

    def revoke_other_sessions(self, token):
        """Somebody ends all sessions and codes, and goes on in a new one."""
        person = self.caller(token)
        return self.renew(token) if isinstance(person, Person) else person

    def list_sessions(self, token):
        """All sessions of somebody that count."""
        person = self.authenticate(token)
        if not isinstance(person, Person):
            return person
        return [
            each
            for each in self.sessions
            if each.person is person and not each.pending and self._standing(each) is None
        ]

    def reauthenticate(self, token, password):
        """Somebody gives the password once more, and has a session as after a login, in place of the one before."""
        person = self.caller(token)
        if not isinstance(person, Person):
            return person
        if person.password != password:
            return PasswordMismatch
        self.close(token.session)
        return self.begin(person)

    def change_password(self, token, current, new):
        """All sessions and codes end; the caller goes on in a new session."""
        person = self.caller(token)
        if not isinstance(person, Person):
            return person
        if person.password != current:
            return PasswordMismatch
        person.password = new
        self.unsent.append((person.address, None))
        return self.renew(token)

    def change_second_factor(self, token, password, *, required):
        """All sessions and codes end; the caller goes on in a new session, which is pending if a factor is lacking."""
        person = self.caller(token)
        if not isinstance(person, Person):
            return person
        if person.password != password:
            return PasswordMismatch
        person.two_factors = required
        self.unsent.append((person.address, None))
        return self.renew(token)

    def renew(self, token):
        """A new session in a new epoch, in place of all that there were."""
        person = token.session.person
        person.epoch += 1
        self.close(token.session)
        return self.begin(person, two_factors=token.session.two_factors, former=token.session)
