"""Whole lives of several people, driven at random and held to the model at every step.  They are run in test_lives."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from authcore.audit import session_digest
from authcore.policy import Policy
from authcore.testing import build_auth
from authcore.throttle import Throttle
from tests.flows.model import Model
from tests.flows.model_words import CHANGE_ADDRESS, RECOVER, SECOND_FACTOR, Limits, Token
from tests.flows.people import (
    ADA,
    BOB,
    EVE,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    derive,
    do,
    refusal,
    wrong,
)

NEVER = Throttle(limit=100_000, window=timedelta(hours=1))
POLICY = Policy(
    grace=timedelta(minutes=2),
    rotation=timedelta(minutes=30),
    inactivity=timedelta(hours=1),
    absolute=timedelta(hours=2),
    challenge=timedelta(minutes=10),
    code_attempts=2,
    code_sendings=2,
    challenge_failures=2,
    challenge_window=timedelta(hours=1),
    password_failures=Throttle(limit=100, window=timedelta(minutes=1)),
    codes_per_address=NEVER,
    recoveries_per_network=NEVER,
    recoveries_per_name=NEVER,
    sessions_per_account=500,  # which no life reaches
)
LIMITS = Limits(
    grace=POLICY.grace,
    rotation=POLICY.rotation,
    inactivity=POLICY.inactivity,
    absolute=POLICY.absolute,
    pending=POLICY.second_factor_time,
    challenge=POLICY.challenge,
    guesses=POLICY.code_attempts,
    sendings=POLICY.code_sendings,
    failures=POLICY.challenge_failures,
    window=POLICY.challenge_window,
)

addresses = st.sampled_from([ADA, BOB, EVE])
usernames = st.sampled_from(["lace", "lace", "ada"])
passwords = st.sampled_from([PASSWORD, OTHER_PASSWORD, NEW_PASSWORD])
devices = st.sampled_from(["laptop", "phone", "somebody else's phone", None, None])
"""Where somebody logs in; None is a private window, which has no cookie, and whose own is soon forgotten."""
purposes = st.sampled_from(["pay", "move"])
changes = st.sampled_from(
    [
        *("disable_account", "enable_account", "enable_account", "confirm_account", "revoke_sessions"),
        *("delete_account", "restore_account", "restore_account"),
    ]
)
"""What operators do; more often they take it back, so that life goes on."""
role_names = st.sampled_from(["editor", "editor", "author"])
definitions = st.sampled_from(
    [frozenset({"article"}), frozenset({"article"}), frozenset({"article:read", "draft"}), None]
)
moments = st.sampled_from(
    [
        *(timedelta(minutes=minutes) for minutes in (1, 1, 4, 4)),
        *(LIMITS.challenge, LIMITS.rotation, LIMITS.rotation, LIMITS.inactivity),
    ]
)
recent = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 4])
"""Which of the tokens that were ever issued: 0 is the newest."""
mostly = st.sampled_from([True, True, True, False])
"""Whether somebody knows what to do: random guesses would lead nobody anywhere."""
codes = st.sampled_from(["right", "wrong", "of another challenge"])


anyones = st.tuples(recent, mostly)
"""The same, mostly of those only which count: most of what was ever issued is over."""


def latest(tokens, ago):
    """The token that was issued so many tokens ago, or the first one."""
    return tokens[-1 - min(ago, len(tokens) - 1)]


uses = st.sampled_from(
    [
        lambda lives, token: None,
        lambda lives, token: lives.shows(*token),
        lambda lives, token: lives.lists(*token),
        lambda lives, token: lives.requests(*token, "pay"),
    ]
)
"""What a device does with a new token."""
lateness = st.sampled_from([None, timedelta(minutes=1), timedelta(minutes=4)])


class Lives(RuleBasedStateMachine):
    """Everybody may use every token that was ever issued; a device shows the one that it was given last."""

    policy = POLICY

    def __init__(self):
        """Begin with nobody."""
        super().__init__()
        self.auth = build_auth(policy=self.policy, hasher=QuickHasher())
        self.model = Model(limits=LIMITS)
        self.began = self.auth.clock.now()
        self.tokens = []
        self.challenges = []
        self.on_device = {}
        self.ids = {}

    def plays(self, flow, expected):
        """Run a flow, and hold it to what the model says; returns what it yields, or None where it is refused."""
        if isinstance(expected, type):
            assert type(refusal(flow)) is expected
            return None
        return do(flow)

    def asks(self, flow, expected):
        """Run a flow that sends a code, and keep its token beside what the model knows of it."""
        issued = self.plays(flow, expected)
        if issued is not None:
            self.challenges.append((issued, expected))
            self.ids[expected.person] = issued.session.account_id

    def opens(self, flow, expected, device):
        """Run a flow that issues a token of a session, and keep it; the device keeps it as well."""
        issued = self.plays(flow, expected)
        if issued is not None:
            self.keeps(issued, expected, device)

    def keeps(self, issued, expected, device):
        """Keep a token; whoever is given one of the same session and generation is given the same."""
        assert issued.session.generation == expected.generation
        assert issued.session.expires_at == self.began + expected.session.ends
        if expected not in [known for _, known in self.tokens]:
            self.tokens.append((issued, expected))
        assert (issued.token, expected) in [(each.token, known) for each, known in self.tokens]
        self.on_device |= {} if device is None else {device: (issued.token, expected)}

    def token(self, choice):
        """A token, mostly of somebody who may go on with it."""
        ago, counts = choice
        good = [each for each in self.tokens if self.model.counts(each[1].session)] if counts else []
        return latest(good or self.tokens, ago)

    def challenge(self, choice):
        """A token of a challenge, mostly of one that is waited for."""
        ago, counts = choice
        good = [each for each in self.challenges if self.model.holds(each[1])] if counts else []
        return latest(good or self.challenges, ago)

    @initialize(address=addresses, device=devices)
    def somebody_is_there(self, address, device):
        """Begin with somebody who has joined, and is logged in."""
        self.register(address, PASSWORD, "ada")
        self.enter_code((0, True), (0, True), "right")
        self.log_in(0, device=device, by_username=False)

    # --- registering ---

    @rule(address=addresses, password=passwords, username=st.none() | usernames)
    def register(self, address, password, username):
        """Somebody fills in the form."""
        expected = self.model.register(address, password, username)
        self.asks(self.auth.register(email=address, password=password, username=username), expected)

    # --- codes ---

    @rule(challenge=anyones)
    def request_verification(self, challenge):
        """Somebody asks for another code."""
        issued, known = self.challenge(challenge)
        expected = self.model.request_verification(known)
        self.asks(self.auth.request_verification(challenge=issued.token), expected)

    @rule(session=anyones, purpose=purposes)
    def request_two_step(self, session, purpose):
        """Somebody asks for a code of the application."""
        self.requests(*self.token(session), purpose)

    def requests(self, issued, known, purpose):
        """Ask for a code by this token."""
        expected = self.model.request_two_step(known, purpose)
        self.asks(self.auth.request_two_step(token=issued.token, purpose=purpose), expected)

    @rule(session=anyones, knows=mostly)
    def request_second_factor(self, session, knows):
        """Somebody asks for the code of the second factor, and mostly enters it."""
        issued, known = self.token(session)
        expected = self.model.request_second_factor(known)
        self.asks(self.auth.request_second_factor(issued.token), expected)
        if knows and not isinstance(expected, type):
            challenge, _ = self.challenges[-1]
            self.enters(challenge, expected, derive(self.auth, challenge))

    @rule(address=addresses, knows=mostly)
    def request_recovery(self, address, knows):
        """Somebody has forgotten a password, or says so, and mostly enters the code."""
        self.forgets(address)
        if knows:
            challenge, expected = self.challenges[-1]
            self.enters(challenge, expected, derive(self.auth, challenge))

    def forgets(self, address):
        """Ask for a code for recovery."""
        self.asks(self.auth.request_recovery(identifier=address), self.model.request_recovery(address))

    @rule(session=anyones, address=addresses, knows=mostly, proves=mostly)
    def request_address_change(self, session, address, knows, proves):
        """Somebody wants another address, perhaps somebody else's, and mostly enters the code at once."""
        issued, known = self.token(session)
        asked = len(self.challenges)
        self.wants(issued, known, address, self.password_of(known) if knows else OTHER_PASSWORD)
        for challenge, wanted in self.challenges[asked:] if proves else ():
            self.answers((issued, known), challenge, wanted, derive(self.auth, challenge), CHANGE_ADDRESS)

    @rule(session=anyones, address=addresses, proven=st.booleans())
    def want_what_somebody_registers(self, session, address, proven):
        """Somebody registers an address, and may have proven it, when somebody else wants it."""
        self.register(address, OTHER_PASSWORD, None)
        if proven:
            self.enter_code((0, False), (0, False), "right")
        self.request_address_change(session, address, knows=True, proves=True)

    def wants(self, issued, known, address, password):
        """Ask for an address by this token."""
        expected = self.model.request_address_change(known, password, address)
        flow = self.auth.request_address_change(token=issued.token, password=password, email=address)
        self.asks(flow, expected)

    @rule(challenge=anyones)
    def resend_code(self, challenge):
        """Somebody wants the same code once more."""
        issued, known = self.challenge(challenge)
        self.plays(self.auth.resend_code(issued.token), self.model.resend_code(known))

    @rule(challenge=anyones, other=anyones, which=codes)
    def enter_code(self, challenge, other, which):
        """Somebody enters a code where it was asked for: the right one, a wrong one, or one of another challenge."""
        issued, known = self.challenge(challenge)
        right = derive(self.auth, issued)
        of_other = derive(self.auth, self.challenge(other)[0])
        self.enters(issued, known, {"right": right, "wrong": wrong(right), "of another challenge": of_other}[which])

    @rule(challenge=anyones)
    def guess(self, challenge):
        """Somebody guesses at a code as often as it allows, asks for another one, and guesses on."""
        issued, known = self.challenge(challenge)
        for _ in range(LIMITS.guesses):
            self.enters(issued, known, wrong(derive(self.auth, issued)))
        self.asks_again(issued, known)
        issued, known = self.challenges[-1]
        self.enters(issued, known, wrong(derive(self.auth, issued)))

    def asks_again(self, issued, known):
        """Ask for a code as somebody did who has one."""
        if known.purpose == RECOVER:
            self.forgets(known.person.address)
            return
        if known.asked_by is None:
            self.asks(self.auth.request_verification(challenge=issued.token), self.model.request_verification(known))
            return
        shown, by = self.shown_by(known.asked_by)
        if known.purpose == SECOND_FACTOR:
            self.asks(self.auth.request_second_factor(shown.token), self.model.request_second_factor(by))
        elif known.purpose == CHANGE_ADDRESS:
            self.wants(shown, by, known.address, self.password_of(by))
        else:
            self.requests(shown, by, known.purpose)

    def shown_by(self, session):
        """The newest token of a session that anybody has."""
        return next(each for each in reversed(self.tokens) if each[1].session is session)

    @rule(challenge=anyones)
    def enter_code_as_if_it_proved_an_address(self, challenge):
        """Somebody takes the code of whatever challenge for one of a registration."""
        issued, known = self.challenge(challenge)
        self.verifies(issued, known, derive(self.auth, issued))

    @rule(session=anyones, challenge=anyones, purpose=purposes | st.sampled_from([SECOND_FACTOR, CHANGE_ADDRESS]))
    def enter_code_elsewhere(self, session, challenge, purpose):
        """Somebody enters the right code in whatever session, for whatever purpose."""
        issued, known = self.challenge(challenge)
        self.answers(self.token(session), issued, known, derive(self.auth, issued), purpose)

    def enters(self, issued, known, code):
        """Enter a code where it was asked for."""
        if known.purpose == RECOVER:
            is_right = code == derive(self.auth, issued)
            expected = self.model.recover(known, NEW_PASSWORD, is_right=is_right)
            flow = self.auth.recover(challenge=issued.token, code=code, new_password=NEW_PASSWORD)
            self.plays(flow, expected)
        elif known.asked_by is None:
            self.verifies(issued, known, code)
        else:
            self.answers(self.shown_by(known.asked_by), issued, known, code, known.purpose)

    def verifies(self, issued, known, code):
        """Enter a code of a registration."""
        expected = self.model.verify_account(known, is_right=code == derive(self.auth, issued))
        self.plays(self.auth.verify_account(challenge=issued.token, code=code), expected)

    def answers(self, asking, issued, known, code, purpose):
        """Enter a code of the application, or one that makes a session whole."""
        shown, by = asking
        is_right = code == derive(self.auth, issued)
        given = {"token": shown.token, "challenge": issued.token, "code": code}
        if purpose == SECOND_FACTOR:
            expected = self.model.fulfil_second_factor(by, known, is_right=is_right)
            self.opens(self.auth.fulfil_second_factor(**given), expected, None)
        elif purpose == CHANGE_ADDRESS:
            expected = self.model.confirm_address_change(by, known, is_right=is_right)
            self.opens(self.auth.confirm_address_change(**given), expected, None)
        else:
            expected = self.model.answer_two_step(by, known, purpose, is_right=is_right)
            self.plays(self.auth.answer_two_step(**given, purpose=purpose), expected)

    # --- sessions ---

    @rule(device=devices)
    def open_anonymous(self, device):
        """Somebody comes by."""
        self.opens(self.auth.open_anonymous(), self.model.open_anonymous(), device)

    @rule(who=recent, by_username=st.booleans(), device=devices)
    def log_in(self, who, by_username, device):
        """Somebody logs in who knows the password, though perhaps as nobody who may."""
        person = latest(self.model.people, who)
        name = (by_username and person.username) or person.address or person.username or EVE
        self.try_to_log_in(name, person.password, device)

    @rule(name=addresses | usernames, password=passwords, device=devices)
    def try_to_log_in(self, name, password, device):
        """Somebody tries a password, in place of whoever was there on that device."""
        token, former = self.on_device.get(device, (None, None))
        expected = self.model.log_in(name, password, former)
        self.opens(self.auth.log_in(identifier=name, password=password, former=token), expected, device)

    @rule(session=anyones)
    def authenticate(self, session):
        """Somebody shows a token, perhaps one that was replaced long ago."""
        self.shows(*self.token(session))

    @rule(session=anyones, device=devices)
    def identify(self, session, device):
        """Somebody shows a token to an application that hands out the next one."""
        issued, known = self.token(session)
        expected = self.model.refresh(known)
        found = self.plays(self.auth.identify(issued.token), expected)
        if found is not None:
            assert (found.renewed is None) == (expected == known)
            self.keeps(found.renewed or issued, expected, device)

    @rule(session=anyones, device=devices)
    def refresh(self, session, device):
        """Somebody asks for the next token."""
        issued, known = self.token(session)
        self.opens(self.auth.refresh(issued.token), self.model.refresh(known), device)

    @rule(session=anyones, device=devices, use=uses, late=lateness)
    def go_on(self, session, device, use, late):
        """Somebody comes with the newest token once it is due, and uses the next one; an older request may be late."""
        issued, known = self.shown_by(self.token(session)[1].session)
        self.time_passes(LIMITS.rotation)
        expected = self.model.refresh(known)
        self.opens(self.auth.refresh(issued.token), expected, device)
        if isinstance(expected, Token):
            use(self, self.shown_by(expected.session))
        if late is not None:
            self.time_passes(late)
            self.shows(issued, known)

    @rule(session=anyones)
    def log_out(self, session):
        """Somebody logs out."""
        issued, known = self.token(session)
        expected = self.model.log_out(known)
        assert do(self.auth.log_out(issued.token)) is expected

    @rule(session=anyones, current=passwords, new=passwords, device=devices, knows=mostly)
    def change_password(self, session, current, new, device, knows):
        """Somebody changes a password."""
        issued, known = self.token(session)
        current = self.password_of(known) if knows else current
        expected = self.model.change_password(known, current, new)
        self.opens(self.auth.change_password(token=issued.token, current=current, new=new), expected, device)

    @rule(session=anyones, password=passwords, device=devices, knows=mostly)
    def reauthenticate(self, session, password, device, knows):
        """Somebody gives the password once more."""
        issued, known = self.token(session)
        password = self.password_of(known) if knows else password
        expected = self.model.reauthenticate(known, password)
        self.opens(self.auth.reauthenticate(token=issued.token, password=password), expected, device)

    @rule(session=anyones, password=passwords, required=mostly, device=devices, knows=mostly)
    def change_second_factor(self, session, password, required, device, knows):
        """Somebody chooses whether a password is enough."""
        issued, known = self.token(session)
        password = self.password_of(known) if knows else password
        expected = self.model.change_second_factor(known, password, required=required)
        flow = self.auth.change_second_factor(token=issued.token, password=password, required=required)
        self.opens(flow, expected, device)

    def password_of(self, token):
        """What somebody knows who has logged in."""
        return PASSWORD if token.session.person is None else token.session.person.password

    @rule(session=anyones, other=anyones)
    def revoke_session(self, session, other):
        """Somebody ends a session, perhaps somebody else's."""
        (issued, known), (named, session_named) = self.token(session), self.token(other)
        expected = self.model.revoke_session(known, session_named.session)
        self.plays(self.auth.revoke_session(issued.token, session=session_digest(named.session.id)), expected)

    @rule(session=anyones, device=devices)
    def revoke_other_sessions(self, session, device):
        """Somebody ends all sessions but the own one."""
        issued, known = self.token(session)
        self.opens(self.auth.revoke_other_sessions(issued.token), self.model.revoke_other_sessions(known), device)

    @rule(session=anyones)
    def list_sessions(self, session):
        """Somebody looks where else there is a login."""
        self.lists(*self.token(session))

    def lists(self, issued, known):
        """Look at all sessions by this token."""
        expected = self.model.list_sessions(known)
        listed = self.plays(self.auth.list_sessions(issued.token), expected)
        if listed is not None:
            found = {each.session.id: each.current for each in listed}
            named = {token.session.id: which.session for token, which in self.tokens}
            assert {named[name]: current for name, current in found.items()} == {
                each: each is known.session for each in expected
            }

    # --- operators ---

    @rule(who=recent, change=changes)
    def change_account(self, who, change):
        """An operator changes what an account is."""
        person = latest(self.model.people, who)
        expected = getattr(self.model, change)(person)
        self.plays(getattr(self.auth, change)(self.ids[person]), expected)

    @rule(who=recent, required=st.booleans())
    def require_second_factor(self, who, required):
        """An operator chooses whether somebody's password is enough."""
        person = latest(self.model.people, who)
        expected = self.model.require_second_factor(person, required=required)
        self.plays(self.auth.require_second_factor(self.ids[person], required=required), expected)

    @rule(who=recent, role=role_names, permissions=definitions, for_good=mostly)
    def assign_role(self, who, role, permissions, for_good):
        """An operator gives a role, and perhaps defines it; or takes it again at once."""
        person = latest(self.model.people, who)
        expected = self.model.assign_role(person, role, permissions)
        self.plays(self.auth.assign_role(account_id=self.ids[person], role=role, permissions=permissions), expected)
        if not for_good:
            self.withdraw_role(who, role)

    @rule(who=recent, role=role_names)
    def withdraw_role(self, who, role):
        """An operator takes a role."""
        person = latest(self.model.people, who)
        expected = self.model.withdraw_role(person, role)
        assert do(self.auth.withdraw_role(account_id=self.ids[person], role=role)) is expected

    # --- letters, time ---

    @rule()
    def deliver(self):
        """What is due is sent, and nothing else."""
        self.auth.courier.letters.clear()
        expected = [(address, self.code_of(challenge)) for address, challenge in self.model.deliver_due()]
        assert do(self.auth.deliver_due()) == len(expected)
        sent = [(letter.destination, letter.code or "") for letter in self.auth.courier.letters]
        assert sorted(sent) == sorted(expected)

    def code_of(self, challenge):
        """The code that a letter brings, or none."""
        return next((derive(self.auth, issued) for issued, known in self.challenges if known is challenge), "")

    @rule(moment=moments)
    def time_passes(self, moment):
        """Nothing happens for a while."""
        self.model.now += moment
        self.auth.clock.advance(moment)

    # --- what holds at every moment ---

    @invariant()
    def tokens_are_as_good_as_the_model_says(self):
        """The newest tokens name whom they should, with the roles and permissions of now; or are refused.

        Only those which no rotation has touched: to show any other one would change what becomes of it.
        """
        for issued, known in self.tokens[-5:]:
            if known.session.generation == 1:
                self.shows(issued, known)

    def shows(self, issued, known):
        """Show a token to an application that wants to know who is calling."""
        principal = self.plays(self.auth.authenticate(issued.token), self.model.authenticate(known))
        if principal is not None:
            person = known.session.person
            assert (principal.account.email, principal.account.username) == (person.address, person.username)
            assert set(principal.roles) == person.roles
            for permission in ("article", "article:read", "draft"):
                assert principal.may(all_of=permission) == self.implied(person, permission)

    def implied(self, person, permission):
        """Whether somebody may do this: of those permissions here, only one implies another one."""
        held = self.model.permissions(person)
        return permission in held or (permission == "article:read" and "article" in held)

    @invariant()
    def names_belong_to_whom_the_model_says(self):
        """Every address and every username names whom it should, proven or not, unless that account is hidden."""
        for name, person in [
            *((address, self.model.owner(address)) for address in (ADA, BOB, EVE)),
            *((username, self.model.called(username)) for username in ("ada", "lace")),
        ]:
            account = do(self.auth.find_account(name))
            assert (account is None) == (person is None or person.deleted or person.is_decoy)
            if account is not None:
                assert (account.id, account.username) == (self.ids[person], person.username)
                assert (account.verified_at is not None, account.disabled_at is not None) == (
                    person.verified,
                    person.disabled,
                )

    @invariant()
    def roles_are_as_the_model_says(self):
        """Everybody has the roles that were given, whatever becomes of an account."""
        for person in self.model.people:
            assert {role.id for role in do(self.auth.roles_of(self.ids[person]))} == person.roles
