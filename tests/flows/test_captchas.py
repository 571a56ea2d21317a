"""Captchas from the first look to the last answer, alone and with others at the same time.  Deciding is in core/."""

import logging
from datetime import timedelta
from functools import partial

import pytest

from authcore import CaptchaSettings, Keyring, Policy, RootKey, Throttle
from authcore.audit import session_digest
from authcore.codes import CAPTCHA_KEY, captcha_of
from authcore.entities import Attempt, AuditEvent, AuditKind, CaptchaSession, Device, SessionEnd
from authcore.errors import (
    AttemptsExhausted,
    ChallengeEnded,
    CodeMismatch,
    InvalidToken,
    Overloaded,
    RenderingFault,
    Throttled,
)
from authcore.memory import MemoryStore
from authcore.ports import by_owner
from authcore.rendering import Rendering
from authcore.testing import Crashed, Scenario, build_auth
from tests.flows.broken_stores import BlindStore, everything
from tests.flows.people import QuickHasher, do, kept, refusal, register, stored, wrong
from tests.flows.playing import expect_broken, play_in_turn

HERE = Device(network="192.0.2.7")
MINUTE = timedelta(minutes=1)


def shown(auth, captcha):
    """What a captcha shows: something that no program but this one can tell."""
    key = auth.keyring.derive(captcha.session.code_key, CAPTCHA_KEY)
    return captcha_of(captcha.session.id, key=key, policy=auth.policy)


def answer(auth, captcha, code=None, device=HERE):
    """How an answer is refused; None if it is accepted.  Without a code it is the right one."""
    return refusal(auth.answer_captcha(captcha.token, code=code or shown(auth, captcha), device=device))


def with_settings(store=None, **settings):
    """A world whose captchas are like that."""
    policy = Policy(captcha=CaptchaSettings(**settings))
    return build_auth(store=store or MemoryStore(), policy=policy, hasher=QuickHasher())


