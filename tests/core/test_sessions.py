"""Deciding about sessions: one gate, one way to open a session, three deadlines."""

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from authcore import sessions
from authcore.audit import session_digest
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    Credential,
    Device,
    Message,
    MessageKind,
    SessionEnd,
    SessionRoster,
)
from authcore.errors import (
    AccountDeleted,
    AccountDisabled,
    AccountUnverified,
    InvalidCredentials,
    InvalidToken,
    ReauthenticationRequired,
    SecondFactorRequired,
    SessionClosed,
    SessionExpired,
    SessionRevoked,
)
from authcore.occasion import Ids, Occasion
from authcore.policy import Policy
from authcore.rosters import Listed, roster_id
from tests.architecture.source import core

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
BEFORE = NOW - TICK  # when all that is stored was written
POLICY = Policy()
OCCASION = Occasion(
    now=NOW,
    device=Device(network="192.0.2.1", user_agent="test"),
    policy=POLICY,
    ids=Ids(account="new-a", session="new-s", message="new-m", event="new-e", salt="new-salt"),
    code_key="k",
)
ACCOUNT = Account(
    id="a", version=3, created_at=BEFORE, updated_at=BEFORE, email="ada@example.org", epoch=7, verified_at=BEFORE
)
CREDENTIAL = Credential(
    id="password:a",
    version=4,
    created_at=BEFORE,
    updated_at=BEFORE,
    account_id="a",
    kind="password",
    secret="old",
    changed_at=BEFORE,
)
UNUSABLE = [
    ({"verified_at": None}, AccountUnverified),
    ({"disabled_at": NOW}, AccountDisabled),
    ({"deleted_at": NOW}, AccountDeleted),
    ({"deleted_at": NOW, "verified_at": None, "disabled_at": NOW}, AccountDeleted),
    ({"verified_at": None, "disabled_at": NOW}, AccountUnverified),
]


def _session(**changes: object) -> AuthenticationSession:
    opened = sessions.open_session(replace(OCCASION, now=BEFORE), account=ACCOUNT, amr=("pwd",))
    return replace(opened.settle(), version=1, **changes)


def _validate(session: AuthenticationSession | None, *, account: Account | None = ACCOUNT, **given: object):
    return sessions.validate(**{"session": session, "account": account, "policy": POLICY, "now": NOW} | given)


def _gate(**given: object):
    return sessions.gate(**{"account": ACCOUNT, "epoch": 7, "amr": ("pwd",), "policy": POLICY} | given)


def _calls(function: str) -> list[str]:
    """Return where a function is called in the core, as module and innermost function."""
    return sorted(
        f"{module.name}.{definition.name}"
        for module in core()
        for definition in ast.walk(module.tree)
        if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(definition)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == function
    )


