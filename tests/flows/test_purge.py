"""Purging: what has been over for long is gone, and nobody can tell but by looking.  What may go is tested in core/."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from importlib import import_module

import pytest

from authcore import CaptchaSettings, Policy, Throttle, retention
from authcore.audit import session_digest
from authcore.auth import Issued, personal_data
from authcore.codes import CAPTCHA_KEY, captcha_of
from authcore.entities import (
    Account,
    Attempt,
    AuthenticationSession,
    CaptchaSession,
    Credential,
    Device,
    Grant,
    Identifier,
    Message,
    MessageState,
    Milestone,
    Role,
    Tally,
    TwoStepSession,
)
from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    ConfigurationError,
    Conflict,
    Fault,
    InvalidCredentials,
    InvalidInput,
    InvalidToken,
    SessionExpired,
    SessionRevoked,
    Throttled,
)
from authcore.memory import MemoryStore
from authcore.ports import Store
from authcore.testing import FakeClock, Mailbox, SeededEntropy, build_auth
from tests.flows import whole_life
from tests.flows.broken_stores import everything
from tests.flows.furnished import copied
from tests.flows.people import (
    ADA,
    BOB,
    EVE,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    challenges,
    derive,
    do,
    join,
    kept,
    log_in,
    messages,
    refusal,
    register,
    stored,
    wrong,
)

HERE = Device(network="192.0.2.7")
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
LONG = 120 * DAY
"""Whatever can be over is over by then, and has been for as long as is kept."""

POLICY = Policy(
    code_attempts=2,
    challenge_failures=3,
    password_failures=Throttle(limit=3, window=DAY),
    logins_per_network=Throttle(limit=9, window=DAY),
    recoveries_per_network=Throttle(limit=4, window=2 * DAY),
    codes_per_address=Throttle(limit=4, window=2 * DAY),
    captcha=CaptchaSettings(lifetime=HOUR, renderings=2),
    inactivity=30 * DAY,
)


def world(store=None, **settings):
    """A world with narrow limits."""
    return build_auth(store=store or MemoryStore(), policy=replace(POLICY, **settings), hasher=QuickHasher())


def purge(auth, **options):
    """Purge until nothing is left; returns how many of each kind went."""
    counts, more = {}, True
    while more:
        purged = do(auth.purge(**options))
        counts = {kind: counts.get(kind, 0) + count for kind, count in purged.counts.items()}
        more = purged.more
    return {kind: count for kind, count in counts.items() if count}


def at_once(auth):
    """Purge whatever has been over for the shortest time that there is."""
    return purge(auth, before=auth.clock.now() - HOUR)


def later(auth, age=timedelta(0)):
    """The same world in a copy of its own, as it is later on."""
    return replace(
        auth,
        store=copied(auth.store),
        clock=FakeClock(auth.clock.now() + age),
        entropy=SeededEntropy("later"),
        hasher=QuickHasher(),
        courier=Mailbox(),
    )


def shown(auth, captcha):
    """What a captcha shows."""
    key = auth.keyring.derive(captcha.session.code_key, CAPTCHA_KEY)
    return captcha_of(captcha.session.id, key=key, policy=auth.policy)


def attempts_of(count, auth):
    """Things that were done now, by some network."""
    now = auth.clock.now()
    return [Attempt(id=f"{place:04}", created_at=now, updated_at=now, subject="login/x") for place in range(count)]


# --- nobody can tell --------------------------------------------------------------------------------------------------

AGES = [
    timedelta(0), 10 * SECOND, HOUR - SECOND, HOUR, HOUR + SECOND, 2 * HOUR, DAY - SECOND, DAY, DAY + HOUR + SECOND,
    2 * DAY - SECOND, 2 * DAY, 2 * DAY + 2 * HOUR, 30 * DAY - SECOND, 30 * DAY, 31 * DAY, 60 * DAY, 61 * DAY, LONG,
]  # fmt: skip


def eventful(store=None):
    """A world in which all limits are reached, and sessions, codes and captchas are over in every way; and who asks."""
    auth = world(store)
    join(auth, username="ada")
    join(auth, BOB)
    tokens = [log_in(auth, BOB) for _ in range(5)]
    live, closed, stolen, revoked, former = tokens
    do(auth.log_out(closed.token))
    do(auth.revoke_session(live.token, session=session_digest(revoked.session.id)))
    auth.clock.advance(POLICY.rotation)
    tokens.append(do(auth.refresh(stolen.token)))
    do(auth.authenticate(tokens[-1].token))
    auth.clock.advance(POLICY.grace)
    assert isinstance(refusal(auth.authenticate(stolen.token)), SessionRevoked)
    tokens.append(do(auth.log_in(identifier=BOB, password=PASSWORD, former=former.token)))
    spent, used_up = (do(auth.request_two_step(token=live.token, purpose=purpose)) for purpose in ("pay", "move"))
    answer = partial(auth.answer_two_step, token=live.token)
    do(answer(challenge=spent.token, purpose="pay", code=derive(auth, spent)))
    for _ in range(2):
        refusal(answer(challenge=used_up.token, purpose="move", code=wrong(derive(auth, used_up))))
    codes = [(spent, "pay"), (used_up, "move"), (do(auth.request_two_step(token=live.token, purpose="move")), "move")]
    refusal(answer(challenge=codes[-1][0].token, purpose="move", code=wrong(derive(auth, codes[-1][0]))))
    captchas = [auth.open_captcha() for _ in range(3)]
    do(auth.answer_captcha(captchas[0].token, code=shown(auth, captchas[0]), device=HERE))
    for _ in range(3):
        refusal(auth.answer_captcha(captchas[1].token, code="wrong", device=HERE))
    for _ in range(2):
        do(auth.draw_captcha(captchas[2].token, device=HERE))
    for _ in range(4):
        refusal(auth.log_in(identifier="ada", password=OTHER_PASSWORD, device=HERE))
        do(auth.request_recovery(identifier=ADA, device=HERE))
    eve = register(auth, EVE)
    do(auth.deliver_due())
    return auth, tokens, codes, captchas, eve


def answers(auth, tokens, codes, captchas, eve):
    """What all who have something in their hands are told, one after the other; and all who have nothing."""
    live = tokens[0]
    flows = [
        *(auth.answer_captcha(captcha.token, code=shown(auth, captcha), device=HERE) for captcha in captchas),
        *(auth.draw_captcha(captcha.token, device=HERE) for captcha in captchas),
        *(auth.answer_two_step(token=live.token, challenge=asked.token, purpose=purpose, code=derive(auth, asked))
          for asked, purpose in codes),
        *(auth.resend_code(challenge.token) for challenge, _ in (*codes, (eve, "verify"))),
        auth.request_verification(challenge=eve.token),
        auth.verify_account(challenge=eve.token, code=derive(auth, eve)),
        *(flow(token.token) for token in reversed(tokens) for flow in (auth.authenticate, auth.refresh, auth.log_out)),
        auth.log_in(identifier=BOB, password=PASSWORD, former=tokens[1].token, device=HERE),
        *(auth.log_in(identifier="ada", password=password, device=HERE) for password in [OTHER_PASSWORD, PASSWORD] * 6),
        *(auth.request_recovery(identifier=ADA, device=HERE) for _ in range(6)),
        *(auth.request_recovery(identifier=ADA) for _ in range(6)),
        auth.register(email=EVE, password=PASSWORD, device=HERE),
    ]  # fmt: skip
    told = [answered(flow) for flow in flows]
    return [*told, do(auth.deliver_due()), len(auth.courier.letters)]


def answered(flow):
    """What somebody is told: a refusal with all that it says, or what sort of thing there is."""
    try:
        found = do(flow)
    except Exception as error:  # noqa: BLE001  whatever it is, it must be the same
        return type(error), getattr(error, "code", None), getattr(error, "evidence", None), str(error)
    return type(found), type(found.session) if isinstance(found, Issued) else None


@pytest.mark.parametrize("age", AGES, ids=map(str, AGES))
def test_nobody_can_tell(age):
    """However old things are, and whatever has gone of them, everybody is answered as if nothing had."""
    auth, *held = eventful()
    untouched, purged = later(auth, age), later(auth, age)
    at_once(purged)
    assert answers(purged, *held) == answers(untouched, *held)


def test_everything_that_ends_goes():
    """In the end nothing is left but what never goes for its age, and the trail; a second time there is nothing."""
    auth, *_ = eventful()
    auth.clock.advance(LONG)
    before = everything(auth.store)
    gone = purge(auth)
    assert set(gone) == set(retention.RULES)
    staying = {Account, Identifier, Credential, Role, Grant, Milestone}
    left = {type(entity).__name__ for entity in everything(auth.store)}
    assert left == {"AuditEvent"} | ({kind.__name__ for kind in staying} & {type(each).__name__ for each in before})
    assert sum(gone.values()) == len(before) - len(everything(auth.store))
    assert purge(auth) == {}


def test_every_store_purges_alike(tmp_path):
    """In SQLite as much goes as in memory, of each kind."""
    gone = []
    for store in (MemoryStore(), import_module("authcore_sqlalchemy").SqliteStore(tmp_path / "store.db")):
        auth, *_ = eventful(store)
        auth.clock.advance(LONG)
        gone.append(purge(auth, limit=7))
    store.close()
    assert gone[0] == gone[1]
    assert set(gone[0]) == set(retention.RULES)


# --- kind by kind -----------------------------------------------------------------------------------------------------


def test_throttle_is_not_reset():
    """What a network was refused before, it is refused after, until the window is over; then it goes."""
    auth = world()
    for place in range(9):
        refusal(auth.log_in(identifier=f"nobody-{place}", password=PASSWORD, device=HERE))
    auth.clock.advance(DAY - SECOND)
    assert at_once(auth) == {}
    assert refusal(auth.log_in(identifier=BOB, password=PASSWORD, device=HERE)).retry_after == 1
    auth.clock.advance(2 * SECOND)
    assert isinstance(refusal(auth.log_in(identifier=BOB, password=PASSWORD, device=HERE)), InvalidCredentials)
    auth.clock.advance(2 * DAY + HOUR)
    assert at_once(auth) == {Attempt: 9, Tally: 9}


def test_cap_on_passwords_is_not_reset():
    """An account that met too many wrong passwords stays shut for as long as it was to be."""
    auth = world()
    join(auth)
    for _ in range(3):
        refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD))
    auth.clock.advance(DAY - SECOND)
    at_once(auth)
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=PASSWORD)), Throttled)
    assert [tally.failures for tally in kept(auth, Tally)] == [3]


def test_cap_on_codes_is_not_reset():
    """Wrong codes that an account has given are remembered over all its codes, for as long as they were to be."""
    auth = world(challenge_window=10 * DAY, absolute=30 * DAY)
    join(auth)
    session = log_in(auth)
    for _ in range(3):
        asked = do(auth.request_two_step(token=session.token, purpose="pay"))
        code = wrong(derive(auth, asked))
        refusal(auth.answer_two_step(token=session.token, challenge=asked.token, purpose="pay", code=code))
    auth.clock.advance(10 * DAY - SECOND)
    at_once(auth)
    asked = do(auth.request_two_step(token=session.token, purpose="pay"))
    right = auth.answer_two_step(token=session.token, challenge=asked.token, purpose="pay", code=derive(auth, asked))
    assert isinstance(refusal(right), AttemptsExhausted)


def test_captcha_opens_one_door():
    """What has answered a captcha is kept for as long as its token lasts: it is never answered twice."""
    auth = world()
    captcha = auth.open_captcha()
    code = shown(auth, captcha)
    do(auth.answer_captcha(captcha.token, code=code))
    for _ in range(4):
        auth.clock.advance(HOUR / 4)
        at_once(auth)
        assert isinstance(refusal(auth.answer_captcha(captcha.token, code=code)), (ChallengeEnded, SessionExpired))
    assert [each.id for each in kept(auth, CaptchaSession)] == [captcha.session.id]
    auth.clock.advance(HOUR + SECOND)
    assert at_once(auth) == {CaptchaSession: 1}
    assert isinstance(refusal(auth.answer_captcha(captcha.token, code=code)), SessionExpired)


def test_ended_sessions_are_kept_until_their_tokens_end():
    """A session that was ended stays until its token is over by itself, and is told as the stolen one that it is."""
    auth = world()
    join(auth)
    first = log_in(auth)
    auth.clock.advance(POLICY.rotation)
    second = do(auth.refresh(first.token))
    do(auth.authenticate(second.token))
    auth.clock.advance(30 * DAY - HOUR - SECOND)
    at_once(auth)
    assert isinstance(refusal(auth.refresh(first.token)), SessionRevoked)
    auth.clock.advance(SECOND)
    at_once(auth)
    assert isinstance(refusal(auth.refresh(second.token)), SessionExpired)
    assert stored(auth, first) is not None
    auth.clock.advance(HOUR + SECOND)
    assert AuthenticationSession in at_once(auth)
    for each in (first, second):
        assert isinstance(refusal(auth.refresh(each.token)), InvalidToken)


def test_limit_of_sessions_is_not_reset():
    """Where a session may still count, its roster stays: nobody has more of them than are allowed."""
    auth = world(sessions_per_account=1)
    join(auth)
    first = log_in(auth)
    auth.clock.advance(30 * DAY - SECOND)
    at_once(auth)
    do(auth.authenticate(first.token))
    second = log_in(auth)
    assert isinstance(refusal(auth.authenticate(first.token)), InvalidToken)
    do(auth.authenticate(second.token))


def test_waiting_messages_are_still_sent():
    """A message that waits is never removed, and one that was sent goes once it has been for long."""
    auth = world()
    register(auth)
    auth.clock.advance(LONG)
    purge(auth)
    (waiting,) = messages(auth)
    assert waiting.state is MessageState.PENDING
    do(auth.deliver_due())
    purge(auth)
    assert [message.state for message in messages(auth)] == [MessageState.DISCARDED]
    auth.clock.advance(LONG)
    assert purge(auth) == {Message: 1}


def test_wanted_address_is_forgotten_with_its_owner():
    """A challenge by which an address is found that somebody else wanted stays as long as a message names it."""
    auth = world()
    ada = join(auth)
    eve = log_in(auth, join(auth, EVE).email)
    do(auth.request_address_change(token=eve.token, password=PASSWORD, email=BOB))
    wanted = challenges(auth)[-1]
    # So long tried that it was last looked at when all else was over.
    auth.clock.advance(POLICY.retention)
    do(auth.deliver_due())
    auth.clock.advance(HOUR)
    purge(auth)
    assert [each.id for each in challenges(auth)] == [wanted.id]
    bob = join(auth, BOB)
    do(auth.erase_account(bob.id))
    assert not whole_life.where(everything(auth.store), ["bob@"])
    assert ada.id in {account.id for account in kept(auth, Account)}


# --- piece by piece ---------------------------------------------------------------------------------------------------


class Measuring(MemoryStore):
    """Remembers how much each commit has removed, and dies, or finds that somebody was first, when it is told to."""

    def __init__(self):
        """Begin with nothing measured."""
        super().__init__()
        self.sizes = []
        self.faults = []

    async def remove(self, removed, writes=(), unchanged=()):
        """Measure and remove."""
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault
        await super().remove(removed, writes, unchanged)
        self.sizes.append(len(removed))


def crowded(count=600):
    """A world in which so much was done, long ago."""
    auth = world(Measuring())
    do(auth.store.commit(attempts_of(count, auth)))
    auth.clock.advance(LONG)
    return auth


def test_much_goes_in_bounded_commits():
    """However much there is, no commit removes more than a batch, and nothing is left."""
    auth = crowded()
    assert do(auth.purge()).counts[Attempt] == 600
    assert auth.store.sizes == [250, 250, 100]
    assert everything(auth.store) == []


def test_limit_leaves_the_rest_for_later():
    """Once as much is gone as was asked for, the rest is left, and told of."""
    auth = crowded()
    purged = do(auth.purge(limit=270))
    assert (purged.total, purged.more, auth.store.sizes) == (270, True, [250, 20])
    assert do(auth.purge(limit=331)).more is False
    assert everything(auth.store) == []


def test_limit_is_at_least_one():
    """A limit by which nothing ever went is refused: whoever goes on while there is more would never end."""
    with pytest.raises(InvalidInput) as caught:
        do(world().purge(limit=0))
    assert (caught.value.field, caught.value.reason) == ("limit", "too_small")


def test_what_stays_keeps_nothing_in():
    """However much is older and stays, what comes behind it goes."""
    auth = crowded(0)
    register(auth)
    (waiting,) = messages(auth)
    done = replace(waiting, version=0, queue=None, state=MessageState.SENT)
    old = [replace(waiting, id=f"a{place:03}", version=0) for place in range(250)]
    do(auth.store.commit([*old, *(replace(done, id=f"b{place:03}") for place in range(120))]))
    auth.clock.advance(LONG)
    assert purge(auth, limit=50)[Message] == 120
    assert len(messages(auth)) == 251


def test_interrupted_purge_is_begun_again():
    """Wherever the process dies, what is gone is gone, and the next try finishes."""
    auth, *_ = eventful()
    auth.clock.advance(LONG)
    whole = later(auth)
    purge(whole)
    end = {(type(entity), entity.id) for entity in everything(whole.store)}
    died, commits = True, 0
    while died:
        dying = replace(later(auth), store=copied(auth.store, Measuring))
        dying.store.faults = [*[None] * commits, Fault()]
        died = refusal(dying.purge()) is not None
        assert len(dying.store.sizes) == commits
        dying.store.faults = []
        purge(dying)
        assert {(type(entity), entity.id) for entity in everything(dying.store)} == end
        commits += died
    assert commits == len(retention.RULES)


def test_race_is_run_again():
    """Where somebody was first, it is looked at again, and what has gone meanwhile is no longer meant."""
    auth = crowded()
    auth.store.faults = [Conflict(), None, Conflict(), Conflict()]
    assert do(auth.purge()).counts[Attempt] == 600


def test_young_time_is_refused():
    """Nobody purges what may still be under way; and nothing is gone then."""
    auth = crowded()
    assert isinstance(refusal(auth.purge(auth.clock.now() - HOUR + SECOND)), InvalidInput)
    assert auth.store.sizes == []


def test_policy_says_how_long():
    """Without a time what has been over for as long as the policy says goes, and no sooner."""
    auth = world(retention=5 * DAY)
    do(auth.store.commit(attempts_of(3, auth)))
    auth.clock.advance(5 * DAY + 2 * DAY)  # the longest window
    assert purge(auth) == {}
    auth.clock.advance(SECOND)
    assert purge(auth) == {Attempt: 3}


def test_store_must_be_able_to():
    """A store that removes nothing is told of, before anything is done."""

    class Keeper(Store):
        """Finds and commits, no more."""

    assert isinstance(refusal(replace(world(), store=Keeper()).purge()), ConfigurationError)


# --- while somebody's rows are read -----------------------------------------------------------------------------------


class Purging(MemoryStore):
    """Has somebody purge between any two pages that are read of a kind."""

    between = None

    async def find(self, key, /):
        """Find; and then have it purged."""
        found = await super().find(key)
        if self.between is not None and key.kind is TwoStepSession and key.field == "account_id":
            purging, self.between = self.between, None
            await purging()
        return found


@pytest.mark.parametrize("batch", [2, 3, 7])
def test_erasure_passes_over_nothing(batch, monkeypatch):
    """Rows that move up because others are purged meanwhile are blanked as well, and told of."""
    monkeypatch.setattr(personal_data, "_BATCH", batch)
    auth = world(Purging(), codes_per_address=Throttle(limit=100, window=DAY))
    ada = join(auth)
    session = log_in(auth)
    old = [do(auth.request_two_step(token=session.token, purpose="pay")) for _ in range(4)]
    do(auth.deliver_due())
    auth.clock.advance(2 * HOUR)
    new = [do(auth.request_two_step(token=session.token, purpose="pay")) for _ in range(9)]
    do(auth.deliver_due())
    # So that those which go are read first.
    for place, each in enumerate(old):
        moved = stored(auth, each)
        do(auth.store.remove([moved]))
        do(auth.store.commit([replace(moved, version=0, id=f"!{place}")]))

    async def purging():
        await auth.purge(auth.clock.now() - HOUR)

    copy = replace(auth, store=copied(auth.store, Purging))
    auth.store.between = purging
    told = do(auth.export_account(ada.id)).sections["challenges"]
    assert {session_digest(each.session.id) for each in new} <= {row["id"] for row in told}
    auth = copy
    auth.store.between = purging
    do(auth.erase_account(ada.id))
    assert len(challenges(auth)) == len(new)
    assert {each.destination for each in challenges(auth)} == {""}