class TestLooking:
    """Asking for a captcha, and having it drawn and spoken."""

    def test_asking_costs_the_store_nothing(self, auth, store):
        """Whoever only asks for captchas neither reads nor writes."""
        first, second = auth.open_captcha(), auth.open_captcha()
        assert first.session.id != second.session.id
        assert (store.reads.total(), everything(store)) == (0, [])

    def test_eye_and_ear_are_told_the_same(self, auth):
        """Picture and sound are of one code, each time they are asked for."""
        captcha = auth.open_captcha()
        code = shown(auth, captcha).encode()
        assert do(auth.draw_captcha(captcha.token)) == Rendering("image/png", code)
        assert do(auth.speak_captcha(captcha.token)) == Rendering("audio/wav", code)
        assert do(auth.draw_captcha(captcha.token)).content == code

    def test_another_process_shows_the_same(self, auth):
        """A captcha that one process handed out is drawn by every other with the same keys."""
        captcha = auth.open_captcha()
        other = build_auth()
        assert do(other.draw_captcha(captcha.token)).content == shown(auth, captcha).encode()

    def test_one_captcha_is_rendered_so_often_only(self):
        """Drawing and speaking are counted together, for each captcha apart, for as long as it lasts."""
        auth = with_settings(renderings=2)
        captcha, other = auth.open_captcha(), auth.open_captcha()
        do(auth.draw_captcha(captcha.token))
        auth.clock.advance(MINUTE)
        do(auth.speak_captcha(captcha.token))
        for flow in (auth.draw_captcha, auth.speak_captcha):
            assert refusal(flow(captcha.token)).retry_after == 4 * 60
        assert refusal(auth.draw_captcha(other.token)) is None
        assert answer(auth, captcha) is None

    def test_last_moment_has_no_second_round(self):
        """Until the token is over, which ends on a whole second, no captcha is rendered more often than it may be."""
        auth = with_settings(renderings=1)
        auth.clock.advance(timedelta(milliseconds=500))
        captcha = auth.open_captcha()
        do(auth.draw_captcha(captcha.token))
        auth.clock.advance(auth.policy.captcha.lifetime)
        assert isinstance(refusal(auth.draw_captcha(captcha.token)), Throttled)
        auth.clock.advance(timedelta(milliseconds=500))
        assert isinstance(refusal(auth.draw_captcha(captcha.token)), InvalidToken)

    def test_no_log_and_no_count_names_a_captcha(self, caplog):
        """What counts renderings, and tells of too many, holds a digest of the captcha's id and not the id."""
        caplog.set_level(logging.DEBUG)
        auth = with_settings(renderings=1)
        captcha = auth.open_captcha()
        for _ in range(2):
            refused = refusal(auth.draw_captcha(captcha.token))
        assert session_digest(captcha.session.id) in refused.cause
        assert not any(captcha.session.id in repr(each) for each in (refused.cause, caplog.text, *kept(auth, Attempt)))

    def test_refused_look_costs_no_rendering(self):
        """What is refused is not rendered, and leaves nothing behind."""
        auth = with_settings(renderings=1)
        captcha = auth.open_captcha()
        do(auth.draw_captcha(captcha.token))
        before = everything(auth.store)
        auth.renderer.fault = AssertionError("rendered")
        assert isinstance(refusal(auth.draw_captcha(captcha.token)), Throttled)
        assert everything(auth.store) == before

    @pytest.mark.parametrize("fault", [RenderingFault("no font"), Overloaded("full")])
    def test_fault_is_told_and_the_captcha_holds(self, auth, fault):
        """Whatever the renderer is short of, the captcha can still be answered."""
        captcha = auth.open_captcha()
        auth.renderer.fault = fault
        assert refusal(auth.draw_captcha(captcha.token)) is fault
        assert answer(auth, captcha) is None

    def test_nothing_is_shown_once_it_is_over(self, auth):
        """What was answered, or has expired, is shown no more."""
        captcha, other = auth.open_captcha(), auth.open_captcha()
        answer(auth, captcha)
        assert isinstance(refusal(auth.draw_captcha(captcha.token)), ChallengeEnded)
        auth.clock.advance(auth.policy.captcha.lifetime)
        assert isinstance(refusal(auth.speak_captcha(other.token)), InvalidToken)

    def test_rendering_runs_where_it_is_told(self):
        """Renderings are not done where hashes are, so that neither waits for the other."""
        places = []

        async def elsewhere(work):
            places.append("rendering")
            return work()

        auth = build_auth()
        object.__setattr__(auth, "rendering", elsewhere)
        do(auth.draw_captcha(auth.open_captcha().token))
        assert places == ["rendering"]