class TestGate:
    """The one gate."""

    def test_a_usable_account_of_the_same_epoch_passes(self):
        """An account that is verified, not disabled, not deleted and of the expected epoch passes."""
        assert _gate() is None

    def test_nobody_does_not_pass(self):
        """Without an account there is no session."""
        refusal = _gate(account=None, epoch=0)
        assert isinstance(refusal, SessionRevoked)
        assert refusal.cause == "account gone"

    @pytest.mark.parametrize(("changes", "refusal"), UNUSABLE)
    @pytest.mark.parametrize("epoch", [7, 6])
    def test_unusable_accounts_do_not_pass(self, changes, refusal, epoch):
        """An account is refused as deleted, then as unverified, then as disabled, and only then for its epoch."""
        assert type(_gate(account=replace(ACCOUNT, **changes), epoch=epoch)) is refusal

    @pytest.mark.parametrize("epoch", [0, 6, 8])
    def test_another_epoch_does_not_pass(self, epoch):
        """Only the very epoch of the account passes: neither an older nor a newer one."""
        refusal = _gate(epoch=epoch)
        assert isinstance(refusal, SessionRevoked)
        assert refusal.cause == "epoch"

    @pytest.mark.parametrize("amr", [(), ("pwd",), ("otp",), ("mfa",), ("otp", "mfa"), ("pwd", "otp", "mfa")])
    def test_the_policy_or_the_account_asks_for_a_second_factor(self, amr):
        """Where either asks for it, whoever has not met it is let in no further than to do so."""
        asked = replace(ACCOUNT, second_factor=True)
        met = {"otp", "mfa"} <= set(amr)
        assert _gate(amr=amr) is None
        for refusal in (_gate(account=asked, amr=amr), _gate(amr=amr, policy=Policy(second_factor=True))):
            assert (refusal is None) if met else isinstance(refusal, SecondFactorRequired)

    def test_what_is_pending_stays_so(self):
        """A pending session lacks its factor even where nothing asks for one any more."""
        assert isinstance(_gate(pending=True), SecondFactorRequired)

    @pytest.mark.parametrize(("changes", "refusal"), UNUSABLE)
    def test_the_second_factor_is_asked_for_last(self, changes, refusal):
        """An account that may not be used is refused for that, whatever factor it lacks."""
        assert type(_gate(account=replace(ACCOUNT, second_factor=True, **changes))) is refusal

    def test_there_is_one_way_to_a_session(self):
        """Only `open_session` makes an authentication session with an account."""
        assert _calls("AuthenticationSession") == ["authcore.sessions._session"]
        makers = {"authcore.sessions.open_anonymous", "authcore.sessions.open_session"}
        assert makers == {name for name in _calls("_session") if name.startswith("authcore.sessions.")}
        assert sessions.open_anonymous(OCCASION).settle().account_id is None

    def test_every_way_passes_the_gate(self):
        """The gate is called where a session is opened and where one is used, and nowhere else."""
        assert _calls("gate") == ["authcore.sessions.open_session", "authcore.sessions.validate"]


class TestOpening:
    """Opening a session."""

    def test_a_session_is_what_the_policy_says(self):
        """A new session copies the account's epoch and the device, and counts its deadlines from now."""
        opened = sessions.open_session(OCCASION, account=ACCOUNT, amr=("pwd",))
        assert opened.outcome == AuthenticationSession(
            id="new-s",
            created_at=NOW,
            updated_at=NOW,
            account_id="a",
            epoch=7,
            network="192.0.2.1",
            user_agent="test",
            amr=("pwd",),
            auth_time=NOW,
            generation=1,
            rotated_at=NOW,
            rotates_at=NOW + POLICY.rotation,
            inactive_at=NOW + POLICY.inactivity,
            expires_at=NOW + POLICY.absolute,
        )
        assert opened.writes[0] is opened.outcome

    @pytest.mark.parametrize(("changes", "refusal"), UNUSABLE)
    def test_unusable_accounts_get_none(self, changes, refusal):
        """An account that may not be used gets no session, and nothing is written."""
        decision = sessions.open_session(OCCASION, account=replace(ACCOUNT, **changes), amr=("pwd",))
        assert (type(decision.refusal), decision.outcome, decision.writes) == (refusal, None, ())

    def test_an_heir_outlives_nothing(self):
        """Who goes on in a new session authenticated when the old one says, and no time is later than its end."""
        former = _session(expires_at=NOW + TICK)
        opened = sessions.open_session(OCCASION, account=ACCOUNT, amr=("pwd",), succeeds=former).settle()
        assert (opened.created_at, opened.auth_time) == (NOW, BEFORE)
        assert opened.expires_at == opened.rotates_at == opened.inactive_at == NOW + TICK

    @pytest.mark.parametrize(("given", "tag"), [({}, ""), ({"tag": "app"}, "app")], ids=["untagged", "tagged"])
    def test_an_anonymous_session_is_of_nobody(self, given, tag):
        """An anonymous session has the times of any other, and its tag, but neither an account nor a factor."""
        decision = sessions.open_anonymous(OCCASION, **given)
        proven = sessions.open_session(OCCASION, account=ACCOUNT, amr=("pwd",), tag=tag).settle()
        assert decision.settle() == replace(proven, account_id=None, epoch=0, amr=())
        assert decision.writes == (decision.outcome,)

    @given(st.timedeltas(3 * TICK, POLICY.absolute))
    def test_inactivity_never_outlasts_the_session(self, inactivity):
        """Whatever the policy, inactivity ends a session no later than its absolute end."""
        policy = Policy(grace=TICK, rotation=2 * TICK, inactivity=inactivity)
        session = sessions.open_session(replace(OCCASION, policy=policy), account=ACCOUNT, amr=("pwd",)).settle()
        assert NOW < session.inactive_at <= session.expires_at


