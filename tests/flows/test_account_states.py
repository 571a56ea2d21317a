"""What operators do with accounts, as people notice it.  What is decided is tested in core/."""

from dataclasses import replace

import pytest

from authcore.entities import AuditEvent, AuditKind, Message, MessageKind
from authcore.errors import (
    AccountDeleted,
    AccountDisabled,
    AccountNotFound,
    ChallengeEnded,
    CodeMismatch,
    IdentifierTaken,
    InvalidCredentials,
    InvalidToken,
    SecondFactorRequired,
    StateUnchanged,
)
from authcore.policy import Policy
from tests.flows.people import (
    ADA,
    BOB,
    OTHER_PASSWORD,
    PASSWORD,
    code_to,
    derive,
    do,
    holder,
    join,
    kept,
    log_in,
    messages,
    refusal,
    register,
    verify,
)
from tests.flows.scenarios import names_agree


@pytest.fixture
def account(auth):
    """Ada has an account."""
    return join(auth, username="ada")


@pytest.fixture
def session(auth, account):
    """She is logged in."""
    return log_in(auth)


def login(auth, identifier=ADA, password=PASSWORD):
    """Why nobody can log in so; None if somebody can."""
    return refusal(auth.log_in(identifier=identifier, password=password))


THERE_AND_BACK = [
    ("disable_account", "enable_account", AccountDisabled),
    ("delete_account", "restore_account", AccountDeleted),
]


@pytest.mark.parametrize("way", THERE_AND_BACK, ids=["disabled", "deleted"])
def test_change_is_noticed_at_once(auth, account, session, way):
    """Sessions end with the change, and logging in is refused by its very name, but only after the right password."""
    there, _, refused = way
    do(getattr(auth, there)(account.id))
    assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
    assert isinstance(login(auth), refused)
    assert isinstance(login(auth, password=OTHER_PASSWORD), InvalidCredentials)


@pytest.mark.parametrize("way", THERE_AND_BACK, ids=["disabled", "deleted"])
def test_nothing_comes_back_to_life(auth, account, session, way):
    """After the way back somebody logs in anew; session and code of before stay dead."""
    there, back, _ = way
    challenge = do(auth.request_two_step(token=session.token, purpose="pay"))
    code = code_to(auth)
    do(getattr(auth, there)(account.id))
    do(getattr(auth, back)(account.id))
    assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
    again = log_in(auth)
    answer = auth.answer_two_step(token=again.token, challenge=challenge.token, purpose="pay", code=code)
    assert isinstance(refusal(answer), ChallengeEnded)
    assert do(auth.authenticate(again.token)).account.id == account.id


@pytest.mark.parametrize("way", THERE_AND_BACK, ids=["disabled", "deleted"])
def test_second_time_is_refused(auth, account, way):
    """Neither way can be gone twice."""
    there, back, _ = way
    assert isinstance(refusal(getattr(auth, back)(account.id)), StateUnchanged)
    do(getattr(auth, there)(account.id))
    assert isinstance(refusal(getattr(auth, there)(account.id)), StateUnchanged)


@pytest.mark.parametrize(
    "flow",
    [
        "disable_account", "enable_account", "delete_account", "restore_account", "confirm_account",
        "require_second_factor", "revoke_sessions",
    ],
)  # fmt: skip
def test_nobody_is_changed(auth, account, flow):
    """An id that names nobody, or a decoy, is refused."""
    register(auth, ADA, OTHER_PASSWORD)
    (decoy,) = [each for each in kept(auth, type(account)) if each.decoy]
    for account_id in ("nobody", decoy.id, "", ADA):
        assert isinstance(refusal(getattr(auth, flow)(account_id)), AccountNotFound)


def test_deleted_account_is_hidden(auth, account):
    """A deleted account is found by none of its names, and cannot be disabled or given a role."""
    do(auth.delete_account(account.id))
    for named in ({"account_id": account.id}, {"email": ADA}, {"username": "ada"}):
        assert do(auth.find_account(**named)) is None
    assert isinstance(refusal(auth.disable_account(account.id)), AccountNotFound)
    assert isinstance(refusal(auth.assign_role(account_id=account.id, role="r", permissions=["a"])), AccountNotFound)


def test_deleted_account_keeps_its_names(auth, account):
    """Nobody registers as somebody who was deleted: a stranger gets a decoy, as at any taken address."""
    do(auth.delete_account(account.id))
    challenge = register(auth, ADA, OTHER_PASSWORD)
    code = derive(auth, challenge)
    assert isinstance(refusal(auth.verify_account(challenge=challenge.token, code=code)), CodeMismatch)
    assert refusal(auth.register(email=BOB, password=PASSWORD, username="ada")).code == "username_taken"
    do(auth.restore_account(account.id))
    assert login(auth) is login(auth, "ada") is None
    names_agree(auth)


