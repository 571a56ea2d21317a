"""Who is calling, and what it may do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from authcore.entities import Account, AuthenticationSession, Device, Grant, Role
from authcore.errors import (
    ConfigurationError,
    InvalidToken,
    NotAuthenticated,
    PermissionDenied,
    ReauthenticationRequired,
    SecondFactorFulfilled,
    SecondFactorRequired,
    SessionRevoked,
)
from authcore.permissions import PermissionSet, Requirement
from authcore.policy import Policy
from authcore.ports import Caller
from authcore.principal import (
    Anonymous,
    Pending,
    Principal,
    TagRequirement,
    admit,
    authenticate,
    authorize,
    identify,
    identify_pending,
    recognise_again,
)
from authcore.rotation import Circumstances, Presentation
from authcore.sessions import validate

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ACCOUNT = Account(
    id="a", created_at=NOW, updated_at=NOW, username="Ada", email="ada@example.org", epoch=7, verified_at=NOW
)
SESSION = AuthenticationSession(
    id="s",
    created_at=NOW,
    updated_at=NOW,
    account_id="a",
    epoch=7,
    network="192.0.2.1",
    user_agent="",
    amr=("pwd",),
    auth_time=NOW,
    generation=2,
    rotated_at=NOW,
    presented_at=NOW,
    rotates_at=NOW + timedelta(minutes=15),
    inactive_at=NOW + timedelta(hours=1),
    expires_at=NOW + timedelta(hours=2),
)
CLERK = Role(id="clerk", created_at=NOW, updated_at=NOW, permissions=("file:read",))
BOSS = Role(id="boss", created_at=NOW, updated_at=NOW, permissions=("file:write", "door"))
CALLER = Caller(
    session=SESSION,
    account=ACCOUNT,
    grants=[
        Grant(id=f"a:{role.id}", created_at=NOW, updated_at=NOW, account_id="a", role=role.id) for role in (BOSS, CLERK)
    ],
    roles=[BOSS, CLERK],
)
TOLD = Circumstances(device=Device(), event="e", salt="salt")
SHOWN = Presentation(generation=2, now=NOW, policy=Policy(), circumstances=lambda: TOLD)
PRINCIPAL = authenticate(CALLER, SHOWN).settle()


class TestIdentifying:
    """Deciding who is calling."""

    def test_a_live_session_identifies_its_account(self):
        """Who presents a live session is its account, with what it was granted, and nothing is written."""
        decision = authenticate(CALLER, SHOWN)
        assert decision.outcome == Principal(
            account=ACCOUNT,
            session=SESSION,
            roles=("boss", "clerk"),
            permissions=PermissionSet.of(["file:read", "file:write", "door"]),
        )
        assert decision.writes == ()

    @pytest.mark.parametrize(
        "changes",
        [
            {"session": None},
            {"session": None, "account": None, "grants": (), "roles": ()},
            {"account": None},
            {"session": replace(SESSION, generation=1)},
            {"session": replace(SESSION, ended_at=NOW)},
            {"session": replace(SESSION, inactive_at=NOW)},
            {"session": replace(SESSION, epoch=6)},
            {"account": replace(ACCOUNT, disabled_at=NOW)},
        ],
    )
    def test_anything_else_is_a_bad_token(self, changes):
        """Whatever is wrong with the session, the refusal is an InvalidToken that says so, and nobody is identified."""
        caller = replace(CALLER, **changes)
        decision = authenticate(caller, SHOWN)
        reason = validate(session=caller.session, account=caller.account, policy=SHOWN.policy, now=NOW)
        reason = reason or InvalidToken(cause="generation or tag")
        assert isinstance(decision.refusal, InvalidToken)
        assert (type(decision.refusal), decision.refusal.cause) == (type(reason), reason.cause)
        assert decision.outcome is None

    @pytest.mark.parametrize(
        ("changes", "roles"),
        [
            ({"grants": [replace(CALLER.grants[0], deleted_at=NOW), CALLER.grants[1]]}, ("clerk",)),
            ({"roles": [replace(BOSS, deleted_at=NOW), CLERK]}, ("clerk",)),
            ({"grants": []}, ()),
            ({"roles": []}, ()),
            ({"grants": [CALLER.grants[0]], "roles": [BOSS, CLERK]}, ("boss",)),
        ],
    )
    def test_only_live_grants_of_live_roles_count(self, changes, roles):
        """A role counts if and only if it exists and a grant that was not withdrawn names it."""
        principal = authenticate(replace(CALLER, **changes), SHOWN).settle()
        assert principal.roles == roles
        assert principal.may(all_of="door") == ("boss" in roles)

    def test_pending_sessions_are_nobodys_yet(self):
        """A session that awaits its second factor is pending: no principal, and refused wherever one is needed."""
        caller = replace(CALLER, session=replace(SESSION, requires_second_factor=True))
        assert identify(caller, SHOWN).outcome == Pending(account=ACCOUNT, session=caller.session)
        assert isinstance(authenticate(caller, SHOWN).refusal, SecondFactorRequired)
        assert identify_pending(caller, SHOWN).outcome == Pending(account=ACCOUNT, session=caller.session)

    @pytest.mark.parametrize("decide", [identify, admit, authenticate], ids=lambda decide: decide.__name__)
    def test_a_due_rotation_is_not_lost(self, decide):
        """However it is decided who is calling, a session that is due is rotated, and written."""
        decision = decide(CALLER, replace(SHOWN, now=SESSION.rotates_at, rotate=True))
        assert decision.outcome.is_refresh
        assert decision.outcome.session.generation == SESSION.generation + 1
        assert decision.writes == (decision.outcome.session,)

    def test_sessions_of_nobody_are_rotated_as_well(self):
        """An anonymous session that is due is rotated, and written."""
        caller = Caller(session=replace(SESSION, account_id=None))
        decision = identify(caller, replace(SHOWN, now=SESSION.rotates_at, rotate=True))
        assert decision.writes == (decision.outcome.session,)
        assert decision.outcome.session.generation == SESSION.generation + 1

    def test_pending_sessions_are_never_rotated(self):
        """Whatever is due, a pending session stays as it is."""
        session = replace(SESSION, requires_second_factor=True, presented_at=None, rotates_at=NOW)
        found = identify(replace(CALLER, session=session), replace(SHOWN, rotate=True))
        assert (found.outcome.session, found.writes) == (session, ())

    def test_anonymous_sessions_are_nobodys(self):
        """A session without an account is known, and authenticates nobody."""
        session = replace(SESSION, account_id=None)
        caller = Caller(session=session)
        found = identify(caller, SHOWN).outcome
        assert (type(found), found.session, found.is_authenticated) == (Anonymous, session, False)
        assert isinstance(authenticate(caller, SHOWN).refusal, NotAuthenticated)
        assert isinstance(identify_pending(caller, SHOWN).refusal, NotAuthenticated)

    def test_whole_sessions_need_no_second_factor(self):
        """Where a second factor is to be met, a session that is whole is refused."""
        assert isinstance(identify_pending(CALLER, SHOWN).refusal, SecondFactorFulfilled)

    def test_what_is_no_session_has_no_second_factor_to_meet(self):
        """A session that does not count is refused where a second factor is to be met as it is anywhere."""
        decision = identify_pending(replace(CALLER, session=replace(SESSION, deleted_at=NOW)), SHOWN)
        assert (type(decision.refusal), decision.outcome) == (InvalidToken, None)


class TestRecognisingAgain:
    """Deciding by what was read a while ago."""

    @pytest.mark.parametrize("rotate", [True, False])
    def test_whoever_counts_counts_again(self, rotate):
        """Where nothing is due and nothing to be written, the same is said as the first time."""
        late = replace(SHOWN, now=SESSION.rotates_at - TICK, rotate=rotate)
        assert recognise_again(CALLER, late) == PRINCIPAL

    @pytest.mark.parametrize("rotate", [True, False])
    @pytest.mark.parametrize(
        ("session", "shown"),
        [
            ({}, {"now": SESSION.rotates_at}),
            ({"presented_at": None}, {}),
            ({}, {"generation": 1}),
            ({"presented_at": None}, {"generation": 1}),
            ({}, {"generation": 3}),
            ({}, {"tag": "another"}),
            ({"ended_at": NOW}, {}),
            ({"requires_second_factor": True}, {}),
        ],
        ids=[
            "due",
            "shown first",
            "the token before",
            "the token before one that nobody used",
            "a token to come",
            "another tag",
            "ended",
            "pending",
        ],
    )
    def test_nothing_else_is_said_without_the_store(self, rotate, session, shown):
        """What is refused, rotated, written, or could have been rotated since, is left to the store."""
        kept = replace(CALLER, session=replace(SESSION, **session))
        assert recognise_again(kept, replace(SHOWN, rotate=rotate, **shown)) is None

    def test_nobody_in_particular_is_left_to_the_store(self):
        """A session of nobody lets nobody in."""
        assert recognise_again(Caller(session=replace(SESSION, account_id=None)), SHOWN) is None


class TestPrincipal:
    """Somebody who is logged in."""

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({}, "Ada"),
            ({"username": None}, "ada@example.org"),
            ({"username": None, "email": None, "phone": "+4930123456"}, "+4930123456"),
            ({"username": None, "email": None}, ""),
        ],
    )
    def test_the_display_name_is_the_friendliest(self, changes, name):
        """People are greeted by username, or else by email address, or by telephone number."""
        assert Principal(account=replace(ACCOUNT, **changes), session=SESSION).display_name == name

    def test_it_is_what_starlette_expects(self):
        """A principal is authenticated, and its identity is the account's id."""
        assert (PRINCIPAL.is_authenticated, PRINCIPAL.identity) == (True, "a")
        assert PRINCIPAL.authenticated() is PRINCIPAL

    @pytest.mark.parametrize(
        ("asked", "may"),
        [
            ({"all_of": "file:read"}, True),
            ({"all_of": ["file:read", "door:open"]}, True),
            ({"all_of": ["file:read", "window"]}, False),
            ({"any_of": ["file:read", "window"]}, True),
            ({"any_of": ["window"]}, False),
            ({"all_of": "file:read,write"}, False),
        ],
    )
    def test_grants_decide_what_it_may(self, asked, may):
        """A principal may do what one of its grants implies."""
        assert PRINCIPAL.may(**asked) is may

    @pytest.mark.parametrize("asked", [{}, {"all_of": []}, {"any_of": []}, {"all_of": "a", "any_of": "b"}])
    def test_empty_requirements_are_mistakes(self, asked):
        """Asking for nothing, or in two ways at once, is an error and never a yes."""
        with pytest.raises(ConfigurationError):
            PRINCIPAL.may(**asked)

    def test_it_may_nothing_by_default(self):
        """Who was granted nothing may do nothing."""
        assert not Principal(account=ACCOUNT, session=SESSION).may(any_of=["a", "*"])

    @pytest.mark.parametrize(("later", "is_fresh"), [(-TICK, True), (timedelta(0), False), (TICK, False)])
    def test_a_fresh_login_is_asked_for(self, later, is_fresh):
        """A principal is fresh until so much time has passed since it authenticated, and neither then nor after."""
        within = timedelta(minutes=5)
        if is_fresh:
            assert PRINCIPAL.require_fresh(within=within, now=NOW + within + later) is PRINCIPAL
        else:
            with pytest.raises(ReauthenticationRequired):
                PRINCIPAL.require_fresh(within=within, now=NOW + within + later)

    @pytest.mark.parametrize("within", [timedelta(0), -TICK, timedelta(days=30) + TICK, timedelta.max])
    def test_no_freshness_is_a_mistake(self, within):
        """A time that lets nobody in, or anybody, is an error and never a yes."""
        with pytest.raises(ConfigurationError, match=r"^within must be .* 30 days$"):
            PRINCIPAL.require_fresh(within=within, now=NOW)

    def test_the_least_and_the_longest_time(self):
        """A microsecond may be asked for, and as long as a session can last."""
        assert PRINCIPAL.require_fresh(within=TICK, now=NOW)
        assert PRINCIPAL.require_fresh(within=timedelta(days=30), now=NOW)