class TestAnswering:
    """What becomes of answers."""

    def test_right_answer_is_spent(self, auth):
        """A right answer counts once; it is kept, without a code, and told in the trail."""
        captcha = auth.open_captcha()
        assert do(auth.answer_captcha(captcha.token, code=shown(auth, captcha))).ended_as is SessionEnd.SPENT
        assert isinstance(answer(auth, captcha), ChallengeEnded)
        assert [each.ended_as for each in kept(auth, CaptchaSession)] == [SessionEnd.SPENT]
        assert [each.kind for each in kept(auth, AuditEvent)] == [AuditKind.CODE_ACCEPTED]
        assert not any(shown(auth, captcha) in repr(each) for each in everything(auth.store))

    def test_limit_holds_for_ever(self, auth):
        """After the last wrong answer no other counts, however much time has passed."""
        captcha = auth.open_captcha()
        refusals = [answer(auth, captcha, wrong(shown(auth, captcha))) for _ in range(3)]
        assert [type(each) for each in refusals] == [CodeMismatch, CodeMismatch, AttemptsExhausted]
        auth.clock.advance(MINUTE)
        assert type(answer(auth, captcha)) is AttemptsExhausted
        assert stored(auth, captcha).attempts == 3

    def test_limit_of_its_time_holds(self):
        """A captcha that was answered once keeps the limit of then, whatever the policy says now."""
        auth = with_settings(attempts=2)
        captcha = auth.open_captcha()
        answer(auth, captcha, "wrong")
        later = build_auth(store=auth.store, policy=Policy(captcha=CaptchaSettings(attempts=9)))
        assert type(answer(later, captcha, "wrong")) is AttemptsExhausted

    def test_tokens_of_other_kinds_are_none(self, auth):
        """Neither a challenge's token is a captcha's, nor a captcha's one of a challenge."""
        challenge, captcha = register(auth), auth.open_captcha()
        assert isinstance(refusal(auth.answer_captcha(challenge.token, code="000000")), InvalidToken)
        assert isinstance(refusal(auth.verify_account(challenge=captcha.token, code="000000")), InvalidToken)
        assert isinstance(refusal(auth.authenticate(captcha.token)), InvalidToken)

    def test_removed_key_ends_its_captchas(self, auth):
        """A key that was removed answers no captcha any more, even where another key signs tokens."""
        roots = [RootKey("new", bytes(range(32))), RootKey("old", bytes(range(1, 33)))]
        before = build_auth(keyring=Keyring(roots[1:]), store=auth.store)
        captcha = before.open_captcha()
        both = build_auth(keyring=Keyring(roots), store=auth.store)
        assert do(both.draw_captcha(captcha.token)).content == shown(before, captcha).encode()
        after = build_auth(keyring=Keyring(roots[:1]), store=auth.store)
        assert isinstance(refusal(after.draw_captcha(captcha.token)), InvalidToken)
        assert isinstance(refusal(after.answer_captcha(captcha.token, code=shown(before, captcha))), InvalidToken)


class TestNetworks:
    """What many strangers share."""

    def test_renderings_and_answers_are_counted_together(self):
        """One network gets so many looks and answers within a window, over all captchas, and is told when to come."""
        auth = with_settings(per_network=Throttle(limit=3, window=10 * MINUTE))
        captcha, other = auth.open_captcha(), auth.open_captcha()
        do(auth.draw_captcha(captcha.token, device=HERE))
        auth.clock.advance(MINUTE)
        do(auth.speak_captcha(other.token, device=HERE))
        assert isinstance(answer(auth, captcha, "wrong"), CodeMismatch)
        for flow in (answer(auth, captcha), refusal(auth.draw_captcha(other.token, device=HERE))):
            assert isinstance(flow, Throttled)
            assert flow.retry_after == 9 * 60
        assert answer(auth, captcha, device=Device(network="192.0.2.8")) is None

    def test_knocking_at_what_is_over_leaves_nothing(self, auth):
        """An answer to a captcha that is over is refused, and neither counted nor kept."""
        captcha = auth.open_captcha()
        answer(auth, captcha)
        before = everything(auth.store)
        assert isinstance(answer(auth, captcha), ChallengeEnded)
        assert everything(auth.store) == before

    def test_window_slides(self):
        """Each attempt makes room when it is as old as the window, and not all of them at once."""
        auth = with_settings(per_network=Throttle(limit=2, window=4 * MINUTE), lifetime=timedelta(hours=1))
        captcha = auth.open_captcha()
        for pause, told in ((0, None), (1, None), (1, Throttled), (2, None), (0, Throttled), (1, None)):
            auth.clock.advance(pause * MINUTE)
            looked = refusal(auth.draw_captcha(captcha.token, device=HERE))
            assert type(looked) is (told or type(None))

    def test_neighbours_do_not_wait_for_each_other(self, auth):
        """What one network did is no reason for another answer from there to be tried again."""
        do(auth.draw_captcha(auth.open_captcha().token, device=HERE))
        captcha = auth.open_captcha()
        answer(auth, captcha)
        (commit,) = [
            writes for writes in auth.store.commits if any(isinstance(each, CaptchaSession) for each in writes)
        ]
        assert sum(isinstance(each, Attempt) for each in commit) == 1

    def test_count_costs_one_row(self, auth):
        """Whether a limit is reached is read off a single attempt, however high the limit is."""
        limit = auth.policy.captcha.per_network.limit
        key = by_owner(Attempt, "captcha/192.0.2.7", skip=limit - 1, limit=1)
        assert do(auth.store.find(key)) == []