def test_unproven_account_gives_its_names_away(auth):
    """What was never proven is free once it is deleted, and whoever takes it first keeps it from being restored."""
    former = register(auth, ADA, username="ada").session.account_id
    do(auth.delete_account(former))
    assert holder(auth, f"email:{ADA}") is holder(auth, "username:ada") is None
    ada = join(auth, ADA, OTHER_PASSWORD)
    assert ada.id != former
    assert isinstance(refusal(auth.restore_account(former)), IdentifierTaken)


def test_unproven_account_is_restored_with_free_names(auth):
    """While nobody has taken its names they are its own again, as unproven as before."""
    former = register(auth, ADA, username="ada").session.account_id
    do(auth.delete_account(former))
    do(auth.restore_account(former))
    names_agree(auth)
    assert isinstance(login(auth), InvalidCredentials)
    do(auth.confirm_account(former))
    assert login(auth) is None


def test_disabling_before_the_code(auth):
    """A code that was on its way verifies nobody who was disabled meanwhile, nor later."""
    challenge = register(auth)
    code = code_to(auth)
    do(auth.disable_account(challenge.session.account_id))
    assert isinstance(refusal(auth.verify_account(challenge=challenge.token, code=code)), ChallengeEnded)
    do(auth.enable_account(challenge.session.account_id))
    assert isinstance(refusal(auth.verify_account(challenge=challenge.token, code=code)), ChallengeEnded)


def test_confirmed_account_needs_no_code(auth):
    """An operator's word proves the address, and the code that was sent is over."""
    challenge = register(auth)
    code = code_to(auth)
    assert do(auth.confirm_account(challenge.session.account_id)).verified_at == auth.clock.now()
    assert isinstance(refusal(auth.verify_account(challenge=challenge.token, code=code)), ChallengeEnded)
    assert login(auth) is None
    assert isinstance(refusal(auth.confirm_account(challenge.session.account_id)), StateUnchanged)


def test_required_factor_makes_sessions_pending(auth, account, session):
    """From then on the password alone opens pending sessions only; the owner is told; and it can be taken back."""
    do(auth.require_second_factor(account.id))
    assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
    assert isinstance(refusal(auth.authenticate(log_in(auth).token)), SecondFactorRequired)
    do(auth.require_second_factor(account.id, required=False))
    assert do(auth.authenticate(log_in(auth).token))
    told = [message.destination for message in messages(auth) if message.kind is MessageKind.SECOND_FACTOR_CHANGED]
    assert told == [ADA, ADA]


def test_policy_may_still_require_the_factor(auth, account):
    """Sparing one account the factor does not spare it where the policy asks everybody."""
    do(auth.require_second_factor(account.id))
    strict = replace(auth, policy=Policy(second_factor=True))
    do(strict.require_second_factor(account.id, required=False))
    assert isinstance(refusal(strict.authenticate(log_in(strict).token)), SecondFactorRequired)


def test_uniqueness_heeds_no_flag(auth, account):
    """A name is taken whatever the policy says people log in with."""
    lax = replace(auth, policy=Policy(login_with=frozenset({"phone"})))
    assert refusal(lax.register(email=BOB, password=PASSWORD, username="ADA")).code == "username_taken"
    challenge = register(lax, "ADA@example.org", OTHER_PASSWORD)
    assert do(lax.find_account(ADA)).id == account.id != challenge.session.account_id
    names_agree(lax)


def test_change_is_one_commit(auth):
    """Each change is one commit with its event in the trail, and no message but about factors."""
    account = join(auth)
    auth.store.commits.clear()
    before = len(kept(auth, Message))
    for flow in ("disable_account", "enable_account", "delete_account", "restore_account"):
        do(getattr(auth, flow)(account.id))
    events = [[each.kind for each in writes if isinstance(each, AuditEvent)] for writes in auth.store.commits]
    assert events == [
        [AuditKind.ACCOUNT_DISABLED],
        [AuditKind.ACCOUNT_ENABLED],
        [AuditKind.ACCOUNT_DELETED],
        [AuditKind.ACCOUNT_RESTORED],
    ]
    assert len(kept(auth, Message)) == before


def test_codes_count_again_after_the_way_back(auth):
    """Whoever was enabled again before proving an address asks for a new code, and proves it."""
    first = register(auth)
    do(auth.disable_account(first.session.account_id))
    do(auth.enable_account(first.session.account_id))
    again = register(auth)
    assert verify(auth, again, code_to(auth)).id == first.session.account_id