class TestLoggingIn:
    """Logging in with a password."""

    @staticmethod
    def _log_in(**changes: object):
        given = {"account": ACCOUNT, "credential": CREDENTIAL, "matches": True, "rehashed": None} | changes
        return sessions.log_in(OCCASION, **given)

    def test_the_right_password_opens_a_session(self):
        """The right password opens a session by password, and the trail says so."""
        decision = self._log_in()
        session, _, event = decision.writes
        assert decision.outcome is session
        assert (session.amr, session.account_id) == (("pwd",), "a")
        assert (event.kind, event.session) == (AuditKind.LOGGED_IN, session_digest("new-s"))
        assert (event.account_id, event.actor) == ("a", "a")

    @pytest.mark.parametrize(("given", "tag"), [({}, ""), ({"tag": "app"}, "app")], ids=["untagged", "tagged"])
    def test_the_session_has_the_tag_asked_for(self, given, tag):
        """A session is opened with the tag that was asked for, and with none unasked."""
        assert self._log_in(**given).settle().tag == tag

    def test_a_pending_session_is_no_login_yet(self):
        """Where a factor is lacking the session is pending, and short, and the trail says that one was met."""
        session, _, event = self._log_in(account=replace(ACCOUNT, second_factor=True)).writes
        assert (session.requires_second_factor, session.expires_at) == (True, NOW + POLICY.second_factor_time)
        assert event.kind is AuditKind.FIRST_FACTOR_MET

    @pytest.mark.parametrize("missing", [{"account": None}, {"credential": None}, {"matches": False}])
    @pytest.mark.parametrize("changes", [{}, {"deleted_at": NOW}, {"disabled_at": NOW}, {"verified_at": None}])
    def test_strangers_are_told_nothing(self, missing, changes):
        """Without an account, a credential or a match the answer is the same, whatever the account's standing."""
        decision = self._log_in(**{"account": replace(ACCOUNT, **changes)} | missing)
        assert type(decision.refusal) is InvalidCredentials
        assert dict(decision.refusal.evidence) == {}

    @pytest.mark.parametrize(("changes", "refusal"), UNUSABLE)
    def test_standing_is_told_after_the_password(self, changes, refusal):
        """Who knows the password is told why the account may not be used, and no hash is rewritten."""
        decision = self._log_in(account=replace(ACCOUNT, **changes), rehashed="new")
        assert (type(decision.refusal), decision.writes) == (refusal, ())

    def test_rehashing_is_compare_and_swap(self):
        """A hash of today's parameters is written at the version of the credential that was checked."""
        upgraded = [write for write in self._log_in(rehashed="new").writes if isinstance(write, Credential)]
        assert upgraded == [replace(CREDENTIAL, updated_at=NOW, secret="new")]

    def test_the_session_before_is_superseded(self):
        """A session that the new one takes the place of ends in the same decision."""
        former = _session(id="old-s")
        _, _, ended, _ = self._log_in(former=former).writes
        assert ended == replace(former, updated_at=NOW, ended_at=NOW, ended_as=SessionEnd.SUPERSEDED)

    def test_what_ended_before_is_left_alone(self):
        """A session that has ended already stays as it ended."""
        former = _session(id="old-s", ended_at=BEFORE, ended_as=SessionEnd.CLOSED)
        assert self._log_in(former=former).writes == self._log_in().writes


