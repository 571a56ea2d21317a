"""What holds on the real engines while four processes with twenty-five tasks each want the same at once."""

from dataclasses import replace

import pytest

from authcore.auth import Issued
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    Credential,
    Grant,
    Identifier,
    SessionEnd,
    TwoStepSession,
)
from authcore.errors import AuthError, InvalidToken
from authcore.lookups import password_of
from authcore.ports import by_id, by_owner
from tests.flows.people import NEW_PASSWORD, PASSWORD, derive, wrong
from tests.races.crowd import EVERYBODY, ShiftedClock, answers

pytestmark = pytest.mark.anyio


# --- what several tests need ------------------------------------------------------------------------------------------


async def _join(auth, name):
    """Somebody's account, which was proven."""
    challenge = await auth.register(email=f"{name}@example.org", password=PASSWORD)
    return await auth.verify_account(challenge=challenge.token, code=derive(auth, challenge))


async def _log_in(auth, name):
    return await auth.log_in(identifier=f"{name}@example.org", password=PASSWORD)


async def _refusal(flow):
    try:
        await flow
    except AuthError as refusal:
        return refusal
    return None


async def _code_of(auth, token):
    """The code of a challenge whose token somebody holds."""
    reference = auth._decode("two-step+jwt", token)  # noqa: SLF001  no flow tells it
    return derive(auth, Issued(await auth.store.get(by_id(TwoStepSession, reference.id)), token))


async def _trail(auth, account):
    return [event.kind for event in await auth.store.find(by_owner(AuditEvent, account.id))]


# --- codes ------------------------------------------------------------------------------------------------------------


async def test_code_allows_so_many_guesses(auth, race):
    """Of a hundred wrong guesses at one code as many are judged as it allows, and then the right one is none."""
    challenge = await auth.register(email="guess@example.org", password=PASSWORD)
    code = derive(auth, challenge)
    told = answers(await race("guess", challenge=challenge.token, code=wrong(code)))
    judged = auth.policy.code_attempts
    assert told["code_mismatch"] == judged - 1
    assert told["attempts_exhausted"] == EVERYBODY - judged + 1
    stored = await auth.store.get(by_id(TwoStepSession, challenge.session.id))
    assert stored.attempts == judged
    assert (await _refusal(auth.verify_account(challenge=challenge.token, code=code))).code == "attempts_exhausted"


async def test_code_is_right_once(auth, race):
    """Of a hundred who know the right code one proves the account by it."""
    challenge = await auth.register(email="know@example.org", password=PASSWORD)
    told = answers(await race("guess", challenge=challenge.token, code=derive(auth, challenge)))
    assert told == {"Account": 1, "challenge_ended": EVERYBODY - 1}


async def test_factor_is_met_once(auth, race):
    """Of a hundred who enter the second factor's code one has a whole session, which counts."""
    account = await _join(auth, "factor")
    session = await _log_in(auth, "factor")
    pending = await auth.change_second_factor(token=session.token, password=PASSWORD, required=True)
    challenge = await auth.request_second_factor(pending.token)
    code = derive(auth, challenge)
    outcomes = await race("fulfil", token=pending.token, challenge=challenge.token, code=code)
    (whole,) = (outcome.token for outcome in outcomes if outcome.token is not None)
    assert answers(outcomes).keys() <= {"Issued", "challenge_ended", "invalid_token"}
    found = await auth.store.find(by_owner(AuthenticationSession, account.id))
    (counting,) = (each for each in found if each.ended_at is None)
    assert (await auth.authenticate(whole)).session.id == counting.id


# --- names ------------------------------------------------------------------------------------------------------------


async def test_name_has_one_holder(auth, race):
    """A hundred who register one username have it one after the other, as long as nobody has proven an address."""
    outcomes = await race("register a name", username="countess")
    assert answers(outcomes) == {"Issued": EVERYBODY}
    claim = await auth.store.get(by_id(Identifier, "username:countess"))
    accounts = [await auth.find_account(email=f"racer{number}@example.org") for number in range(EVERYBODY)]
    assert [account.id for account in accounts if account.username is not None] == [claim.account_id]


