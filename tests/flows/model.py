"""What authcore promises to somebody who uses it alone, in a few plain dictionaries: no store, no token, no hash.

Every method says what the flow of the same name comes to: what it yields, or the very class of its refusal.  Nothing
here shares a line with what is tested, but for the classes of refusals, which are part of the promise.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from authcore.errors import (
    AccountDeleted,
    AccountDisabled,
    AccountNotFound,
    AccountUnverified,
    IdentifierTaken,
    InvalidCredentials,
    InvalidInput,
    RoleMismatch,
    StateUnchanged,
    UsernameTaken,
)
from tests.flows.model_codes import Codes
from tests.flows.model_sessions import Sessions
from tests.flows.model_words import VERIFY, Challenge, Limits, Person, Session


@dataclass(kw_only=True)
class Model(Sessions, Codes):
    """Everybody, every role and session, and what waits to be sent."""

    limits: Limits
    now: timedelta = timedelta(0)
    people: list[Person] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    unsent: list[tuple[str, Challenge | None]] = field(default_factory=list)
    nobodies: dict[str, Person] = field(default_factory=dict)

    # --- registering and logging in ---

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
        challenge = self.challenge(person, VERIFY)
        if not is_taken:
            self.unsent.append((address, challenge))
        elif not (owner.disabled or owner.deleted):
            self.unsent.append((address, None))
        return challenge

    def log_in(self, name, password, former):
        """An address that was not proven names nobody; a username is public."""
        person = self.called(name) or self.owner(name)
        is_known = person is not None and (person.verified or person.username == name)
        if not is_known or person.password != password:
            return InvalidCredentials
        if person.deleted:
            return AccountDeleted
        if not person.verified:
            return AccountUnverified
        if person.disabled:
            return AccountDisabled
        if former is not None and not self.is_late(former.session):
            self.close(former.session)
        return self.begin(person)

    # --- what operators do ---

    def disable_account(self, person):
        """Nobody logs in to it, and all that was open is over."""
        return self._change(person, "disabled", to=True)

    def enable_account(self, person):
        """Its owner may log in again."""
        return self._change(person, "disabled", to=False)

    def require_second_factor(self, person, *, required):
        """A password alone is enough, or not; an owner who is known is told."""
        changed = self._change(person, "two_factors", to=required)
        if changed is person and person.verified:
            self.unsent.append((person.address, None))
        return changed

    def confirm_account(self, person):
        """As if a code had come back; where no address is left there is none to vouch for."""
        confirmed = self._is_visible(person) and not person.verified
        return IdentifierTaken if confirmed and person.address is None else self._change(person, "verified", to=True)

    def revoke_sessions(self, person):
        """All that was open is over."""
        if not self._is_visible(person):
            return AccountNotFound
        person.epoch += 1
        return person

    def delete_account(self, person):
        """It is hidden; its names stay its own if it has proven to own them."""
        if person.is_decoy:
            return AccountNotFound
        if person.deleted:
            return StateUnchanged
        person.deleted, person.nameless, person.epoch = True, not person.verified, person.epoch + 1
        return person

    def restore_account(self, person):
        """It is as it was, unless somebody else has one of its names by now."""
        if person.is_decoy:
            return AccountNotFound
        if not person.deleted:
            return StateUnchanged
        if person.nameless and (self.owner(person.address) or self.called(person.username)):
            return IdentifierTaken
        person.deleted, person.nameless, person.epoch = False, False, person.epoch + 1
        return person

    def _change(self, person, what, *, to):
        if not self._is_visible(person):
            return AccountNotFound
        if getattr(person, what) is to:
            return StateUnchanged
        setattr(person, what, to)
        person.epoch += 1
        return person

    def _is_visible(self, person):
        return not (person.is_decoy or person.deleted)

    # --- roles ---

    def assign_role(self, person, role, permissions):
        """The first one who gives permissions to a role defines it, for good."""
        if person.deleted:
            return AccountNotFound
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

    # --- who is who ---

    def owner(self, address):
        """Who has registered an address, proven or not."""
        named = (each for each in self.people if address is not None and each.address == address)
        return next((each for each in named if self._is_named(each)), None)

    def called(self, username):
        """Who has a username, proven or not; strangers who took another one's address may have one as well."""
        named = (each for each in self.people if username is not None and each.username == username)
        return next((each for each in named if not each.nameless), None)

    def _is_named(self, person):
        return not (person.is_decoy or person.nameless)

    def _entered(self, address, *, is_decoy):
        for person in self.people:
            if (person.address, person.is_decoy, person.nameless) == (address, is_decoy, False):
                return person
        self.people.append(Person(address=address, is_decoy=is_decoy))
        return self.people[-1]