class TestRosters:
    """Where the sessions of an account are listed."""

    READ = SessionRoster(
        id=roster_id("a", epoch=7, pending=False),
        version=5,
        created_at=BEFORE,
        updated_at=BEFORE,
        account_id="a",
        session_ids=("old-s", "another-s"),
    )

    @staticmethod
    def _written(among: Listed | None) -> list[SessionRoster]:
        """Return the roster that is written by each way to a session which takes another one's place."""
        former = _session(id="old-s")
        password = {"credential": CREDENTIAL, "matches": True, "rehashed": None}
        decisions = (
            sessions.open_session(OCCASION, account=ACCOUNT, amr=("pwd",), among=among, instead_of=former),
            sessions.log_in(OCCASION, account=ACCOUNT, former=former, among=among, **password),
            sessions.reauthenticate(OCCASION, account=ACCOUNT, session=former, among=among),
        )
        return [write for decision in decisions for write in decision.writes if isinstance(write, SessionRoster)]

    def test_the_new_one_takes_the_place_of_the_one_before(self):
        """A session joins the roster that was read, as the newest, and the one that is over leaves it."""
        joined = replace(self.READ, updated_at=NOW, session_ids=("another-s", "new-s"))
        assert self._written(Listed(roster=self.READ)) == [joined] * 3

    def test_where_there_is_none_one_is_begun(self):
        """A session for which no roster was read begins one: as new, so that one that is there is never replaced."""
        begun = replace(self.READ, version=0, created_at=NOW, updated_at=NOW, session_ids=("new-s",))
        assert self._written(None) == [begun] * 3


class TestLoggingOut:
    """Closing a session."""

    def test_an_open_session_is_closed(self):
        """Logging out closes the session, and the trail says so."""
        session = _session()
        decision = sessions.log_out(OCCASION, session)
        closed, event = decision.writes
        assert decision.outcome is True
        assert closed == replace(session, updated_at=NOW, ended_at=NOW, ended_as=SessionEnd.CLOSED)
        assert (event.kind, event.account_id) == (AuditKind.LOGGED_OUT, "a")
        assert event.session == session_digest(session.id)

    def test_closing_nothing_is_no_error(self):
        """Where there is no session there is nothing to close."""
        assert sessions.log_out(OCCASION, None).settle() is False


class TestReauthenticating:
    """Giving the password once more."""

    OLD = replace(_session(id="old-s", tag="app", amr=("pwd", "otp", "mfa")), auth_time=BEFORE)

    def _again(self, account: Account = ACCOUNT):
        return sessions.reauthenticate(OCCASION, account=account, session=self.OLD, among=None)

    def test_it_is_as_after_a_login(self):
        """The new session has all its time, begins now, and keeps the tag; the one before is superseded."""
        decision = self._again()
        new, old = (write for write in decision.writes if isinstance(write, AuthenticationSession))
        assert decision.outcome is new
        assert (new.auth_time, new.expires_at, new.tag) == (NOW, NOW + POLICY.absolute, "app")
        assert old == replace(self.OLD, updated_at=NOW, ended_at=NOW, ended_as=SessionEnd.SUPERSEDED)

    def test_a_password_is_one_factor(self):
        """What the session before had met besides the password is not met again by the password."""
        assert self._again().settle().amr == ("pwd",)
        pending = self._again(replace(ACCOUNT, second_factor=True)).settle()
        assert (pending.requires_second_factor, pending.expires_at) == (True, NOW + POLICY.second_factor_time)

    @pytest.mark.parametrize(
        ("called_for", "kind"), [(False, AuditKind.REAUTHENTICATED), (True, AuditKind.FIRST_FACTOR_MET)]
    )
    def test_the_trail_tells_what_was_met(self, called_for, kind):
        """The trail names the new session, and whether a factor is still to come."""
        decision = self._again(replace(ACCOUNT, second_factor=called_for))
        (event,) = (write for write in decision.writes if isinstance(write, AuditEvent))
        assert (event.kind, event.account_id, event.session) == (kind, "a", session_digest("new-s"))

    @pytest.mark.parametrize(("changes", "refusal"), UNUSABLE)
    def test_unusable_accounts_get_no_other_session(self, changes, refusal):
        """An account that may not be used keeps the session it has, which does not count either."""
        decision = self._again(replace(ACCOUNT, **changes))
        assert (type(decision.refusal), decision.writes) == (refusal, ())