# --- at the same time -------------------------------------------------------------------------------------------------


def right(captcha, auth):
    """Answer right."""
    return auth.answer_captcha(captcha.token, code=shown(auth, captcha))


def false(captcha, auth):
    """Answer wrong."""
    return auth.answer_captcha(captcha.token, code=wrong(shown(auth, captcha)))


def look(captcha, auth):
    """Look at it."""
    return auth.draw_captcha(captcha.token)


def answers(store=MemoryStore, *, flows, before=0):
    """Some answers to one captcha, after some wrong ones, and what holds of all of them."""
    auth = with_settings(store())
    captcha = auth.open_captcha()
    for _ in range(before):
        answer(auth, captcha, "wrong")

    def check(outcomes, auth):
        told = list(outcomes.values())
        done = [each for each in told if not isinstance(each, Crashed) or each.after_commit]
        made = [each for each in told if isinstance(each, CaptchaSession)]
        assert len(made) <= 1
        for outcome in told:
            assert isinstance(outcome, CaptchaSession | Rendering | CodeMismatch | ChallengeEnded | Crashed), repr(
                outcome
            )
        judged = [
            each for each in done if not (isinstance(each, ChallengeEnded) and type(each) is not AttemptsExhausted)
        ]
        (found,) = kept(auth, CaptchaSession) or [captcha.session]
        counted = sum(isinstance(each, CaptchaSession | CodeMismatch) for each in judged)
        assert before + counted <= found.attempts <= found.max_attempts
        events = [
            each for each in kept(auth, AuditEvent) if each.kind in {AuditKind.CODE_ACCEPTED, AuditKind.CODE_REFUSED}
        ]
        assert len(events) == found.attempts
        spent = [each for each in events if each.kind is AuditKind.CODE_ACCEPTED]
        assert len(spent) == (found.ended_as is SessionEnd.SPENT)
        left = [each.attempts_left for each in told if isinstance(each, CodeMismatch)]
        assert len(left) == len(set(left))

    return Scenario(auth=auth, flows={name: partial(flow, captcha) for name, flow in flows.items()}, check=check)


LAWS = {
    "of two right answers one counts": partial(answers, flows={"a": right, "b": right}),
    "of two right answers one counts, once it has a row": partial(answers, flows={"a": right, "b": right}, before=1),
    "two wrong answers are both counted": partial(answers, flows={"a": false, "b": false}),
    "the limit holds": partial(answers, flows={"a": false, "b": false}, before=2),
    "a right answer counts within the limit only": partial(answers, flows={"a": false, "b": right}, before=2),
    "a look during an answer does no harm": partial(answers, flows={"a": look, "b": right}),
}
OF_THREE = {
    "of three right answers one counts": partial(answers, flows={"a": right, "b": right, "c": right}),
    "the limit holds for three": partial(answers, flows={"a": false, "b": false, "c": right}, before=2),
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


@pytest.mark.parametrize("scenario", OF_THREE.values(), ids=OF_THREE.keys())
def test_law_holds_for_three(scenario, explore):
    """The law holds for three at the same time."""
    assert explore(scenario).orders > 10


@pytest.mark.parametrize(
    ("law", "store"),
    [
        ("of two right answers one counts", BlindStore),
        ("two wrong answers are both counted", BlindStore),
        ("the limit holds", BlindStore),
        ("a right answer counts within the limit only", BlindStore),
    ],
)
def test_law_is_broken_by_a_broken_store(law, store):
    """The same search finds an order in which the law does not hold, once the store breaks its own."""
    expect_broken(LAWS[law], store)


@pytest.mark.parametrize("scenario", [*LAWS.values(), *OF_THREE.values()], ids=[*LAWS, *OF_THREE])
def test_scenario_is_sound(scenario):
    """One flow after the other, the law holds: what the search finds is due to the order of their calls."""
    play_in_turn(scenario)