async def test_address_has_one_holder(auth, race):
    """A hundred who register one address all are sent a code, and the last one's alone proves it."""
    outcomes = await race("register an address", email="many@example.org")
    assert answers(outcomes) == {"Issued": EVERYBODY}
    claim = await auth.store.get(by_id(Identifier, "email:many@example.org"))
    holder = await auth.store.get(by_id(Account, claim.account_id))
    assert holder.email == "many@example.org"
    assert len(await auth.store.find(by_owner(Credential, holder.id))) == 1
    proving = [
        await _refusal(auth.verify_account(challenge=outcome.token, code=await _code_of(auth, outcome.token))) is None
        for outcome in outcomes
    ]
    assert proving.count(True) == 1
    assert (await auth.store.get(by_id(Account, claim.account_id))).verified_at is not None


async def test_administrator_comes_once(auth, race):
    """Of a hundred processes that start at once one makes the first administrator."""
    told = answers(await race("begin", email="root@example.org"))
    assert told == {"Account": 1, "None": EVERYBODY - 1}
    root = await auth.find_account(email="root@example.org")
    assert [grant.role for grant in await auth.store.find(by_owner(Grant, root.id))] == ["administrator"]


# --- sessions ---------------------------------------------------------------------------------------------------------


async def test_cookie_has_one_successor(auth, race):
    """A hundred who show one due token are answered with one successor, and everybody goes on by it."""
    account = await _join(auth, "cookie")
    session = await _log_in(auth, "cookie")
    later = auth.policy.rotation.total_seconds() + 1
    outcomes = await race("show", token=session.token, shift=later)
    tokens = [outcome.token for outcome in outcomes]
    assert None not in tokens
    assert len({auth._decode("authn+jwt", token) for token in tokens}) == 1  # noqa: SLF001  what they say is compared
    (stored,) = await auth.store.find(by_owner(AuthenticationSession, account.id))
    assert (stored.generation, stored.version) == (2, 2)
    then = replace(auth, clock=ShiftedClock(later))
    for token in (*tokens[:3], session.token):
        assert (await then.authenticate(token)).session.id == session.session.id


async def test_reuse_ends_the_session_once(auth, race):
    """While fifty show a token too late, and fifty its successor, the session ends, once and for all."""
    account = await _join(auth, "reuse")
    old = await _log_in(auth, "reuse")
    rotation = auth.policy.rotation.total_seconds() + 1
    new = (await replace(auth, clock=ShiftedClock(rotation)).identify(old.token)).renewed
    await replace(auth, clock=ShiftedClock(rotation)).identify(new.token)
    await race("show an old or a new one", tokens=[old.token, new.token], shift=2 * rotation)
    (stored,) = await auth.store.find(by_owner(AuthenticationSession, account.id))
    assert stored.ended_as is SessionEnd.REVOKED
    assert (await _trail(auth, account)).count(AuditKind.SESSION_REUSED) == 1
    for token in (old.token, new.token):
        assert isinstance(await _refusal(auth.authenticate(token)), InvalidToken)


async def test_rehash_brings_no_password_back(auth, race):
    """While a password is changed, ninety-nine log in by the old one, each of whom would hash it anew: it is over."""
    account = await _join(auth, "rehash")
    session = await _log_in(auth, "rehash")
    outcomes = await race("log in or change", token=session.token, email="rehash@example.org")
    assert answers(outcomes).keys() <= {"Issued", "invalid_credentials", "throttled"}
    assert outcomes[0].answer == "Issued"
    credential = await password_of(auth.store, account)
    opening = [auth.hasher.verify(credential.secret, password) for password in (PASSWORD, NEW_PASSWORD)]
    assert opening == [False, True]
    for outcome in outcomes[1:]:
        assert outcome.token is None or isinstance(await _refusal(auth.authenticate(outcome.token)), InvalidToken)
    assert (await auth.authenticate(outcomes[0].token)).account.id == account.id