class TestFreshness:
    """How long ago somebody may have authenticated."""

    @pytest.mark.parametrize(("later", "is_fresh"), [(-TICK, True), (timedelta(0), False), (TICK, False)])
    def test_the_boundary_is_exact(self, later, is_fresh):
        """A login is fresh until so much time has passed, and neither then nor after."""
        within = timedelta(minutes=5)
        refusal = sessions.stale(_session(auth_time=NOW), within=within, now=NOW + within + later)
        assert (refusal is None) if is_fresh else isinstance(refusal, ReauthenticationRequired)

    def test_clocks_that_differ_do_no_harm(self):
        """A login that another machine dates in the future is fresh."""
        assert sessions.stale(_session(auth_time=NOW + TICK), within=TICK, now=NOW) is None


class TestChangingThePassword:
    """Replacing a password."""

    @staticmethod
    def _change(account: Account = ACCOUNT):
        session = _session(id="old-s", tag="app")
        return sessions.change_password(OCCASION, account=account, session=session, credential=CREDENTIAL, secret="new")

    def test_everything_begun_before_ends(self):
        """The epoch is raised by one, so that no session and no challenge of the account goes on."""
        (raised,) = (write for write in self._change().writes if isinstance(write, Account))
        assert raised == replace(ACCOUNT, updated_at=NOW, epoch=8)

    def test_the_caller_goes_on_in_a_new_session(self):
        """A new session under the new epoch is opened, and the old one superseded, in the same decision."""
        decision = self._change()
        new, old = (write for write in decision.writes if isinstance(write, AuthenticationSession))
        assert decision.outcome is new
        assert (new.id, new.epoch, new.amr, new.ended_at) == ("new-s", 8, ("pwd",), None)
        assert (new.tag, new.auth_time, new.expires_at) == ("app", BEFORE, old.expires_at)
        assert (old.id, old.ended_at, old.ended_as) == ("old-s", NOW, SessionEnd.SUPERSEDED)

    def test_the_hash_is_replaced(self):
        """The credential gets the new hash, at the version that was checked."""
        (credential,) = (write for write in self._change().writes if isinstance(write, Credential))
        assert (credential.secret, credential.version, credential.changed_at) == ("new", CREDENTIAL.version, NOW)

    def test_the_owner_is_told(self):
        """Word goes to the stored address, and the trail has an event."""
        (message,) = (write for write in self._change().writes if isinstance(write, Message))
        (event,) = (write for write in self._change().writes if isinstance(write, AuditEvent))
        assert (message.kind, message.destination) == (MessageKind.PASSWORD_CHANGED, "ada@example.org")
        assert (event.kind, event.account_id) == (AuditKind.PASSWORD_CHANGED, "a")
        assert event.session == session_digest("new-s")

    @pytest.mark.parametrize(("changes", "refusal"), UNUSABLE)
    def test_unusable_accounts_change_nothing(self, changes, refusal):
        """An account that may not be used keeps its password."""
        decision = self._change(replace(ACCOUNT, **changes))
        assert (type(decision.refusal), decision.writes) == (refusal, ())