class TestAnonymous:
    """Nobody in particular."""

    def test_anonymous_is_no_principal(self):
        """No check for a principal takes nobody for somebody."""
        assert not isinstance(Anonymous(), Principal)
        assert not hasattr(Anonymous(), "account")
        assert Anonymous().session is None
        assert not hasattr(Anonymous(), "may")

    def test_anonymous_is_nobody(self):
        """Nobody is not authenticated, has no name and no identity, and may do nothing."""
        nobody = Anonymous()
        assert (nobody.is_authenticated, nobody.display_name, nobody.identity) == (False, "", "")
        assert len(nobody.permissions) == 0

    @pytest.mark.parametrize("refusal", [NotAuthenticated(), SessionRevoked(cause="epoch")])
    def test_the_reason_is_raised(self, refusal):
        """Asking nobody to be somebody raises why nobody is logged in."""
        with pytest.raises(type(refusal)) as caught:
            Anonymous(refusal=refusal).authenticated()
        assert caught.value is refusal

    def test_without_a_credential_nobody_is_logged_in(self):
        """The default reason is that no credential was presented."""
        assert type(Anonymous().refusal) is NotAuthenticated


class TestAuthorizing:
    """Letting a caller in, or not."""

    @pytest.mark.parametrize(
        "requirement", [None, Requirement(all_of="file:read"), Requirement(any_of=["x", "door:open"])]
    )
    def test_whoever_meets_the_requirement_is_let_in(self, requirement):
        """A principal whose grants meet the requirement is returned; without one, any principal."""
        assert authorize(PRINCIPAL, requirement) is PRINCIPAL

    def test_whoever_does_not_is_denied(self):
        """Grants that fall short are refused, and what was required stands in the private cause."""
        with pytest.raises(PermissionDenied) as caught:
            authorize(PRINCIPAL, Requirement(all_of=["file:read", "window"]))
        assert caught.value.cause == "file:read and window"
        assert "window" not in str(caught.value)

    def test_sessions_are_told_apart_by_their_tag(self):
        """A session of the very tag that is required is let in, and no other is; the private cause names the tag."""
        wanted = TagRequirement("app")
        tagged = replace(PRINCIPAL, session=replace(SESSION, tag="app"))
        assert authorize(tagged, wanted) is tagged
        for caller in (PRINCIPAL, replace(PRINCIPAL, session=replace(SESSION, tag="App"))):
            with pytest.raises(PermissionDenied) as caught:
                authorize(caller, wanted)
            assert caught.value.cause == "tag app"

    def test_what_has_no_session_has_no_tag(self):
        """Whatever is no Principal does not meet a requirement about sessions, nor does it break one."""
        assert not TagRequirement("").holds_for(Anonymous())

    @pytest.mark.parametrize("requirement", [None, Requirement(all_of="file:read"), TagRequirement("")])
    def test_nobody_is_never_let_in(self, requirement):
        """Nobody is refused as not authenticated, whatever is required."""
        with pytest.raises(NotAuthenticated):
            authorize(Anonymous(), requirement)