async def test_password_allows_so_many_guesses(auth, race):
    """Wrong passwords against one account are judged as often as the policy allows, and no more."""
    account = await _join(auth, "password")
    told = answers(await race("guess a password", email="password@example.org"))
    allowed = auth.policy.password_failures.limit
    assert told == {"invalid_credentials": allowed, "throttled": EVERYBODY - allowed}
    assert (await _refusal(_log_in(auth, "password"))).code == "throttled"
    assert await password_of(auth.store, account) is not None


# --- roles and messages -----------------------------------------------------------------------------------------------


async def test_grant_is_what_the_trail_tells(auth, race):
    """Fifty assign a role and fifty withdraw it: whether it is there is what the trail adds up to."""
    account = await _join(auth, "roles")
    await race("assign or withdraw", account=account.id)
    kinds = await _trail(auth, account)
    balance = kinds.count(AuditKind.ROLE_ASSIGNED) - kinds.count(AuditKind.ROLE_WITHDRAWN)
    grants = await auth.store.find(by_owner(Grant, account.id))
    assert [grant.deleted_at is None for grant in grants] == [bool(balance)]
    assert balance in {0, 1}


async def test_message_is_sent_once(auth, race):
    """A hundred deliverers send each message that waits once."""
    addresses = [f"letter{number}@example.org" for number in range(20)]
    for address in addresses:
        await auth.register(email=address, password=PASSWORD)
    # What other tests have left waits as well, and each deliverer looks at a hundred.
    outcomes = [outcome for _ in range(3) for outcome in await race("deliver")]
    sent = [address for outcome in outcomes for address in outcome.letters]
    assert sorted(address for address in sent if address.startswith("letter")) == sorted(addresses)


# --- who gives up -----------------------------------------------------------------------------------------------------


async def test_who_gives_up_has_done_nothing(auth, race):
    """By default some of a hundred who guess give up, and are told to come again; they have not guessed."""
    challenge = await auth.register(email="impatient@example.org", password=PASSWORD)
    told = answers(await race("guess", patient=False, challenge=challenge.token, code=wrong(derive(auth, challenge))))
    judged = auth.policy.code_attempts
    stored = await auth.store.get(by_id(TwoStepSession, challenge.session.id))
    assert told["code_mismatch"] + told["attempts_exhausted"] + told["unavailable"] == EVERYBODY
    assert stored.attempts == min(judged, told["code_mismatch"] + min(told["attempts_exhausted"], 1))


async def test_names_are_whole_whoever_gives_up(auth, race):
    """By default some of a hundred who register one username give up; the others have it one after the other."""
    told = answers(await race("register a name", patient=False, username="viscountess"))
    assert told["Issued"] + told["unavailable"] == EVERYBODY
    claim = await auth.store.get(by_id(Identifier, "username:viscountess"))
    assert (await auth.store.get(by_id(Account, claim.account_id))).username == "viscountess"
    assert claim.version == told["Issued"]


async def test_cookies_go_on_whoever_gives_up(auth, race):
    """By default nobody loses the session that is due, and who is told to come again does."""
    account = await _join(auth, "patience")
    session = await _log_in(auth, "patience")
    later = auth.policy.rotation.total_seconds() + 1
    told = answers(await race("show", patient=False, token=session.token, shift=later))
    assert told["Identified"] + told["Issued"] + told["unavailable"] == EVERYBODY
    (stored,) = await auth.store.find(by_owner(AuthenticationSession, account.id))
    assert (stored.generation, stored.ended_at) == (2, None)
    then = replace(auth, clock=ShiftedClock(later))
    assert (await then.authenticate(session.token)).session.id == session.session.id