class TestValidating:
    """Judging a session that was presented."""

    def test_a_live_session_counts(self):
        """A session that is open, in time and of a usable account counts."""
        assert _validate(_session()) is None

    @pytest.mark.parametrize("session", [None, _session(deleted_at=NOW)])
    def test_unknown_and_deleted_sessions_do_not_count(self, session):
        """A session that is not stored, or deleted, is refused."""
        refusal = _validate(session)
        assert (type(refusal), refusal.cause) == (InvalidToken, "unknown session")

    @pytest.mark.parametrize("ended_as", SessionEnd)
    def test_ended_sessions_do_not_count(self, ended_as):
        """A session that ended, however, is refused, and the cause says how."""
        refusal = _validate(_session(ended_at=NOW, ended_as=ended_as))
        assert type(refusal) is (SessionRevoked if ended_as is SessionEnd.REVOKED else SessionClosed)
        assert refusal.cause == ended_as

    @pytest.mark.parametrize(("amr", "counts"), [(("pwd",), False), (("pwd", "otp", "mfa"), True)])
    def test_the_factors_are_those_of_the_session(self, amr, counts):
        """Where an account asks for a second factor, only a session in which it was met counts."""
        refusal = _validate(_session(amr=amr), account=replace(ACCOUNT, second_factor=True))
        assert (refusal is None) if counts else isinstance(refusal, SecondFactorRequired)

    def test_a_pending_session_waits_for_its_factor(self):
        """A session that was opened pending asks for its factor, though neither policy nor account does any more."""
        assert isinstance(_validate(_session(requires_second_factor=True)), SecondFactorRequired)

    def test_a_session_of_nobody_needs_no_account(self):
        """An anonymous session counts until it is over: there is no account to ask."""
        anonymous = _session(account_id=None, epoch=0, amr=())
        assert _validate(anonymous, account=None) is None
        assert isinstance(_validate(replace(anonymous, ended_at=NOW), account=None), SessionClosed)

    @pytest.mark.parametrize("deadline", ["inactive_at", "expires_at"])
    @pytest.mark.parametrize(("before", "counts"), [(TICK, True), (timedelta(0), False), (-TICK, False)])
    def test_deadlines_are_exact(self, deadline, before, counts):
        """A session counts until its deadline, and neither on it nor after it."""
        refusal = _validate(_session(**{deadline: NOW + before}))
        assert (refusal is None) if counts else (type(refusal), refusal.cause) == (SessionExpired, "deadline")

    @pytest.mark.parametrize(("changes", "refusal"), UNUSABLE)
    def test_unusable_accounts_look_like_bad_tokens(self, changes, refusal):
        """Whatever is wrong with the account, a bearer learns no more than that the token is bad."""
        refused = _validate(_session(), account=replace(ACCOUNT, **changes))
        assert type(refused) is SessionRevoked
        assert refused.cause == refusal.code

    @pytest.mark.parametrize(("account", "cause"), [(None, "account gone"), (replace(ACCOUNT, epoch=8), "epoch")])
    def test_the_gate_ends_sessions(self, account, cause):
        """A session without an account, or of an older epoch, is refused."""
        refusal = _validate(_session(), account=account)
        assert (type(refusal), refusal.cause) == (SessionRevoked, cause)

    @given(
        st.builds(
            _session,
            ended_at=st.none() | st.just(NOW),
            ended_as=st.none() | st.sampled_from(SessionEnd),
            deleted_at=st.none() | st.just(NOW),
            epoch=st.integers(6, 8),
            inactive_at=st.sampled_from([NOW - TICK, NOW, NOW + TICK]),
            expires_at=st.sampled_from([NOW - TICK, NOW, NOW + TICK]),
        ),
        st.none() | st.builds(replace, st.just(ACCOUNT), disabled_at=st.none() | st.just(NOW)),
    )
    def test_every_rule_must_hold(self, session, account):
        """A session counts if and only if every single rule holds, and every refusal looks the same from outside."""
        refusal = _validate(session, account=account)
        holds = (
            session.deleted_at is None
            and session.ended_at is None
            and min(session.inactive_at, session.expires_at) > NOW
            and account is not None
            and account.disabled_at is None
            and account.epoch == session.epoch
        )
        assert (refusal is None) == holds
        assert refusal is None or (isinstance(refusal, InvalidToken) and refusal.text == InvalidToken.text)
