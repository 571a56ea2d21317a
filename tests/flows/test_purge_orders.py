"""Purging while flows are under way, in every order, and with a crash at every point."""

from functools import partial

import pytest

from authcore import Policy, Throttle, erasure, retention
from authcore.auth import Issued
from authcore.entities import (
    Account,
    AuthenticationSession,
    ChallengeSlot,
    Message,
    MessageState,
    SessionRoster,
    Tally,
    TwoStepSession,
)
from authcore.errors import ChallengeEnded, CodeMismatch, InvalidCredentials, InvalidToken
from authcore.memory import MemoryStore
from authcore.retention import Purged
from authcore.testing import Crashed, Scenario, build_auth
from tests.flows import whole_life
from tests.flows.broken_stores import everything
from tests.flows.people import (
    ADA,
    EVE,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    derive,
    do,
    join,
    kept,
    log_in,
    messages,
    refusal,
    stored,
    wrong,
)
from tests.flows.playing import expect_broken
from tests.flows.test_purge import DAY, LONG, purge

POLICY = Policy(
    sessions_per_account=1,
    code_attempts=2,
    code_sendings=2,
    challenge_failures=3,
    password_failures=Throttle(limit=3, window=DAY),
    audit_retention=60 * DAY,
)


class RashStore(MemoryStore):
    """Removes whatever has the id, at any version."""

    async def remove(self, removed, writes=(), unchanged=()):
        """Remove what is there by now."""
        found = [self._kept.get((type(each), each.id)) for each in removed]
        await super().remove([each for each in found if each is not None], writes)


def world(store=MemoryStore):
    """Ada was here long ago: she has mistaken her password and a code as often as she may, and logged in once."""
    auth = build_auth(store=store(), policy=POLICY, hasher=QuickHasher())
    join(auth)
    lost = do(auth.request_recovery(identifier=ADA))
    session = log_in(auth)
    paying = do(auth.request_two_step(token=session.token, purpose="pay"))
    right = {"new_password": NEW_PASSWORD, "challenge": lost.token}
    refusal(auth.recover(**right, code=wrong(derive(auth, lost))))
    code = wrong(derive(auth, paying))
    refusal(auth.answer_two_step(token=session.token, challenge=paying.token, purpose="pay", code=code))
    for _ in range(3):
        refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD))
    do(auth.deliver_due())
    auth.clock.advance(LONG)
    return auth


def meeting(auth, check, **flows):
    """A purge, and other flows at the same time."""
    return Scenario(auth=auth, flows={"purge": lambda auth: auth.purge(), **flows}, check=check)


def ended(outcomes, *kinds):
    """The purge has ended well, and each other flow as one of these kinds; or crashed."""
    for name, outcome in outcomes.items():
        assert isinstance(outcome, (Crashed, *((Purged,) if name.startswith("purge") else kinds))), repr(outcome)


def wrong_password(store=MemoryStore):
    """A wrong password is given while the old ones are forgotten: it counts."""

    def check(outcomes, after):
        ended(outcomes, InvalidCredentials)
        (tally,) = kept(after, Tally) or [None]
        if isinstance(outcomes["guess"], InvalidCredentials):
            assert tally.failures == 1
        assert tally is None or tally.failures in {1, 3}

    return meeting(world(store), check, guess=lambda auth: auth.log_in(identifier=ADA, password=OTHER_PASSWORD))


def wrong_code(store=MemoryStore):
    """A wrong code is entered while the old ones are forgotten: it counts, for the code and for the account."""
    auth = world(store)
    lost = do(auth.request_recovery(identifier=ADA))
    code = wrong(derive(auth, lost))

    def check(outcomes, after):
        ended(outcomes, CodeMismatch)
        if isinstance(outcomes["guess"], CodeMismatch):
            (slot,) = [each for each in kept(after, ChallengeSlot) if each.id.endswith(":recover")]
            assert (slot.failures, stored(after, lost).attempts) == (1, 1)

    guess = partial(_recover, challenge=lost.token, code=code)
    return meeting(auth, check, guess=guess)


def right_code(store=MemoryStore):
    """The right code is entered at the same time: it sets the new password, once."""
    auth = world(store)
    lost = do(auth.request_recovery(identifier=ADA))

    def check(outcomes, after):
        ended(outcomes, Account)
        if isinstance(outcomes["recover"], Account):
            assert log_in(after, password=NEW_PASSWORD)
            again = _recover(after, challenge=lost.token, code=derive(after, lost))
            assert isinstance(refusal(again), ChallengeEnded)

    return meeting(auth, check, recover=partial(_recover, challenge=lost.token, code=derive(auth, lost)))


def _recover(auth, *, challenge, code):
    return auth.recover(challenge=challenge, code=code, new_password=NEW_PASSWORD)


def login(store=MemoryStore):
    """Ada logs in while her last session, and the roster in which it stands, go: she has one session, that counts."""
    auth = world(store)

    def check(outcomes, after):
        ended(outcomes, Issued)
        if isinstance(outcomes["log in"], Issued):
            session = outcomes["log in"]
            do(after.authenticate(session.token))
            (roster,) = kept(after, SessionRoster)
            assert session.session.id in roster.session_ids
            log_in(after)
            assert isinstance(refusal(after.authenticate(session.token)), InvalidToken)

    return meeting(auth, check, **{"log in": lambda auth: auth.log_in(identifier=ADA, password=PASSWORD)})


def refresh(store=MemoryStore):
    """A session that counts is refreshed, and one that is over is not, while what is over goes."""
    auth = world(store)
    live = log_in(auth)
    auth.clock.advance(POLICY.rotation)

    def check(outcomes, after):
        ended(outcomes, Issued)
        renewed = outcomes["refresh"]
        do(after.authenticate(live.token if isinstance(renewed, Crashed) else renewed.token))

    return meeting(auth, check, refresh=lambda auth: auth.refresh(live.token))


