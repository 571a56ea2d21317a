"""Whole lives of several people, driven at random and held to the model at every step.  They are run in test_lives."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from authcore.policy import Policy
from authcore.testing import build_auth
from tests.flows.model import Limits, Model
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
from tests.flows.scenarios import names_agree

POLICY = Policy(
    inactivity=timedelta(hours=1),
    absolute=timedelta(hours=2),
    challenge=timedelta(minutes=10),
    code_attempts=2,
    challenge_failures=2,
    challenge_window=timedelta(hours=1),
)
LIMITS = Limits(
    inactivity=POLICY.inactivity,
    absolute=POLICY.absolute,
    challenge=POLICY.challenge,
    guesses=POLICY.code_attempts,
    failures=POLICY.challenge_failures,
    window=POLICY.challenge_window,
)

addresses = st.sampled_from([ADA, BOB, EVE])
usernames = st.sampled_from(["lace", "lace", "ada"])
passwords = st.sampled_from([PASSWORD, OTHER_PASSWORD, NEW_PASSWORD])
devices = st.sampled_from(["laptop", "phone", "somebody else's phone", None, None])
"""Where somebody logs in; None is a private window, which has no cookie, and whose own is soon forgotten."""
purposes = st.sampled_from(["pay", "move"])
role_names = st.sampled_from(["editor", "editor", "author"])
definitions = st.sampled_from(
    [frozenset({"article"}), frozenset({"article"}), frozenset({"article:read", "draft"}), None]
)
moments = st.sampled_from(
    [*(timedelta(minutes=minutes) for minutes in (1, 1, 4, 4)), LIMITS.challenge, LIMITS.inactivity]
)
recent = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 4])
"""Which of the tokens that were ever issued: 0 is the newest."""
mostly = st.sampled_from([True, True, True, False])
"""Whether somebody knows what to do: random guesses would lead nobody anywhere."""
codes = st.sampled_from(["right", "wrong", "of another challenge"])


def latest(tokens, ago):
    """The token that was issued so many tokens ago, or the first one."""
    return tokens[-1 - min(ago, len(tokens) - 1)]


class Lives(RuleBasedStateMachine):
    """Everybody may use every token that was ever issued; a device shows the one that it was given last."""

    def __init__(self):
        """Begin with nobody."""
        super().__init__()
        self.auth = build_auth(policy=POLICY, hasher=QuickHasher())
        self.model = Model(limits=LIMITS)
        self.sessions = []
        self.challenges = []
        self.on_device = {}

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

    def opens(self, flow, expected, device):
        """Run a flow that opens a session, and keep its token; the device keeps it as well."""
        issued = self.plays(flow, expected)
        if issued is not None:
            self.sessions.append((issued, expected))
            self.on_device |= {} if device is None else {device: (issued.token, expected)}

    @initialize(address=addresses, device=devices)
    def somebody_is_there(self, address, device):
        """Begin with somebody who has joined, and is logged in."""
        self.register(address, PASSWORD, "ada")
        self.enter_code(0, 0, "right")
        self.log_in(0, device=device, by_username=False)

    # --- registering ---

    @rule(address=addresses, password=passwords, username=st.none() | usernames)
    def register(self, address, password, username):
        """Somebody fills in the form."""
        expected = self.model.register(address, password, username)
        self.asks(self.auth.register(email=address, password=password, username=username), expected)

    @rule(challenge=recent)
    def request_verification(self, challenge):
        """Somebody asks for another code."""
        issued, known = latest(self.challenges, challenge)
        expected = self.model.request_verification(known)
        self.asks(self.auth.request_verification(challenge=issued.token), expected)

    @rule(challenge=recent, other=recent, which=codes)
    def enter_code(self, challenge, other, which):
        """Somebody enters a code where it was asked for: the right one, a wrong one, or one of another challenge."""
        issued, known = latest(self.challenges, challenge)
        right = derive(self.auth, issued)
        of_other = derive(self.auth, latest(self.challenges, other)[0])
        self.enters(issued, known, {"right": right, "wrong": wrong(right), "of another challenge": of_other}[which])

    @rule(challenge=recent)
    def guess(self, challenge):
        """Somebody guesses at a code as often as it allows."""
        issued, known = latest(self.challenges, challenge)
        for _ in range(LIMITS.guesses):
            self.enters(issued, known, wrong(derive(self.auth, issued)))

    @rule(challenge=recent)
    def enter_code_as_if_it_proved_an_address(self, challenge):
        """Somebody takes the code of whatever challenge for one of a registration."""
        issued, known = latest(self.challenges, challenge)
        self.verifies(issued, known, derive(self.auth, issued))

    def enters(self, issued, known, code):
        """Enter a code where it was asked for."""
        if known.asked_by is None:
            self.verifies(issued, known, code)
        else:
            self.answers(known.asked_by, issued, known, code, known.purpose)

    def verifies(self, issued, known, code):
        """Enter a code of a registration."""
        expected = self.model.verify_account(known, is_right=code == derive(self.auth, issued))
        self.plays(self.auth.verify_account(challenge=issued.token, code=code), expected)

    # --- logging in and out ---

    @rule(who=recent, by_username=st.booleans(), device=devices)
    def log_in(self, who, by_username, device):
        """Somebody logs in who knows the password, though perhaps as nobody who may."""
        person = latest(self.model.people, who)
        self.try_to_log_in((by_username and person.username) or person.address, person.password, device)

    @rule(name=addresses | usernames, password=passwords, device=devices)
    def try_to_log_in(self, name, password, device):
        """Somebody tries a password, in place of whoever was logged in on that device."""
        token, former = self.on_device.get(device, (None, None))
        expected = self.model.log_in(name, password, former)
        self.opens(self.auth.log_in(identifier=name, password=password, former=token), expected, device)

    @rule(session=recent)
    def log_out(self, session):
        """Somebody logs out."""
        issued, known = latest(self.sessions, session)
        expected = self.model.log_out(known)
        assert do(self.auth.log_out(issued.token)) is expected

    @rule(session=recent, current=passwords, new=passwords, device=devices, knows=mostly)
    def change_password(self, session, current, new, device, knows):
        """Somebody changes a password."""
        issued, known = latest(self.sessions, session)
        current = known.person.password if knows else current
        expected = self.model.change_password(known, current, new)
        self.opens(self.auth.change_password(token=issued.token, current=current, new=new), expected, device)

    # --- two steps ---

    @rule(session=recent, purpose=purposes)
    def request_two_step(self, session, purpose):
        """Somebody asks for a code of the application."""
        issued, known = latest(self.sessions, session)
        expected = self.model.request_two_step(known, purpose)
        self.asks(self.auth.request_two_step(token=issued.token, purpose=purpose), expected)

    @rule(session=recent, challenge=recent, purpose=purposes)
    def enter_code_elsewhere(self, session, challenge, purpose):
        """Somebody enters the right code in whatever session, for whatever purpose."""
        issued, known = latest(self.challenges, challenge)
        self.answers(latest(self.sessions, session)[1], issued, known, derive(self.auth, issued), purpose)

    def answers(self, asking, issued, known, code, purpose):
        """Enter a code of the application."""
        token = next(each.token for each, session in self.sessions if session is asking)
        is_right = code == derive(self.auth, issued)
        expected = self.model.answer_two_step(asking, known, purpose, is_right=is_right)
        self.plays(self.auth.answer_two_step(token=token, challenge=issued.token, purpose=purpose, code=code), expected)

    # --- roles, letters, time ---

    @rule(session=recent, role=role_names, permissions=definitions)
    def assign_role(self, session, role, permissions):
        """An operator gives a role, and perhaps defines it."""
        issued, known = latest(self.sessions, session)
        expected = self.model.assign_role(known.person, role, permissions)
        self.plays(
            self.auth.assign_role(account_id=issued.session.account_id, role=role, permissions=permissions), expected
        )

    @rule(session=recent, role=role_names)
    def withdraw_role(self, session, role):
        """An operator takes a role."""
        issued, known = latest(self.sessions, session)
        expected = self.model.withdraw_role(known.person, role)
        assert do(self.auth.withdraw_role(account_id=issued.session.account_id, role=role)) is expected

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
        """The newest tokens name whom they should, with the roles and permissions of now; or are refused."""
        for issued, known in self.sessions[-5:]:
            principal = self.plays(self.auth.authenticate(issued.token), self.model.authenticate(known))
            if principal is not None:
                assert (principal.account.email, principal.account.username) == (
                    known.person.address,
                    known.person.username,
                )
                assert set(principal.roles) == known.person.roles
                for permission in ("article", "article:read", "draft"):
                    assert principal.may(all_of=permission) == self.implied(known.person, permission)

    def implied(self, person, permission):
        """Whether somebody may do this: of those permissions here, only one implies another one."""
        held = self.model.permissions(person)
        return permission in held or (permission == "article:read" and "article" in held)

    @invariant()
    def names_belong_to_whom_the_model_says(self):
        """Every address and every username names whom it should, proven or not."""
        names_agree(self.auth)
        for address in (ADA, BOB, EVE):
            account, person = do(self.auth.find_account(address)), self.model.owner(address)
            assert (account is None) == (person is None)
            if account is not None:
                assert ((account.verified_at is not None), account.username) == (person.verified, person.username)