def next_challenge(store=MemoryStore):
    """A code is asked for while the room for it goes: the new one is in it, and counts."""
    auth = world(store)
    session = log_in(auth)

    def check(outcomes, after):
        ended(outcomes, Issued)
        if isinstance(outcomes["ask"], Issued):
            asked = outcomes["ask"]
            answer = {"token": session.token, "challenge": asked.token, "purpose": "pay"}
            do(after.answer_two_step(**answer, code=derive(after, asked)))

    return meeting(auth, check, ask=lambda auth: auth.request_two_step(token=session.token, purpose="pay"))


def resending(store=MemoryStore):
    """A code is sent again while what is over goes: it arrives, and counts."""
    auth = world(store)
    lost = do(auth.request_recovery(identifier=ADA))
    do(auth.deliver_due())
    auth.courier.letters.clear()

    def check(outcomes, after):
        ended(outcomes, TwoStepSession)
        do(after.deliver_due())
        codes = [letter.code for letter in after.courier.letters]
        assert codes == [derive(after, lost)] * (stored(after, lost).sendings - 1)
        assert codes or isinstance(outcomes["resend"], Crashed)
        do(_recover(after, challenge=lost.token, code=derive(after, lost)))
        after.courier.letters.clear()

    return meeting(auth, check, resend=lambda auth: auth.resend_code(lost.token))


def delivery(store=MemoryStore):
    """What has waited for long is sent while what was sent long ago goes: it is kept until then, and goes once."""
    auth = build_auth(store=store(), policy=POLICY, hasher=QuickHasher())
    join(auth)
    do(auth.change_password(token=log_in(auth).token, current=PASSWORD, new=NEW_PASSWORD))
    (waiting,) = [message for message in messages(auth) if message.queue is not None]
    auth.clock.advance(LONG)

    def check(outcomes, after):
        ended(outcomes, int)
        kept_until_sent = stored(after, waiting)
        assert kept_until_sent is not None
        assert (kept_until_sent.state is MessageState.SENT) >= (outcomes["deliver"] == 1)
        do(after.deliver_due())
        assert do(after.deliver_due()) == 0

    return meeting(auth, check, deliver=lambda auth: auth.deliver_due())


def erasure_meanwhile(store=MemoryStore):
    """Ada is erased while her old rows, and those of whoever wanted her address, go: nothing names her afterwards."""
    auth = build_auth(store=store(), policy=POLICY, hasher=QuickHasher())
    eve = log_in(auth, join(auth, EVE).email)
    do(auth.request_address_change(token=eve.token, password=PASSWORD, email=ADA))
    do(auth.deliver_due())
    auth.clock.advance(LONG)
    ada = join(auth)

    def check(outcomes, after):
        ended(outcomes, Account)
        do(after.erase_account(ada.id))
        assert whole_life.where(everything(after.store), ["ada@"]) == {}

    return meeting(auth, check, erase=lambda auth: auth.erase_account(ada.id))


def two_purges(store=MemoryStore):
    """Two purge at the same time: everything goes, and neither fails."""

    def check(outcomes, after):
        ended(outcomes)
        gone = [outcome.total for outcome in outcomes.values() if isinstance(outcome, Purged)]
        if len(gone) == len(outcomes):
            assert purge(after) == {}

    return meeting(world(store), check, **{"purge, twice": lambda auth: auth.purge()})


LAWS = {
    "a wrong password counts": (wrong_password, [Tally]),
    "a wrong code counts": (wrong_code, [TwoStepSession, ChallengeSlot]),
    "a right code counts, once": (right_code, [ChallengeSlot]),
    "who logs in has one session": (login, [AuthenticationSession, SessionRoster]),
    "what counts goes on": (refresh, [AuthenticationSession]),
    "a new code counts": (next_challenge, [TwoStepSession, ChallengeSlot]),
    "a code is sent again": (resending, [Message, TwoStepSession]),
    "a message is sent once": (delivery, [Message]),
}
"""Each with the kinds that meet the other flow: over all of them there are more orders than anybody waits for."""


@pytest.fixture
def only_of(monkeypatch):
    """Have nothing go but what is of these kinds."""
    return lambda kinds: monkeypatch.setattr(retention, "RULES", {kind: retention.RULES[kind] for kind in kinds})


@pytest.mark.parametrize(("scenario", "kinds"), LAWS.values(), ids=LAWS)
def test_law_holds_in_every_order(scenario, kinds, explore, only_of):
    """The law holds whoever is first, and whoever crashes."""
    only_of(kinds)
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


def test_nothing_names_who_is_erased(explore, only_of, monkeypatch):
    """Whatever goes while somebody is erased, nothing names her once the erasure has ended."""
    only_of([Message, TwoStepSession])
    monkeypatch.setattr(erasure, "SWEPT", (TwoStepSession, Message))
    assert explore(erasure_meanwhile).orders > 100


@pytest.mark.parametrize("kinds", [[Tally, Message], [TwoStepSession, ChallengeSlot]], ids=["counts", "challenges"])
def test_two_purges_get_through(kinds, explore, only_of):
    """Two purges at the same time leave nothing, and neither fails."""
    only_of(kinds)
    assert explore(two_purges, crashes=True).orders > 1


@pytest.mark.parametrize(
    ("scenario", "kinds"),
    [(wrong_password, [Tally]), (wrong_code, [ChallengeSlot]), (login, [SessionRoster])],
    ids=["password", "code", "roster"],
)
def test_version_is_needed(scenario, kinds, only_of):
    """Where a store removes what was written meanwhile, something that counts is lost: a test notices."""
    only_of(kinds)
    expect_broken(scenario, RashStore)
